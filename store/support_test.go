package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
)

// Owners and admins of either side grant and revoke support access. Others can't, nor
// anybody in a support session.
func TestSupportConsent(t *testing.T) {
	t.Parallel()
	b := setupSupport(t)
	grant := func(tx *store.Tx) error { return tx.GrantSupport(t.Context(), time.Hour) }
	revoke := func(tx *store.Tx) error { return tx.RevokeSupport(t.Context()) }
	for who, email := range map[string]string{"a viewer": b.Leo, "staff without the role": b.Ravi} {
		me := b.Member(t, email, b.Acme)
		wantErr(t, who+" grants", b.write(t, me, grant), store.ErrForbidden)
		wantErr(t, who+" revokes", b.write(t, me, revoke), store.ErrForbidden)
	}
	for _, length := range []time.Duration{0, -time.Hour, store.MaxGrant + time.Minute} {
		wantErr(t, "a grant of "+length.String(), b.write(t, b.mia, func(tx *store.Tx) error {
			return tx.GrantSupport(t.Context(), length)
		}), store.ErrInvalid)
	}
	for _, me := range []store.Member{b.dana, b.mia} {
		if now := b.inForce(t, me); len(now) != 0 {
			t.Fatalf("before any grant there is %+v", now)
		}
		must(t, b.write(t, me, grant))
		for _, now := range b.inForce(t, b.mia) {
			if now.ByName != me.Name || now.ByParty != me.Party || now.EndsAt.Sub(now.CreatedAt) != time.Hour {
				t.Fatalf("consent = %+v", now)
			}
		}
		if len(b.inForce(t, b.mia)) != 2 {
			t.Fatal("a grant is not in force for both parties")
		}
		must(t, b.write(t, me, revoke))
		must(t, b.write(t, me, revoke))
	}
	if now := b.inForce(t, b.mia); len(now) != 0 {
		t.Errorf("after all there is %+v", now)
	}
	if n := b.count(t, `select count(*) from support_grants where tenant_id = $1 and revoked_at is not null`, b.mia.TenantID()); n != 2 {
		t.Errorf("%d grants are kept as revoked, want two", n)
	}
	if g, r := b.trail(t, b.mia, "support.granted"), b.trail(t, b.mia, "support.revoked"); len(g) != 2 || len(r) != 2 {
		t.Errorf("the trail has %d grants and %d revocations, want two of each", len(g), len(r))
	}
}

