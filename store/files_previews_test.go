package store_test

import (
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

var aPreview = &store.Preview{ContentType: "image/jpeg", Size: 5, SHA256: make([]byte, 32)}

func recordPreview(t *testing.T, me store.Member, file uuid.UUID, p *store.Preview) error {
	t.Helper()
	return write(t, me, func(tx *store.Tx) error { return tx.RecordPreview(t.Context(), file, uuid.Nil, p) })
}

// previewOf returns the preview that the list shows for a project's only deliverable.
func previewOf(t *testing.T, b fileBundle, me store.Member) *uuid.UUID {
	t.Helper()
	var list, newest []store.DeliverableLine
	if err := read(t, me, store.ListDeliverables(b.project, store.Current, &list), store.ListNewest("", 50, &newest)); err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || len(newest) != 1 {
		return nil
	}
	if (list[0].Preview == nil) != (newest[0].Preview == nil) {
		t.Errorf("the lists differ: %v and %v", list[0].Preview, newest[0].Preview)
	}
	return list[0].Preview
}

func is(id *uuid.UUID, want uuid.UUID) bool { return id != nil && *id == want }

// A list shows the first preview of the newest published version, to the team too while
// there is a newer draft, and the draft's while nothing is published.
func TestPreviewOfTheNewestVersion(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	first := storetest.File(t, b.ravi, b.draft, "a.txt")
	second := storetest.File(t, b.ravi, b.draft, "b.txt")
	if got := previewOf(t, b, b.ravi); got != nil {
		t.Errorf("without any: %v", got)
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(recordPreview(t, b.ravi, second, aPreview))
	if got := previewOf(t, b, b.ravi); !is(got, second) {
		t.Errorf("with the second's: %v", got)
	}
	check(recordPreview(t, b.ravi, first, aPreview))
	if got := previewOf(t, b, b.ravi); !is(got, first) {
		t.Errorf("with both: %v", got)
	}
	if got := previewOf(t, b, b.mia); got != nil {
		t.Errorf("a draft's, to the client: %v", got)
	}
	check(b.publish(t, 1))
	if got := previewOf(t, b, b.mia); !is(got, first) {
		t.Errorf("published, to the client: %v", got)
	}

	var next uuid.UUID
	do(t, b.ravi, func(tx *store.Tx) (err error) { next, err = tx.AddVersion(t.Context(), b.deliverable); return err })
	newer := storetest.File(t, b.ravi, next, "c.txt")
	check(recordPreview(t, b.ravi, newer, aPreview))
	if got := previewOf(t, b, b.ravi); !is(got, first) {
		t.Errorf("while there is a draft, to the team: %v", got)
	}
	var ours []store.DeliverableLine
	check(read(t, b.ravi, store.ListForUs(50, &ours)))
	if len(ours) != 1 || !is(ours[0].Preview, newer) {
		t.Errorf("of the draft that waits to be published: %+v", ours)
	}
	if got := previewOf(t, b, b.mia); !is(got, first) {
		t.Errorf("while there is a draft, to the client: %v", got)
	}
	check(b.publish(t, 2))
	if got := previewOf(t, b, b.mia); !is(got, newer) {
		t.Errorf("of the second version, to the client: %v", got)
	}
	do(t, b.ravi, func(tx *store.Tx) error { _, err := tx.BinFile(t.Context(), newer, true); return err })
	if got := previewOf(t, b, b.ravi); got != nil {
		t.Errorf("of a file in the bin: %v", got)
	}
}

// A finished picture queues one preview job, in the transaction that makes it ready. The job knows which it can decode.
// Other files queue none.
func TestFinishQueuesPreview(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	for contentType, want := range map[string]int{
		"image/png": 1, "image/jpeg": 1, "image/gif": 1, "image/webp": 1,
		"image/svg+xml": 1, "image/avif": 1, "application/pdf": 0, "application/octet-stream": 0,
	} {
		id := storetest.BeginUpload(t, b.ravi, b.draft, "a", 5)
		do(t, b.ravi, func(tx *store.Tx) error {
			return tx.FinishUpload(t.Context(), id, store.Stored{Size: 5, SHA256: make([]byte, 32), ContentType: contentType})
		})
		if n := previewJobs(t, id); n != want {
			t.Errorf("%s: %d jobs, want %d", contentType, n, want)
		}
	}
	size := int64(64<<20 + 1)
	large := storetest.BeginUpload(t, b.ravi, b.draft, "large.png", size)
	if err := b.finish(t, b.ravi, large, size); err != nil {
		t.Fatal(err)
	}
	if n := previewJobs(t, large); n != 0 {
		t.Errorf("a picture that is too large: %d jobs", n)
	}
}

func previewJobs(t *testing.T, file uuid.UUID) (n int) {
	t.Helper()
	err := storetest.Admin(t).QueryRow(t.Context(), `
select count(*) from river.river_job where kind = 'file_preview' and args ->> 'file' = $1`, file.String()).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The result of the job is recorded once. A second record changes nothing, and after
// "no preview" the job has nothing to do.
func TestPreviewIsRecordedOnce(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	id := storetest.BeginUpload(t, b.ravi, b.draft, "a.png", 5)
	picture := func() (p *store.Picture) {
		t.Helper()
		do(t, b.ravi, func(tx *store.Tx) (err error) { p, err = tx.PictureFor(t.Context(), id, uuid.Nil); return err })
		return p
	}
	if p := picture(); p != nil {
		t.Errorf("a pending picture is read: %+v", p)
	}
	if err := b.finish(t, b.ravi, id, 5); err != nil {
		t.Fatal(err)
	}
	if p := picture(); p == nil || p.Size != 5 || p.ContentType != "image/png" {
		t.Errorf("picture = %+v", p)
	}
	for _, p := range []*store.Preview{aPreview, {ContentType: "image/png", Size: 7, SHA256: make([]byte, 32)}, nil} {
		if err := recordPreview(t, b.ravi, id, p); err != nil {
			t.Fatal(err)
		}
	}
	var got store.FilePreview
	if err := read(t, b.ravi, store.GetPreview(id, &got)); err != nil || got.FileID != id || got.Size != 5 {
		t.Errorf("preview = %+v, %v", got, err)
	}
	if p := picture(); p != nil {
		t.Errorf("the job still has something to do: %+v", p)
	}

	none := storetest.File(t, b.ravi, b.draft, "b.txt")
	if err := recordPreview(t, b.ravi, none, nil); err != nil {
		t.Fatal(err)
	}
	wantError(t, read(t, b.ravi, store.GetPreview(none, &got)), store.ErrNotFound)
	wantError(t, recordPreview(t, b.ravi, store.NewID(), aPreview), store.ErrNotFound)
}

// The database refuses a preview with a wrong type, without a size, or incomplete.
func TestPreviewRowIsChecked(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	for name, p := range map[string]store.Preview{
		"another type":   {ContentType: "image/svg+xml", Size: 5, SHA256: make([]byte, 32)},
		"no size":        {ContentType: "image/png", SHA256: make([]byte, 32)},
		"too large":      {ContentType: "image/png", Size: 1<<20 + 1, SHA256: make([]byte, 32)},
		"half a digest":  {ContentType: "image/png", Size: 5, SHA256: make([]byte, 16)},
		"without digest": {ContentType: "image/png", Size: 5},
	} {
		file := storetest.File(t, b.ravi, b.draft, "a.txt")
		t.Log(name)
		wantError(t, recordPreview(t, b.ravi, file, &p), store.ErrInvalid)
	}
	pending := storetest.BeginUpload(t, b.ravi, b.draft, "b.txt", 5)
	wantError(t, recordPreview(t, b.ravi, pending, aPreview), store.ErrInvalid)
}
