package handlers_test

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/files"
	"portico/store"
)

// A file can be downloaded whole, as one range, or asked about with HEAD. Several ranges
// at once are the whole file, and ranges outside of it are refused.
func TestDownloadWholeOrByRange(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	content := noise(20, files.PartSize+5000)
	path := d.at("/files/%s", d.send(t, "film.bin", content))
	size := len(content)
	whole := d.ravi.get(t, path)
	want(t, "whole", whole, 200)
	if whole.body != string(content) || whole.header.Get("Content-Disposition") != `attachment; filename="film.bin"` {
		t.Errorf("whole: %d bytes, %v", len(whole.body), whole.header)
	}
	head := d.ravi.do(t, http.MethodHead, path, nil, "")
	want(t, "head", head, 200)
	if head.header.Get("Content-Length") != whole.header.Get("Content-Length") || head.body != "" {
		t.Errorf("head: %v", head.header)
	}
	for span, piece := range map[string][2]int{
		"bytes=0-0":              {0, 1},
		"bytes=0-":               {0, size},
		"bytes=100-199":          {100, 200},
		"bytes=-500":             {size - 500, size},
		"bytes=8388600-8388615":  {8388600, 8388616},
		"bytes=8393000-99999999": {8393000, size},
	} {
		a := d.ravi.with("Range", span).get(t, path)
		want(t, span, a, 206)
		if a.body != string(content[piece[0]:piece[1]]) {
			t.Errorf("%s: %d bytes of another piece", span, len(a.body))
		}
	}
	if a := d.ravi.with("Range", "bytes=0-1,5-6").get(t, path); a.status != 200 || a.body != string(content) {
		t.Errorf("two ranges: %d, %d bytes", a.status, len(a.body))
	}
	for _, span := range []string{"bytes=99999999-", "bytes=5-4", "bytes=" + strings.Repeat("0-0,", 100) + "0-0"} {
		want(t, span, d.ravi.with("Range", span).get(t, path), 416)
	}
	other := d.ravi.with("Range", "bytes=0-1").with("If-Range", `"of another file"`).get(t, path)
	want(t, "a piece of another file", other, 200)
}

// The client cannot download a file of a draft, nor tell that it exists, until the
// version is published.
func TestClientDownloadsPublishedFilesOnly(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	mia := d.as(t, d.Mia)
	id := d.send(t, "poster.txt", []byte("the poster of "+d.Suffix))
	nothing := mia.get(t, d.at("/files/%s", uuid.New()))
	for _, path := range []string{"/files/%s", "/files/%s/inline"} {
		a := mia.get(t, d.at(path, id))
		want(t, "draft", a, 404)
		if a.withoutRequestID() != nothing.withoutRequestID() {
			t.Error("the refusal differs from that of a random id")
		}
	}
	d.publish(t)
	for _, who := range []string{d.Mia, d.Leo, d.Dana} {
		a := d.as(t, who).get(t, d.at("/files/%s", id))
		want(t, "published", a, 200)
		if a.body != "the poster of "+d.Suffix {
			t.Errorf("body = %q", a.body)
		}
	}
	for method, path := range map[string]string{
		http.MethodGet: "/uploads/" + id, http.MethodDelete: "/uploads/" + id, http.MethodPut: "/uploads/" + id + "/parts/1",
		http.MethodPost: "/versions/" + d.draft.String() + "/uploads",
	} {
		want(t, method+" by a client", mia.do(t, method, d.at("%s", path), nil, ""), 403)
	}
	want(t, "finish by a client", mia.do(t, http.MethodPost, d.at("/uploads/%s/finish", id), nil, ""), 403)
	want(t, "delete by a client", mia.post(t, d.at("/files/%s/delete", id), nil), 403)
	want(t, "somebody signed out", d.nobody().get(t, d.at("/files/%s", id)), 302)
	want(t, "a program signed out", d.nobody().get(t, d.at("/uploads/%s", id)), 401)
}

