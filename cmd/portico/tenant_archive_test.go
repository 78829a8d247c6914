package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"portico/archive"
	"portico/store"
)

// sameWork fails unless two archives have the same rows of all tables that a restore replaces. The
// tables in except have as many rows.
func sameWork(t *testing.T, a, b archive.Manifest, except ...string) {
	t.Helper()
	for _, table := range store.Manifest.Tenant {
		if table.Restore != store.Replaced || table.Name == "logos" {
			continue
		}
		x, _ := a.Table(table.Name)
		y, _ := b.Table(table.Name)
		if x.List != y.List && (x.Rows != y.Rows || !slices.Contains(except, table.Name)) {
			t.Errorf("%s: %d rows, then %d, or others", table.Name, x.Rows, y.Rows)
		}
	}
	if a.Objects != b.Objects {
		t.Errorf("objects: %d, then %d, or others", a.Objects.Rows, b.Objects.Rows)
	}
}

// spoil changes the work of a client, as bad days do: rows changed, deleted and added, people
// removed, bytes lost.
func spoil(s *sampled, slug string) {
	tenant := s.id(slug)
	s.exec(`update projects set name = 'Overwritten' where tenant_id = $1`, tenant)
	s.exec(`delete from comments where tenant_id = $1`, tenant)
	s.exec(`delete from decisions where tenant_id = $1`, tenant)
	s.exec(`update tenants set name = 'Overwritten', welcome = 'Overwritten' where id = $1`, tenant)
	s.exec(`insert into projects (tenant_id, id, name, created_by) select $1, gen_random_uuid(), 'Added later', user_id from memberships where tenant_id = $1 limit 1`, tenant)
	s.exec(`update memberships set ended_at = now() where tenant_id = $1 and email like 'leo@%'`, tenant)
	key, _, _ := strings.Cut(s.objects(slug)[0], " ")
	s.removeObject(key)
}

// Case 71: a client is restored in place. Its work is as it was, what people may do is as it is
// now, the trail goes on, and nothing of other tenants changes.
func TestRestoreInPlace(t *testing.T) {
	t.Parallel()
	s := newInstallation(t, "in_place", true)
	others := func() string {
		return s.state("globex") + s.state("initech") + s.state("northwind") + s.state("contoso")
	}
	before := others()
	file := s.export("acme")
	events := s.text(`select count(*) from audit_events where tenant_id = $1`, s.id("acme"))
	was := manifestOf(t, file)
	spoil(s, "acme")
	for range 2 { // twice is once
		if out := s.run("tenant", "restore", file, "--in-place", "--slug", "acme"); !strings.Contains(out, "restored acme") {
			t.Errorf("says %q", out)
		}
	}
	sameWork(t, was, manifestOf(t, s.export("acme")))
	if name := s.text(`select name from tenants where slug = 'acme'`); !strings.HasPrefix(name, "Acme") {
		t.Errorf("the tenant is called %q", name)
	}
	if ended := s.text(`select ended_at is not null from memberships where tenant_id = $1 and email like 'leo@%'`, s.id("acme")); ended != "true" {
		t.Error("a removed person is back")
	}
	if open := s.text(`select count(*) from review_requests r join memberships m using (tenant_id, user_id)
where r.ended_at is null and m.ended_at is not null and tenant_id = $1`, s.id("acme")); open != "0" {
		t.Errorf("%s requests wait for people who are gone", open)
	}
	trail := s.text(`select string_agg(verb, ' ' order by at desc, id desc) from (
    select verb, at, id from audit_events where tenant_id = $1 and verb like 'tenant.%ed' order by at desc, id desc limit 4) x`, s.id("acme"))
	if trail != "tenant.exported tenant.restored tenant.restored tenant.exported" {
		t.Errorf("the trail: %s", trail)
	}
	if now := s.text(`select count(*) >= $2::int from audit_events where tenant_id = $1`, s.id("acme"), events); now != "true" {
		t.Error("the trail was rolled back")
	}
	if others() != before {
		t.Error("something of other tenants changed")
	}
	if out := s.run("files", "check", "--tenant", "acme"); !strings.Contains(out, "nothing to report") {
		t.Errorf("files check: %s", out)
	}
	if right := s.text(`select c.projects = (select count(*) from projects p where p.tenant_id = c.tenant_id and p.deleted_at is null and p.archived_at is null)
from work_counts c where c.tenant_id = $1`, s.id("acme")); right != "true" {
		t.Error("the projects are not counted again")
	}
}

