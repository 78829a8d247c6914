package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store"
	"portico/store/storetest"
)

// Case 13: whatever runs with other rights than the caller's is called by a
// member of Acme, in their own context, with all that names Globex: ids, slug,
// addresses. Nothing of Globex's people and work comes back, and nothing in it
// changes. The catalog names the functions, so a new one is called as well.
func TestNarrowFunctionsKeepToTheirTenant(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	globex := a.Member(t, a.Dana, a.Globex)
	mark := "cnry" + a.Suffix
	project := storetest.Project(t, globex, mark)
	storetest.Deliverable(t, globex, project, mark)
	if err := storetest.DB().Write(t.Context(), globex, func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: mark, Email: mark + "@globex.test", Party: store.PartyClient, Role: store.RoleOwner})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	storetest.LetSupportIn(t, globex)
	conn, before := storetest.App(t), storetest.RowsOf(t, globex.TenantID())
	functions := openToTheApp(t)
	for _, who := range []store.Member{a.Member(t, a.Leo, a.Acme), a.Member(t, a.Ravi, a.Acme)} {
		calls := 0
		for name, types := range functions {
			for _, id := range []uuid.UUID{globex.TenantID(), globex.ID(), project} {
				for _, text := range []string{a.Globex, mark + "@globex.test", a.Gus, "cnry", "%", ""} {
					calls++
					if shown := call(t, conn, who, name, types, id, text); foreign(name, shown, a, mark) {
						t.Errorf("%s(%s, %q) for %s shows %.300s", name, id, text, who.Email, shown)
					}
				}
			}
		}
		if calls < 100 {
			t.Errorf("only %d calls, so that they prove little", calls)
		}
	}
	for table, hash := range storetest.RowsOf(t, globex.TenantID()) {
		if before[table] != hash {
			t.Errorf("%s of the other tenant changed", table)
		}
	}
	// The rightful one sees her own places.
	if shown := call(t, conn, globex, "my_workspaces", functions["my_workspaces"], uuid.Nil, ""); !strings.Contains(shown, a.Globex) {
		t.Errorf("Dana's workspaces lack Globex: %s", shown)
	}
}

// foreign says whether a result holds anything of Globex: its marked work and
// people, Gus, or what it is called. The door of a tenant alone shows its name, to
// whoever knows the address.
func foreign(function, shown string, a *storetest.Tenants, mark string) bool {
	if function != "who_is_asking" && strings.Contains(shown, "Globex "+a.Suffix) {
		return true
	}
	return strings.Contains(shown, mark) || strings.Contains(shown, "Gus") || strings.Contains(shown, a.Gus)
}

// openToTheApp are the functions of the cross-tenant surface and the types of
// what they take.
func openToTheApp(t *testing.T) map[string][]string {
	t.Helper()
	rows, err := storetest.Admin(t).Query(t.Context(), `
select p.proname, coalesce(array(select x::regtype::text from unnest(p.proargtypes::oid[]) x), '{}')
from pg_proc p
where p.prosecdef
  and has_function_privilege('portico_app', p.oid, 'execute')`)
	if err != nil {
		t.Fatal(err)
	}
	functions := map[string][]string{}
	var name string
	var types []string
	if _, err := pgx.ForEachRow(rows, []any{&name, &types}, func() error { functions[name] = types; return nil }); err != nil {
		t.Fatal(err)
	}
	return functions
}