// After a session ended, for each possible cause, the next request is outside and shows
// why, even if the cause is gone again. The ledger says so too.
func TestSupportEnds(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		how  store.SupportEnd
		end  func(t *testing.T, b *supportBundle, id uuid.UUID)
	}{
		{"its end has passed", "expired", func(t *testing.T, b *supportBundle, id uuid.UUID) {
			b.ageSession(t, id, 30*time.Minute)
		}},
		{"an owner takes the consent back", "revoked", func(t *testing.T, b *supportBundle, _ uuid.UUID) {
			must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.RevokeSupport(t.Context()) }))
		}},
		{"an owner ends this one", "revoked", func(t *testing.T, b *supportBundle, id uuid.UUID) {
			must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.EndSupportSession(t.Context(), id) }))
		}},
		{"the consent alone is gone", "revoked", func(t *testing.T, b *supportBundle, _ uuid.UUID) {
			b.exec(t, `update support_grants set revoked_at = now() where tenant_id = $1`, b.mia.TenantID())
		}},
		{"it is revoked, and then its end passes", "revoked", func(t *testing.T, b *supportBundle, _ uuid.UUID) {
			b.exec(t, `update support_grants set revoked_at = now(), created_at = created_at - interval '1 hour', ends_at = now() where tenant_id = $1`, b.mia.TenantID())
		}},
		{"it is revoked, and an older one had ended", "revoked", func(t *testing.T, b *supportBundle, _ uuid.UUID) {
			b.exec(t, `insert into support_grants (tenant_id, id, created_by, party, created_at, ends_at, replaced_at)
				values ($1, gen_random_uuid(), $2, 'client', now() - interval '2 hours', now() - interval '1 hour', now() - interval '90 minutes')`, b.mia.TenantID(), b.mia.ID())
			b.exec(t, `update support_grants set revoked_at = now() where tenant_id = $1 and replaced_at is null`, b.mia.TenantID())
		}},
		{"its consent is replaced, and the later one revoked", "revoked", func(t *testing.T, b *supportBundle, _ uuid.UUID) {
			storetest.GrantSupport(t, b.mia)
			b.inside(t)
			b.exec(t, `update support_grants set revoked_at = now() where tenant_id = $1 and replaced_at is null`, b.mia.TenantID())
		}},
		{"the person changed sides", "target_gone", func(t *testing.T, b *supportBundle, _ uuid.UUID) {
			b.exec(t, `update memberships set party = 'client' where tenant_id = $1 and user_id = $2`, b.dana.TenantID(), b.dana.ID())
		}},
		{"the consent has ended", "expired", func(t *testing.T, b *supportBundle, _ uuid.UUID) {
			b.exec(t, `update support_grants set created_at = created_at - interval '1 hour', ends_at = now() where tenant_id = $1`, b.mia.TenantID())
		}},
		{"the person has left", "target_gone", func(t *testing.T, b *supportBundle, _ uuid.UUID) {
			b.exec(t, `update memberships set ended_at = now() where tenant_id = $1 and user_id = $2`, b.dana.TenantID(), b.dana.ID())
		}},
		{"the person is disabled", "target_gone", func(t *testing.T, b *supportBundle, _ uuid.UUID) {
			b.exec(t, `update users set disabled_at = now() where id = $1`, b.dana.ID())
		}},
		{"the tenant is suspended", "tenant_suspended", func(t *testing.T, b *supportBundle, _ uuid.UUID) {
			b.exec(t, `update tenants set state = 'suspended' where slug = $1`, b.Acme)
		}},
		{"its agency is suspended", "tenant_suspended", func(t *testing.T, b *supportBundle, _ uuid.UUID) {
			b.exec(t, `update tenants set state = 'suspended' where slug = $1`, b.Agency)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setupSupport(t).grantAccess(t)
			id := b.startAs(t, b.dana.ID())
			b.inside(t)
			c.end(t, b, id)
			b.wantOut(t, c.how)
			b.undoEndings(t)
			b.wantOut(t, c.how)
			row := b.ledger(t)[0]
			if row.EndedHow == nil || *row.EndedHow != c.how || row.EndedAt == nil || row.EndedAt.After(row.EndsAt) {
				t.Errorf("ledger = %+v", row)
			}
		})
	}
}

// A disabled agent is signed out with the next request, and the tenant's ledger and
// trail mark the session.
func TestSupportEndsWithTheAgent(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	b.startAs(t, b.mia.ID())
	storetest.DisableAgent(t, b.agent)
	if _, ok := storetest.Visit(t, b.token, b.Acme).Person(); ok {
		t.Error("a disabled agent is still signed in")
	}
	if row := b.ledger(t)[0]; row.EndedHow == nil || *row.EndedHow != "agent_disabled" {
		t.Errorf("ledger = %+v", row)
	}
	if got := b.trail(t, b.mia, "support.ended"); len(got) != 1 || *got[0].ActorID != b.sam {
		t.Errorf("trail = %+v", got)
	}
}

// A session of a former agent counts as ended before anything marks it, whoever asks.
func TestFormerAgentsSupportHasEnded(t *testing.T) {
	t.Parallel()
	for _, sql := range []string{
		`update support_agents set disabled_at = now() where user_id = $1`,
		`update users set disabled_at = now() where id = $1`,
		`delete from support_agents where user_id = $1`,
	} {
		b := setupSupport(t).grantAccess(t)
		id := b.startAs(t, b.mia.ID())
		over := func() (how *store.SupportEnd) {
			must(t, b.admin.QueryRow(t.Context(), `select lookup.support_over(s) from support_sessions s where s.id = $1`, id).Scan(&how))
			return how
		}
		if how := over(); how != nil {
			t.Errorf("under way, it is %s", *how)
		}
		b.exec(t, sql, b.sam)
		if how := over(); how == nil || *how != "agent_disabled" {
			t.Errorf("%s: over by %v", sql, how)
		}
	}
}

