package handlers_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/files"
	"portico/store"
)

// studio is Ravi, who works on a draft version in Acme, with a whole server.
type studio struct {
	*site
	*storetest.Tenants
	ravi        *browser
	me          store.Member
	deliverable uuid.UUID
	draft       uuid.UUID
}

func newStudio(t *testing.T) studio {
	t.Helper()
	return newStudioAt(t, newSite(t))
}

func newStudioAt(t *testing.T, s *site) studio {
	t.Helper()
	a := storetest.Agency(t)
	d := studio{site: s, Tenants: a, ravi: s.as(t, a.Ravi), me: a.Member(t, a.Ravi, a.Acme)}
	d.deliverable = storetest.Deliverable(t, d.me, storetest.Project(t, d.me, "Spring "+a.Suffix), "Poster "+a.Suffix)
	d.draft = storetest.Draft(t, d.me, d.deliverable)
	return d
}

// at returns the URL of a path inside Acme.
func (d studio) at(format string, args ...any) string {
	return "/w/" + d.Acme + fmt.Sprintf(format, args...)
}

// noise returns bytes that differ for each seed and don't compress.
func noise(seed byte, n int) []byte {
	content := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(content)
	return content
}

func contentDigest(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// with returns the same browser with one more header.
func (b *browser) with(name, value string) *browser {
	other := *b
	other.header = b.header.Clone()
	other.header.Set(name, value)
	return &other
}

func (b *browser) json(t *testing.T, method, path string, in any) answer {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return b.do(t, method, path, bytes.NewReader(body), "application/json")
}

func (b *browser) putPart(t *testing.T, path string, content []byte) answer {
	t.Helper()
	return b.with("Content-Digest", contentDigest(content)).do(t, http.MethodPut, path, bytes.NewReader(content), "application/octet-stream")
}

func decode[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%v in %.300s", err, a.body)
	}
	return v
}

// plan is the server's response to a browser that wants to upload a file.
type plan struct {
	ID       string `json:"id"`
	PartSize int    `json:"part_size"`
	Put      string `json:"put"`
	Status   string `json:"status"`
	Finish   string `json:"finish"`
}

func (p plan) part(n int) string { return strings.Replace(p.Put, "{n}", fmt.Sprint(n), 1) }

// partList is the server's list of the parts that have arrived.
type partList struct {
	State    string `json:"state"`
	PartSize int    `json:"part_size"`
	Size     int64  `json:"size"`
	Parts    []struct {
		N    int   `json:"n"`
		Size int64 `json:"size"`
	} `json:"parts"`
}

type refusal struct {
	Error   string `json:"error"`
	Message string `json:"message"`
}

func (d studio) begin(t *testing.T, name string, size int) plan {
	t.Helper()
	a := d.ravi.json(t, http.MethodPost, d.at("/versions/%s/uploads", d.draft), map[string]any{"name": name, "size": size})
	if a.status != http.StatusCreated {
		t.Fatalf("begin: %d %s", a.status, a.body)
	}
	return decode[plan](t, a)
}

func (d studio) status(t *testing.T, p plan) partList {
	t.Helper()
	a := d.ravi.get(t, p.Status)
	want(t, "status", a, http.StatusOK)
	return decode[partList](t, a)
}

// send uploads a whole file in parts and returns its id.
func (d studio) send(t *testing.T, name string, content []byte) string {
	t.Helper()
	p := d.begin(t, name, len(content))
	for n, part := range split(content) {
		want(t, fmt.Sprintf("part %d", n+1), d.ravi.putPart(t, p.part(n+1), part), http.StatusNoContent)
	}
	finished := d.ravi.do(t, http.MethodPost, p.Finish, nil, "")
	want(t, "finish", finished, http.StatusOK)
	return p.ID
}

func split(content []byte) [][]byte {
	parts := [][]byte{content[:min(len(content), files.PartSize)]}
	for at := files.PartSize; at < len(content); at += files.PartSize {
		parts = append(parts, content[at:min(len(content), at+files.PartSize)])
	}
	return parts
}

