package store_test

import (
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// fileBundle is a draft version in Acme, with the people around it.
type fileBundle struct {
	*storetest.Tenants
	dana, ravi, mia store.Member
	project         uuid.UUID
	deliverable     uuid.UUID
	draft           uuid.UUID
}

func setupFiles(t *testing.T) fileBundle {
	t.Helper()
	a := storetest.Agency(t)
	b := fileBundle{Tenants: a, dana: a.Member(t, a.Dana, a.Acme), ravi: a.Member(t, a.Ravi, a.Acme), mia: a.Member(t, a.Mia, a.Acme)}
	b.project = storetest.Project(t, b.ravi, "Spring "+a.Suffix)
	b.deliverable = storetest.Deliverable(t, b.ravi, b.project, "Poster "+a.Suffix)
	b.draft = storetest.Draft(t, b.ravi, b.deliverable)
	return b
}

func write(t *testing.T, me store.Member, deed func(*store.Tx) error) error {
	t.Helper()
	return storetest.DB().Write(t.Context(), me, deed)
}

func do(t *testing.T, me store.Member, deed func(*store.Tx) error) {
	t.Helper()
	if err := write(t, me, deed); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, me store.Member, reads ...store.Read) error {
	t.Helper()
	return storetest.DB().Read(t.Context(), me, reads...)
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("err = %v, want %v", err, want)
	}
}

// part returns part n with unique content.
func part(n int, size int64, content string) store.Part {
	sum := sha256.Sum256([]byte(content))
	return store.Part{Number: n, Size: size, SHA256: sum[:], ETag: "etag of " + content}
}

func (b fileBundle) record(t *testing.T, me store.Member, id uuid.UUID, p store.Part, h store.HashStep) error {
	t.Helper()
	return write(t, me, func(tx *store.Tx) error { return tx.RecordPart(t.Context(), id, p, h) })
}

func (b fileBundle) finish(t *testing.T, me store.Member, id uuid.UUID, size int64) error {
	t.Helper()
	return write(t, me, func(tx *store.Tx) error {
		return tx.FinishUpload(t.Context(), id, store.Stored{Size: size, SHA256: make([]byte, 32), ContentType: "image/png"})
	})
}

func (b fileBundle) upload(t *testing.T, me store.Member, id uuid.UUID) store.FileUpload {
	t.Helper()
	var u store.FileUpload
	if err := read(t, me, store.GetUpload(id, &u)); err != nil {
		t.Fatal(err)
	}
	return u
}

func (b fileBundle) publish(t *testing.T, number int) error {
	t.Helper()
	return write(t, b.ravi, func(tx *store.Tx) error { return tx.Publish(t.Context(), b.deliverable, number, "") })
}

// A file of two parts is uploaded and finished. The team can list and download it,
// and the trail names the uploader.
func TestUploadBecomesReady(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	size := int64(store.PartSize + 5)
	id := storetest.BeginUpload(t, b.ravi, b.draft, "poster.png", size)
	var file store.File
	wantError(t, read(t, b.ravi, store.GetFile(id, &file)), store.ErrNotFound)
	if err := b.record(t, b.ravi, id, part(1, store.PartSize, "one"), store.HashStep{After: []byte("h1")}); err != nil {
		t.Fatal(err)
	}
	if err := b.record(t, b.ravi, id, part(2, 5, "two"), store.HashStep{Before: []byte("h1"), After: []byte("h2")}); err != nil {
		t.Fatal(err)
	}
	var parts []store.Part
	u := b.upload(t, b.ravi, id)
	if err := read(t, b.ravi, store.ListParts(id, &parts)); err != nil {
		t.Fatal(err)
	}
	if len(parts) != 2 || parts[1].Size != 5 || string(u.HashState) != "h2" || u.Parts() != 2 || u.State != store.FilePending {
		t.Errorf("upload = %+v, parts = %+v", u, parts)
	}
	if err := b.finish(t, b.ravi, id, size); err != nil {
		t.Fatal(err)
	}
	var list, all []store.File
	var trail []store.Activity
	if err := read(t, b.ravi, store.GetFile(id, &file), store.ListFiles(b.draft, &list), store.ListFilesOf(b.deliverable, &all),
		store.ListActivity(store.ActivityFilter{Kind: "file"}, &trail)); err != nil {
		t.Fatal(err)
	}
	if file.Size != size || file.ContentType != "image/png" || file.DeliverableID != b.deliverable || file.AuthorName != b.ravi.Name {
		t.Errorf("file = %+v", file)
	}
	if len(list) != 1 || len(all) != 1 || list[0].State != store.FileReady {
		t.Errorf("lists = %+v, %+v", list, all)
	}
	if len(trail) != 1 || trail[0].Verb != "file.uploaded" || *trail[0].TargetID != id || *trail[0].ActorID != b.ravi.ID() {
		t.Errorf("trail = %+v", trail)
	}
}

