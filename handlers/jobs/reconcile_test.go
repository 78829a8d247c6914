package jobs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/files"
	"portico/store"
)

// reconcile makes one pass and returns what it found, a line each.
func (s shelf) reconcile(t *testing.T, r *Runner, grace time.Duration, repair bool) (found []string) {
	t.Helper()
	check(t, r.Reconcile(t.Context(), s.job(t), Reconcile{Grace: grace, Repair: repair, Found: func(f Finding) {
		line := fmt.Sprintf("%s of %s", f.Kind, f.File)
		if f.Part > 0 {
			line = fmt.Sprintf("%s %d", line, f.Part)
		}
		if repair && !f.Repaired {
			line += ", as it was"
		}
		found = append(found, line)
	}}))
	slices.Sort(found)
	return found
}

func (s shelf) finds(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func of(kind FindingKind, id uuid.UUID) string { return fmt.Sprintf("%s of %s", kind, id) }

// Objects, previews and uploads that no row leads to are removed once they are
// old enough; what has a row stays, also while it lies in the bin.
func TestSweepOfStrays(t *testing.T) {
	t.Parallel()
	r := runnerOver(t)
	a := storetest.Agency(t)
	s := newShelf(t, r, a.Member(t, a.Dana, a.Acme))
	kept, binned, coming := s.ready(t, "kept"), s.ready(t, "binned"), s.pending(t, "coming")
	check(t, storetest.DB().Write(t.Context(), s.me, func(tx *store.Tx) error {
		_, err := tx.BinFile(t.Context(), binned, true)
		return err
	}))
	object, upload, preview := store.NewID(), store.NewID(), store.NewID()
	s.object(t, object, "stray")
	s.begin(t, upload, "stray")
	for _, id := range []uuid.UUID{kept, preview} {
		_, err := s.vault.Put(t.Context(), files.NewKey(s.me.TenantID(), files.KindPreview, id), []byte("small"))
		check(t, err)
	}

	s.finds(t, "too young", s.reconcile(t, r, time.Hour, true))
	strays := []string{of(StrayObject, object), of(StrayUpload, upload), of(StrayPreview, preview), of(StrayPreview, kept)}
	s.finds(t, "looked at", s.reconcile(t, r, -time.Hour, false), append(strays, of(Abandoned, coming))...)
	same(t, "objects", s.objects(t), kept, kept, binned, object, preview)
	do(t, admin(t), `update files set created_at = now() + interval '2 hours' where id = $1`, coming)
	s.finds(t, "repaired", s.reconcile(t, r, -time.Hour, true), strays...)
	same(t, "objects", s.objects(t), kept, binned)
	same(t, "uploads", s.uploads(t), coming)
	s.finds(t, "afterwards", s.reconcile(t, r, -time.Hour, false))
}

// A ready file whose object is gone, or is another, is named and marked, and stays
// so until somebody takes note of it or the object is back. Its row stays.
func TestLostFilesStayReported(t *testing.T) {
	t.Parallel()
	r := runnerOver(t)
	a := storetest.Agency(t)
	s := newShelf(t, r, a.Member(t, a.Dana, a.Acme))
	s.ready(t, "sound")
	gone, short := s.ready(t, "gone"), storetest.File(t, s.me, s.draft, "short")
	s.object(t, short, "longer")
	check(t, s.vault.Delete(t.Context(), s.key(gone)))
	forget := func(id uuid.UUID) error { return r.ForgetFile(t.Context(), s.job(t), id) }

	lost := []string{of(LostFile, gone), of(LostFile, short)}
	s.finds(t, "looked at", s.reconcile(t, r, 0, false), lost...)
	if err := forget(gone); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("forgotten before it was marked: %v", err)
	}
	for range 2 {
		s.finds(t, "repaired", s.reconcile(t, r, 0, true), lost[0]+", as it was", lost[1]+", as it was")
	}
	check(t, forget(gone))
	s.finds(t, "one forgotten", s.reconcile(t, r, 0, false), of(LostFile, short))
	s.object(t, gone, "gone")
	s.finds(t, "it is back", s.reconcile(t, r, 0, true), of(FileBack, gone), of(LostFile, short)+", as it was")
	s.finds(t, "afterwards", s.reconcile(t, r, 0, false), of(LostFile, short))
	verbs := ask[string](t, admin(t), `select string_agg(verb, ' ' order by id) from audit_events where tenant_id = $1 and target_id = $2 and party = 'system'`, s.me.TenantID(), gone)
	if verbs != "file.missing file.marked_lost file.recovered" {
		t.Errorf("the trail of the file: %s", verbs)
	}
	if n := ask[int64](t, admin(t), `select count(*) from files where tenant_id = $1`, s.me.TenantID()); n != 3 {
		t.Errorf("%d rows are left of 3", n)
	}
}

