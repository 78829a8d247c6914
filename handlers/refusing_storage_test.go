package handlers_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/files"
	"portico/handlers"
	"portico/handlers/thumbnail/thumbnailtest"
	"portico/handlers/web"
)

// storageBehind is the object storage of all tests behind a handler of the test, which gets
// a handler that passes requests on.
func storageBehind(t *testing.T, wrap func(storage http.Handler) http.Handler) *files.Storage {
	t.Helper()
	storage(t)
	target, err := url.Parse(started.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	// Keep the host that was signed.
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host }}
	server := httptest.NewServer(wrap(proxy))
	t.Cleanup(server.Close)
	bucket, err := files.Open(files.Config{
		Endpoint: server.URL, Region: started.Region(), Bucket: started.Bucket(),
		AccessKeyID: started.AccessKeyID(), SecretAccessKey: started.SecretAccessKey(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}

// refusingStorage is object storage that answers, and refuses everything once told to.
func refusingStorage(t *testing.T) (bucket *files.Storage, refuses *atomic.Bool) {
	t.Helper()
	refuses = &atomic.Bool{}
	bucket = storageBehind(t, func(storage http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !refuses.Load() {
				storage.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(http.StatusForbidden)
			if r.Method != http.MethodHead {
				_, _ = w.Write([]byte("<Error><Code>AccessDenied</Code><Message>no</Message></Error>"))
			}
		})
	})
	return bucket, refuses
}

// Storage that answers and refuses is a 503 that says so, for every use of it, and /readyz
// names it. What needs no storage works. Once it accepts again, the same requests succeed.
func TestRefusingStorageAnswers503WithWords(t *testing.T) {
	t.Parallel()
	bucket, refuses := refusingStorage(t)
	ready := web.NewReadiness(map[string]func(context.Context) error{"s3": bucket.Ping})
	d := newStudioAt(t, newSiteBeside(t, storetest.DB(), bucket, ready, func(*handlers.Config) {}))
	other := uuid.MustParse(d.send(t, "b.txt", []byte("second")))
	id := d.send(t, "a.txt", []byte("first"))
	preview(t, d.me, other, "small")
	waiting, sent := d.begin(t, "waiting.txt", 5), d.begin(t, "sent.txt", 5)
	want(t, "part of the upload to finish", d.ravi.putPart(t, sent.part(1), []byte("parts")), http.StatusNoContent)
	form, formType := formOf(t, formFile{"file", "form.txt", []byte("form")})
	body, err := io.ReadAll(form)
	if err != nil {
		t.Fatal(err)
	}

	const words = "What you have saved is kept. Tell the people who run this portal."
	get := func(path string, args ...any) func() answer {
		return func() answer { return d.ravi.get(t, d.at(path, args...)) }
	}
	uses := []struct {
		name string
		do   func() answer
		well int // without the refusal
	}{
		{"begin", func() answer {
			return d.ravi.json(t, http.MethodPost, d.at("/versions/%s/uploads", d.draft), map[string]any{"name": "c.txt", "size": 5})
		}, http.StatusCreated},
		{"part", func() answer { return d.ravi.putPart(t, waiting.part(1), []byte("parts")) }, http.StatusNoContent},
		{"finish", func() answer { return d.ravi.do(t, http.MethodPost, sent.Finish, nil, "") }, http.StatusOK},
		{"form", func() answer {
			return d.ravi.do(t, http.MethodPost, d.at("/versions/%s/files", d.draft), bytes.NewReader(body), formType)
		}, http.StatusSeeOther},
		{"download", get("/files/%s", id), http.StatusOK},
		{"range", func() answer { return d.ravi.with("Range", "bytes=1-2").get(t, d.at("/files/%s", id)) }, http.StatusPartialContent},
		{"head", func() answer { return d.ravi.do(t, http.MethodHead, d.at("/files/%s", id), nil, "") }, http.StatusOK},
		{"shown", get("/files/%s/inline/a.txt", id), http.StatusOK},
		{"text", get("/files/%s/text", id), http.StatusOK},
		{"preview", get("/files/%s/preview", other), http.StatusOK},
		{"zip", get("/versions/%s/files.zip", d.draft), http.StatusOK},
	}
	refuses.Store(true)
	for _, use := range uses {
		a := use.do()
		want(t, use.name, a, http.StatusServiceUnavailable)
		if use.name != "head" {
			has(t, use.name, a, words)
		}
		if a.header.Get("Retry-After") != "60" {
			t.Errorf("%s: Retry-After %q", use.name, a.header.Get("Retry-After"))
		}
	}
	away := d.nobody().get(t, "/readyz")
	want(t, "/readyz", away, http.StatusServiceUnavailable)
	has(t, "/readyz", away, `"s3"`)
	// Logos are in the database.
	want(t, "a logo", d.as(t, d.Dana).sendLogo(t, d.Acme, thumbnailtest.PNG(t, thumbnailtest.TwoHalves(40, 40))), http.StatusSeeOther)
	want(t, "a page", d.ravi.get(t, d.at("/deliverables/%s", d.deliverable)), http.StatusOK)

	refuses.Store(false)
	for _, use := range uses {
		want(t, use.name+" afterwards", use.do(), use.well)
	}
}
