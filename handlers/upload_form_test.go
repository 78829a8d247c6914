package handlers_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"portico/e2e/storetest"
	"portico/files"
	"portico/store"
)

type formFile struct {
	field, name string
	content     []byte
}

// formOf builds a form as a browser sends it. A file without a name is a plain
// field.
func formOf(t *testing.T, parts ...formFile) (io.Reader, string) {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, p := range parts {
		var part io.Writer
		var err error
		if p.name == "" {
			part, err = w.CreateFormField(p.field)
		} else {
			part, err = w.CreateFormFile(p.field, p.name)
		}
		if err == nil {
			_, err = part.Write(p.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &body, w.FormDataContentType()
}

func (d studio) post(t *testing.T, parts ...formFile) answer {
	t.Helper()
	body, contentType := formOf(t, parts...)
	return d.ravi.do(t, http.MethodPost, d.at("/versions/%s/files", d.draft), body, contentType)
}

func (d studio) list(t *testing.T) []store.File {
	t.Helper()
	var list []store.File
	if err := storetest.DB().Read(t.Context(), d.me, store.ListFiles(d.draft, &list)); err != nil {
		t.Fatal(err)
	}
	return list
}

// One form without JavaScript uploads several files of edge-case sizes.
func TestPlainForm(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	sent := []formFile{
		{"note", "", []byte("a field that nobody asked for")},
		{"file", "small.txt", []byte("small " + d.Suffix)},
		{"file", "exact.bin", noise(10, files.PartSize)},
		{"file", "empty.bin", nil},
		{"file", "large.bin", noise(11, 2*files.PartSize+3)},
	}
	a := d.post(t, sent...)
	want(t, "form", a, http.StatusSeeOther)
	if !strings.HasPrefix(a.location(), d.at("/deliverables/%s?", d.deliverable)) {
		t.Errorf("location = %s", a.location())
	}
	list := d.list(t)
	if len(list) != 4 {
		t.Fatalf("files = %+v", list)
	}
	for i, f := range list {
		if f.Name != sent[i+1].name || f.State != store.FileReady {
			t.Errorf("file %d = %+v", i, f)
		}
		if got := d.ravi.get(t, d.at("/files/%s", f.ID)); got.body != string(sent[i+1].content) {
			t.Errorf("%s: %d, %d bytes", f.Name, got.status, len(got.body))
		}
	}
	page := d.ravi.get(t, d.at("/deliverables/%s", d.deliverable))
	if !strings.Contains(page.body, d.at("/files/%s", list[0].ID)) || !strings.Contains(page.body, d.at("/versions/%s/files", d.draft)) {
		t.Error("the page shows neither the file nor the form")
	}
}

// A request that is not a form, or has no file, gets an error. Unknown fields can't
// be used to fill memory or storage.
func TestRefusedForms(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	path := d.at("/versions/%s/files", d.draft)
	want(t, "no form", d.ravi.do(t, http.MethodPost, path, strings.NewReader("x"), "text/plain"), 422)
	want(t, "no body", d.ravi.do(t, http.MethodPost, path, nil, ""), 422)
	want(t, "no file", d.post(t, formFile{"note", "", []byte("x")}), 422)
	want(t, "file of another name", d.post(t, formFile{"other", "a.txt", []byte("x")}), 422)
	want(t, "large field", d.post(t, formFile{"note", "", make([]byte, 1<<20)}), 413)
	body, contentType := formOf(t, formFile{"file", "a.txt", []byte("x")})
	whole, _ := io.ReadAll(body)
	cut := d.ravi.do(t, http.MethodPost, path, bytes.NewReader(whole[:len(whole)-20]), contentType)
	if cut.status != 400 && cut.status != 422 {
		t.Errorf("cut off: %d", cut.status)
	}
	if list := d.list(t); len(list) != 0 {
		t.Errorf("files = %+v", list)
	}
	want(t, "the right form", d.post(t, formFile{"file", "a.txt", []byte("x")}), 303)
}

// If a form breaks off in its second file, the first file is kept and nothing of
// the second remains, neither in the database nor in storage.
func TestFormBreaksOff(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	body, contentType := formOf(t, formFile{"file", "first.bin", noise(12, 5000)}, formFile{"file", "second.bin", noise(13, files.PartSize+5000)})
	whole, _ := io.ReadAll(body)
	a := d.ravi.do(t, http.MethodPost, d.at("/versions/%s/files", d.draft), bytes.NewReader(whole[:len(whole)-2500]), contentType)
	want(t, "cut off", a, http.StatusBadRequest)
	list := d.list(t)
	if len(list) != 1 || list[0].Name != "first.bin" || list[0].State != store.FileReady {
		t.Errorf("files = %+v", list)
	}
	for u, err := range storage(t).For(d.me.TenantID()).Uploads(t.Context()) {
		t.Errorf("left over: %v, %v", u, err)
	}
}

// While a tenant sends as many plain forms as it may at once, one more is refused and
// leaves nothing. Another tenant may send its own, and so may this one afterwards.
func TestFewPlainFormsAtOnce(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	other := newStudioAt(t, d.site)
	whole, contentType := formOf(t, formFile{"file", "slow.bin", noise(14, 5000)})
	content, err := io.ReadAll(whole)
	if err != nil {
		t.Fatal(err)
	}
	var forms []*io.PipeWriter
	answers := make(chan answer, 2)
	for range 2 {
		body, form := io.Pipe()
		forms = append(forms, form)
		go func() {
			answers <- d.ravi.do(t, http.MethodPost, d.at("/versions/%s/files", d.draft), body, contentType)
		}()
		if _, err := form.Write(content[:1000]); err != nil {
			t.Fatal(err)
		}
	}
	for len(d.list(t)) < 2 {
		select {
		case early := <-answers:
			t.Fatalf("a form ended before all of it was sent: %d", early.status)
		case <-time.After(10 * time.Millisecond):
		}
	}
	refused := d.post(t, formFile{"file", "third.txt", []byte("x")})
	want(t, "a third form", refused, http.StatusTooManyRequests)
	has(t, "a third form", refused, "still on their way")
	if list := d.list(t); len(list) != 2 {
		t.Errorf("files = %+v", list)
	}
	want(t, "another tenant's", other.post(t, formFile{"file", "a.txt", []byte("x")}), http.StatusSeeOther)
	for _, form := range forms {
		if _, err := form.Write(content[1000:]); err != nil {
			t.Fatal(err)
		}
		_ = form.Close()
		want(t, "a form before", <-answers, http.StatusSeeOther)
	}
	want(t, "afterwards", d.post(t, formFile{"file", "third.txt", []byte("x")}), http.StatusSeeOther)
}
