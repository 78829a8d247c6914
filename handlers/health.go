package handlers

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

// Readiness says whether this process should get requests, and which neighbour
// is missing if not. The zero value is ready.
type Readiness struct {
	checks   map[string]func(context.Context) error
	stopping atomic.Bool

	mu   sync.Mutex
	last *asked
}

const (
	// readyPatience bounds an answer, whatever a neighbour does.
	readyPatience = 2 * time.Second
	// readyFresh is how long an answer holds: everybody may ask whether we are
	// ready, and must not make us ask our neighbours as often.
	readyFresh = time.Second
)

// NewReadiness asks each neighbour at most once a second, for at most two seconds.
func NewReadiness(checks map[string]func(context.Context) error) *Readiness {
	return &Readiness{checks: checks}
}

// AskEach asks one neighbour at a time, so that nobody waits for one they do not
// need. One that is not among them is taken to answer.
func AskEach(checks map[string]func(context.Context) error) func(ctx context.Context, name string) bool {
	each := map[string]*Readiness{}
	for name, check := range checks {
		each[name] = NewReadiness(map[string]func(context.Context) error{name: check})
	}
	return func(ctx context.Context, name string) bool {
		rd, known := each[name]
		return !known || rd.Ask(ctx)[name]
	}
}

// Stop makes the process say that it is leaving, before it does: to whoever asks,
// and on every connection, by ending it after the answer. So nobody sends a
// request on a connection that is closed just then.
func (rd *Readiness) Stop() { rd.stopping.Store(true) }

func (rd *Readiness) endConnections(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rd.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// asked is one round of questions, which whoever asks meanwhile shares.
type asked struct {
	done chan struct{}
	// Written before done is closed, read after.
	at      time.Time
	answers map[string]bool // whether a neighbour answers
}

func (a *asked) stale() bool {
	select {
	case <-a.done:
		return time.Since(a.at) > readyFresh
	default:
		return false
	}
}

// Ask says of each neighbour whether it answers.
func (rd *Readiness) Ask(context.Context) map[string]bool {
	rd.mu.Lock()
	if rd.last == nil || rd.last.stale() {
		rd.last = &asked{done: make(chan struct{}), answers: map[string]bool{}}
		go rd.ask(rd.last)
	}
	a := rd.last
	rd.mu.Unlock()
	<-a.done
	return a.answers
}

// ask does not wait for a check that overruns its time.
func (rd *Readiness) ask(a *asked) {
	defer func() {
		a.at = time.Now()
		close(a.done)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), readyPatience)
	defer cancel()
	up := make(chan string, len(rd.checks))
	for name, check := range rd.checks {
		a.answers[name] = false
		go func() {
			if guarded(ctx, check) != nil {
				name = ""
			}
			up <- name
		}()
	}
	for range rd.checks {
		select {
		case name := <-up:
			if name != "" {
				a.answers[name] = true
			}
		case <-ctx.Done():
			return
		}
	}
}

// guarded asks a neighbour whose library may panic: that is no answer either.
func guarded(ctx context.Context, check func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %T", p)
		}
	}()
	return check(ctx)
}

// missing names the neighbours that do not answer: of some, as a balancer asks
// for those that it cannot do without, or of all.
func (rd *Readiness) missing(ctx context.Context, of []string) []string {
	var names []string
	for name, up := range rd.Ask(ctx) {
		if !up && (len(of) == 0 || slices.Contains(of, name)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (rd *Readiness) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if rd.stopping.Load() {
		w.Header().Set("Retry-After", "5")
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "stopping": true})
		return
	}
	if missing := rd.missing(r.Context(), r.URL.Query()["of"]); len(missing) > 0 {
		w.Header().Set("Retry-After", "5")
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "missing": missing})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"ready": true})
}

func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n")
}
