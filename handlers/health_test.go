package handlers_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"portico/e2e/storetest"
	"portico/handlers"
)

// Everybody may ask whether we are ready, as often as they like: our neighbours
// are asked once. Who does not answer in time is missing, and holds nobody up.
func TestReadinessIsBoundedAndAskedOnce(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	forever := make(chan struct{})
	t.Cleanup(func() { close(forever) })
	ready := handlers.NewReadiness(map[string]func(context.Context) error{
		"well":   func(context.Context) error { asked.Add(1); return nil },
		"ill":    func(context.Context) error { return errors.New("ill") },
		"broken": func(context.Context) error { panic("broken") },
		"silent": func(context.Context) error { <-forever; return nil },
	})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			got := ready.Ask(storetest.Within(t, 10e9))
			if !got["well"] || got["ill"] || got["broken"] || got["silent"] || len(got) != 4 {
				t.Errorf("%v", got)
			}
		})
	}
	wg.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// Neither page says what we are or where our neighbours live, to whoever asks.
func TestHealthTellsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		got := s.nobody().get(t, path)
		want(t, path, got, http.StatusOK)
		if got.header.Get("Server") != "" || got.header.Get("Cache-Control") != "no-store" || len(got.body) > 40 {
			t.Errorf("%s: %v %q", path, got.header, got.body)
		}
	}
	var said map[string]any
	if err := json.Unmarshal([]byte(s.nobody().get(t, "/readyz").body), &said); err != nil || said["ready"] != true {
		t.Errorf("%v, %v", said, err)
	}
	var keys []string
	for key := range said {
		keys = append(keys, key)
	}
	if !slices.Equal(keys, []string{"ready"}) {
		t.Errorf("it says %v", keys)
	}
}
