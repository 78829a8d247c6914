package faults

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// A server that is told to stop first reports not ready and keeps serving until
// balancers have noticed. Told twice, it stops at once.
func TestStoppingServerReportsNotReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.serve(w.env.With("PORTICO_DRAIN", "1m"))
	w.get("/readyz").check(t, "before", http.StatusOK)
	if w.get(projectsPath).closes {
		t.Error("a connection ends though nobody is leaving")
	}
	p.Ask()
	until(t, "it says that it leaves", func() bool { return w.get("/readyz").status == http.StatusServiceUnavailable })
	w.get("/readyz").check(t, "leaving", http.StatusServiceUnavailable)
	got := w.get(projectsPath)
	got.check(t, "a page meanwhile", http.StatusOK)
	if !got.closes {
		t.Error("it keeps a connection open that it is about to close")
	}
	w.post(projectsPath, url.Values{"name": {"Late"}}).check(t, "a deed meanwhile", http.StatusSeeOther)
	p.Ask()
	if _, err := p.Exit(stopContext(t)); err != nil {
		t.Errorf("told twice: %v", err)
	}
}

// A stopping server finishes running requests, here a download that waits for object
// storage, and accepts no new connections.
func TestStoppingServerFinishesRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.serve(w.env)
	content := bytes.Repeat([]byte("poster"), 100_000)
	u := w.newUpload(content)
	check(t, u.all())
	check(t, w.S3Proxy.Hold())
	got := make(chan answer, 1)
	go func() { a, _ := w.request(w.addr(), http.MethodGet, u.path(), nil); got <- a }()
	until(t, "the download is under way", func() bool {
		return w.count(`select count(*) from audit_events where verb = 'file.downloaded'`) == 1
	})
	p.Ask()
	until(t, "nobody new is let in", func() bool {
		conn, err := net.Dial("tcp", w.addr())
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	check(t, w.S3Proxy.Heal())
	a := <-got
	a.check(t, "the download", http.StatusOK)
	if !bytes.Equal(a.body, content) {
		t.Errorf("%d bytes came, want %d", len(a.body), len(content))
	}
	if code, err := p.Exit(stopContext(t)); err != nil || code != 0 {
		t.Errorf("it ended with %d, %v", code, err)
	}
}

// stopContext limits the wait for a stop to three minutes.
func stopContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}