// The running hash advances with each part in order, waits while parts arrive out of
// order, and starts over when a hashed part is replaced.
func TestRunningHash(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	id := storetest.BeginUpload(t, b.ravi, b.draft, "film.mp4", 4*store.PartSize)
	for _, step := range []struct {
		says          string
		part          store.Part
		before, after string
		want          string
	}{
		{"the first", part(1, store.PartSize, "a"), "", "h-a", "h-a"},
		{"out of order", part(3, store.PartSize, "c"), "", "", "h-a"},
		{"the next, hashed from another state", part(2, store.PartSize, "b"), "h-x", "h-xb", "h-a"},
		{"the next", part(2, store.PartSize, "b"), "h-a", "h-ab", "h-ab"},
		{"the same again", part(1, store.PartSize, "a"), "", "h-a", "h-ab"},
		{"another first", part(1, store.PartSize, "A"), "", "h-A", ""},
		{"the first again", part(1, store.PartSize, "A"), "", "h-A", "h-A"},
		{"the next, begun before that", part(2, store.PartSize, "b"), "h-a", "h-ab", "h-A"},
	} {
		h := store.HashStep{Before: nilIfEmpty(step.before), After: nilIfEmpty(step.after)}
		if err := b.record(t, b.ravi, id, step.part, h); err != nil {
			t.Fatalf("%s: %v", step.says, err)
		}
		if got := string(b.upload(t, b.ravi, id).HashState); got != step.want {
			t.Errorf("%s: hash state %q, want %q", step.says, got, step.want)
		}
	}
}

