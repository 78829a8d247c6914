package main

import (
	"context"
	"fmt"
	"time"
)

// perSecond is the rate of publications a second.
const perSecond = 200

// publishing measures publishing a version by form, each time in another tenant: the
// change, its audit row and its job in one durable transaction.
func publishing(ctx context.Context, w *world) ([]line, error) {
	d := 15 * time.Second
	if w.short {
		d = time.Duration(w.many.clients) * time.Second / perSecond / 2
	}
	// Warm up connections and prepared statements.
	warm := w.many.clients / 10
	request := func(n int) []byte {
		return w.signedIn(w.many, ofManager, n, "POST",
			fmt.Sprintf("/w/client-%d/deliverables/%s/versions/1/publish", n, id(ofDeliverable, 2_000_000_000+n)), "note=Here+it+is")
	}
	requests := make([][]byte, 0, w.many.clients)
	for n := range w.many.clients {
		requests = append(requests, request(n+1))
	}
	publish := load{addr: w.many.addr, status: 303, request: func(n int) []byte { return requests[n] }}
	if _, err := publish.openLoop(ctx, perSecond, 32, time.Duration(warm)*time.Second/perSecond); err != nil {
		return nil, err
	}
	requests = requests[warm:]
	var r result
	app, db := w.many.cpu(), childrenCPU(w.postmasterPID)
	where, err := w.profile(ctx, w.many, func() (err error) {
		r, err = publish.openLoop(ctx, perSecond, 32, min(d, time.Duration(len(requests))*time.Second/perSecond))
		return err
	})
	if err != nil {
		return nil, err
	}
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(r.requests) }
	appEach, dbEach := each(w.many.cpu()-app), each(childrenCPU(w.postmasterPID)-db)
	ms := func(q float64) float64 { return float64(r.quantile(q).Microseconds()) / 1000 }
	return []line{{
		what: "publishing 200 versions per second, with audit row and job: p99", value: ms(0.99), unit: " ms", target: 12,
		notes: []string{
			fmt.Sprintf("%d changes, p50 %.1f ms, p90 %.1f ms, slowest %.1f ms, while the jobs run and send mail", r.requests, ms(0.5), ms(0.9), ms(1)),
			fmt.Sprintf("CPU %.0f + %.0f µs a change (server + database), its job and its mail included", appEach, dbEach),
			profileNote(where),
		},
	}}, nil
}