func (d studio) publish(t *testing.T) {
	t.Helper()
	a := d.ravi.post(t, d.at("/deliverables/%s/versions/1/publish", d.deliverable), nil)
	want(t, "publish", a, http.StatusSeeOther)
}

// stored returns the state of a file's row, "" if there is none.
func stored(t *testing.T, id string) string {
	t.Helper()
	var state string
	err := storetest.Superuser(t).QueryRow(t.Context(), `select coalesce((select state from files where id = $1), '')`, id).Scan(&state)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// The store and package files agree on sizes.
func TestSizesAgree(t *testing.T) {
	t.Parallel()
	if store.PartSize != files.PartSize || store.MaxParts != files.MaxParts || store.MaxFileSize != files.MaxSize {
		t.Error("the store and the files room disagree on sizes")
	}
}

// A file of two parts and a bit is the same, byte for byte, after upload and
// download.
func TestUploadByParts(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	content := noise(1, 2*files.PartSize+1000)
	p := d.begin(t, "poster.bin", len(content))
	if p.PartSize != files.PartSize || p.Status != d.at("/uploads/%s", p.ID) {
		t.Errorf("plan = %+v", p)
	}
	for n, part := range split(content) {
		want(t, "part", d.ravi.putPart(t, p.part(n+1), part), http.StatusNoContent)
	}
	state := d.status(t, p)
	if state.State != "pending" || state.Size != int64(len(content)) || len(state.Parts) != 3 || state.Parts[2].Size != 1000 || state.PartSize != files.PartSize {
		t.Errorf("status = %+v", state)
	}
	want(t, "before it is finished", d.ravi.get(t, d.at("/files/%s", p.ID)), http.StatusNotFound)
	sum := sha256.Sum256(content)
	for range 2 { // the browser repeats the request if the response is lost
		a := d.ravi.do(t, http.MethodPost, p.Finish, nil, "")
		want(t, "finish", a, http.StatusOK)
		got := decode[struct{ State, SHA256, URL string }](t, a)
		if got.State != "ready" || got.SHA256 != hex.EncodeToString(sum[:]) || got.URL != d.at("/files/%s", p.ID) {
			t.Errorf("finish = %+v", got)
		}
	}
	if got := d.status(t, p); got.State != "ready" {
		t.Errorf("status = %+v", got)
	}
	if got := d.ravi.get(t, d.at("/files/%s", p.ID)); got.body != string(content) {
		t.Errorf("download: %d, %d bytes", got.status, len(got.body))
	}
}

// An empty file can be uploaded.
func TestEmptyFile(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	id := d.send(t, "empty.txt", nil)
	a := d.ravi.get(t, d.at("/files/%s", id))
	want(t, "download", a, http.StatusOK)
	if a.body != "" {
		t.Errorf("body = %q", a.body)
	}
}

// Parts arrive in any order, are damaged and sent again, and a browser that lost
// its state asks which ones arrived. In the end the file is complete.
func TestResume(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	content := noise(2, 2*files.PartSize+77)
	parts := split(content)
	p := d.begin(t, "film.mp4", len(content))
	want(t, "last first", d.ravi.putPart(t, p.part(3), parts[2]), http.StatusNoContent)
	want(t, "finish without the others", d.ravi.do(t, http.MethodPost, p.Finish, nil, ""), http.StatusConflict)

	damaged := bytes.Clone(parts[0])
	damaged[12345] ^= 1
	a := d.ravi.with("Content-Digest", contentDigest(parts[0])).do(t, http.MethodPut, p.part(1), bytes.NewReader(damaged), "")
	want(t, "damaged on the way", a, http.StatusUnprocessableEntity)
	if got := d.status(t, p); len(got.Parts) != 1 || got.Parts[0].N != 3 {
		t.Errorf("status = %+v", got)
	}
	want(t, "another first", d.ravi.putPart(t, p.part(1), damaged), http.StatusNoContent)
	want(t, "finish without the second", d.ravi.do(t, http.MethodPost, p.Finish, nil, ""), http.StatusConflict)
	want(t, "second", d.ravi.putPart(t, p.part(2), parts[1]), http.StatusNoContent)
	want(t, "the right first", d.ravi.putPart(t, p.part(1), parts[0]), http.StatusNoContent)
	want(t, "finish", d.ravi.do(t, http.MethodPost, p.Finish, nil, ""), http.StatusOK)
	if got := d.ravi.get(t, d.at("/files/%s", p.ID)); got.body != string(content) {
		t.Errorf("download: %d, %d bytes", got.status, len(got.body))
	}
}

// A part that doesn't match its headers or the file's declared size is refused with
// the reason and leaves nothing behind.
func TestRefusedParts(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	p := d.begin(t, "a.bin", 1000)
	right, long, short := noise(3, 1000), noise(3, 1001), noise(3, 999)
	chunked := func(content []byte) io.Reader { return struct{ io.Reader }{bytes.NewReader(content)} }
	for name, c := range map[string]struct {
		path   string
		digest string
		body   io.Reader
		status int
	}{
		"no digest":           {p.part(1), "", bytes.NewReader(right), 422},
		"digest of no kind":   {p.part(1), "sha-256=nonsense", bytes.NewReader(right), 422},
		"md5 alone":           {p.part(1), "md5=:AAAA:", bytes.NewReader(right), 422},
		"another digest":      {p.part(1), contentDigest(long), bytes.NewReader(right), 422},
		"too long":            {p.part(1), contentDigest(long), bytes.NewReader(long), 413},
		"too long, chunked":   {p.part(1), contentDigest(long), chunked(long), 413},
		"endless":             {p.part(1), contentDigest(long), io.LimitReader(chunked(noise(4, 64<<20)), 64<<20), 413},
		"too short":           {p.part(1), contentDigest(short), bytes.NewReader(short), 422},
		"too short, chunked":  {p.part(1), contentDigest(short), chunked(short), 422},
		"part zero":           {p.part(0), contentDigest(right), bytes.NewReader(right), 422},
		"part two of one":     {p.part(2), contentDigest(right), bytes.NewReader(right), 422},
		"part of no number":   {strings.Replace(p.Put, "{n}", "one", 1), contentDigest(right), bytes.NewReader(right), 422},
		"part minus one":      {p.part(-1), contentDigest(right), bytes.NewReader(right), 422},
		"part of many digits": {strings.Replace(p.Put, "{n}", "99999999999999999999", 1), contentDigest(right), bytes.NewReader(right), 422},
	} {
		b := d.ravi
		if c.digest != "" {
			b = b.with("Content-Digest", c.digest)
		}
		a := b.do(t, http.MethodPut, c.path, c.body, "")
		want(t, name, a, c.status)
		if got := decode[refusal](t, a); got.Error == "" || got.Message == "" {
			t.Errorf("%s: no reason in %s", name, a.body)
		}
	}
	if got := d.status(t, p); len(got.Parts) != 0 {
		t.Errorf("status = %+v", got)
	}
	want(t, "the right part, chunked", d.ravi.with("Content-Digest", contentDigest(right)).do(t, http.MethodPut, p.part(1), chunked(right), ""), 204)
	want(t, "finish", d.ravi.do(t, http.MethodPost, p.Finish, nil, ""), 200)
	want(t, "a part after the end", d.ravi.putPart(t, p.part(1), right), 409)
}

// A request that can't become a file is refused before anything is stored.
func TestRefusedBeginnings(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"too large":     {fmt.Sprintf(`{"name":"a","size":%d}`, int64(files.MaxSize)+1), 413},
		"no size":       {`{"name":"a"}`, 422},
		"negative":      {`{"name":"a","size":-1}`, 422},
		"half a byte":   {`{"name":"a","size":0.5}`, 422},
		"no name":       {`{"size":1}`, 422},
		"no characters": {`{"name":"\u0000\n","size":1}`, 422},
		"no JSON":       {`name=a&size=1`, 422},
		"nothing":       {``, 422},
		"huge":          {`{"name":"` + strings.Repeat("a", 2<<20) + `","size":1}`, 413},
	} {
		a := d.ravi.do(t, http.MethodPost, d.at("/versions/%s/uploads", d.draft), strings.NewReader(c.body), "application/json")
		want(t, name, a, c.status)
	}
	var list []store.File
	if err := storetest.DB().Read(t.Context(), d.me, store.ListFiles(d.draft, &list)); err != nil || len(list) != 0 {
		t.Errorf("files = %v, %v", list, err)
	}
	a := d.ravi.do(t, http.MethodPost, d.at("/versions/%s/uploads", d.draft),
		strings.NewReader(`{"name":"a","size":1,"type":"text/html","tenant_id":"x","state":"ready","created_by":"x","object_key":"../x"}`), "application/json")
	want(t, "fields that nobody asked for", a, 201)
	if got := stored(t, decode[plan](t, a).ID); got != "pending" {
		t.Errorf("state = %s", got)
	}
}

