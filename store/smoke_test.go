package store_test

import (
	"os/exec"
	"strings"
	"testing"

	"portico/e2e/stack"
	"portico/e2e/storetest"
)

// The operators' smoke test passes on a healthy database and fails on one with any of
// these mistakes, naming the mistake.
func TestOperatorsSmokeTest(t *testing.T) {
	t.Parallel()
	server := storetest.Server()
	smoke := func(database string, before ...string) (string, error) {
		args := []string{"-X", "-q", "-v", "ON_ERROR_STOP=1", server.AdminURL(database)}
		for _, sql := range before {
			args = append(args, "-c", sql)
		}
		out, err := exec.Command("psql", append(args, "-f", "../migrations/rls_smoke.sql")...).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	if out, err := smoke(stack.DatabaseName); err != nil || out != "the boundary holds" {
		t.Errorf("on a healthy database: %v, %s", err, out)
	}
	// A separate database, because a mistake locks what it changes. The smoke test
	// rolls the mistake back together with its own rows.
	db, err := storetest.Open(t.Context(), "smoke")
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	for _, m := range []struct{ mistake, says string }{
		{"alter policy tenant on projects using (true)", "more than the context"},
		{"alter table files no force row level security", "without forced"},
		{"alter table users no force row level security", "without forced"},
		{"alter table sign_in_flows disable row level security; grant select on sign_in_flows to portico_app", "without forced"},
		{"grant select on sign_in_flows to portico_app", "not exactly one policy"},
		{"create policy more on files using (current_setting('app.tenant_id', true) <> '')", "more than the context"},
		{"create policy more on users using (true)", "more than the context"},
		{"create policy more on tenants to portico_app using (true)", "more than the context"},
		{"create policy more on domains to portico_app using (true)", "more than the context"},
		{"create policy more on users to portico_app using (id = nullif(current_setting('app.tenant_id', true), '')::uuid) with check (id = nullif(current_setting('app.tenant_id', true), '')::uuid)", "not exactly one policy"},
		{"create policy lookup_too on projects to portico_lookup using (true)", "more than the context"},
		{"drop policy party on projects", "projects shows"},
		{"drop policy party on files", "files shows"},
		{"alter policy party on files using (true)", "files shows"},
		{"alter policy party on files to portico_owner", "more than the context"},
		{"drop policy party on audit_events", "audit_events shows"},
		{"drop policy party on plan_usage", "plan_usage shows"},
		{"drop policy in_person on users", "users shows"},
		{"drop policy in_person_update on memberships", "changed the agency's people"},
		{"drop policy staff_update on tenants", "renamed the tenant"},
		{"create function peek() returns setof projects language sql security definer as 'select * from public.projects'", "rights of their own"},
		{"create function lookup.peek() returns setof projects language sql security definer set search_path = '' as 'select * from public.projects'", "rights of their own"},
		{"create view peek as select * from projects; grant select on peek to portico_app", "their owner's rights"},
		{"create materialized view peek as select * from projects; grant select on peek to portico_app", "their owner's rights"},
		{"create table extras (tenant_id uuid); grant select on extras to portico_app", "without forced"},
		{"alter table projects owner to portico_app", "owns what it serves"},
	} {
		if out, err := smoke("smoke", "begin", m.mistake); err == nil || !strings.Contains(out, m.says) {
			t.Errorf("%s: not red for %q: %v, %s", m.mistake, m.says, err, out)
		}
	}
	if out, err := smoke("smoke"); err != nil {
		t.Errorf("without any of them: %v, %s", err, out)
	}
}
