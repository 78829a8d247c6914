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

// A visitor who opens more downloads than anybody reads at once is refused, and so is a
// tenant. Others are served. When a download ends, the next one is served.
func TestFewTransfersAtOnce(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	file := d.at("/files/%s", d.send(t, "a.txt", []byte("first")))
	d.publish(t)
	mia, dana := d.as(t, d.Mia), d.as(t, d.Dana)
	var open []*stalledVisitor
	for range 100 {
		v := mia.stall(t, file)
		if v.status == http.StatusTooManyRequests {
			break
		}
		open = append(open, v)
	}
	wantRetryAfter(t, "one more", mia.get(t, file), http.StatusTooManyRequests)
	want(t, "another visitor", dana.get(t, file), http.StatusOK)
	want(t, "a page", mia.get(t, d.at("/deliverables/%s", d.deliverable)), http.StatusOK)
	for _, v := range open {
		v.release()
	}
	want(t, "afterwards", mia.get(t, file), http.StatusOK)

	end := d.product.TakeTransfers(d.me.TenantID())
	wantRetryAfter(t, "the tenant's next", dana.get(t, file), http.StatusTooManyRequests)
	other := newStudioAt(t, d.site)
	want(t, "another tenant's", other.ravi.get(t, other.at("/files/%s", other.send(t, "b.txt", []byte("b")))), http.StatusOK)
	end()
	want(t, "the tenant's afterwards", dana.get(t, file), http.StatusOK)
}