// call runs a function as somebody, rolls it back, and returns all it yielded as
// text; refusals are no rows.
func call(t *testing.T, conn *pgx.Conn, me store.Member, name string, types []string, id uuid.UUID, text string) string {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	as(t, tx, me)
	args := make([]string, len(types))
	for i, of := range types {
		args[i] = literal(t, name, of, id, text)
	}
	var all []string
	rows, err := tx.Query(t.Context(), fmt.Sprintf(`select x::text from lookup.%s(%s) x`, pgx.Identifier{name}.Sanitize(), strings.Join(args, ", ")),
		pgx.QueryExecModeSimpleProtocol)
	if err == nil {
		all, _ = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	return strings.Join(all, "\n")
}

func literal(t *testing.T, function, of string, id uuid.UUID, text string) string {
	t.Helper()
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	switch of {
	case "uuid":
		return "'" + id.String() + "'::uuid"
	case "text":
		return quoted
	case "bytea":
		return "decode('" + strings.Repeat("ab", 32) + "', 'hex')"
	case "bytea[]":
		return "array[decode('" + strings.Repeat("ab", 32) + "', 'hex')]"
	case "date":
		return "'2030-01-01'::date"
	case "integer", "bigint":
		return "10"
	case "boolean":
		return "true"
	case "timestamp with time zone":
		return "'" + time.Now().UTC().Format(time.RFC3339) + "'::timestamptz"
	}
	t.Fatalf("lookup.%s takes a %s: say what to call it with, in literal of store/narrow_tenant_test.go", function, of)
	return ""
}

// Case 12: numbers, names, titles and addresses that Globex has already are free
// in Acme: no unique constraint tells of them. Slugs are public names, and taken
// for everybody alike.
func TestNamesOfOthersDoNotShow(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	acme, globex := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex)
	for _, me := range []store.Member{globex, acme, acme} {
		project := storetest.Project(t, me, "Spring")
		deliverable := storetest.Deliverable(t, me, project, "Poster")
		storetest.File(t, me, storetest.Draft(t, me, deliverable), "poster.txt")
	}
	// Gus is known in Globex. Acme takes his address as any other.
	gus := store.NewPerson{Name: "Gus", Email: a.Gus, Party: store.PartyClient, Role: store.RoleViewer}
	add := func(me store.Member, p store.NewPerson) error {
		return storetest.DB().Write(t.Context(), me, func(tx *store.Tx) error {
			_, err := tx.AddPerson(t.Context(), p)
			return err
		})
	}
	if err := add(acme, gus); err != nil {
		t.Errorf("somebody known elsewhere: %v", err)
	}
	fresh := store.NewPerson{Name: "New", Email: "new@" + a.Suffix + ".test", Party: store.PartyClient, Role: store.RoleViewer}
	if err := add(acme, fresh); err != nil {
		t.Errorf("somebody known nowhere: %v", err)
	}
	if err := add(acme, gus); err == nil {
		t.Error("the same person twice in one tenant went through")
	}
	// The same ids in two tenants are no conflict either: a key without the tenant
	// would tell that the other has it.
	conn, id := storetest.App(t), storetest.Project(t, globex, "Theirs")
	if n, err := try(t, conn, &acme, `insert into projects (tenant_id, id, name) values ($1, $2, 'x')`, acme.TenantID(), id); n != 1 || err != nil {
		t.Errorf("an id that Globex has: %d rows, %v", n, err)
	}
}

// Case 52: the trail only grows. A deed that fails leaves no row of it, and a row
// that cannot be written takes the deed with it.
func TestTrailOnlyGrows(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	conn, admin := storetest.App(t), storetest.Admin(t)
	for _, sql := range []string{
		`update audit_events set verb = 'a.b'`, `update audit_events set result = 'ok'`, `delete from audit_events`, `truncate audit_events`,
		`update account_events set verb = 'a.b'`, `delete from account_events`, `truncate account_events`,
		`alter table audit_events disable row level security`, `drop table audit_events`,
	} {
		if _, err := try(t, conn, &dana, sql); sqlState(err) != insufficientPrivilege {
			t.Errorf("%s: %v, want refused", sql, err)
		}
	}
	count := func(what string) (n int) {
		if err := admin.QueryRow(t.Context(), `select count(*) from `+what+` where tenant_id = $1`, dana.TenantID()).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	events, projects := count("audit_events"), count("projects")
	abandon := fmt.Errorf("changed my mind")
	err := storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error {
		if _, err := tx.CreateProject(t.Context(), store.ProjectInput{Name: "Never"}); err != nil {
			return err
		}
		return abandon
	})
	if err == nil || count("audit_events") != events || count("projects") != projects {
		t.Errorf("a deed that was taken back left something: %v", err)
	}
	// A request id that the column refuses stands for a trail that takes nothing.
	mute := a.Member(t, a.Dana, a.Acme)
	mute.RequestID = strings.Repeat("x", 5000)
	err = storetest.DB().Write(t.Context(), mute, func(tx *store.Tx) error {
		_, err := tx.CreateProject(t.Context(), store.ProjectInput{Name: "Never"})
		return err
	})
	if err == nil || count("projects") != projects {
		t.Errorf("a deed went through without its row: %v", err)
	}
	storetest.Project(t, dana, "Now")
	if count("audit_events") != events+1 || count("projects") != projects+1 {
		t.Error("a deed and its row are not one and one")
	}
}