// A cancelled upload is removed from the database and from object storage.
func TestCancelledUploadLeavesNothing(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	p := d.begin(t, "a.bin", files.PartSize+1)
	want(t, "part", d.ravi.putPart(t, p.part(1), noise(5, files.PartSize)), 204)
	want(t, "cancel", d.ravi.do(t, http.MethodDelete, p.Status, nil, ""), 204)
	want(t, "status", d.ravi.get(t, p.Status), 404)
	if got := stored(t, p.ID); got != "" {
		t.Errorf("state = %s", got)
	}
	for u, err := range storage(t).For(d.me.TenantID()).Uploads(t.Context()) {
		t.Errorf("left over: %v, %v", u, err)
	}
	done := d.send(t, "b.bin", []byte("b"))
	want(t, "cancel what is ready", d.ravi.do(t, http.MethodDelete, d.at("/uploads/%s", done), nil, ""), 409)
	want(t, "it is still there", d.ravi.get(t, d.at("/files/%s", done)), 200)
}

// An unfinished file can be removed from the page, even if a colleague started it.
// That cancels its upload.
func TestRemovingAnUnfinishedFile(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	p := d.begin(t, "a.bin", 5)
	a := d.as(t, d.Dana).post(t, d.at("/files/%s/delete", p.ID), nil)
	want(t, "remove", a, 303)
	if !strings.HasPrefix(a.location(), d.at("/deliverables/%s?", d.deliverable)) {
		t.Errorf("location = %s", a.location())
	}
	want(t, "its next part", d.ravi.putPart(t, p.part(1), []byte("12345")), 404)
	if got := stored(t, p.ID); got != "" {
		t.Errorf("state = %s", got)
	}
}

