package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/certificate"
	"portico/store"
)

// A tenant that is deleted is closed for 30 days, in which that can be undone. Then all of it goes,
// counted again, with a signed receipt; nothing of other tenants does. Its slug is free, and whoever
// takes it finds nothing of the past.
func TestDeletedTenantsAreGone(t *testing.T) {
	t.Parallel()
	s := newInstallation(t, "deleted", true)
	receipts := t.TempDir()
	wipe := func() string { return s.run("tenant", "wipe", "--receipts", receipts) }
	acme := s.id("acme")
	others := func() string {
		return s.state("globex") + s.state("initech") + s.state("contoso") + s.state("northwind", "plan_usage", "usage_levels")
	}
	before := others()
	s.exec(`insert into domains (tenant_id, host) values ($1, 'files.acme.test')`, acme)
	if out := s.run("tenant", "delete", "acme"); !strings.Contains(out, "Nothing is deleted yet") {
		t.Errorf("says %q", out)
	}
	whole := s.state("acme")
	if out := wipe(); out != "nothing is to be deleted\n" || s.state("acme") != whole {
		t.Errorf("on the first day: %q", out)
	}
	if state := s.text(`select state from tenants where slug = 'acme'`); state != "suspended" {
		t.Errorf("it is %s", state)
	}
	s.run("tenant", "delete", "acme", "--undo")
	if state := s.text(`select state from tenants where slug = 'acme' and deleting_at is null`); state != "active" {
		t.Errorf("undone it is %s", state)
	}
	s.run("tenant", "delete", "acme")
	s.exec(`update tenants set deleting_at = now() where slug = 'acme'`)
	last := s.text(`select id from audit_events where tenant_id = $1 order by at desc, id desc limit 1`, acme)
	out := wipe()
	receipt, err := os.ReadFile(filepath.Join(receipts, "deletion-"+acme.String()+".txt"))
	if err != nil || !strings.Contains(out, "deleted: "+acme.String()+", counted again: 0") {
		t.Fatalf("%v: %s", err, out)
	}
	keys, err := certificate.ParseKeys(publicKeys(t, s.env))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := certificate.Verify(receipt, keys)
	if err != nil || !strings.Contains(string(signed.Text), last) || strings.Contains(strings.ToLower(string(signed.Text)), "acme") {
		t.Errorf("the receipt: %v\n%s", err, signed.Text)
	}
	if _, err := certificate.Verify([]byte(strings.Replace(string(receipt), "Rows: ", "Rows: 1", 1)), keys); err == nil {
		t.Error("a changed receipt verifies")
	}
	for _, table := range store.Manifest.Tenant {
		if n := s.text(`select count(*) from `+table.Name+` where tenant_id = $1`, acme); n != "0" {
			t.Errorf("%s: %s rows are left", table.Name, n)
		}
	}
	if left := s.objectsOf(acme); len(left) > 0 {
		t.Errorf("objects are left: %q", left)
	}
	if left := s.canary("acme", acme.String()); len(left) > 0 {
		t.Errorf("the database still names it: %q", left)
	}
	if others() != before {
		t.Error("something of other tenants changed")
	}
	if n := s.text(`select count(*) from tombstones where id = $1 and rows > 0 and objects > 0`, acme); n != "1" {
		t.Error("there is no tombstone")
	}
	s.run("agency", "create", "--slug", "acme", "--name", "Another", "--owner-email", "nora@another.test", "--owner-name", "Nora")
	if n := s.text(`select count(*) from audit_events where tenant_id = $1`, s.id("acme")); n != "1" || s.id("acme") == acme {
		t.Errorf("the slug opened anew has %s events", n)
	}
}

// canary returns every place in the database with one of the words, except where people and
// tombstones are, who don't belong to the tenant.
func (s *sampled) canary(words ...string) (found []string) {
	s.t.Helper()
	rows, err := s.admin.Query(s.t.Context(), `select schemaname || '.' || tablename from pg_tables where schemaname in ('public', 'river')`)
	if err != nil {
		s.t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			s.t.Fatal(err)
		}
		tables = append(tables, table)
	}
	for _, table := range tables {
		if slices.Contains([]string{"public.users", "public.tombstones", "public.account_events", "public.sign_in_flows", "public.schema_migrations"}, table) {
			continue
		}
		for _, word := range words {
			if _, err := uuid.Parse(word); err == nil && table == "public.audit_events" {
				continue // the agency's own trail names its clients by their ids
			}
			if n := s.text(`select count(*) from `+table+` x where x::text ~* ('\y' || $1 || '\y')`, word); n != "0" {
				found = append(found, table+": "+word+" "+n)
			}
		}
	}
	return found
}

// Something that can't be deleted, or is added meanwhile, is told, and nothing is called deleted.
func TestDeletionIsNotClaimedBeforeTheCount(t *testing.T) {
	t.Parallel()
	s := newInstallation(t, "not_deleted", true)
	s.run("tenant", "delete", "globex")
	s.exec(`update tenants set deleting_at = now() where slug = 'globex'`)
	rows := s.text(`select count(*) from projects where tenant_id = $1`, s.id("globex"))
	for _, c := range []struct{ what, keep, release string }{
		// A table that no manifest names holds a row of the tenant.
		{"a row", `create table leftovers as select id as tenant_id from tenants where slug = 'globex'; alter table leftovers add foreign key (tenant_id) references tenants (id)`, `drop table leftovers`},
		// The queue deletes nothing.
		{"a job", `create function kept() returns trigger language plpgsql as 'begin return null; end'; create trigger kept before delete on river.river_job for each row execute function kept()`, `drop function kept cascade`},
	} {
		s.exec(c.keep)
		out, _, err := call(t, s.env, "tenant", "wipe", "--receipts", t.TempDir())
		if err == nil || strings.Contains(out, "deleted:") {
			t.Errorf("with %s left, it was called deleted: %s", c.what, out)
		}
		if left := s.text(`select count(*) from projects where tenant_id = $1`, s.id("globex")); left != rows {
			t.Errorf("%s projects, then %s", rows, left)
		}
		if n := s.text(`select count(*) from tombstones`); n != "0" {
			t.Error("it has a tombstone")
		}
		s.exec(c.release)
	}
	if out := s.run("tenant", "wipe", "--receipts", t.TempDir()); !strings.Contains(out, "deleted:") {
		t.Errorf("run again: %s", out)
	}
	if _, _, err := call(t, s.env, "tenant", "delete", "northwind"); err == nil || !strings.Contains(err.Error(), "clients") {
		t.Errorf("an agency with clients: %v", err)
	}
}
