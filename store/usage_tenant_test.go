package store_test

import (
	"strings"
	"testing"
	"time"

	"portico/e2e/storetest"
	"portico/store"
)

// What a tenant uses is its agency's side to see, and nobody's to change: no statement of
// another tenant, of the client's people, of staff in person or of another key does.
func TestUsageStaysInTheTenant(t *testing.T) {
	t.Parallel()
	a, now := storetest.Agency(t), time.Now()
	r, other := newReporter(t, a.Dana, a.Acme), newReporter(t, a.Dana, a.Globex)
	dana, mia, gus := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Mia, a.Acme), a.Member(t, a.Gus, a.Globex)
	storetest.Project(t, dana, "Spring") // a level
	if _, err := r.send(t, r.runsAt(5, now)); err != nil {
		t.Fatal(err)
	}
	if _, err := storetest.DB().CountTransfer(t.Context(), mia, 1000); err != nil {
		t.Fatal(err)
	}
	addUp(t, r.Member, now.Add(2*time.Hour))
	conn := storetest.App(t)
	for _, table := range []string{"usage_events", "usage_levels", "usage_hours", "usage_months"} {
		for who, m := range map[string]struct {
			me   store.Member
			sees bool
		}{"staff": {dana, true}, "a key of staff": {r.Member, true}, "the client": {mia, false}, "another client": {gus, false}, "a key of another client": {other.Member, false}} {
			n, err := try(t, conn, &m.me, `select from `+table+` where tenant_id = $1`, r.TenantID())
			if err != nil || (n > 0) != m.sees {
				t.Errorf("%s sees %d rows of %s, %v", who, n, table, err)
			}
		}
		for who, me := range map[string]store.Member{"staff": dana, "a key of staff": r.Member} {
			if _, err := try(t, conn, &me, `delete from `+table); sqlState(err) != insufficientPrivilege {
				t.Errorf("%s deletes rows of %s: %v", who, table, err)
			}
		}
	}
	const event = `insert into usage_events (tenant_id, id, metric, quantity, at, used, key, request_hash) values ($1, gen_random_uuid(), $2, 5, now(), 5, $3, sha256('x'))`
	const bare = `insert into usage_events (tenant_id, id, metric, quantity, at, used) values ($1, gen_random_uuid(), $2, 5, now(), 5)`
	const month = `insert into usage_months (tenant_id, metric, month, quantity) values ($1, $2, '2020-01-01', 5)`
	const hour = `insert into usage_hours (tenant_id, metric, hour, quantity) values ($1, $2, '2020-01-01', 5)`
	for what, c := range map[string]struct {
		me   store.Member
		sql  string
		args []any
	}{
		"a report of another tenant":        {other.Member, event, []any{r.TenantID(), "ai_runs", "stolen"}},
		"a report without a key":            {dana, bare, []any{r.TenantID(), "ai_runs"}},
		"a download by staff":               {dana, bare, []any{r.TenantID(), "transfer"}},
		"a download by a program":           {r.Member, event, []any{r.TenantID(), "transfer", "x"}},
		"a report by the client":            {mia, bare, []any{r.TenantID(), "ai_runs"}},
		"a month by staff":                  {dana, month, []any{r.TenantID(), "ai_runs"}},
		"a month by the client":             {mia, month, []any{r.TenantID(), "ai_runs"}},
		"a month of another tenant":         {other.Member, month, []any{r.TenantID(), "ai_runs"}},
		"an hour by a program":              {r.Member, hour, []any{r.TenantID(), "ai_runs"}},
		"an hour by staff":                  {dana, hour, []any{r.TenantID(), "ai_runs"}},
		"an event is changed by its key":    {r.Member, `update usage_events set quantity = 1 where tenant_id = $1`, []any{r.TenantID()}},
		"another key is named in an event":  {r.Member, `insert into usage_events (tenant_id, id, metric, quantity, at, used, key, request_hash, api_key_id) values ($1, gen_random_uuid(), 'ai_runs', 5, now(), 5, 'x', sha256('x'), $2)`, []any{r.TenantID(), r.Key.ID}},
		"a level is changed":                {dana, `update usage_levels set level = 0 where tenant_id = $1`, []any{r.TenantID()}},
		"a level of another tenant by them": {gus, `insert into usage_levels (tenant_id, metric, level) values ($1, 'users', 5)`, []any{r.TenantID()}},
	} {
		if _, err := try(t, conn, &c.me, c.sql, c.args...); sqlState(err) != insufficientPrivilege {
			t.Errorf("%s: %v, want refused", what, err)
		}
	}
	for what, c := range map[string]struct {
		me   store.Member
		sql  string
		args []any
	}{
		"an event of the past":        {r.Member, strings.Replace(event, "now()", "now() - interval '1 year'", 1), []any{r.TenantID(), "ai_runs", "past"}},
		"an event of the future":      {r.Member, strings.Replace(event, "now()", "now() + interval '1 hour'", 1), []any{r.TenantID(), "ai_runs", "future"}},
		"an event of what is counted": {r.Member, event, []any{r.TenantID(), "storage", "level"}},
		"a level of everything":       {dana, `insert into usage_levels (tenant_id, metric, level) values ($1, 'storage', 9000000000000000000)`, []any{r.TenantID()}},
	} {
		if _, err := try(t, conn, &c.me, c.sql, c.args...); sqlState(err) != "23514" {
			t.Errorf("%s: %v, want refused", what, err)
		}
	}
	for what, metric := range map[string]string{"downloads": "transfer", "people": "users"} {
		if _, err := try(t, conn, &r.Member, month, r.TenantID(), metric); sqlState(err) != insufficientPrivilege {
			t.Errorf("a month of %s by a program: %v", what, err)
		}
	}
	const level = `insert into usage_levels (tenant_id, metric, level) values ($1, $2, 5)`
	if _, err := try(t, conn, &mia, level, r.TenantID(), "storage"); sqlState(err) != insufficientPrivilege {
		t.Errorf("a level of storage by the client: %v", err)
	}
	if _, err := try(t, conn, &mia, level, r.TenantID(), "users"); err != nil {
		t.Errorf("a level of people by the client, who invites them: %v", err)
	}
	if _, err := trySession(t, conn, dana, level, r.TenantID(), "users"); sqlState(err) != insufficientPrivilege {
		t.Errorf("a level of people by support: %v", err)
	}
	if _, err := trySession(t, conn, dana, level, r.TenantID(), "storage"); err != nil {
		t.Errorf("a level of storage by support, which uploads: %v", err)
	}
	for who, me := range map[string]store.Member{"staff": dana, "another client": gus} {
		if n, err := try(t, conn, &me, `update usage_months set quantity = 0`); n != 0 || err != nil {
			t.Errorf("%s change %d months, %v", who, n, err)
		}
	}
	for what, c := range map[string]struct {
		me   store.Member
		sql  string
		args []any
	}{
		"its own report": {r.Member, event, []any{r.TenantID(), "ai_runs", "mine"}},
		"its own month":  {r.Member, month, []any{r.TenantID(), "ai_runs"}},
	} {
		if _, err := try(t, conn, &c.me, c.sql, c.args...); err != nil {
			t.Errorf("the rightful program: %s: %v", what, err)
		}
	}
}