// The process died after storage had assembled the parts and before the database
// was updated. Finishing again finds the object and makes the file ready.
func TestFinishAfterACrash(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	content := noise(6, files.PartSize+5)
	p := d.begin(t, "a.bin", len(content))
	for n, part := range split(content) {
		want(t, "part", d.ravi.putPart(t, p.part(n+1), part), 204)
	}
	id := uuid.MustParse(p.ID)
	var u store.FileUpload
	var parts []store.Part
	if err := storetest.DB().Read(t.Context(), d.me, store.GetUpload(id, &u), store.ListParts(id, &parts)); err != nil {
		t.Fatal(err)
	}
	var sent []files.Part
	for _, part := range parts {
		sent = append(sent, files.Part{Number: part.Number, Size: part.Size, Digest: files.Digest(part.SHA256), ETag: part.ETag})
	}
	key := files.NewKey(d.me.TenantID(), files.KindFile, id)
	if _, err := storage(t).For(d.me.TenantID()).Complete(t.Context(), key, u.StorageID, sent); err != nil {
		t.Fatal(err)
	}
	want(t, "a part sent again", d.ravi.putPart(t, p.part(2), content[files.PartSize:]), 409)
	want(t, "finish", d.ravi.do(t, http.MethodPost, p.Finish, nil, ""), 200)
	if got := d.ravi.get(t, d.at("/files/%s", p.ID)); got.body != string(content) {
		t.Errorf("download: %d, %d bytes", got.status, len(got.body))
	}
}