func nilIfEmpty(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

// Parts beyond the declared size are refused and change nothing.
func TestPartsMustFitTheDeclaredSize(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	id := storetest.BeginUpload(t, b.ravi, b.draft, "a.bin", store.PartSize+5)
	empty := storetest.BeginUpload(t, b.ravi, b.draft, "empty.bin", 0)
	for _, p := range []store.Part{
		part(0, 5, "x"), part(3, 5, "x"), part(1, 5, "x"), part(2, 4, "x"), part(2, 6, "x"), part(2, store.PartSize, "x"),
	} {
		wantError(t, b.record(t, b.ravi, id, p, store.HashStep{}), store.ErrInvalid)
	}
	wantError(t, b.record(t, b.ravi, empty, part(1, 1, "x"), store.HashStep{}), store.ErrInvalid)
	var parts []store.Part
	if err := read(t, b.ravi, store.ListParts(id, &parts)); err != nil || len(parts) != 0 {
		t.Errorf("parts = %v, %v", parts, err)
	}
	if err := b.record(t, b.ravi, id, part(2, 5, "x"), store.HashStep{}); err != nil {
		t.Error(err)
	}
	if err := b.record(t, b.ravi, empty, part(1, 0, ""), store.HashStep{}); err != nil {
		t.Error(err)
	}
}

// A plain form declares no size and accepts any. A declared size must match, or the
// file never becomes ready.
func TestFinishNeedsTheDeclaredSize(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	id := storetest.BeginUpload(t, b.ravi, b.draft, "a.bin", 10)
	wantError(t, b.finish(t, b.ravi, id, 11), store.ErrInvalid)
	if got := b.upload(t, b.ravi, id).State; got != store.FilePending {
		t.Errorf("state = %s", got)
	}
	if err := b.finish(t, b.ravi, id, 10); err != nil {
		t.Error(err)
	}
	wantError(t, b.finish(t, b.ravi, id, 10), store.ErrConflict)

	var form uuid.UUID
	do(t, b.ravi, func(tx *store.Tx) (err error) {
		form, err = tx.BeginUpload(t.Context(), b.draft, store.NewUpload{Name: "form.bin"})
		return err
	})
	if err := b.finish(t, b.ravi, form, 12345); err != nil {
		t.Error(err)
	}
}

// Invalid uploads never become a row.
func TestInvalidUploadsAreRefused(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	for _, in := range []store.NewUpload{
		{Name: ""}, {Name: "\x00\n"}, {Name: "a", Size: ptr(int64(-1))}, {Name: "a", Size: ptr(int64(store.MaxFileSize + 1))},
	} {
		wantError(t, write(t, b.ravi, func(tx *store.Tx) error {
			_, err := tx.BeginUpload(t.Context(), b.draft, in)
			return err
		}), store.ErrInvalid)
	}
	storetest.BeginUpload(t, b.ravi, b.draft, "largest.bin", store.MaxFileSize)
}

func ptr[T any](v T) *T { return &v }

// A version takes 500 files. Binned files don't count.
func TestVersionFileLimit(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	first := storetest.File(t, b.ravi, b.draft, "first.txt")
	if _, err := storetest.Admin(t).Exec(t.Context(), `
insert into files (tenant_id, id, version_id, name, declared_size, object_key, created_by)
select $1::uuid, i, $2, 'x', 1, 'tenants/' || $1::uuid::text || '/files/' || i::text, $3
from (select gen_random_uuid() as i from generate_series(1, 499)) s`, b.ravi.TenantID(), b.draft, b.ravi.ID()); err != nil {
		t.Fatal(err)
	}
	one := func(tx *store.Tx) error {
		_, err := tx.BeginUpload(t.Context(), b.draft, store.NewUpload{Name: "one more"})
		return err
	}
	wantError(t, write(t, b.ravi, one), store.ErrInvalid)
	do(t, b.ravi, func(tx *store.Tx) error { _, err := tx.BinFile(t.Context(), first, true); return err })
	do(t, b.ravi, one)
}

// Hostile names are kept as far as possible. The object key doesn't contain them.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	for name, want := range map[string]string{
		"../../etc/passwd":                    ".._.._etc_passwd",
		`C:\temp\a.txt`:                       "C:_temp_a.txt",
		"nul\x00byte.txt":                     "nulbyte.txt",
		"two\r\nlines\t.txt":                  "twolines.txt",
		"evil\u202egnp.exe":                   "evilgnp.exe",
		`quo"te's;.txt`:                       `quo"te's;.txt`,
		"<img src=x onerror=alert(1)>":        "<img src=x onerror=alert(1)>",
		"broken\xff.txt":                      "broken\ufffd.txt",
		"  spaces  ":                          "spaces",
		strings.Repeat("ü", 2000) + ".tar":    strings.Repeat("ü", 167) + "..." + strings.Repeat("ü", 81) + ".tar",
		"a." + strings.Repeat("x", 2000):      "a." + strings.Repeat("x", 165) + "..." + strings.Repeat("x", 85),
		"'; drop table files; --":             "'; drop table files; --",
		"family \U0001f468\u200d\U0001f469.j": "family \U0001f468\u200d\U0001f469.j",
	} {
		id := storetest.BeginUpload(t, b.ravi, b.draft, name, 1)
		got := b.upload(t, b.ravi, id).Name
		if got != want || utf8.RuneCountInString(got) > 255 {
			t.Errorf("%.40q became %.300q", name, got)
		}
		var key string
		if err := storetest.Admin(t).QueryRow(t.Context(), `select object_key from files where id = $1`, id).Scan(&key); err != nil {
			t.Fatal(err)
		}
		if key != "tenants/"+b.ravi.TenantID().String()+"/files/"+id.String() {
			t.Errorf("key = %s", key)
		}
	}
}

