package faults

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
)

// Case 66: the server is killed at each step between row, object and commit of an
// upload. `files check` reports what is left and `files repair` removes it. No row is
// ready without its object, and the next upload succeeds.
func TestKilledUploadIsRepaired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var u *upload
	for _, step := range []struct {
		at     string
		before []func() error // that must succeed
		holds  func() (release func())
		does   func() error
		until  func() bool
		left   string // what check must name
	}{
		{
			at:    "the row is there, storage has not been asked",
			holds: func() func() { check(t, w.S3Proxy.Hang()); return func() {} },
			does:  func() error { return u.begin() },
			until: func() bool { return w.count(`select count(*) from files where state = 'pending'`) == 1 },
			left:  "abandoned upload",
		},
		{
			at:    "storage has the upload, its row does not know",
			holds: func() func() { check(t, w.S3Proxy.Hold()); return func() {} },
			does:  func() error { return u.begin() },
			until: func() bool { return len(w.uploads(t)) == 1 },
			left:  "abandoned upload",
		},
		{
			at:     "storage has the part, its row is not written",
			before: []func() error{func() error { return u.begin() }},
			holds:  func() func() { check(t, w.S3Proxy.Hold()); return func() {} },
			does:   func() error { return u.put() },
			until:  func() bool { return w.parts(t) == 1 },
			left:   "abandoned upload",
		},
		{
			at:     "all parts are there, nothing is put together",
			before: []func() error{func() error { return u.begin() }, func() error { return u.put() }},
			holds:  func() func() { return w.lock(t, `select from files for update`) },
			does:   func() error { return u.finish() },
			until:  w.waitsForLock,
			left:   "upload",
		},
		{
			at:     "the object is there, its row is written and not committed",
			before: []func() error{func() error { return u.begin() }, func() error { return u.put() }},
			holds:  func() func() { return w.lock(t, `lock table audit_events in share row exclusive mode`) },
			does:   func() error { return u.finish() },
			until:  func() bool { return len(w.objects(t)) == 1 && w.waitsForLock() },
			left:   "upload",
		},
	} {
		p := w.serve(w.env, "--jobs=false")
		u = w.newUpload([]byte("poster"))
		for _, do := range step.before {
			check(t, do())
		}
		release := step.holds()
		ended := make(chan error, 1)
		go func() { ended <- step.does() }()
		until(t, step.at, step.until)
		p.Kill()
		if err := <-ended; err == nil {
			t.Errorf("%s: it was acknowledged", step.at)
		}
		release()
		w.heal(t)
		w.checkRepaired(t, step.at, step.left)
	}

	w.serve(w.env, "--jobs=false")
	u = w.newUpload([]byte("poster"))
	check(t, u.all())
	if got := w.get(u.path()); !bytes.Equal(got.body, u.content) {
		t.Errorf("the file of afterwards: %d %q", got.status, got.body)
	}
	w.checkFiles(t, "afterwards", 1)
}

// checkRepaired checks that the operator's command finds and removes what a crash left.
func (w *world) checkRepaired(t *testing.T, at, left string) {
	t.Helper()
	said, err := w.files("check")
	if err == nil || !strings.Contains(said, left) {
		t.Errorf("%s: check says %v, without %q:\n%s", at, err, left, said)
	}
	if said, err := w.files("repair"); err != nil {
		t.Errorf("%s: repair: %v\n%s", at, err, said)
	}
	w.checkFiles(t, at, 0)
}

// checkFiles checks that there are exactly that many files, all ready and in storage.
func (w *world) checkFiles(t *testing.T, at string, files int) {
	t.Helper()
	if said, err := w.files("check"); err != nil {
		t.Errorf("%s: there is something left: %v\n%s", at, err, said)
	}
	if rows, ready := w.count(`select count(*) from files`), w.count(`select count(*) from files where state = 'ready'`); rows != files || ready != files {
		t.Errorf("%s: %d rows, %d of them ready, want %d", at, rows, ready, files)
	}
	if objects, uploads := w.objects(t), w.uploads(t); len(objects) != files || len(uploads) != 0 {
		t.Errorf("%s: storage has the objects %q and the uploads %q, want %d objects", at, objects, uploads, files)
	}
}

func (w *world) files(verb string) (string, error) {
	return stack.RunPortico(w.t.Context(), binary, w.env, "files", verb, "--grace", "0s")
}

// lock locks rows or a table in another transaction until release is called.
func (w *world) lock(t *testing.T, sql string) (release func()) {
	t.Helper()
	conn := must(pgx.Connect(t.Context(), w.Postgres.AdminURL(stack.DatabaseName)))(t)
	_, err := conn.Exec(t.Context(), `begin`)
	check(t, err)
	_, err = conn.Exec(t.Context(), sql)
	check(t, err)
	return func() { _ = conn.Close(context.Background()) }
}

// waitsForLock reports whether the server waits for a lock.
func (w *world) waitsForLock() bool {
	return w.count(`select count(*) from pg_stat_activity where usename = 'portico_app' and wait_event_type = 'Lock'`) > 0
}

func (w *world) uploads(t *testing.T) (keys []string) {
	t.Helper()
	list := must(w.S3.Client().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: new(w.S3.Bucket())}))(t)
	for _, u := range list.Uploads {
		keys = append(keys, *u.Key+" "+*u.UploadId)
	}
	return keys
}

func (w *world) parts(t *testing.T) (n int) {
	t.Helper()
	for _, u := range w.uploads(t) {
		key, id, _ := strings.Cut(u, " ")
		list := must(w.S3.Client().ListParts(t.Context(), &s3.ListPartsInput{Bucket: new(w.S3.Bucket()), Key: &key, UploadId: &id}))(t)
		n += len(list.Parts)
	}
	return n
}

func (w *world) objects(t *testing.T) (keys []string) {
	t.Helper()
	list := must(w.S3.Client().ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: new(w.S3.Bucket())}))(t)
	for _, o := range list.Contents {
		keys = append(keys, *o.Key)
	}
	slices.Sort(keys)
	return keys
}
