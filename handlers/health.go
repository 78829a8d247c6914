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
	neighbours map[string]*neighbour
	stopping   atomic.Bool
}

// neighbour is asked at most once every readyFresh, whoever wants to know: so what
// /readyz says of it is what those who need it are told.
type neighbour struct {
	check func(context.Context) error

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
	rd := &Readiness{neighbours: map[string]*neighbour{}}
	for name, check := range checks {
		rd.neighbours[name] = &neighbour{check: check}
	}
	return rd
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

// asked is one question, whose answer goes to whoever asks meanwhile.
type asked struct {
	done chan struct{}
	// Written before done is closed, read after.
	at time.Time
	up bool
}

func (a *asked) stale() bool {
	select {
	case <-a.done:
		return time.Since(a.at) > readyFresh
	default:
		return false
	}
}

// Ask says of each neighbour whether it answers. They are asked at the same time.
func (rd *Readiness) Ask(context.Context) map[string]bool {
	questions := map[string]*asked{}
	for name, n := range rd.neighbours {
		questions[name] = n.ask()
	}
	answers := map[string]bool{}
	for name, a := range questions {
		<-a.done
		answers[name] = a.up
	}
	return answers
}

// Answers says whether one neighbour does; nobody waits for another. A name that
// is no neighbour's is taken to answer.
func (rd *Readiness) Answers(_ context.Context, name string) bool {
	n, known := rd.neighbours[name]
	if !known {
		return true
	}
	a := n.ask()
	<-a.done
	return a.up
}

// ask begins a question, unless one is under way or its answer still holds.
func (n *neighbour) ask() *asked {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.last == nil || n.last.stale() {
		n.last = &asked{done: make(chan struct{})}
		go n.answer(n.last)
	}
	return n.last
}

// answer does not wait for a check that overruns its time.
func (n *neighbour) answer(a *asked) {
	ctx, cancel := context.WithTimeout(context.Background(), readyPatience)
	defer cancel()
	up := make(chan bool, 1)
	go func() { up <- guarded(ctx, n.check) == nil }()
	select {
	case a.up = <-up:
	case <-ctx.Done():
	}
	a.at = time.Now()
	close(a.done)
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
