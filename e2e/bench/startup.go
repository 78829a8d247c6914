package main

import (
	"context"
	"fmt"
	"time"

	"portico/e2e/stack"
)

// startup measures the time from process start to ready, and the memory when idle.
func startup(ctx context.Context, w *world) ([]line, error) {
	var took, held []float64
	port, err := stack.FreePort()
	if err != nil {
		return nil, err
	}
	at := fmt.Sprintf("localhost:%d", port)
	env := w.few.env.With("PORTICO_ADDR", at).With("PORTICO_URL", "http://"+at).With("PORTICO_ADMIN_ADDR", "")
	for range 5 {
		s, err := w.serve(ctx, env)
		if err != nil {
			return nil, err
		}
		took = append(took, float64(s.startTime.Microseconds())/1000)
		time.Sleep(2 * time.Second)
		held = append(held, float64(s.memory("VmRSS"))/(1<<20))
		s.stop()
	}
	return []line{
		{what: "start to ready, with the schema in place", value: median(took), unit: " ms", target: 100},
		{what: "idle memory", value: median(held), unit: " MiB", target: 40},
	}, nil
}