// A session never outlasts its grant or an hour, whatever its row says.
func TestSupportNeverOutlastsGrant(t *testing.T) {
	t.Parallel()
	b := setupSupport(t)
	must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.GrantSupport(t.Context(), 10*time.Minute) }))
	id := b.startAs(t, b.mia.ID())
	grant := b.inForce(t, b.mia)[0]
	if row := b.ledger(t)[0]; !row.EndsAt.Equal(grant.EndsAt) {
		t.Errorf("the session ends at %v, its consent at %v", row.EndsAt, grant.EndsAt)
	}
	_, err := b.admin.Exec(t.Context(), `update support_sessions set ends_at = started_at + interval '61 minutes' where id = $1`, id)
	if err == nil {
		t.Error("a session of 61 minutes can be written")
	}
}

// Revoking consent ends the session in the same transaction, names the revoker in the
// trail, and mails the owners once.
func TestSupportRevokeIsAudited(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	id := b.startAs(t, b.dana.ID())
	must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.RevokeSupport(t.Context()) }))
	got := b.trail(t, b.mia, "support.ended")
	if len(got) != 1 || *got[0].ActorID != b.mia.ID() || *got[0].TargetID != id || got[0].SupportSessionID != nil {
		t.Errorf("trail = %+v", got)
	}
	if b.jobs(t, "support_ended", id) != 1 {
		t.Error("the mail was not queued once")
	}
	err := b.write(t, b.mia, func(tx *store.Tx) error { return tx.EndSupportSession(t.Context(), id) })
	wantErr(t, "ending it again", err, store.ErrNotFound)
}

// A start and a revocation at once: in either order no session keeps running, and
// none is left unmarked.
func TestSupportRevokeDuringStart(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	// A transaction that locks the grant, as a start does until it commits.
	hold, err := b.admin.Begin(t.Context())
	must(t, err)
	_, err = hold.Exec(t.Context(), `select from support_grants where tenant_id = $1 for share`, b.mia.TenantID())
	must(t, err)
	done := make(chan error, 1)
	go func() {
		done <- b.db.Write(t.Context(), b.mia, func(tx *store.Tx) error { return tx.RevokeSupport(t.Context()) })
	}()
	started, err := b.start(t, b.ask(b.Acme, b.mia.ID()))
	must(t, err)
	must(t, hold.Commit(t.Context()))
	must(t, <-done)
	b.wantOut(t, "revoked")
	if n := b.count(t, `select count(*) from support_sessions where id = $1 and ended_how = 'revoked'`, started); n != 1 {
		t.Error("the session is not marked")
	}

	// In the other order the start waits for the revocation and is refused.
	b.grantAccess(t)
	must(t, b.db.StopSupport(t.Context(), storetest.Person(t, b.token)))
	hold, err = b.admin.Begin(t.Context())
	must(t, err)
	_, err = hold.Exec(t.Context(), `update support_grants set revoked_at = now() where tenant_id = $1 and revoked_at is null`, b.mia.TenantID())
	must(t, err)
	me, late := storetest.Person(t, b.token), make(chan error, 1)
	go func() {
		_, err := b.db.StartSupport(t.Context(), me, b.ask(b.Acme, b.mia.ID()))
		late <- err
	}()
	waitBehind(t, b.admin, nil)
	must(t, hold.Commit(t.Context()))
	wantErr(t, "a start that waited", <-late, store.ErrForbidden)
}

// waitBehind returns when somebody waits for a lock of the holder. With a start, it
// returns when that one waits behind the first, or has finished.
func waitBehind(t *testing.T, holder *pgx.Conn, start chan error) {
	t.Helper()
	ctx := storetest.Within(t, 10*time.Second)
	watch := storetest.Superuser(t)
	for waiting := false; !waiting && len(start) == 0; {
		err := watch.QueryRow(ctx, `
			with waiting as (select pid from pg_stat_activity where $1 = any (pg_blocking_pids(pid)))
			select exists (
				select from pg_stat_activity a, waiting w
				where case when $2 then w.pid = any (pg_blocking_pids(a.pid)) else true end)`,
			int32(holder.PgConn().PID()), start != nil).Scan(&waiting)
		must(t, err)
	}
}

