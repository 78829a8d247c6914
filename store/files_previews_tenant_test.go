package store_test

import (
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// A member of Acme names a picture of Globex. Reading it or giving it a preview fails
// as it does for a random id. Globex's own people can.
func TestOtherTenantsPreviewsAreNotFound(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	there := b.Member(t, b.Dana, b.Globex)
	deliverable := storetest.Deliverable(t, there, storetest.Project(t, there, "Theirs "+b.Suffix), "Theirs "+b.Suffix)
	version := storetest.Draft(t, there, deliverable)
	file, other := storetest.File(t, there, version, "theirs.txt"), storetest.File(t, there, version, "more.txt")
	if err := recordPreview(t, there, file, aPreview); err != nil {
		t.Fatal(err)
	}
	before := storetest.RowsOf(t, there.TenantID())
	var got store.FilePreview
	for _, me := range []store.Member{b.ravi, b.dana, b.mia} {
		foreign, random := read(t, me, store.GetPreview(file, &got)), read(t, me, store.GetPreview(store.NewID(), &got))
		wantError(t, foreign, store.ErrNotFound)
		if foreign == nil || random == nil || foreign.Error() != random.Error() {
			t.Errorf("foreign %v, random %v", foreign, random)
		}
	}
	wantError(t, recordPreview(t, b.dana, other, aPreview), store.ErrNotFound)
	wantError(t, write(t, b.dana, func(tx *store.Tx) error {
		_, err := tx.PictureFor(t.Context(), other, uuid.Nil)
		return err
	}), store.ErrNotFound)
	for table, hash := range storetest.RowsOf(t, there.TenantID()) {
		if hash != before[table] {
			t.Errorf("rows of the other tenant changed in %s", table)
		}
	}
	if err := read(t, there, store.GetPreview(file, &got)); err != nil || got.FileID != file {
		t.Errorf("the rightful person gets %+v, %v", got, err)
	}
}

// Clients can't record previews, even of files they can see.
func TestClientsCannotRecordPreviews(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	file := storetest.File(t, b.ravi, b.draft, "a.txt")
	if err := b.publish(t, 1); err != nil {
		t.Fatal(err)
	}
	wantError(t, recordPreview(t, b.mia, file, aPreview), store.ErrNotFound)
	if err := recordPreview(t, b.ravi, file, aPreview); err != nil {
		t.Errorf("the team is refused: %v", err)
	}
}