// Storage has lost an upload: a browser that continues it is told to start again,
// and the file never becomes ready.
func TestUploadLostInStorage(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	sending, finishing := d.begin(t, "a.bin", 5), d.begin(t, "b.bin", 5)
	d.abort(t, sending)
	want(t, "part", d.ravi.putPart(t, sending.part(1), []byte("12345")), 409)
	want(t, "part", d.ravi.putPart(t, finishing.part(1), []byte("12345")), 204)
	d.abort(t, finishing)
	want(t, "finish", d.ravi.do(t, http.MethodPost, finishing.Finish, nil, ""), 409)
	for _, p := range []plan{sending, finishing} {
		if got := stored(t, p.ID); got != "" {
			t.Errorf("state = %s", got)
		}
		want(t, "status", d.ravi.get(t, p.Status), 404)
	}
}

// abort makes storage drop an upload without the server's knowledge.
func (d studio) abort(t *testing.T, p plan) {
	t.Helper()
	id := uuid.MustParse(p.ID)
	var u store.FileUpload
	if err := storetest.DB().Read(t.Context(), d.me, store.GetUpload(id, &u)); err != nil {
		t.Fatal(err)
	}
	vault := storage(t).For(d.me.TenantID())
	if err := vault.Abort(t.Context(), files.NewKey(d.me.TenantID(), files.KindFile, id), u.StorageID); err != nil {
		t.Fatal(err)
	}
}

// While another request assembles the parts, storage says that it doesn't have
// them. The upload is not cancelled for that, unless no request can still be
// working on it.
func TestStorageDeniesWhileAnotherFinishes(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	p := d.begin(t, "a.bin", 5)
	want(t, "part", d.ravi.putPart(t, p.part(1), []byte("12345")), 204)
	d.abort(t, p)
	another := func(when string) {
		if _, err := storetest.Superuser(t).Exec(t.Context(), `update files set finishing_at = now() - $2::interval where id = $1`, p.ID, when); err != nil {
			t.Fatal(err)
		}
	}
	another("1 minute")
	want(t, "part while another finishes", d.ravi.putPart(t, p.part(1), []byte("12345")), 409)
	want(t, "finish while another does", d.ravi.do(t, http.MethodPost, p.Finish, nil, ""), 503)
	if got := stored(t, p.ID); got != "pending" {
		t.Errorf("state = %q", got)
	}
	another("4 minutes")
	want(t, "finish long after", d.ravi.do(t, http.MethodPost, p.Finish, nil, ""), 409)
	if got := stored(t, p.ID); got != "" {
		t.Errorf("state = %q", got)
	}
}

// Several requests finish the same upload at the same time, and all get the same
// response.
func TestFinishAllAtOnce(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	p := d.begin(t, "a.bin", 5)
	want(t, "part", d.ravi.putPart(t, p.part(1), []byte("12345")), 204)
	const many = 4
	statuses := make(chan answer, many)
	for range many {
		go func() { statuses <- d.ravi.do(t, http.MethodPost, p.Finish, nil, "") }()
	}
	for range many {
		want(t, "finish", <-statuses, 200)
	}
	if got := stored(t, p.ID); got != "ready" {
		t.Errorf("state = %s", got)
	}
}

// A file without its last part can't be finished, and the attempt loses nothing.
func TestFinishWithoutTheLastPart(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	content := noise(7, files.PartSize+5)
	p := d.begin(t, "a.bin", len(content))
	want(t, "first", d.ravi.putPart(t, p.part(1), content[:files.PartSize]), 204)
	want(t, "finish too soon", d.ravi.do(t, http.MethodPost, p.Finish, nil, ""), 409)
	want(t, "last", d.ravi.putPart(t, p.part(2), content[files.PartSize:]), 204)
	want(t, "finish", d.ravi.do(t, http.MethodPost, p.Finish, nil, ""), 200)
}

// A published version takes no more files, by any route.
func TestPublishedVersionIsClosed(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	d.send(t, "a.txt", []byte("a"))
	d.publish(t)
	a := d.ravi.json(t, http.MethodPost, d.at("/versions/%s/uploads", d.draft), map[string]any{"name": "b", "size": 1})
	want(t, "begin", a, 409)
	body, contentType := formOf(t, formFile{"file", "b.txt", []byte("b")})
	want(t, "form", d.ravi.do(t, http.MethodPost, d.at("/versions/%s/files", d.draft), body, contentType), 409)
}