// Invisible characters are removed from the names of files and folders. A file's name without
// a visible character is refused; such a folder is left out of the path.
func TestFileNamesCanBeSeen(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	for name, want := range map[string]string{
		"\u200b.txt":                           ".txt",
		"\u2060a.pdf":                          "a.pdf",
		"a\u00ad.pdf":                          "a.pdf",
		"\ufeffplan.csv":                       "plan.csv",
		"a\u200b\u2060b.png":                   "ab.png",
		"\u2066logo\u2069.svg":                 "logo.svg",
		"\u3164logo.svg":                       "logo.svg",
		"one\u2028two.txt":                     "onetwo.txt",
		"\u202etxt.exe":                        "txt.exe",
		"logo.svg\u200d":                       "logo.svg",
		"👩\u200d💻.jpg":                         "👩\u200d💻.jpg",
		"می\u200cخواهم.txt":                    "می\u200cخواهم.txt",
		"❤\ufe0f.png":                          "❤\ufe0f.png",
		" two  spaces .txt ":                   "two  spaces .txt",
		"\U000E0041flag 🏴\U000E0067\U000E007F": "flag 🏴\U000E0067\U000E007F",
	} {
		if got := b.upload(t, b.ravi, storetest.BeginUpload(t, b.ravi, b.draft, name, 1)).Name; got != want {
			t.Errorf("%+q became %+q, want %+q", name, got, want)
		}
	}
	begin := func(name, folder string) (id uuid.UUID, err error) {
		size := int64(1)
		err = write(t, b.ravi, func(tx *store.Tx) (err error) {
			id, err = tx.BeginUpload(t.Context(), b.draft, store.NewUpload{Name: name, Folder: folder, Size: &size})
			return err
		})
		return id, err
	}
	for _, name := range []string{"", " ", "\u200b", "\u2060\u00ad", "\u202e\u202c", "\u3164", "\u2800", "\u0301", "\ue000", "\u200d\u200d", "\ufe0f", "\u2028", "\x00\n"} {
		if _, err := begin(name, ""); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%+q: %v, want refused", name, err)
		}
	}
	for folder, want := range map[string]string{"a/\u200b/b": "a/b", "\u3164": "", "\u2066a\u2069/c": "a/c", "a\u2800/\u2800": "a\u2800"} {
		id, err := begin("in a folder.txt", folder)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		look(t, &got, `select folder from files where id = $1`, id)
		if got != want {
			t.Errorf("the folder %+q became %+q, want %+q", folder, got, want)
		}
	}
}

// A name over 255 characters loses its middle. Its beginning, what stands at its end and
// every character that is kept are whole.
func TestLongFileNamesLoseTheirMiddle(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	long := strings.Repeat("x", 300)
	for name, ends := range map[string]string{
		"Plan " + long + "_v3_2026-11-29.indd":                 "_v3_2026-11-29.indd",
		"Plan " + long + ".tar.gz":                             ".tar.gz",
		"Plan " + long + " final FINAL (2).docx":               " final FINAL (2).docx",
		"Plan " + strings.Repeat("日", 300) + "最終版.pdf":         "最終版.pdf",
		"Plan " + strings.Repeat("e\u0301", 200) + "_v2.txt":   "e\u0301_v2.txt",
		"Plan " + strings.Repeat("👩\u200d👩\u200d👧", 80) + ".j": "👩\u200d👩\u200d👧.j",
		"Plan " + strings.Repeat("a ", 200) + "v9.pdf":         "a v9.pdf",
		"Plan " + long + "." + strings.Repeat("e", 300):        "eee",
		"Plan " + strings.Repeat("مرحبا", 60) + " ٣.pdf":       "مرحبا ٣.pdf",
		"Plan " + strings.Repeat("한", 260) + " v1":             "한 v1",
	} {
		id := storetest.BeginUpload(t, b.ravi, b.draft, name, 1)
		got := b.upload(t, b.ravi, id).Name
		head, tail, cut := strings.Cut(got, "...")
		if n := utf8.RuneCountInString(got); n > 255 || n < 240 || !cut || !strings.HasPrefix(name, head) || !strings.HasPrefix(got, "Plan ") ||
			!strings.HasSuffix(name, tail) || !strings.HasSuffix(got, ends) {
			t.Errorf("%.20q… of %d characters became %q", name, utf8.RuneCountInString(name), got)
		}
		if strings.HasSuffix(head, "\u200d") || strings.HasPrefix(tail, "\u200d") || strings.HasPrefix(tail, "\u0301") {
			t.Errorf("cut inside a character: %+q", got)
		}
	}
	fits := strings.Repeat("日", 251) + ".pdf"
	if got := b.upload(t, b.ravi, storetest.BeginUpload(t, b.ravi, b.draft, fits, 1)).Name; got != fits {
		t.Errorf("a name of 255 characters became %q", got)
	}
}

