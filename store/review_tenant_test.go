package store_test

import (
	"errors"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// Only people of the client who may decide do, in person: not the agency, a viewer, another
// tenant, support, staff who view as a client, or a program, by a deed or in raw SQL.
func TestOnlyClientsDecide(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	in := b.answer(t, b.mia, 1, store.Approved)
	decide := func(me store.Member) error {
		return write(t, me, func(tx *store.Tx) error { return tx.Decide(t.Context(), b.deliverable, 1, in) })
	}
	storetest.GrantSupport(t, b.mia)
	storetest.GrantSupport(t, b.dana)
	token, session := storetest.SupportAs(t, storetest.Agent(t), b.Acme, b.mia.ID())
	support, ok := storetest.Visit(t, token, b.Acme).Member()
	if !ok || support.Support == nil || support.Support.ID != session {
		t.Fatal("no support session")
	}
	must(t, storetest.DB().ViewAs(t.Context(), b.dana, b.mia.ID()))
	key, _ := storetest.APIKey(t, b.Mia, b.Acme, store.ScopeReadWork)
	program, err := identify(t, key)
	must(t, err)
	for who, me := range map[string]store.Member{
		"the agency's owner": b.dana, "its member": b.ravi, "a viewer": b.leo, "support": support, "a program": program,
	} {
		if err := decide(me); !errors.Is(err, store.ErrForbidden) {
			t.Errorf("%s decides: %v", who, err)
		}
	}
	for who, me := range map[string]store.Member{"another client": b.Member(t, b.Gus, b.Globex)} {
		if err := decide(me); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s decides: %v", who, err)
		}
	}
	// In raw SQL.
	insert := `insert into decisions (tenant_id, id, version_id, content_sha256, answer) values ($1, $2, $3, $4, 'approved')`
	args := func(me store.Member) []any { return []any{me.TenantID(), store.NewID(), b.draft, in.Content} }
	conn := storetest.App(t)
	for who, me := range map[string]store.Member{"the agency": b.dana, "a program": program, "another client": b.Member(t, b.Gus, b.Globex)} {
		if n, err := try(t, conn, &me, insert, args(b.mia)...); n != 0 || sqlState(err) != insufficientPrivilege {
			t.Errorf("%s decides in SQL: %d, %v", who, n, err)
		}
	}
	for who, me := range map[string]store.Member{"support as Mia": b.mia, "staff as Mia": b.mia} {
		if n, err := trySession(t, conn, me, insert, args(me)...); n != 0 || sqlState(err) != insufficientPrivilege {
			t.Errorf("%s decides in SQL: %d, %v", who, n, err)
		}
	}
	gus := b.Member(t, b.Gus, b.Globex)
	if n, err := try(t, conn, &gus, insert, args(gus)...); n != 0 || sqlState(err) != "23503" {
		t.Errorf("another client decides on it in their own tenant: %d, %v", n, err)
	}
	for _, sql := range []string{
		`insert into decisions (tenant_id, id, version_id, content_sha256, answer, user_id) values ($1, $2, $3, $4, 'approved', gen_random_uuid())`,
		`insert into decisions (tenant_id, id, version_id, content_sha256, answer, created_at) values ($1, $2, $3, $4, 'approved', now())`,
	} {
		if _, err := try(t, conn, &b.mia, sql, args(b.mia)...); sqlState(err) != insufficientPrivilege {
			t.Errorf("%s: %v", sql, err)
		}
	}
	b.want(t, "nobody decided", "in_review -")
	must(t, decide(b.mia))
	b.want(t, "Mia decides", "approved approved*")
	for _, sql := range []string{`update decisions set words = 'x'`, `update decisions set answer = 'changes_required'`, `delete from decisions`} {
		for _, me := range []store.Member{b.mia, b.dana} {
			if _, err := try(t, conn, &me, sql); sqlState(err) != insufficientPrivilege {
				t.Errorf("%s as %s: %v", sql, me.Party, err)
			}
		}
	}
}

