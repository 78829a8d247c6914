package store_test

import (
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// Clients see the poster and the copy of a video as long as they see the video: not in a
// draft, nor in the bin. The database refuses them by itself.
func TestMediaIsVisibleLikeItsFile(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	file := storetest.File(t, b.ravi, b.draft, "cut.mov")
	poster, playable := storetest.Media(t, b.dana.TenantID(), file)
	conn := storetest.App(t)
	sees := func(what string, me store.Member, want bool) {
		t.Helper()
		n, err := try(t, conn, &me, "select 1 from renditions where file_id = $1", file)
		if err != nil || n != map[bool]int64{true: 2}[want] {
			t.Errorf("%s: %s sees %d renditions, %v", what, me.Name, n, err)
		}
		var one, other store.Rendition
		errPoster, errCopy := read(t, me, store.GetPoster(file, &one)), read(t, me, store.GetPlayable(file, &other))
		if (errPoster == nil) != want || (errCopy == nil) != want || want && (one.ID != poster.ID || other.ID != playable.ID) {
			t.Errorf("%s: %s reads %v, %v", what, me.Name, errPoster, errCopy)
		}
	}
	sees("in a draft", b.mia, false)
	sees("in a draft", b.ravi, true)
	wantError(t, b.publish(t, 1), nil)
	sees("published", b.mia, true)
	bin := func(binned bool) {
		do(t, b.dana, func(tx *store.Tx) error {
			_, err := tx.BinFile(t.Context(), file, binned)
			return err
		})
	}
	bin(true)
	sees("in the bin", b.mia, false)
	bin(false)
	sees("restored", b.mia, true)
}

// People of another tenant get the same for Acme's video as for nobody's, and only the job
// of its own tenant records what it made.
func TestOtherTenantsMediaIsNotFound(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	file := storetest.File(t, b.ravi, b.draft, "cut.mov")
	storetest.Media(t, b.dana.TenantID(), file)
	wantError(t, b.publish(t, 1), nil)
	there, gus := b.Member(t, b.Dana, b.Globex), b.Member(t, b.Gus, b.Globex)
	conn := storetest.App(t)
	var got store.Rendition
	for _, me := range []store.Member{there, gus} {
		for _, pair := range [][2]error{
			{read(t, me, store.GetPoster(file, &got)), read(t, me, store.GetPoster(store.NewID(), &got))},
			{read(t, me, store.GetPlayable(file, &got)), read(t, me, store.GetPlayable(store.NewID(), &got))},
		} {
			if pair[0] == nil || pair[1] == nil || pair[0].Error() != pair[1].Error() {
				t.Errorf("%s: foreign %v, random %v", me.Name, pair[0], pair[1])
			}
		}
	}
	before := storetest.RowsOf(t, b.dana.TenantID())
	for what, deed := range map[string]func(*store.Tx) error{
		"a look": func(tx *store.Tx) error {
			return tx.RecordLook(t.Context(), file, store.LookedAt{Plays: store.PlaysOriginal})
		},
		"a copy": func(tx *store.Tx) error {
			r := storetest.Rendition(0)
			return tx.RecordPlayable(t.Context(), file, &r, "")
		},
	} {
		if err := storetest.DB().Work(t.Context(), storetest.Job(t, there.TenantID()), deed); err == nil {
			t.Errorf("%s by another tenant's job is recorded", what)
		}
	}
	for _, me := range []store.Member{b.dana, b.mia, gus} {
		const insert = `insert into renditions (tenant_id, id, file_id, client_sees, kind, page, width, height, content_type, size, sha256)
values ($1, $2, $3, true, 'wave', 0, 1, 1, 'image/png', 1, decode(repeat('00', 32), 'hex'))`
		if _, err := try(t, conn, &me, insert, me.TenantID(), store.NewID(), file); sqlState(err) != insufficientPrivilege {
			t.Errorf("%s adds a rendition: %v", me.Name, err)
		}
	}
	for table, hash := range storetest.RowsOf(t, b.dana.TenantID()) {
		if hash != before[table] {
			t.Errorf("rows changed in %s", table)
		}
	}
}

// What a job found out and made is recorded once, in order. The next job is queued only if
// browsers need a copy.
func TestMediaIsRecordedOnce(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	file := storetest.File(t, b.ravi, b.draft, "cut.mov")
	work := func(deed func(*store.Tx) error) error {
		return storetest.DB().Work(t.Context(), storetest.Job(t, b.dana.TenantID()), deed)
	}
	made := storetest.Rendition(0)
	made.ContentType, made.Size = "video/mp4", 3<<30
	play := func(tx *store.Tx) error { return tx.RecordPlayable(t.Context(), file, &made, "") }
	look := func(tx *store.Tx) error {
		return tx.RecordLook(t.Context(), file, store.LookedAt{FrameRate: "25/1", Plays: store.PlaysSoon})
	}
	wantError(t, work(play), store.ErrConflict)
	wantError(t, work(look), nil)
	wantError(t, work(look), store.ErrConflict)
	wantError(t, work(play), nil)
	wantError(t, work(play), store.ErrConflict)
	var f store.File
	if err := read(t, b.dana, store.GetFile(file, &f)); err != nil || f.Plays != store.PlaysRendition || f.FrameRate != "25/1" || f.Pictured || f.DurationMS != nil {
		t.Errorf("%+v, %v", f, err)
	}
}