// Colleagues see that a file is pending, but only the person who began the upload can
// continue it.
func TestOnlyItsUploaderContinuesAnUpload(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	id := storetest.BeginUpload(t, b.ravi, b.draft, "ravis.bin", 5)
	var u store.FileUpload
	wantError(t, read(t, b.dana, store.GetUpload(id, &u)), store.ErrNotFound)
	wantError(t, b.record(t, b.dana, id, part(1, 5, "dana"), store.HashStep{}), store.ErrNotFound)
	wantError(t, b.finish(t, b.dana, id, 5), store.ErrNotFound)
	wantError(t, write(t, b.dana, func(tx *store.Tx) error { return tx.OpenUpload(t.Context(), id, "danas") }), store.ErrNotFound)
	if err := b.record(t, b.ravi, id, part(1, 5, "ravi"), store.HashStep{}); err != nil {
		t.Error(err)
	}
	var parts []store.Part
	if err := read(t, b.dana, store.ListParts(id, &parts)); err != nil || len(parts) != 0 {
		t.Errorf("a colleague sees parts: %v, %v", parts, err)
	}
	var list []store.File
	if err := read(t, b.dana, store.ListFiles(b.draft, &list)); err != nil || len(list) != 1 {
		t.Errorf("list = %+v, %v", list, err)
	}
	if err := b.finish(t, b.ravi, id, 5); err != nil {
		t.Error(err)
	}
}

// A pending file blocks publishing until it is ready or cancelled. A published
// version takes no more files, not even pending ones.
func TestPendingUploadBlocksPublishing(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	storetest.File(t, b.ravi, b.draft, "ready.txt")
	late := storetest.BeginUpload(t, b.ravi, b.draft, "late.txt", 5)
	wantError(t, b.publish(t, 1), store.ErrConflict)
	do(t, b.ravi, func(tx *store.Tx) error { _, err := tx.CancelUpload(t.Context(), late); return err })
	if err := b.publish(t, 1); err != nil {
		t.Fatal(err)
	}
	wantError(t, b.record(t, b.ravi, late, part(1, 5, "x"), store.HashStep{}), store.ErrConflict)
	wantError(t, b.finish(t, b.ravi, late, 5), store.ErrConflict)
	wantError(t, write(t, b.ravi, func(tx *store.Tx) error {
		_, err := tx.BeginUpload(t.Context(), b.draft, store.NewUpload{Name: "too late.txt"})
		return err
	}), store.ErrConflict)
}

// Publishing waits for an upload that is being created, and then sees it.
func TestPublishWaitsForNewUpload(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	storetest.File(t, b.ravi, b.draft, "ready.txt")
	published := make(chan error, 1)
	do(t, b.dana, func(tx *store.Tx) error {
		if _, err := tx.BeginUpload(t.Context(), b.draft, store.NewUpload{Name: "late.txt"}); err != nil {
			return err
		}
		go func() { published <- b.publish(t, 1) }()
		return waitForLock(t)
	})
	wantError(t, <-published, store.ErrConflict)
}

// waitForLock returns when a transaction waits for a row of versions.
func waitForLock(t *testing.T) error {
	t.Helper()
	admin, ctx := storetest.Admin(t), storetest.Within(t, 10e9)
	for {
		var waits bool
		err := admin.QueryRow(ctx, `
select exists (select 1 from pg_stat_activity
               where wait_event_type = 'Lock' and query like '%from versions%number <= %for no key update%')`).Scan(&waits)
		if err != nil || waits {
			return err
		}
	}
}

// The client sees the files of a version once it is published, and never those of the
// next draft.
func TestClientSeesPublishedFilesOnly(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	first := storetest.File(t, b.ravi, b.draft, "first.txt")
	var file store.File
	var list []store.File
	wantError(t, read(t, b.mia, store.GetFile(first, &file)), store.ErrNotFound)
	if err := read(t, b.mia, store.ListFilesOf(b.deliverable, &list), store.ListFiles(b.draft, &list)); err != nil || len(list) != 0 {
		t.Errorf("the client sees %v of a draft, %v", list, err)
	}
	if err := b.publish(t, 1); err != nil {
		t.Fatal(err)
	}
	var next uuid.UUID
	do(t, b.ravi, func(tx *store.Tx) (err error) { next, err = tx.AddVersion(t.Context(), b.deliverable); return err })
	second := storetest.File(t, b.ravi, next, "second.txt")
	storetest.BeginUpload(t, b.ravi, next, "third.txt", 5)
	wantError(t, read(t, b.mia, store.GetFile(second, &file)), store.ErrNotFound)
	if err := read(t, b.mia, store.GetFile(first, &file), store.ListFilesOf(b.deliverable, &list)); err != nil || len(list) != 1 {
		t.Errorf("the client sees %v, %v", list, err)
	}
	if err := read(t, b.ravi, store.ListFilesOf(b.deliverable, &list)); err != nil || len(list) != 3 || list[0].ID != second {
		t.Errorf("the team sees %v, %v", list, err)
	}
}