// The expiry job retries while a session runs. After the end it marks the session and
// mails the owners.
func TestSupportExpiry(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	id := b.startAs(t, b.mia.ID())
	expire := func(tx *store.Tx) error { return tx.ExpireSupport(t.Context(), id) }
	wantErr(t, "too early", b.write(t, b.dana, expire), store.ErrConflict)
	b.ageSession(t, id, 31*time.Minute)
	must(t, b.write(t, b.dana, expire))
	must(t, b.write(t, b.dana, expire))
	if row := b.ledger(t)[0]; *row.EndedHow != "expired" || !row.EndedAt.Equal(row.EndsAt) {
		t.Errorf("ledger = %+v", row)
	}
	if got := b.trail(t, b.mia, "support.expired"); len(got) != 1 {
		t.Errorf("the trail has %d expiries, want one", len(got))
	}
	if b.jobs(t, "support_ended", id) == 0 {
		t.Error("the owners are not told")
	}
	b.startAs(t, b.mia.ID())
}

// In a read session as an agency's owner the database refuses every deed that she
// could do in person. Only the audit rows of support are new.
func TestSupportReadsOnly(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	project := storetest.Project(t, b.dana, "Spring "+b.Suffix)
	deliverable := storetest.Deliverable(t, b.dana, project, "Poster "+b.Suffix)
	deeds := map[string]func(*store.Tx) error{
		"create":  func(tx *store.Tx) error { return errOf(tx.CreateProject(t.Context(), store.ProjectInput{Name: "x"})) },
		"update":  func(tx *store.Tx) error { return tx.UpdateProject(t.Context(), project, store.ProjectInput{Name: "x"}) },
		"archive": func(tx *store.Tx) error { return tx.Archive(t.Context(), store.KindProject, project, true) },
		"bin":     func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindDeliverable, deliverable, true) },
		"deliverable": func(tx *store.Tx) error {
			return errOf(tx.CreateDeliverable(t.Context(), project, store.DeliverableInput{Title: "x"}))
		},
		"publish": func(tx *store.Tx) error { return tx.Publish(t.Context(), deliverable, 1, "") },
		"add person": func(tx *store.Tx) error {
			return errOf(tx.AddPerson(t.Context(), store.NewPerson{Name: "x", Email: "x@" + b.Suffix + ".test", Party: store.PartyClient, Role: store.RoleOwner}))
		},
		"grant":  func(tx *store.Tx) error { return tx.GrantSupport(t.Context(), time.Hour) },
		"revoke": func(tx *store.Tx) error { return tx.RevokeSupport(t.Context()) },
	}
	storetest.GrantSupport(t, b.dana)
	b.startAs(t, b.dana.ID())
	before := b.hashRows(t)
	m := b.inside(t)
	for name, deed := range deeds {
		wantErr(t, name+" in a read session", b.write(t, m, deed), store.ErrForbidden)
	}
	var workspaces []store.Workspace
	var projects []store.Project
	must(t, b.db.Read(t.Context(), m, store.SwitcherWorkspaces(store.WorkspaceFilter{Page: store.Page{Limit: 50}}, &workspaces), store.ListProjects(store.Current, &projects)))
	if len(projects) != 1 {
		t.Errorf("the agent sees %d projects, want the one", len(projects))
	}
	must(t, b.db.Record(t.Context(), m, store.Event{Verb: "support.page_seen"}))
	if after := b.hashRows(t); after != before {
		t.Errorf("rows changed:\n%s\nwere:\n%s", after, before)
	}
	if got := b.trail(t, b.mia, "support.page_seen"); len(got) != 1 || *got[0].ActorID != b.sam || *got[0].SupportSessionID != m.Support.ID || got[0].SubjectName != b.dana.Name {
		t.Errorf("trail = %+v", got)
	}
	if b.ledger(t)[0].Pages != 1 {
		t.Error("the ledger does not count the page")
	}
	for _, name := range []string{"create", "update", "deliverable", "archive", "add person"} {
		if err := b.write(t, b.dana, deeds[name]); err != nil {
			t.Errorf("%s in person: %v", name, err)
		}
	}
}

func errOf[T any](_ T, err error) error { return err }