// People who lose access are refused at the next request, even in the middle of a file.
func TestDownloadIsRefusedAfterLostAccess(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	path := d.at("/files/%s", d.send(t, "a.bin", noise(21, 1000)))
	d.publish(t)
	mia := d.as(t, d.Mia)
	want(t, "the first piece", mia.with("Range", "bytes=0-499").get(t, path), 206)
	if _, err := storetest.Superuser(t).Exec(t.Context(), `update memberships set ended_at = now() where tenant_id = $1 and email = $2`,
		d.me.TenantID(), d.Mia); err != nil {
		t.Fatal(err)
	}
	want(t, "the next piece", mia.with("Range", "bytes=500-").get(t, path), 404)
	want(t, "somebody else's", d.ravi.with("Range", "bytes=500-").get(t, path), 206)
}

// Nobody can download a file that is in the bin. After a restore they can.
func TestBinnedFileIsNotFound(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	id := d.send(t, "a.txt", []byte("a"))
	path := d.at("/files/%s", id)
	binned := d.ravi.post(t, path+"/delete", nil)
	want(t, "delete", binned, 303)
	if !strings.Contains(binned.location(), "did=file.binned&id="+id) {
		t.Errorf("location = %s", binned.location())
	}
	want(t, "in the bin", d.ravi.get(t, path), 404)
	want(t, "delete again", d.ravi.post(t, path+"/delete", nil), 404)
	want(t, "restore", d.ravi.post(t, path+"/restore", nil), 303)
	want(t, "restored", d.ravi.get(t, path), 200)
	want(t, "restore again", d.ravi.post(t, path+"/restore", nil), 404)

	left := d.send(t, "left out.txt", []byte("b"))
	want(t, "delete", d.ravi.post(t, d.at("/files/%s/delete", left), nil), 303)
	d.publish(t)
	want(t, "restore into what was published", d.ravi.post(t, d.at("/files/%s/restore", left), nil), 409)
}

// Hostile file names are sanitized in headers and escaped on pages.
func TestHostileFileNamesAreSanitized(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	for name, c := range map[string]struct{ header, listed string }{
		"../../etc/passwd":        {`attachment; filename="_.._etc_passwd"`, ".._.._etc_passwd"},
		"a\"b;c\r\nSet-Cookie: x": {`attachment; filename="a_b_cSet-Cookie: x"; filename*=UTF-8''a%22b%3BcSet-Cookie%3A%20x`, "a&#34;b;cSet-Cookie: x"},
		"evil\u202egnp.exe":       {`attachment; filename="evilgnp.exe"`, "evilgnp.exe"},
		"<script>alert(1)</script>": {
			`attachment; filename="<script>alert(1)<_script>"`, "&lt;script&gt;alert(1)&lt;_script&gt;"},
		"Grüße.txt": {`attachment; filename="Gr__e.txt"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt`, "Grüße.txt"},
	} {
		a := d.ravi.get(t, d.at("/files/%s", d.send(t, name, []byte("x"))))
		if got := a.header.Get("Content-Disposition"); got != c.header || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%q is sent as %s, want %s", name, got, c.header)
		}
		page := d.ravi.get(t, d.at("/deliverables/%s", d.deliverable))
		if !strings.Contains(page.body, c.listed) {
			t.Errorf("%q is not listed as %s", name, c.listed)
		}
	}
	long := d.ravi.get(t, d.at("/files/%s", d.send(t, strings.Repeat("n", 2000)+".pdf", []byte("x"))))
	if got := long.header.Get("Content-Disposition"); len(got) > 400 || !strings.Contains(got, `.pdf"`) {
		t.Errorf("a long name is sent as %s", got)
	}
	hasNot(t, "the log", answer{body: d.logs.String()}, "passwd", "evil", "alert", "Gr")
}

