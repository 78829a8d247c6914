package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// stalledVisitor is a visitor who opens a page and reads nothing of its body until the
// test lets them. They read refusals at once.
type stalledVisitor struct {
	header   http.Header
	status   int
	deadline time.Time // of the first write
	opened   chan struct{}
	open     func()
	released chan struct{}
	over     chan struct{}
}

func (v *stalledVisitor) Header() http.Header { return v.header }

func (v *stalledVisitor) WriteHeader(status int) {
	if v.status == 0 {
		v.status = status
	}
}

func (v *stalledVisitor) Write(p []byte) (int, error) {
	v.WriteHeader(http.StatusOK)
	if v.status < 300 {
		v.open()
		<-v.released
	}
	return len(p), nil
}

func (v *stalledVisitor) SetReadDeadline(time.Time) error { return nil }

func (v *stalledVisitor) SetWriteDeadline(at time.Time) error {
	select {
	case <-v.opened:
	default:
		v.deadline = at
	}
	return nil
}

// stall opens a page and returns when its body begins, or when it was refused.
func (b *browser) stall(t *testing.T, path string) *stalledVisitor {
	t.Helper()
	v := &stalledVisitor{header: http.Header{}, opened: make(chan struct{}), released: make(chan struct{}), over: make(chan struct{})}
	v.open = sync.OnceFunc(func() { close(v.opened) })
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, b.site.server.URL+path, nil)
	r.Header.Set("Cookie", b.cookie)
	go func() {
		defer close(v.over)
		b.site.product.Handler().ServeHTTP(v, r)
	}()
	select {
	case <-v.opened:
	case <-v.over:
	}
	return v
}

// release lets the visitor read the rest.
func (v *stalledVisitor) release() {
	close(v.released)
	<-v.over
}