// hashRows returns the rows of the agency, its tenants and its people, except audit
// rows and jobs.
func (b *supportBundle) hashRows(t *testing.T) string {
	t.Helper()
	var all string
	for _, q := range []string{
		`select u.* from users u where email like '%@' || $1 || '.test'`,
		`select s.* from sessions s join users u on u.id = s.user_id where u.email like '%@' || $1 || '.test'`,
		`select i.* from identities i join users u on u.id = i.user_id where u.email like '%@' || $1 || '.test'`,
		`select e.* from account_events e join users u on u.id = e.user_id where u.email like '%@' || $1 || '.test'`,
		`select m.* from memberships m join tenants t on t.id = m.tenant_id where t.slug like '%-' || $1`,
		`select * from tenants where slug like '%-' || $1`,
		`select p.* from projects p join tenants t on t.id = p.tenant_id where t.slug like '%-' || $1`,
		`select d.* from deliverables d join tenants t on t.id = d.tenant_id where t.slug like '%-' || $1`,
		`select v.* from versions v join tenants t on t.id = v.tenant_id where t.slug like '%-' || $1`,
		`select g.* from support_grants g join tenants t on t.id = g.tenant_id where t.slug like '%-' || $1`,
		`select s.* from support_sessions s join tenants t on t.id = s.tenant_id where t.slug like '%-' || $1`,
	} {
		var rows *string
		err := b.admin.QueryRow(t.Context(), fmt.Sprintf(`select string_agg(r::text, E'\n' order by r::text) from (%s) r`, q), b.Suffix).Scan(&rows)
		must(t, err)
		if rows != nil {
			all += *rows + "\n"
		}
	}
	return all
}

// The database refuses by itself: in a session nobody grants access, reads the
// person's own rows, or ends sessions. An ended session can't be reopened.
func TestSupportPolicies(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	id := b.startAs(t, b.dana.ID())
	app, err := pgx.Connect(t.Context(), storetest.Server().AppURL(stack.DatabaseName))
	must(t, err)
	defer app.Close(t.Context())
	party := "agency"
	as := func(session, sql string, args ...any) (int64, error) {
		tx, err := app.Begin(t.Context())
		must(t, err)
		defer func() { _ = tx.Rollback(t.Context()) }()
		_, err = tx.Exec(t.Context(), `select set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true),
			set_config('app.actor_id', $2, true), set_config('app.support_session_id', $3, true), set_config('app.party', $4, true)`,
			b.dana.TenantID().String(), b.dana.ID().String(), session, party)
		must(t, err)
		tag, err := tx.Exec(t.Context(), sql, args...)
		return tag.RowsAffected(), err
	}
	tenant := b.dana.TenantID()
	deeds := map[string][]any{
		`insert into support_grants (tenant_id, id, ends_at) values ($1, $2, now() + interval '1 hour')`:                  {tenant, uuid.New()},
		`update support_grants set revoked_at = now(), revoked_party = current_setting('app.party') where tenant_id = $1`: {tenant},
		`update support_sessions set ended_at = now(), ended_how = 'stopped' where id = $1`:                               {id},
		`select from lookup.view_as_start($1, $2, null, $3, '') where verdict = 'ok'`:                                     {uuid.New(), b.mia.ID(), uuid.New()},
		`select from users`:          nil,
		`select from account_events`: nil,
	}
	for sql, args := range deeds {
		if n, err := as(id.String(), sql, args...); err == nil && n != 0 {
			t.Errorf("in a session %s touched %d rows", sql, n)
		}
		if n, err := as("", sql, args...); err != nil || n == 0 {
			t.Errorf("in person %s: %d rows, %v", sql, n, err)
		}
	}
	party = "system"
	if n, err := as(id.String(), `update support_sessions set ended_at = now(), ended_how = 'expired' where id = $1`, id); err != nil || n != 1 {
		t.Errorf("the job of a session marks its end: %d rows, %v", n, err)
	}
	party = "agency"
	must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.RevokeSupport(t.Context()) }))
	for _, sql := range []string{
		`update support_sessions set ended_at = null, ended_how = null where tenant_id = $1`,
		`update support_sessions set ended_how = 'stopped' where tenant_id = $1`,
		`update support_grants set revoked_at = null where tenant_id = $1`,
		`update support_grants set ends_at = now() + interval '1 hour' where tenant_id = $1`,
		`update support_sessions set ends_at = now() + interval '1 hour' where tenant_id = $1`,
	} {
		if n, err := as("", sql, tenant); err == nil && n != 0 {
			t.Errorf("%s touched %d rows", sql, n)
		}
	}
}