// A client is restored beside the first, under another slug. The first stays as it is; nobody has
// access to the second, whose rows, files and trail are those of the archive.
func TestRestoreBeside(t *testing.T) {
	t.Parallel()
	s := newInstallation(t, "beside", true)
	file := s.export("acme")
	before := s.state("acme") + s.state("globex") + s.state("initech")
	s.run("tenant", "restore", file, "--beside", "--slug", "acme-copy")
	if s.state("acme")+s.state("globex")+s.state("initech") != before {
		t.Error("something of another tenant changed")
	}
	if s.id("acme") == s.id("acme-copy") {
		t.Fatal("it is the same tenant")
	}
	// Requests of people without access have ended.
	sameWork(t, manifestOf(t, file), manifestOf(t, s.export("acme-copy")), "review_requests")
	if in := s.text(`select count(*) from memberships where tenant_id = $1 and ended_at is null`, s.id("acme-copy")); in != "0" {
		t.Errorf("%s people have access", in)
	}
	if known := s.text(`select count(*) from memberships where tenant_id = $1 and email is not null`, s.id("acme-copy")); known != "0" {
		t.Errorf("%s addresses came along", known)
	}
	for _, table := range []string{"invites", "support_grants", "support_sessions", "usage_events", "usage_hours"} {
		if n := s.text(`select count(*) from `+table+` where tenant_id = $1`, s.id("acme-copy")); n != "0" {
			t.Errorf("%s: %s rows came along", table, n)
		}
	}
	if n := s.text(`select count(*) from api_keys where tenant_id = $1 and revoked_at is null`, s.id("acme-copy")); n != "0" {
		t.Errorf("%s API keys work", n)
	}
	if first, copied := s.text(`select count(*) from audit_events where tenant_id = $1`, s.id("acme")), s.text(`select count(*) from audit_events where tenant_id = $1 and verb <> 'tenant.restored' and verb not like 'plan.%' and at <= $2`, s.id("acme-copy"), manifestOf(t, file).At); first != copied {
		t.Errorf("the trail has %s events, not %s", copied, first)
	}
	if _, _, err := call(t, s.env, "tenant", "restore", file, "--beside", "--slug", "acme-copy"); err == nil || !strings.Contains(err.Error(), "not available") {
		t.Errorf("a taken slug: %v", err)
	}
}

// An agency, then its client, are restored in another installation, which knows the key that
// signed the archives. Nobody comes along.
func TestRestoreElsewhere(t *testing.T) {
	t.Parallel()
	s := newInstallation(t, "elsewhere_from", true)
	agency, client := s.export("northwind"), s.export("acme")
	to := newInstallation(t, "elsewhere_to", false)
	to.env["SIGNING_KEYS"] = "YW5vdGhlciBrZXkgb2YgYW5vdGhlciBwbGFjZSEhISE"
	restore := func(args ...string) (string, error) {
		out, _, err := call(t, to.env, append([]string{"tenant", "restore"}, args...)...)
		return out, err
	}
	if _, err := restore(client, "--beside"); err == nil || !strings.Contains(err.Error(), "not among the known keys") {
		t.Errorf("signed by nobody we know: %v", err)
	}
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, publicKeys(t, s.env), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{client, "--in-place"}, "has no tenant"},
		{[]string{client, "--beside"}, "doesn't have the client's agency"},
		{[]string{agency, "--beside"}, "--owner-email"},
	} {
		if _, err := restore(append(c.args, "--keys", keys)...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v", c.args[1:], err)
		}
	}
	if n := to.text(`select count(*) from tenants`); n != "0" {
		t.Fatalf("%s tenants are there", n)
	}
	for _, args := range [][]string{
		{agency, "--beside", "--slug", "northwind", "--owner-email", "nora@else.test", "--owner-name", "Nora"},
		{client, "--beside", "--slug", "acme"},
	} {
		if out, err := restore(append(args, "--keys", keys)...); err != nil {
			t.Fatalf("%v: %v, %s", args[1:], err, out)
		}
	}
	if to.id("acme") != s.id("acme") {
		t.Error("it has another id, although nobody has its own here")
	}
	sameWork(t, manifestOf(t, client), manifestOf(t, to.export("acme")), "review_requests")
	if in := to.text(`select string_agg(name, ' ') from memberships where ended_at is null`); in != "Nora" {
		t.Errorf("%s have access", in)
	}
	if people := to.text(`select count(*) from users where email is not null and email <> 'nora@else.test'`); people != "0" {
		t.Errorf("%s people came along", people)
	}
}