// The database refuses to let a client user begin or finish an upload, whatever the
// rights table says.
func TestClientsCannotUpload(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	storetest.File(t, b.ravi, b.draft, "ready.txt")
	if err := b.publish(t, 1); err != nil {
		t.Fatal(err)
	}
	before := storetest.Fingerprint(t, b.ravi.TenantID())
	for _, version := range []uuid.UUID{b.draft, store.NewID()} {
		err := write(t, b.mia, func(tx *store.Tx) error {
			_, err := tx.BeginUpload(t.Context(), version, store.NewUpload{Name: "mias.txt"})
			return err
		})
		if err == nil {
			t.Error("a client began an upload")
		}
	}
	if storetest.Fingerprint(t, b.ravi.TenantID()) != before {
		t.Error("something changed")
	}
}

// A binned file is hidden from everybody. Restoring it brings it back to a version
// that was published with it.
func TestBinnedFile(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	kept := storetest.File(t, b.ravi, b.draft, "kept.txt")
	left := storetest.File(t, b.ravi, b.draft, "left out.txt")
	bin := func(id uuid.UUID, binned bool) error {
		return write(t, b.ravi, func(tx *store.Tx) error {
			of, err := tx.BinFile(t.Context(), id, binned)
			if err == nil && of != b.deliverable {
				t.Errorf("file of %v", of)
			}
			return err
		})
	}
	if err := bin(left, true); err != nil {
		t.Fatal(err)
	}
	if err := b.publish(t, 1); err != nil {
		t.Fatal(err)
	}
	wantError(t, bin(left, false), store.ErrConflict)
	if err := bin(kept, true); err != nil {
		t.Fatal(err)
	}
	var file store.File
	for _, who := range []store.Member{b.ravi, b.mia} {
		wantError(t, read(t, who, store.GetFile(kept, &file)), store.ErrNotFound)
	}
	wantError(t, bin(kept, true), store.ErrNotFound)
	if err := bin(kept, false); err != nil {
		t.Fatal(err)
	}
	if err := read(t, b.mia, store.GetFile(kept, &file)); err != nil {
		t.Error(err)
	}
}

// Binning a project or deliverable hides its files and uploads; restoring brings them
// back.
func TestBinHidesContainedFiles(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	id := storetest.File(t, b.ravi, b.draft, "a.txt")
	coming := storetest.BeginUpload(t, b.ravi, b.draft, "b.txt", 5)
	for name, bin := range map[string]func(*store.Tx, bool) error{
		"deliverable": func(tx *store.Tx, binned bool) error {
			return tx.Bin(t.Context(), store.KindDeliverable, b.deliverable, binned)
		},
		"project": func(tx *store.Tx, binned bool) error {
			return tx.Bin(t.Context(), store.KindProject, b.project, binned)
		},
	} {
		do(t, b.ravi, func(tx *store.Tx) error { return bin(tx, true) })
		var file store.File
		var list []store.File
		var u store.FileUpload
		wantError(t, read(t, b.ravi, store.GetFile(id, &file)), store.ErrNotFound)
		wantError(t, read(t, b.ravi, store.GetUpload(coming, &u)), store.ErrNotFound)
		wantError(t, b.record(t, b.ravi, coming, part(1, 5, "x"), store.HashStep{}), store.ErrNotFound)
		wantError(t, b.finish(t, b.ravi, coming, 5), store.ErrNotFound)
		wantError(t, write(t, b.ravi, func(tx *store.Tx) error {
			_, err := tx.BeginUpload(t.Context(), b.draft, store.NewUpload{Name: "c.txt"})
			return err
		}), store.ErrNotFound)
		if err := read(t, b.ravi, store.ListFiles(b.draft, &list)); err != nil || len(list) != 0 {
			t.Errorf("%s in the bin lists %v, %v", name, list, err)
		}
		do(t, b.ravi, func(tx *store.Tx) error { return bin(tx, false) })
		if err := read(t, b.ravi, store.GetFile(id, &file), store.GetUpload(coming, &u)); err != nil {
			t.Errorf("%s restored: %v", name, err)
		}
	}
}
