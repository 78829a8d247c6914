package handlers

import (
	"context"
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
}

// NewReadiness asks each neighbour anew at every question, at most two seconds.
func NewReadiness(checks map[string]func(context.Context) error) *Readiness {
	return &Readiness{checks: checks}
}

// Stop makes the process answer that it is leaving, before it does.
func (rd *Readiness) Stop() { rd.stopping.Store(true) }

func (rd *Readiness) missing(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	var names []string
	for name, check := range rd.checks {
		wg.Go(func() {
			if check(ctx) != nil {
				mu.Lock()
				defer mu.Unlock()
				names = append(names, name)
			}
		})
	}
	wg.Wait()
	slices.Sort(names)
	return names
}

func (rd *Readiness) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if rd.stopping.Load() {
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "stopping": true})
		return
	}
	if missing := rd.missing(r.Context()); len(missing) > 0 {
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
