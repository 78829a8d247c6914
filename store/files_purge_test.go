package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// moveBack moves a row's time back, as superuser.
func moveBack(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := storetest.Admin(t).Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// entry returns the reconciler's view of a file, with a grace of one day.
func (b fileBundle) entry(t *testing.T, id uuid.UUID) store.FileEntry {
	t.Helper()
	var entries []store.FileEntry
	if err := read(t, b.dana, store.ListFileEntries(uuid.Nil, 24*time.Hour, &entries)); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.ID == id {
			return e
		}
	}
	t.Fatalf("no entry for %v", id)
	return store.FileEntry{}
}

func idsOf(left []store.RemovableFile) []uuid.UUID {
	ids := make([]uuid.UUID, len(left))
	for i, l := range left {
		ids[i] = l.FileID
	}
	return ids
}

// An upload without a new part for a day is idle and can be cancelled. One that is
// old but active, is being finished, or became active after the check can't. Ready
// files are never dropped.
func TestStaleUploads(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	fresh := storetest.BeginUpload(t, b.ravi, b.draft, "fresh.bin", 5)
	moving := storetest.BeginUpload(t, b.ravi, b.draft, "moving.bin", 5)
	stuck := storetest.BeginUpload(t, b.ravi, b.draft, "stuck.bin", 5)
	ending := storetest.BeginUpload(t, b.ravi, b.draft, "ending.bin", 5)
	do(t, b.ravi, func(tx *store.Tx) error { _, _, err := tx.TryFinish(t.Context(), ending); return err })
	ready := storetest.File(t, b.ravi, b.draft, "ready.txt")
	for _, id := range []uuid.UUID{moving, stuck} {
		if err := b.record(t, b.ravi, id, part(1, 5, "x"), store.HashStep{}); err != nil {
			t.Fatal(err)
		}
	}
	moveBack(t, `update files set created_at = created_at - interval '25 hours' where id = any($1)`, []uuid.UUID{moving, stuck, ready, ending})
	moveBack(t, `update file_parts set created_at = created_at - interval '25 hours' where file_id = $1`, stuck)
	for id, idle := range map[uuid.UUID]bool{fresh: false, moving: false, stuck: true, ending: false} {
		if e := b.entry(t, id); e.Idle != idle || e.Stalled != idle {
			t.Errorf("%+v, want idle %t", e, idle)
		}
	}

	giveUp := func(id uuid.UUID, touched time.Time) error {
		return write(t, b.dana, func(tx *store.Tx) error { _, err := tx.CancelIdleUpload(t.Context(), id, touched); return err })
	}
	touched := b.entry(t, stuck).TouchedAt
	wantError(t, giveUp(stuck, touched.Add(-time.Second)), store.ErrConflict)
	for range 2 { // after an interruption the next pass continues
		if err := giveUp(stuck, touched); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, giveUp(ready, b.entry(t, ready).TouchedAt), store.ErrNotFound)
	wantError(t, b.record(t, b.ravi, stuck, part(1, 5, "y"), store.HashStep{}), store.ErrConflict)
	do(t, b.dana, func(tx *store.Tx) error {
		for _, id := range []uuid.UUID{stuck, fresh, ready} {
			if err := tx.DeleteUpload(t.Context(), id); err != nil {
				return err
			}
		}
		return nil
	})
	var u store.FileUpload
	wantError(t, read(t, b.ravi, store.GetUpload(stuck, &u)), store.ErrNotFound)
	var file store.File
	if err := read(t, b.ravi, store.GetUpload(fresh, &u), store.GetUpload(moving, &u), store.GetFile(ready, &file)); err != nil {
		t.Errorf("dropped an upload that was not cancelled: %v", err)
	}
}