// Other tenants neither see who is asked and who decided nor change it.
func TestReviewsStayInTheirTenant(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	must(t, b.ask(t, 1, askOf(store.AskInOrder, b.mia, b.nora)))
	must(t, b.decide(t, b.mia, 1, store.ApprovedWithChanges))
	gus, there := b.Member(t, b.Gus, b.Globex), b.Member(t, b.Dana, b.Globex)
	before := storetest.RowsOf(t, b.mia.TenantID())
	for who, me := range map[string]store.Member{"another client": gus, "staff elsewhere": there} {
		var requests []store.Request
		var decisions []store.Decision
		if err := read(t, me, store.ListRequests(b.deliverable, &requests), store.ListDecisions(b.deliverable, 1, &decisions)); err != nil || len(requests)+len(decisions) != 0 {
			t.Errorf("%s reads %d requests and %d decisions, %v", who, len(requests), len(decisions), err)
		}
		conn := storetest.App(t)
		for _, table := range []string{"review_steps", "review_requests", "decisions"} {
			if n, err := try(t, conn, &me, `select from `+table+` where tenant_id = $1`, b.mia.TenantID()); n != 0 || err != nil {
				t.Errorf("%s reads %d rows of %s, %v", who, n, table, err)
			}
		}
	}
	for what, deed := range map[string]func(*store.Tx) error{
		"asks": func(tx *store.Tx) error {
			return tx.AskForDecision(t.Context(), b.deliverable, 1, askOf(store.AskAll, gus))
		},
		"closes":    func(tx *store.Tx) error { return tx.CloseReview(t.Context(), b.deliverable, 1, b.today()) },
		"withdraws": func(tx *store.Tx) error { return tx.WithdrawReview(t.Context(), b.deliverable, 1) },
	} {
		wantError(t, write(t, there, deed), store.ErrNotFound)
		_ = what
	}
	wantError(t, write(t, gus, func(tx *store.Tx) error { return tx.PassOn(t.Context(), b.deliverable, 1, gus.ID()) }), store.ErrNotFound)
	do(t, gus, func(tx *store.Tx) error { return tx.RecordRequestOpened(b.draft) })
	for table, hash := range storetest.RowsOf(t, b.mia.TenantID()) {
		if before[table] != hash {
			t.Errorf("%s changed", table)
		}
	}
	do(t, b.nora, func(tx *store.Tx) error { return tx.PassOn(t.Context(), b.deliverable, 1, b.omar.ID()) })
}

// Clients don't ask, and change no request and no step; staff ask in their own name only,
// and neither support nor a program does it in theirs.
func TestOnlyStaffAsk(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	key, _ := storetest.APIKey(t, b.Dana, b.Acme, store.ScopeDeliverWork)
	program, err := identify(t, key)
	must(t, err)
	viewer := b.Member(t, addMember(t, b.dana, store.PartyAgency, store.RoleViewer), b.Acme)
	for who, me := range map[string]store.Member{"a client": b.mia, "a program": program, "staff who only look": viewer} {
		for _, deed := range []func(*store.Tx) error{
			func(tx *store.Tx) error {
				return tx.AskForDecision(t.Context(), b.deliverable, 1, askOf(store.AskAll, b.mia))
			},
			func(tx *store.Tx) error { return tx.WithdrawReview(t.Context(), b.deliverable, 1) },
			func(tx *store.Tx) error { return tx.CloseReview(t.Context(), b.deliverable, 1, b.today()) },
		} {
			if err := write(t, me, deed); !errors.Is(err, store.ErrForbidden) {
				t.Errorf("%s: %v", who, err)
			}
		}
	}
	must(t, b.ask(t, 1, askOf(store.AskInOrder, b.mia, b.nora)))
	conn := storetest.App(t)
	for _, sql := range []string{
		`update review_requests set ended_at = now(), ended_how = 'closed'`, `update review_requests set due_on = null`, `update review_requests set asked_at = now()`,
		`update review_steps set state = 'closed', outcome = 'approved'`, `update versions set outcome = 'approved'`, `update versions set content_sha256 = sha256('x')`,
		`update versions set locked_at = now()`, `update deliverables set state = 'approved'`, `update deliverables set downloads_wait = false`,
	} {
		if n, err := try(t, conn, &b.mia, sql); n != 0 || err != nil && sqlState(err) != insufficientPrivilege {
			t.Errorf("%s as a client: %d, %v", sql, n, err)
		}
	}
	insert := `insert into review_requests (tenant_id, id, version_id, step, user_id, asked_at) values ($1, $2, $3, 1, $4, now())`
	args := []any{b.mia.TenantID(), store.NewID(), b.draft, b.omar.ID()}
	for who, me := range map[string]store.Member{"a client": b.mia, "a program": program} {
		if n, err := try(t, conn, &me, insert, args...); n != 0 || sqlState(err) != insufficientPrivilege {
			t.Errorf("%s asks in SQL: %d, %v", who, n, err)
		}
	}
	if n, err := trySession(t, conn, b.dana, insert, args...); n != 0 || sqlState(err) != insufficientPrivilege {
		t.Errorf("support asks in SQL: %d, %v", n, err)
	}
	if n, err := try(t, conn, &b.dana, insert, args...); n != 1 || err != nil {
		t.Errorf("staff ask in SQL: %d, %v", n, err)
	}
}