// A preview that storage lost is made again; one of a lost file is not.
func TestLostPreviewIsMadeAgain(t *testing.T) {
	t.Parallel()
	r := runnerOver(t)
	a := storetest.Agency(t)
	s := newShelf(t, r, a.Member(t, a.Dana, a.Acme))
	sound, lost := s.ready(t, "sound"), s.ready(t, "lost")
	for _, id := range []uuid.UUID{sound, lost} {
		check(t, storetest.DB().Write(t.Context(), s.me, func(tx *store.Tx) error {
			return tx.RecordPreview(t.Context(), id, uuid.Nil, &store.Preview{ContentType: "image/png", Size: 5, SHA256: make([]byte, 32)})
		}))
	}
	check(t, s.vault.Delete(t.Context(), s.key(lost)))
	want := []string{of(LostPreview, sound), of(LostPreview, lost)}
	s.finds(t, "looked at", s.reconcile(t, r, 0, false), append(want, of(LostFile, lost))...)
	s.finds(t, "repaired", s.reconcile(t, r, 0, true), append(want, of(LostFile, lost)+", as it was")...)
	s.finds(t, "afterwards", s.reconcile(t, r, 0, false), of(LostFile, lost))
	if n := ask[int64](t, admin(t), `select count(*) from river.river_job where kind = 'file_preview' and args->>'file' = any($1) and args ? 'anew'`,
		[]string{sound.String(), lost.String()}); n != 1 {
		t.Errorf("%d previews are to be made again, want 1", n)
	}
}

// An upload that may still go on is put right: a part that no row tells of is
// noted, one that storage has not got is sent again, and one whose upload is gone
// is cancelled. Nobody else's is touched.
func TestPartsAndRowsComeTogether(t *testing.T) {
	t.Parallel()
	r := runnerOver(t)
	a := storetest.Agency(t)
	s := newShelf(t, r, a.Member(t, a.Dana, a.Acme))
	theirs := newShelf(t, r, a.Member(t, a.Dana, a.Globex))
	unnoted, lacking, gone, other := s.pending(t, "unnoted"), s.pending(t, "lacking"), s.pending(t, "gone"), theirs.pending(t, "other")
	conn := admin(t)
	do(t, conn, `insert into file_parts (tenant_id, file_id, number, size, sha256, etag) values ($1, $2, 1, 3, sha256('old'), 'x'), ($1, $2, 2, 7, sha256('content'), 'x')`,
		s.me.TenantID(), lacking)
	do(t, conn, `update files set hashed_parts = 2, hash_state = 'x' where id = $1`, lacking)
	check(t, s.vault.Abort(t.Context(), s.key(gone), ask[string](t, conn, `select upload_id from files where id = $1`, gone)))
	do(t, conn, `update files set created_at = now() - interval '10 minutes' where id = any($1)`, []uuid.UUID{unnoted, lacking, gone, other})
	do(t, conn, `update file_parts set created_at = now() - interval '10 minutes' where file_id = any($1)`, []uuid.UUID{unnoted, lacking, gone, other})

	want := []string{of(PartWithoutRow, unnoted) + " 1", of(RowWithoutPart, lacking) + " 1", of(RowWithoutPart, lacking) + " 2", of(UploadGone, gone)}
	s.finds(t, "looked at", s.reconcile(t, r, time.Hour, false), want...)
	s.finds(t, "repaired", s.reconcile(t, r, time.Hour, true), want...)
	s.finds(t, "afterwards", s.reconcile(t, r, time.Hour, false))
	for id, parts := range map[uuid.UUID]int64{unnoted: 1, lacking: 1, gone: 0, other: 0} {
		if n := ask[int64](t, conn, `select count(*) from file_parts where file_id = $1`, id); n != parts {
			t.Errorf("%d parts of %v, want %d", n, id, parts)
		}
	}
	if ask[int64](t, conn, `select hashed_parts::bigint from files where id = $1`, lacking) != 0 {
		t.Error("the running hash still holds the part that is lost")
	}
	if n := ask[int64](t, conn, `select count(*) from files where id = $1`, gone); n != 0 {
		t.Error("the upload that is gone still has its row")
	}
}

// The job of one tenant neither finds nor touches what is another's.
func TestReconcileStaysInItsTenant(t *testing.T) {
	t.Parallel()
	r := runnerOver(t)
	a := storetest.Agency(t)
	s, theirs := newShelf(t, r, a.Member(t, a.Dana, a.Acme)), newShelf(t, r, a.Member(t, a.Dana, a.Globex))
	mine, stray, lost := s.pending(t, "mine"), store.NewID(), storetest.File(t, theirs.me, theirs.draft, "lost")
	theirs.object(t, stray, "stray")
	coming := theirs.pending(t, "coming")
	before := storetest.RowsOf(t, theirs.me.TenantID())

	s.finds(t, "repaired", s.reconcile(t, r, -time.Hour, true), of(Abandoned, mine))
	for table, hash := range storetest.RowsOf(t, theirs.me.TenantID()) {
		if hash != before[table] {
			t.Errorf("rows of the other tenant changed in %s", table)
		}
	}
	same(t, "their objects", theirs.objects(t), stray)
	same(t, "their uploads", theirs.uploads(t), coming)
	theirs.finds(t, "theirs", theirs.reconcile(t, r, -time.Hour, false), of(StrayObject, stray), of(LostFile, lost), of(Abandoned, coming))
	if err := r.ForgetFile(t.Context(), s.job(t), lost); err == nil {
		t.Error("a file of another tenant was forgotten")
	}
}