// Cancelling returns what object storage still has of the file. It can be repeated. A
// ready file can't be cancelled.
func TestCancelUpload(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	id := storetest.BeginUpload(t, b.ravi, b.draft, "a.bin", 5)
	ready := storetest.File(t, b.ravi, b.draft, "ready.txt")
	for range 2 {
		do(t, b.dana, func(tx *store.Tx) error {
			left, err := tx.CancelUpload(t.Context(), id)
			if left.FileID != id || left.StorageID != "storage id of "+id.String() {
				t.Errorf("left = %+v", left)
			}
			return err
		})
	}
	wantError(t, write(t, b.dana, func(tx *store.Tx) error { _, err := tx.CancelUpload(t.Context(), ready); return err }), store.ErrConflict)
	var trail []store.Activity
	if err := read(t, b.dana, store.ListActivity(store.ActivityFilter{Kind: "file"}, &trail)); err != nil {
		t.Fatal(err)
	}
	given := 0
	for _, e := range trail {
		if e.Verb == "file.upload_cancelled" && *e.TargetID == id {
			given++
		}
	}
	if given != 1 {
		t.Errorf("cancelled %d times in the trail", given)
	}
}

// After 30 days the bin is emptied from the bottom up. What is younger, or not
// binned, stays, whatever ids the job names.
func TestPurge(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	ctx := t.Context()
	alone := storetest.File(t, b.ravi, b.draft, "alone.txt")
	kept := storetest.File(t, b.ravi, b.draft, "kept.txt")
	recent := storetest.File(t, b.ravi, b.draft, "recent.txt")
	old := storetest.Deliverable(t, b.ravi, b.project, "Old "+b.Suffix)
	within := storetest.File(t, b.ravi, storetest.Draft(t, b.ravi, old), "within.txt")
	gone := storetest.Project(t, b.ravi, "Gone "+b.Suffix)
	inGone := storetest.Deliverable(t, b.ravi, gone, "In gone "+b.Suffix)
	coming := storetest.BeginUpload(t, b.ravi, storetest.Draft(t, b.ravi, inGone), "coming.bin", 5)
	do(t, b.ravi, func(tx *store.Tx) error {
		for _, id := range []uuid.UUID{alone, recent} {
			if _, err := tx.BinFile(ctx, id, true); err != nil {
				return err
			}
		}
		if err := tx.Bin(ctx, store.KindDeliverable, old, true); err != nil {
			return err
		}
		return tx.Bin(ctx, store.KindProject, gone, true)
	})
	for table, id := range map[string]uuid.UUID{"files": alone, "deliverables": old, "projects": gone} {
		moveBack(t, `update `+table+` set deleted_at = deleted_at - interval '30 days' where id = $1`, id)
	}

	var expired []store.RemovableFile
	if err := read(t, b.dana, store.ExpiredFiles(&expired)); err != nil {
		t.Fatal(err)
	}
	want := map[uuid.UUID]bool{alone: true, within: true, coming: true}
	for _, l := range expired {
		if !want[l.FileID] {
			t.Errorf("%v is not expired", l.FileID)
		}
		delete(want, l.FileID)
	}
	if len(want) != 0 {
		t.Errorf("missing %v of %v", want, expired)
	}
	do(t, b.dana, func(tx *store.Tx) error { return tx.Purge(ctx, append(idsOf(expired), kept, recent)) })

	var rows []uuid.UUID
	r, err := storetest.Admin(t).Query(ctx, `
select id from files where tenant_id = $1 union all select id from deliverables where tenant_id = $1
union all select id from projects where tenant_id = $1`, b.dana.TenantID())
	if err == nil {
		for r.Next() {
			var id uuid.UUID
			if err = r.Scan(&id); err != nil {
				break
			}
			rows = append(rows, id)
		}
		err = r.Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	left := map[uuid.UUID]bool{}
	for _, id := range rows {
		left[id] = true
	}
	for _, id := range []uuid.UUID{kept, recent, b.deliverable, b.project} {
		if !left[id] {
			t.Errorf("%v was purged", id)
		}
	}
	for _, id := range []uuid.UUID{alone, within, coming, old, gone, inGone} {
		if left[id] {
			t.Errorf("%v is still there", id)
		}
	}
	do(t, b.ravi, func(tx *store.Tx) error { _, err := tx.BinFile(ctx, recent, false); return err })
}
