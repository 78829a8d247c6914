package store_test

import (
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// Clients see the pages of a document as long as they see the document: not in a draft, nor
// in the bin. The database refuses them by itself.
func TestPagesAreVisibleLikeTheirDocument(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	file := storetest.File(t, b.ravi, b.draft, "book.pdf")
	storetest.Pages(t, b.dana.TenantID(), file, storetest.Rendition(1), storetest.Rendition(2))
	conn := storetest.App(t)
	sees := func(what string, me store.Member, want int64) {
		t.Helper()
		n, err := try(t, conn, &me, "select 1 from renditions where file_id = $1", file)
		if err != nil || n != want {
			t.Errorf("%s: %s sees %d pages, %v, want %d", what, me.Name, n, err, want)
		}
		var got store.Rendition
		err = read(t, me, store.GetRendition(file, 2, &got))
		if (err == nil) != (want == 2) || want == 2 && (got.FileID != file || got.Page != 2) {
			t.Errorf("%s: %s reads %+v, %v", what, me.Name, got, err)
		}
	}
	sees("in a draft", b.mia, 0)
	sees("in a draft", b.ravi, 2)
	wantError(t, b.publish(t, 1), nil)
	sees("published", b.mia, 2)
	bin := func(binned bool) {
		do(t, b.dana, func(tx *store.Tx) error {
			_, err := tx.BinFile(t.Context(), file, binned)
			return err
		})
	}
	bin(true)
	sees("in the bin", b.mia, 0)
	bin(false)
	sees("restored", b.mia, 2)
	var got store.Rendition
	wantError(t, read(t, b.mia, store.GetRendition(file, 3, &got)), store.ErrNotFound)
}

// People of another tenant get the same for a page of Acme's as for a page of nobody's, and
// nobody but the job writes or deletes any.
func TestOtherTenantsPagesAreNotFound(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	file := storetest.File(t, b.ravi, b.draft, "book.pdf")
	storetest.Pages(t, b.dana.TenantID(), file, storetest.Rendition(1))
	wantError(t, b.publish(t, 1), nil)
	there, gus := b.Member(t, b.Dana, b.Globex), b.Member(t, b.Gus, b.Globex)
	conn := storetest.App(t)
	var got store.Rendition
	for _, me := range []store.Member{there, gus} {
		foreign, random := read(t, me, store.GetRendition(file, 1, &got)), read(t, me, store.GetRendition(store.NewID(), 1, &got))
		if foreign == nil || random == nil || foreign.Error() != random.Error() {
			t.Errorf("%s: foreign %v, random %v", me.Name, foreign, random)
		}
		if n, err := try(t, conn, &me, "select 1 from renditions where file_id = $1", file); n != 0 || err != nil {
			t.Errorf("%s sees %d rows, %v", me.Name, n, err)
		}
	}
	before := storetest.RowsOf(t, b.dana.TenantID())
	err := storetest.DB().Work(t.Context(), storetest.Job(t, there.TenantID()), func(tx *store.Tx) error {
		return tx.RecordPages(t.Context(), file, 2, 1, []store.Rendition{storetest.Rendition(2)}, "")
	})
	wantError(t, err, store.ErrNotFound)
	for _, me := range []store.Member{b.dana, b.mia, gus} {
		const insert = `insert into renditions (tenant_id, id, file_id, client_sees, page, width, height, content_type, size, sha256)
values ($1, $2, $3, true, 9, 1, 1, 'image/png', 1, decode(repeat('00', 32), 'hex'))`
		if _, err := try(t, conn, &me, insert, me.TenantID(), store.NewID(), file); sqlState(err) != insufficientPrivilege {
			t.Errorf("%s adds a page: %v", me.Name, err)
		}
		if n, err := try(t, conn, &me, "delete from renditions"); n != 0 || err != nil {
			t.Errorf("%s deletes %d pages, %v", me.Name, n, err)
		}
	}
	for table, hash := range storetest.RowsOf(t, b.dana.TenantID()) {
		if hash != before[table] {
			t.Errorf("rows changed in %s", table)
		}
	}
}

// A rendition can't say that the client sees what they don't see.
func TestPagesCannotClaimToBeVisible(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	file := storetest.File(t, b.ravi, b.draft, "book.pdf")
	job := b.dana
	job.Party = store.PartySystem
	const insert = `insert into renditions (tenant_id, id, file_id, client_sees, page, width, height, content_type, size, sha256)
values ($1, $2, $3, $4, 1, 1, 1, 'image/png', 1, decode(repeat('00', 32), 'hex'))`
	conn := storetest.App(t)
	if _, err := try(t, conn, &job, insert, job.TenantID(), store.NewID(), file, true); sqlState(err) != "23503" {
		t.Errorf("of a draft, as visible: %v", err)
	}
	if n, err := try(t, conn, &job, insert, job.TenantID(), store.NewID(), file, false); n != 1 || err != nil {
		t.Errorf("of a draft, as hidden: %d, %v", n, err)
	}
}

// Each page is recorded once, in order. A job that runs again records nothing.
func TestPagesAreRecordedOnce(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	file := storetest.File(t, b.ravi, b.draft, "book.pdf")
	record := func(from, pages int, unfit string, drawn ...store.Rendition) error {
		return storetest.DB().Work(t.Context(), storetest.Job(t, b.dana.TenantID()), func(tx *store.Tx) error {
			return tx.RecordPages(t.Context(), file, from, pages, drawn, unfit)
		})
	}
	broken := store.Rendition{Page: 2}
	wantError(t, record(1, 9, "", storetest.Rendition(1), broken), nil)
	wantError(t, record(1, 9, "", storetest.Rendition(1)), store.ErrConflict)
	wantError(t, record(4, 9, "", storetest.Rendition(4)), store.ErrConflict)
	wantError(t, record(3, 9, "slow", storetest.Rendition(3)), nil)
	wantError(t, record(4, 9, "", storetest.Rendition(4)), store.ErrConflict)
	var files []store.File
	if err := read(t, b.dana, store.ListFiles(b.draft, &files)); err != nil || files[0].Pages != 9 || files[0].PagesDrawn != 3 || files[0].Unfit != "slow" {
		t.Errorf("%+v, %v", files, err)
	}
	var got store.Rendition
	wantError(t, read(t, b.dana, store.GetRendition(file, 2, &got)), store.ErrNotFound)
	wantError(t, read(t, b.dana, store.GetRendition(file, 3, &got)), nil)
}