// Content that could run a script is only downloaded, whatever its name says. Harmless
// content may be shown. The headers do not let a browser sniff another type.
func TestActiveContentIsOnlyDownloaded(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	png := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"), noise(22, 200)...)
	for name, c := range map[string]struct {
		content []byte
		inline  bool
	}{
		"picture.png":   {png, true},
		"notes.html":    {[]byte("just words, whatever it is called"), true},
		"drawing.png":   {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), false},
		"drawing.svg":   {[]byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`), false},
		"page.txt":      {[]byte(`<!doctype html><script>alert(1)</script>`), false},
		"late.txt":      {[]byte(strings.Repeat(" ", 600) + `<html><script>alert(1)</script>`), false},
		"feed.xml":      {[]byte(`<?xml version="1.0"?><x xmlns="http://www.w3.org/1999/xhtml"><script/></x>`), false},
		"polyglot.pdf":  {[]byte("<html><script>alert(1)</script>%PDF-1.7"), false},
		"something.exe": {[]byte("MZ" + string(noise(23, 300))), false},
	} {
		id := d.send(t, name, c.content)
		a := d.ravi.get(t, d.at("/files/%s/inline", id))
		want(t, name, a, 200)
		h := a.header
		if got := strings.HasPrefix(h.Get("Content-Disposition"), "inline"); got != c.inline {
			t.Errorf("%s: %s as %s", name, h.Get("Content-Disposition"), h.Get("Content-Type"))
		}
		if !c.inline && h.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("%s: type %s", name, h.Get("Content-Type"))
		}
		if !strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox;") || h.Get("X-Content-Type-Options") != "nosniff" ||
			h.Get("Cache-Control") != "private, no-store" || h.Get("X-Request-Id") == "" {
			t.Errorf("%s: headers %v", name, h)
		}
		saved := d.ravi.get(t, d.at("/files/%s", id))
		if !strings.HasPrefix(saved.header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: a download is shown", name)
		}
		page := d.ravi.get(t, d.at("/deliverables/%s?version=1&file=%s", d.deliverable, id))
		if strings.Contains(page.body, d.at("/files/%s/inline", id)) != c.inline {
			t.Errorf("%s: the page offers to show it: %v", name, !c.inline)
		}
	}
}

// trail counts the rows of a verb about a file.
func trail(t *testing.T, id, verb string) (rows int) {
	t.Helper()
	err := storetest.Superuser(t).QueryRow(t.Context(), `select count(*) from audit_events where target_id = $1 and verb = $2 and result = 'ok'`, id, verb).Scan(&rows)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// Every download is recorded. Further ranges of the same download are not recorded again
// for ten minutes, but skipping the first byte avoids no record.
func TestDownloadsAreRecorded(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	id := d.send(t, "a.txt", noise(24, 1000))
	d.publish(t)
	mia, path := d.as(t, d.Mia), d.at("/files/%s", id)
	for _, step := range []struct {
		who  *browser
		span string
		rows int
	}{
		{mia, "bytes=1-", 1},
		{mia, "bytes=500-", 1},
		{mia, "", 2},
		{mia, "bytes=0-99", 3},
		{mia, "bytes=100-", 3},
		{d.ravi, "bytes=100-", 4},
		{d.ravi, "bytes=-100", 4},
	} {
		b := step.who
		if step.span != "" {
			b = b.with("Range", step.span)
		}
		if a := b.get(t, path); a.status/100 != 2 {
			t.Fatalf("%q: %d", step.span, a.status)
		}
		if got := trail(t, id, "file.downloaded"); got != step.rows {
			t.Errorf("%q: %d rows, want %d", step.span, got, step.rows)
		}
	}
	if _, err := storetest.Superuser(t).Exec(t.Context(), `update audit_events set at = at - interval '11 minutes' where target_id = $1`, id); err != nil {
		t.Fatal(err)
	}
	want(t, "much later", mia.with("Range", "bytes=900-").get(t, path), 206)
	if got := trail(t, id, "file.downloaded"); got != 5 {
		t.Errorf("%d rows, want 5", got)
	}
	want(t, "head", mia.do(t, http.MethodHead, path, nil, ""), 200)
	if got := trail(t, id, "file.downloaded"); got != 5 {
		t.Errorf("a head that shows nothing has made a row")
	}
}

// If the download cannot be recorded, no byte is sent.
func TestDownloadIsRefusedIfNotRecorded(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	id := d.send(t, "a.txt", []byte("secret of "+d.Suffix))
	// Inserting an audit row takes a shared lock on the tenant's row. An exclusive lock
	// blocks the trail of this one tenant.
	hold, err := storetest.Superuser(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hold.Exec(t.Context(), `select from tenants where id = $1 for update`, d.me.TenantID()); err != nil {
		t.Fatal(err)
	}
	shut := d.ravi.get(t, d.at("/files/%s", id))
	want(t, "while the trail is shut", shut, 503)
	hasNot(t, "the refusal", shut, "secret of", "a.txt")
	if err := hold.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "once it is open", d.ravi.get(t, d.at("/files/%s", id)), 200)
}

// A support session in read mode may download, with each range recorded, and may not
// upload.
func TestReadSupportDownloadsButUploadsNothing(t *testing.T) {
	t.Parallel()
	sup := setupDesk(t).letIn(t)
	d := studio{site: sup.site, Tenants: sup.Tenants, ravi: sup.as(t, sup.Ravi), me: sup.Member(t, sup.Ravi, sup.Acme)}
	d.deliverable = storetest.Deliverable(t, d.me, storetest.Project(t, d.me, "Spring "+d.Suffix), "Poster "+d.Suffix)
	d.draft = storetest.Draft(t, d.me, d.deliverable)
	id := d.send(t, "a.bin", noise(25, 1000))
	coming := d.begin(t, "b.bin", 5)
	sup.in(t, d.Ravi)
	want(t, "a draft with the client's consent alone", sup.sam.get(t, d.at("/files/%s", id)), 404)
	storetest.GrantSupport(t, d.Member(t, d.Dana, d.Acme))
	for i, span := range []string{"bytes=0-99", "bytes=100-199", "bytes=200-"} {
		want(t, span, sup.sam.with("Range", span).get(t, d.at("/files/%s", id)), 206)
		if got := trail(t, id, "file.downloaded"); got != i+1 {
			t.Errorf("%s: %d rows, want %d", span, got, i+1)
		}
	}
	want(t, "a part", sup.sam.putPart(t, coming.part(1), []byte("12345")), 403)
	want(t, "the status", sup.sam.get(t, coming.Status), 403)
	want(t, "a finish", sup.sam.do(t, http.MethodPost, coming.Finish, nil, ""), 403)
	want(t, "a beginning", sup.sam.json(t, http.MethodPost, d.at("/versions/%s/uploads", d.draft), map[string]any{"name": "x", "size": 1}), 403)
	want(t, "a delete", sup.sam.post(t, d.at("/files/%s/delete", id), nil), 403)
	want(t, "Ravi himself", d.ravi.putPart(t, coming.part(1), []byte("12345")), 204)
}

// While object storage is away, uploads and downloads answer 503 and the rest works.
// When it is back, uploads can be resumed.
func TestStorageOutageAnswers503(t *testing.T) {
	t.Parallel()
	gateway, err := stack.StartS3(context.WithoutCancel(t.Context()), stack.S3Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = gateway.Stop() }()
	d := newStudioAt(t, newSiteOver(t, storageOf(t, gateway)))
	content := noise(26, files.PartSize+5)
	there := d.send(t, "there.bin", []byte("there"))
	p := d.begin(t, "a.bin", len(content))
	want(t, "part", d.ravi.putPart(t, p.part(1), content[:files.PartSize]), 204)

	if err := gateway.StopImmediate(); err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]answer{
		"part":     d.ravi.putPart(t, p.part(2), content[files.PartSize:]),
		"download": d.ravi.get(t, d.at("/files/%s", there)),
		"head":     d.ravi.do(t, http.MethodHead, d.at("/files/%s", there), nil, ""),
		"begin":    d.ravi.json(t, http.MethodPost, d.at("/versions/%s/uploads", d.draft), map[string]any{"name": "lost.bin", "size": 1}),
		"form":     d.post(t, formFile{"file", "lost.txt", []byte("x")}),
	} {
		want(t, name, a, 503)
		if a.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", name)
		}
	}
	want(t, "status", d.ravi.get(t, p.Status), 200)
	want(t, "the page", d.ravi.get(t, d.at("/deliverables/%s", d.deliverable)), 200)
	if list := d.list(t); len(list) != 2 {
		t.Errorf("files = %+v", list)
	}

	if err := gateway.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "part", d.ravi.putPart(t, p.part(2), content[files.PartSize:]), 204)
	want(t, "finish", d.ravi.do(t, http.MethodPost, p.Finish, nil, ""), 200)
	if a := d.ravi.get(t, d.at("/files/%s", p.ID)); a.body != string(content) {
		t.Errorf("download: %d, %d bytes", a.status, len(a.body))
	}
}

// A file that is missing in storage answers 404 with an explanation, never 500.
func TestLostFileIsNotFound(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	lost, kept := d.send(t, "lost.bin", noise(27, 1000)), d.send(t, "kept.bin", noise(28, 1000))
	vault := storage(t).For(d.me.TenantID())
	if err := vault.Delete(t.Context(), files.NewKey(d.me.TenantID(), files.KindFile, uuid.MustParse(lost))); err != nil {
		t.Fatal(err)
	}
	a := d.ravi.get(t, d.at("/files/%s", lost))
	want(t, "lost", a, 404)
	has(t, "lost", a, "missing from our storage")
	want(t, "kept", d.ravi.get(t, d.at("/files/%s", kept)), 200)
}

// Every object key begins with its own tenant's prefix.
func TestObjectKeysHaveTheTenantsPrefix(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	id := d.send(t, "../../tenants/x/files/y", []byte("x"))
	var keys []string
	for info, err := range storage(t).For(d.me.TenantID()).List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key.String())
	}
	var recorded string
	if err := storetest.Superuser(t).QueryRow(t.Context(), `select object_key from files where id = $1`, id).Scan(&recorded); err != nil {
		t.Fatal(err)
	}
	right := "tenants/" + d.me.TenantID().String() + "/files/" + id
	if len(keys) != 1 || keys[0] != right || recorded != right {
		t.Errorf("keys = %v, recorded %s, want %s", keys, recorded, right)
	}
}

// A page that was opened for one draft cannot upload into the next.
func TestUploadIntoAPublishedVersionIsRefused(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	d.send(t, "a.txt", []byte("a"))
	d.publish(t)
	want(t, "next", d.ravi.post(t, d.at("/deliverables/%s/versions", d.deliverable), nil), 303)
	a := d.ravi.json(t, http.MethodPost, d.at("/versions/%s/uploads", d.draft), map[string]any{"name": "old tab", "size": 1})
	want(t, "the old tab", a, 409)
	next := storetest.Draft(t, d.me, d.deliverable)
	a = d.ravi.json(t, http.MethodPost, d.at("/versions/%s/uploads", next), map[string]any{"name": "new tab", "size": 1})
	want(t, "the new tab", a, 201)
	var list []store.File
	if err := storetest.DB().Read(storetest.Within(t, 5*time.Second), d.me, store.ListFiles(next, &list)); err != nil || len(list) != 1 {
		t.Errorf("files = %v, %v", list, err)
	}
}

// A file whose object is missing or has other content answers 404 with an explanation.
// Once the reconciler has marked it, the page says that the file is missing.
func TestLostFileIsExplained(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	gone, short := d.send(t, "gone.txt", []byte("gone")), d.send(t, "short.txt", []byte("short"))
	vault := storage(t).For(d.me.TenantID())
	key := func(id string) files.Key { return files.NewKey(d.me.TenantID(), files.KindFile, uuid.MustParse(id)) }
	if err := vault.Delete(t.Context(), key(gone)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(started.ObjectPath(key(short).String()), []byte("longer"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{gone, short} {
		for _, path := range []string{"/files/%s", "/files/%s/inline"} {
			a := d.ravi.get(t, d.at(path, id))
			want(t, path, a, 404)
			has(t, path, a, "missing from our storage")
			want(t, "head of "+path, d.ravi.do(t, "HEAD", d.at(path, id), nil, ""), 404)
		}
		err := storetest.DB().Write(t.Context(), d.me, func(tx *store.Tx) error { return tx.MarkMissing(t.Context(), uuid.MustParse(id)) })
		if err != nil {
			t.Fatal(err)
		}
	}
	has(t, "page", d.ravi.get(t, d.at("/deliverables/%s", d.deliverable)), "This file is missing from our storage")
}
