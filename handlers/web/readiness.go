package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Readiness reports whether this process should get requests and, if not, which
// dependency does not answer. The zero value is ready. It serves /readyz.
type Readiness struct {
	dependencies map[string]*dependency
	stopping     atomic.Bool
}

// dependency is an external service. It is checked at most once every checkEvery, so
// that /readyz and the features that need the service always agree.
type dependency struct {
	ping func(context.Context) error

	mu   sync.Mutex
	last *check
}

const (
	// checkTimeout is the longest that a check takes.
	checkTimeout = 2 * time.Second
	// checkEvery is how long a result is reused, so that frequent requests for /readyz
	// do not cause as many requests to our dependencies.
	checkEvery = time.Second
)

// NewReadiness pings each dependency at most once a second, for at most two seconds.
func NewReadiness(pings map[string]func(context.Context) error) *Readiness {
	rd := &Readiness{dependencies: map[string]*dependency{}}
	for name, ping := range pings {
		rd.dependencies[name] = &dependency{ping: ping}
	}
	return rd
}

// Stop makes /readyz report that the process is about to stop, and closes every
// connection after its next answer, so that nobody sends a request on a closing
// connection.
func (rd *Readiness) Stop() { rd.stopping.Store(true) }

// EndConnections closes connections after their answer once [Readiness.Stop] was called.
func (rd *Readiness) EndConnections(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rd.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// check is one check of a dependency. Concurrent callers share its result.
type check struct {
	done chan struct{}
	// Written before done is closed, read after.
	at time.Time
	up bool
}

func (c *check) stale() bool {
	select {
	case <-c.done:
		return time.Since(c.at) > checkEvery
	default:
		return false
	}
}

// Check pings all dependencies at the same time and reports which of them answer.
func (rd *Readiness) Check(context.Context) map[string]bool {
	checks := map[string]*check{}
	for name, d := range rd.dependencies {
		checks[name] = d.check()
	}
	answers := map[string]bool{}
	for name, c := range checks {
		<-c.done
		answers[name] = c.up
	}
	return answers
}

// Available reports whether one dependency answers, without waiting for the others. An
// unknown name is available.
func (rd *Readiness) Available(_ context.Context, name string) bool {
	d, known := rd.dependencies[name]
	if !known {
		return true
	}
	c := d.check()
	<-c.done
	return c.up
}

// check starts a check, unless one is running or its result is still fresh.
func (d *dependency) check() *check {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last == nil || d.last.stale() {
		d.last = &check{done: make(chan struct{})}
		go d.run(d.last)
	}
	return d.last
}

// run does not wait for a ping that takes too long.
func (d *dependency) run(c *check) {
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	up := make(chan bool, 1)
	go func() { up <- pingSafely(ctx, d.ping) == nil }()
	select {
	case c.up = <-up:
	case <-ctx.Done():
	}
	c.at = time.Now()
	close(c.done)
}

// pingSafely pings a dependency and turns a panic of its library into an error.
func pingSafely(ctx context.Context, ping func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %T", p)
		}
	}()
	return ping(ctx)
}

// missing returns the names of the dependencies that do not answer. A load balancer can
// limit them to those in of; an empty of means all.
func (rd *Readiness) missing(ctx context.Context, of []string) []string {
	var names []string
	for name, up := range rd.Check(ctx) {
		if !up && (len(of) == 0 || slices.Contains(of, name)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (rd *Readiness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if rd.stopping.Load() {
		w.Header().Set("Retry-After", "5")
		WriteJSON(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "stopping": true})
		return
	}
	if missing := rd.missing(r.Context(), r.URL.Query()["of"]); len(missing) > 0 {
		w.Header().Set("Retry-After", "5")
		WriteJSON(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "missing": missing})
		return
	}
	WriteJSON(w, http.StatusOK, map[string]any{"ready": true})
}

// Healthz answers that the process runs.
func Healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n")
}
