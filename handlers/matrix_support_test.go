package handlers_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"portico/handlers"
)

// snapshotSubject reads all rows of a read session's subject, and returns a check that
// none of them has changed: sessions, passkeys, last place, preferences, and the rows of
// every table that is added later.
func (w *world) snapshotSubject(t *testing.T, p *visitor) func(handlers.Route) {
	t.Helper()
	if p.mode != "read" {
		return func(handlers.Route) {}
	}
	before := w.rowsOfPerson(t, p.as)
	return func(route handlers.Route) {
		t.Helper()
		if after := w.rowsOfPerson(t, p.as); after != before {
			t.Errorf("%s: %s changed rows of whom they look as:\n%s\n%s", p.name, route.Pattern(), before, after)
		}
	}
}

// rowsOfPerson are all rows that name the person, except in tables that record support
// sessions in their rows.
func (w *world) rowsOfPerson(t *testing.T, email string) (all string) {
	t.Helper()
	if w.ofPerson == "" {
		w.ofPerson = w.sqlOfPerson(t)
	}
	if err := w.admin.QueryRow(t.Context(), w.ofPerson, email).Scan(&all); err != nil {
		t.Fatal(err)
	}
	return all
}

func (w *world) sqlOfPerson(t *testing.T) string {
	t.Helper()
	rows, err := w.admin.Query(t.Context(), `
select format('select %L || x::text as r from %I x, users me where me.email = $1 and me.id in (%s)',
              c.relname || ' ', c.relname, string_agg('x.' || quote_ident(a.attname), ', '))
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.atttypid = 'uuid'::regtype and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'support_sessions'
  and not (`+carriesSession+`)
group by c.relname`)
	if err != nil {
		t.Fatal(err)
	}
	selects, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(selects) < 10 {
		t.Fatalf("%d tables of people, %v", len(selects), err)
	}
	return `select coalesce(string_agg(r, e'\n' order by r), '') from (` + strings.Join(selects, " union all ") + `) all_of_them`
}

// carriesSession is the SQL condition that the rows of table c have a support session and
// a subject.
const carriesSession = `exists (select from pg_attribute s where s.attrelid = c.oid and s.attname = 'support_session_id')
  and exists (select from pg_attribute s where s.attrelid = c.oid and s.attname in ('created_by', 'subject_id'))`

// checkProvenance checks that every row and job that a support session made names the
// session and its subject, and its actor where there is a column for it.
func (w *world) checkProvenance(t *testing.T) {
	t.Helper()
	var subjects []string
	for _, p := range w.visitors {
		if p.mode != "" {
			subjects = append(subjects, p.as)
		}
	}
	const session = `exists (select from support_sessions s where s.subject_id = u.id and s.id = `
	tables, err := w.admin.Query(t.Context(), `
select c.relname, format('from %I x join users u on u.id = x.%I cross join lateral (select `+session+`x.support_session_id%s) as it) told',
    c.relname, a.attname,
    case when exists (select from pg_attribute s where s.attrelid = c.oid and s.attname = 'actor_id') then ' and s.actor_id = x.actor_id' end)
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attname in ('created_by', 'subject_id')
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and `+carriesSession)
	if err != nil {
		t.Fatal(err)
	}
	from := map[string]string{"jobs": `from river.river_job j join users u on u.id::text = j.args ->> 'asked_by'
		cross join lateral (select ` + session + `(j.args ->> 'support')::uuid and s.actor_id = (j.args ->> 'actor')::uuid) as it) told`}
	var table, sql string
	if _, err := pgx.ForEachRow(tables, []any{&table, &sql}, func() error { from[table] = sql; return nil }); err != nil {
		t.Fatal(err)
	}
	all := map[string]int{}
	for what, sql := range from {
		var told, silent int
		err := w.admin.QueryRow(t.Context(), `select count(*) filter (where told.it), count(*) filter (where not told.it) `+sql+
			` where u.email = any ($1)`, subjects).Scan(&told, &silent)
		if err != nil {
			t.Fatal(what, err)
		}
		if all[what] = told; silent > 0 {
			t.Errorf("%s: %d rows of support sessions name no session, or the wrong one", what, silent)
		}
	}
	if all["audit_events"] == 0 || all["jobs"] == 0 || all["projects"]+all["deliverables"]+all["versions"]+all["files"] == 0 {
		t.Errorf("support sessions made too few rows to prove anything: %v", all)
	}
}
