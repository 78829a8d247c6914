package store_test

import (
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// Publishing shows one version with its ready files, its deliverable and its project, and
// nothing else: not what lies in the bin, what failed, other drafts, or their projects.
func TestPublishShowsNothingElse(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	elsewhere := storetest.Project(t, b.ravi, "Elsewhere")
	for _, project := range []uuid.UUID{b.project, elsewhere} {
		other := storetest.Deliverable(t, b.ravi, project, "Other")
		storetest.File(t, b.ravi, storetest.Draft(t, b.ravi, other), "other.txt")
	}
	ready := storetest.File(t, b.ravi, b.draft, "ready.txt")
	binned := storetest.File(t, b.ravi, b.draft, "binned.txt")
	do(t, b.ravi, func(tx *store.Tx) error { return errOf(tx.BinFile(t.Context(), binned, true)) })
	failed := storetest.File(t, b.ravi, b.draft, "failed.txt")
	admin := storetest.Admin(t)
	exec := func(sql string, args ...any) {
		t.Helper()
		if tag, err := admin.Exec(t.Context(), sql, args...); err != nil || tag.RowsAffected() != 1 {
			t.Fatalf("%s: %v, %v", sql, tag, err)
		}
	}
	exec(`update files set state = 'failed', size = null, sha256 = null, crc32 = null, content_type = null where id = $1`, failed)
	shown := func() map[string][]uuid.UUID {
		t.Helper()
		all := map[string][]uuid.UUID{}
		for _, table := range []string{"projects", "deliverables", "versions", "files"} {
			var ids []uuid.UUID
			must(t, admin.QueryRow(t.Context(), `select coalesce(array_agg(id), '{}') from `+table+` where tenant_id = $1 and shared_at is not null`, b.ravi.TenantID()).Scan(&ids))
			all[table] = ids
		}
		return all
	}

	publish := func(deliverable uuid.UUID, number int) error {
		return write(t, b.ravi, func(tx *store.Tx) error { return tx.Publish(t.Context(), deliverable, number, "") })
	}
	wantError(t, publish(b.deliverable, 2), store.ErrNotFound)
	wantError(t, publish(store.NewID(), 1), store.ErrNotFound)
	for kind, id := range map[store.Kind]uuid.UUID{store.KindDeliverable: b.deliverable, store.KindProject: b.project} {
		do(t, b.ravi, func(tx *store.Tx) error { return tx.Bin(t.Context(), kind, id, true) })
		wantError(t, publish(b.deliverable, 1), store.ErrNotFound)
		do(t, b.ravi, func(tx *store.Tx) error { return tx.Bin(t.Context(), kind, id, false) })
	}
	for table, ids := range shown() {
		if len(ids) != 0 {
			t.Errorf("refused, and %d %s are shown", len(ids), table)
		}
	}
	must(t, publish(b.deliverable, 1))
	for table, ids := range shown() {
		if want := map[string]uuid.UUID{"projects": b.project, "deliverables": b.deliverable, "versions": b.draft, "files": ready}[table]; len(ids) != 1 || ids[0] != want {
			t.Errorf("%s: %v are shown, want %s", table, ids, want)
		}
	}
	wantError(t, publish(b.deliverable, 1), store.ErrConflict)
	var state string
	must(t, admin.QueryRow(t.Context(), `select string_agg(state, ',' order by state) from deliverables where tenant_id = $1`, b.ravi.TenantID()).Scan(&state))
	if state != "draft,draft,in_review" {
		t.Errorf("the deliverables are %s", state)
	}
}

// A version begins only in a deliverable that is there, after the one before is published.
func TestVersionIsNotStartedWhere(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	start := func(me store.Member, deliverable uuid.UUID) error {
		return write(t, me, func(tx *store.Tx) error { return errOf(tx.AddVersion(t.Context(), deliverable)) })
	}
	wantError(t, start(b.ravi, b.deliverable), store.ErrConflict)
	storetest.File(t, b.ravi, b.draft, "poster.txt")
	must(t, b.publish(t, 1))
	do(t, b.ravi, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindDeliverable, b.deliverable, true) })
	wantError(t, start(b.ravi, b.deliverable), store.ErrNotFound)
	do(t, b.ravi, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindDeliverable, b.deliverable, false) })
	wantError(t, start(b.ravi, store.NewID()), store.ErrNotFound)
	wantError(t, start(b.Member(t, b.Dana, b.Globex), b.deliverable), store.ErrNotFound)
	if err := start(b.mia, b.deliverable); err == nil {
		t.Error("a client starts a version")
	}
	must(t, start(b.ravi, b.deliverable))
	var versions []store.Version
	must(t, read(t, b.ravi, store.ListVersions(b.deliverable, &versions)))
	if len(versions) != 2 || versions[0].Number != 2 {
		t.Errorf("the versions are %+v", versions)
	}
}
