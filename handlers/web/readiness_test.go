package web_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"portico/handlers/web"
)

// Anybody may ask whether we are ready as often as they like: each neighbour is
// pinged once. One that does not answer in time is missing, and delays nobody.
func TestReadinessPingsOnce(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	forever := make(chan struct{})
	t.Cleanup(func() { close(forever) })
	ready := web.NewReadiness(map[string]func(context.Context) error{
		"well":   func(context.Context) error { asked.Add(1); return nil },
		"ill":    func(context.Context) error { return errors.New("ill") },
		"broken": func(context.Context) error { panic("broken") },
		"silent": func(context.Context) error { <-forever; return nil },
	})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			got := ready.Check(t.Context())
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