// Usage counts drafts. A support session that may not see these sees no usage either.
func TestUsageIsHiddenWithDrafts(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	r, dana := newReporter(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Acme)
	storetest.Project(t, dana, "Unseen")
	if _, err := r.send(t, r.runsAt(5, time.Now())); err != nil {
		t.Fatal(err)
	}
	addUp(t, dana, time.Now().Add(2*time.Hour))
	for _, table := range []string{"usage_events", "usage_levels", "usage_hours", "usage_months"} {
		for drafts, want := range map[string]bool{"": true, "hidden": false} {
			tx, err := storetest.App(t).Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			as(t, tx, dana)
			var n int
			if _, e := tx.Exec(t.Context(), `select set_config('app.drafts', $1, true)`, drafts); e != nil {
				t.Fatal(e)
			}
			err = tx.QueryRow(t.Context(), `select count(*) from `+table).Scan(&n)
			if err != nil || (n > 0) != want {
				t.Errorf("with drafts %q %d rows of %s are seen, %v", drafts, n, table, err)
			}
			_ = tx.Rollback(t.Context())
		}
	}
}

// An agency's owners and admins see what each of its clients uses. Nobody else does, and
// nobody sees a client of another agency.
func TestAgencySeesItsClientsUsage(t *testing.T) {
	t.Parallel()
	a, b, now := storetest.Agency(t), storetest.Agency(t), time.Now()
	r, theirs := newReporter(t, a.Dana, a.Acme), newReporter(t, b.Dana, b.Acme)
	for n, program := range map[int64]*reporter{5: r, 7: theirs} {
		if _, err := program.send(t, program.runsAt(n, now)); err != nil {
			t.Fatal(err)
		}
	}
	runs := func(me store.Member) (all map[string]int64) {
		t.Helper()
		var rows []store.ClientUsage
		if err := read(t, me, store.ListClientUsage(now, &rows)); err != nil {
			t.Fatal(err)
		}
		all = map[string]int64{}
		for _, row := range rows {
			all[row.Name] += 0
			if row.Metric != nil && *row.Metric == store.AIRuns {
				all[row.Name] += *row.Quantity
			}
		}
		return all
	}
	got := runs(a.Member(t, a.Dana, a.Agency))
	if len(got) != 2 || got["Acme "+a.Suffix] != 5 || got["Globex "+a.Suffix] != 0 {
		t.Errorf("the owner sees %v", got)
	}
	for who, me := range map[string]store.Member{
		"a member of the agency":      a.Member(t, a.Ravi, a.Agency),
		"the owner, inside a client":  a.Member(t, a.Dana, a.Acme),
		"the client's owner":          a.Member(t, a.Mia, a.Acme),
		"a key of another one's side": theirs.Member,
	} {
		if got := runs(me); len(got) != 0 {
			t.Errorf("%s sees %v", who, got)
		}
	}
}
