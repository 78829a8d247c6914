package web_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"portico/handlers/web"
)

// Many requests for readiness ping each dependency once. A dependency that does not
// answer in time is reported as missing.
func TestReadinessPingsOnce(t *testing.T) {
	t.Parallel()
	var pings atomic.Int32
	forever := make(chan struct{})
	t.Cleanup(func() { close(forever) })
	ready := web.NewReadiness(map[string]func(context.Context) error{
		"well":   func(context.Context) error { pings.Add(1); return nil },
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
	if n := pings.Load(); n != 1 {
		t.Errorf("pinged %d times", n)
	}
}
