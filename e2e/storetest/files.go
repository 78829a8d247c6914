package storetest

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/store"
)

// Draft returns the id of the newest version of a deliverable, which is a draft
// until it is published.
func Draft(t testing.TB, me store.Member, deliverable uuid.UUID) uuid.UUID {
	t.Helper()
	var versions []store.Version
	check(t, DB().Read(t.Context(), me, store.ListVersions(deliverable, &versions)))
	if len(versions) == 0 {
		t.Fatal("the deliverable has no version")
	}
	return versions[0].ID
}

// BeginUpload begins an upload of so many bytes into a draft version and returns
// the id of the file. Object storage has no part in it.
func BeginUpload(t testing.TB, me store.Member, version uuid.UUID, name string, size int64) uuid.UUID {
	t.Helper()
	var id uuid.UUID
	check(t, DB().Write(t.Context(), me, func(tx *store.Tx) (err error) {
		if id, err = tx.BeginUpload(t.Context(), version, store.NewUpload{Name: name, Size: &size}); err != nil {
			return err
		}
		return tx.OpenUpload(t.Context(), id, "storage id of "+id.String())
	}))
	return id
}

// File creates a ready file row in a draft version. Object storage holds no bytes for
// it.
func File(t testing.TB, me store.Member, version uuid.UUID, name string) uuid.UUID {
	t.Helper()
	sum := sha256.Sum256([]byte(name))
	id := BeginUpload(t, me, version, name, int64(len(name)))
	check(t, DB().Write(t.Context(), me, func(tx *store.Tx) error {
		return tx.FinishUpload(t.Context(), id, store.Stored{
			Size: int64(len(name)), SHA256: sum[:], ContentType: "text/plain; charset=utf-8"})
	}))
	return id
}

// Fingerprint returns a hash over the rows of a tenant without its audit trail and its
// people, whose visits are noted. Tests compare two of them to show that nothing changed.
func Fingerprint(t testing.TB, tenant uuid.UUID) string {
	t.Helper()
	return fingerprint(t, tenant, func(table store.TenantTable) bool { return table.Name != "audit_events" && table.Name != "memberships" })
}

// WholeFingerprint is [Fingerprint] of every table, the trail included, and of the tenant's own
// row and domains.
func WholeFingerprint(t testing.TB, tenant uuid.UUID) string {
	t.Helper()
	return fingerprint(t, tenant, func(store.TenantTable) bool { return true })
}

func fingerprint(t testing.TB, tenant uuid.UUID, of func(store.TenantTable) bool) string {
	t.Helper()
	rows := []string{
		`select 'tenants' || x::text from tenants x where id = $1`,
		`select 'domains' || x::text from domains x where tenant_id = $1`,
	}
	for _, table := range store.Manifest.Tenant {
		if of(table) {
			rows = append(rows, fmt.Sprintf(`select '%[1]s' || x::text from %[1]s x where tenant_id = $1`, table.Name))
		}
	}
	var sum string
	check(t, AdminPool().QueryRow(t.Context(),
		`select coalesce(md5(string_agg(x, '' order by x)), '') from (`+strings.Join(rows, " union all ")+`) rows (x)`, tenant).Scan(&sum))
	return sum
}
