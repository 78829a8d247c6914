package store_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
)

// bytesInArchives are the columns of bytes that archives have: contents and their hashes. Any
// other could be a secret, so it is Secret in store/manifest.go or listed here.
var bytesInArchives = []string{
	"logos.content", "versions.content_sha256", "files.sha256", "files.preview_sha256", "renditions.sha256",
	"decisions.content_sha256", "usage_events.request_hash",
}

// The manifest names columns that exist, and no archive has a secret.
func TestManifestNamesItsColumns(t *testing.T) {
	t.Parallel()
	isBytes := map[string]bool{}
	rows, err := storetest.Admin(t).Query(t.Context(), `
select c.relname || '.' || a.attname as name, a.atttypid = 'bytea'::regtype as bytes
from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped`)
	must(t, err)
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByName[struct {
		Name  string
		Bytes bool
	}])
	must(t, err)
	for _, c := range columns {
		isBytes[c.Name] = c.Bytes
	}
	for _, table := range store.Manifest.Tenant {
		if table.Restore == 0 {
			t.Errorf("%s: store/manifest.go doesn't say what restoring does with it", table.Name)
		}
		named := slices.Concat(table.Secret, slices.Collect(maps.Keys(table.Derived)), slices.Collect(maps.Keys(table.Instead)))
		for _, o := range table.Objects {
			named = append(named, o.ID, o.Size, o.SHA256)
		}
		for _, column := range named {
			if _, there := isBytes[table.Name+"."+column]; !there {
				t.Errorf("%s has no column %s", table.Name, column)
			}
		}
		for name, bytes := range isBytes {
			of, column, _ := strings.Cut(name, ".")
			if bytes && of == table.Name && table.Export == store.Whole && !slices.Contains(table.Secret, column) && !slices.Contains(bytesInArchives, name) {
				t.Errorf("%s would be in archives: it is Secret in store/manifest.go, or listed in this test", name)
			}
		}
	}
}

// Narrow functions read only tables of which every node of a distributed database has all rows.
// Of the trail they only write.
func TestNarrowFunctionsReadReferenceTables(t *testing.T) {
	t.Parallel()
	for _, table := range store.Manifest.Tenant {
		if table.Lookup && !table.Reference && table.Name != "audit_events" {
			t.Errorf("%s: Lookup needs Reference", table.Name)
		}
	}
}

// The owner of the tables, as whom archives are restored, sees and writes the rows of the tenant in
// its context and no others; without one none.
func TestOperatorWritesOneTenantOnly(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	acme, globex := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex)
	storetest.Project(t, acme, "Acme's")
	storetest.Project(t, globex, "Globex's")
	var dana uuid.UUID
	must(t, storetest.AdminPool().QueryRow(t.Context(), `select id from users where email = $1`, a.Dana).Scan(&dana))
	conn, err := pgx.Connect(t.Context(), storetest.Server().OwnerURL(stack.DatabaseName))
	must(t, err)
	defer conn.Close(t.Context())
	count := func(tx pgx.Tx) (n int) {
		must(t, tx.QueryRow(t.Context(), `select count(*) from projects where tenant_id = any ($1)`, []any{acme.TenantID(), globex.TenantID()}).Scan(&n))
		return n
	}
	within := func(tenant string, do func(tx pgx.Tx) error) error {
		tx, err := conn.Begin(t.Context())
		must(t, err)
		defer func() { _ = tx.Rollback(t.Context()) }()
		_, err = tx.Exec(t.Context(), `select set_config('app.tenant_id', $1, true)`, tenant)
		must(t, err)
		return do(tx)
	}
	must(t, within("", func(tx pgx.Tx) error {
		if n := count(tx); n != 0 {
			t.Errorf("without a tenant it sees %d projects", n)
		}
		return nil
	}))
	insert := func(of store.Member) func(tx pgx.Tx) error {
		return func(tx pgx.Tx) error {
			if n := count(tx); n != 1 {
				t.Errorf("in one tenant it sees %d projects", n)
			}
			_, err := tx.Exec(t.Context(), `insert into projects (tenant_id, id, name, created_by) values ($1, $2, 'Restored', $3)`,
				of.TenantID(), store.NewID(), dana)
			return err
		}
	}
	must(t, within(acme.TenantID().String(), insert(acme)))
	var refused *pgconn.PgError
	if err := within(acme.TenantID().String(), insert(globex)); !errors.As(err, &refused) || refused.Code != "42501" {
		t.Errorf("it wrote a row of another tenant: %v", err)
	}
}
