package store_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/store"
)

// The migrated database has nothing that could open the boundary, and nothing
// unlisted. This test is not parallel: roles belong to the whole server, and another
// test creates forbidden ones.
func TestCatalogIsClosed(t *testing.T) {
	found, err := store.CheckCatalog(t.Context(), storetest.Admin(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}

// mutants are mistakes that a migration could contain. The check must find each of
// them. Each runs in a transaction of a separate database.
var mutants = []struct{ name, sql, rule string }{
	{"no ENABLE", "alter table projects disable row level security", "lacks row level security or FORCE"},
	{"no FORCE", "alter table projects no force row level security", "lacks row level security or FORCE"},
	{"using (true)", "alter policy tenant on projects using (true)", "canonical"},
	{"no policy", "drop policy tenant on files", "canonical"},
	{"with check (true)", "alter policy tenant on projects with check (true)", "canonical"},
	{"policy for PUBLIC", "alter policy tenant on projects to public", "canonical"},
	{"second permissive policy", "create policy more on projects to portico_app using (true)", "extra permissive policy"},
	{"cast column", "create policy cast_it on projects as restrictive to portico_app using (tenant_id::text = current_setting('app.tenant_id', true))", "casts a column"},
	{"restrictive policy gone", "drop policy party on deliverables", "missing"},
	{"global table opened", "create policy all_of_it on users to portico_app using (true)", "global table"},
	{"single-column foreign key", "alter table projects add unique (id); alter table files add column project_id uuid references projects (id)", "does not carry tenant_id"},
	{"unique without tenant_id", "create unique index on projects (name)", "unique index or exclusion constraint"},
	{"index on an expression", "create index on projects (tenant_id, lower(name))", "expression"},
	{"unlisted table", "create table extras (id int primary key)", "Manifest in store/manifest.go"},
	{"unlisted tenant table", "create table extras (tenant_id uuid not null, id uuid, primary key (tenant_id, id))", "Tenant of Manifest in store/manifest.go"},
	{"open partition", "create table parts (tenant_id uuid not null, id uuid, primary key (tenant_id, id)) partition by hash (tenant_id); create table parts_0 partition of parts for values with (modulus 1, remainder 0)", "lacks row level security or FORCE"},
	{"nullable tenant_id", "alter table job_effects drop constraint job_effects_pkey; alter table job_effects alter tenant_id drop not null", "tenant_id of type uuid"},
	{"defaulted tenant_id", "alter table projects alter tenant_id set default gen_random_uuid()", "tenant_id of type uuid"},
	{"view without security_invoker", "create view peek as select * from projects", "security_invoker"},
	{"readable materialised view", "create materialized view peek as select 1 as one; grant select on peek to portico_app", "materialised"},
	{"definer function", "create function peek() returns bigint language sql security definer as 'select count(*) from public.projects'", "definerFunctions in store/catalog.go"},
	{"definer without search_path", "alter function lookup.i_am_agent() reset search_path", "search_path"},
	{"function for PUBLIC", "grant execute on function lookup.list_agents() to public", "called by PUBLIC"},
	{"operator's function for the app", "grant execute on function lookup.create_agency(uuid, text, text, uuid, text, text, text) to portico_app", "differ from definerFunctions in store/catalog.go"},
	{"app owns", "alter table projects owner to portico_app", "owned by the app"},
	{"app truncates", "grant truncate on projects to portico_app", "truncated"},
	{"app makes large objects", "grant execute on function lo_create(oid) to portico_app", "makes objects without a tenant"},
	{"app creates", "grant create on schema public to portico_app", "to create objects"},
	{"PUBLIC reads", "grant select on users to public", "by PUBLIC"},
	{"app changes the trail", "grant update on audit_events to portico_app", "append-only"},
	{"app moves rows", "grant update (tenant_id) on projects to portico_app", "says which tenant"},
	{"app bypasses", "alter role portico_app bypassrls", "could bypass"},
	{"app is a member", "grant portico_lookup to portico_app", "member of"},
	{"lookup logs in", "alter role portico_lookup login", "can log in"},
	{"role default", "alter role portico_app set app.tenant_id = '00000000-0000-0000-0000-000000000001'", "by default"},
	{"row_security default", "alter role portico_app set row_security = off", "by default"},
	{"enum column", "create type mood as enum ('ok'); alter table projects add column mood mood", "enum"},
	{"trigger", "create function f() returns trigger language plpgsql as 'begin return new; end'; create trigger t before insert on projects for each row execute function f()", "trigger"},
	{"primary key without tenant_id", "alter table job_effects drop constraint job_effects_pkey; alter table job_effects add primary key (key)", "primary key"},
	{"no index led by tenant_id", "alter table job_effects drop constraint job_effects_pkey; create index on job_effects (tenant_id) where key = 'x'", "led by tenant_id"},
	{"citext column", "create domain citext as text; alter table projects add column mood citext", "enum or citext"},
	{"enum array", "create type mood as enum ('ok'); alter table projects add column moods mood[]", "enum or citext"},
	{"database default", "alter database mutants set app.tenant_id = '00000000-0000-0000-0000-000000000001'", "by default"},
	{"search_path default", "alter role portico_app set search_path = river", "by default"},
	{"context of a session", "set local app.party = 'agency'", "for every connection"},
	{"app deletes the trail", "grant delete on audit_events to portico_app", "append-only"},
	{"app changes a column of the trail", "grant update (verb) on audit_events to portico_app", "append-only"},
	{"lookup truncates", "grant truncate on projects to portico_lookup", "truncated"},
	{"app refers to a column", "grant references (id) on users to portico_app", "truncated"},
	{"lookup bypasses", "alter role portico_lookup bypassrls", "could bypass"},
	{"app makes roles", "alter role portico_app createrole", "could bypass"},
	{"lookup is a member", "create role snoop; grant snoop to portico_lookup", "member of"},
	{"somebody else is a member", "create role snoop; grant portico_owner to snoop", "unlisted member"},
	{"lookup owns a table", "alter table projects owner to portico_lookup", "owned by the lookup role"},
	{"lookup creates", "grant create on schema public to portico_lookup", "to create objects"},
	{"app makes temp tables", "grant temp on database mutants to portico_app", "to create objects"},
	{"a role on no list reads", "create role snoop; grant select on projects to snoop", "unlisted role"},
	{"a role on no list reads a column", "create role snoop; grant select (name) on projects to snoop", "unlisted role"},
	{"PUBLIC connects", "grant connect on database mutants to public", "PUBLIC"},
	{"grants in advance", "alter default privileges for role portico_owner in schema public grant select on tables to portico_app", "on future objects"},
	{"another schema", "create schema elsewhere; create table elsewhere.copies (tenant_id uuid)", "unlisted schema"},
	{"a staging that others may use", "create schema adopt; grant usage on schema adopt to portico_app", "may be used by others than portico_owner"},
	{"table in lookup", "create table lookup.copies (tenant_id uuid)", "isn't a function"},
	{"sequence", "alter table projects add column number bigint generated always as identity", "sequence"},
	{"readable column of a materialised view", "create materialized view peek as select 1 as one; grant select (one) on peek to portico_app", "materialised"},
	{"view that runs as its caller by accident", "create view peek with (security_invoker = false) as select * from projects", "security_invoker"},
	{"rule", "create rule copy as on insert to projects do also select 1", "a rule"},
	{"event trigger", "create function e() returns event_trigger language plpgsql as 'begin end'; create event trigger watch on ddl_command_end execute function e()", "trigger"},
	{"unique that only includes tenant_id", "create unique index on projects (name) include (tenant_id)", "unique index"},
	{"exclusion without tenant_id", "alter table projects add exclude (position with =)", "exclusion"},
	{"definer function in the queue's schema", "create function river.peek() returns bigint language sql security definer as 'select 1'", "isn't listed"},
	{"leakproof function", "create function peek(text) returns boolean language sql leakproof as 'select true'", "leakproof"},
	{"function of lookup on no list", "create function lookup.peek() returns bigint language sql as 'select 1'", "unlisted function in schema lookup"},
	{"function of lookup gone", "drop function lookup.sweep()", "doesn't exist"},
	{"function of lookup that is another's", "alter function lookup.sweep() owner to portico_owner", "isn't owned by portico_lookup"},
	{"lookup without a policy", "create policy x on job_effects to portico_app using (true); grant select on job_effects to portico_lookup", "without a listed policy"},
	{"listed table gone", "drop table job_effects", "but doesn't exist"},
	{"policy with a subquery", "drop policy tenant on projects; create policy tenant on projects to portico_app using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))", "has a subquery"},
	{"no policy for restoring", "drop policy operator on files", "lacks the policy operator"},
	{"restoring into every tenant", "alter policy operator on projects using (true)", "lacks the policy operator"},
	{"every tenant's row for the operator", "alter policy operator on tenants using (true)", "global table"},
	{"a key to a later table", "alter table projects add column event uuid; alter table projects add foreign key (tenant_id, event) references audit_events (tenant_id, id)", "comes later"},
	{"restrictive policy on no list", "create policy extra on projects as restrictive to portico_app using (true)", "unlisted restrictive policy"},
}

// Case 16: the check fails for each mutant, and only while the mutant is there.
func TestCatalogFindsMutants(t *testing.T) {
	t.Parallel()
	// A separate database, because a mutant locks what it changes.
	db, err := storetest.Open(t.Context(), "mutants")
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	conn, err := pgx.Connect(t.Context(), storetest.Server().AdminURL("mutants"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	red := map[string]bool{}
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			tx, err := conn.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
			if _, err := tx.Exec(t.Context(), m.sql, pgx.QueryExecModeSimpleProtocol); err != nil {
				t.Fatal(err)
			}
			found, err := store.CheckCatalog(t.Context(), conn)
			if err != nil {
				t.Fatal(err)
			}
			seen := false
			for _, f := range found {
				red[f.Rule] = true
				seen = seen || strings.Contains(f.Rule, m.rule)
			}
			if !seen {
				t.Errorf("not found; all that was: %v", found)
			}
		})
	}
	for _, rule := range store.CatalogRulesForTest() {
		if !red[rule] {
			t.Errorf("no mutant turns %q red: plant one in mutants of store/catalog_test.go", rule)
		}
	}
}
