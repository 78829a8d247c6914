package main

import (
	"context"
	"fmt"
	"time"
)

// perSecond is how many deeds a second there are.
const perSecond = 200

// deeds publishes a version in one tenant after the other: the change, its audit
// row and its job in one transaction that is on the disk when it is answered, as
// people send it, by a form.
func deeds(ctx context.Context, w *world) ([]line, error) {
	d := 15 * time.Second
	if w.short {
		d = time.Duration(w.many.clients) * time.Second / perSecond / 2
	}
	// The first few make the connections and the statements.
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
	if _, err := publish.open(ctx, perSecond, 32, time.Duration(warm)*time.Second/perSecond); err != nil {
		return nil, err
	}
	requests = requests[warm:]
	var r result
	where, err := w.profile(ctx, w.many, func() (err error) {
		r, err = publish.open(ctx, perSecond, 32, min(d, time.Duration(len(requests))*time.Second/perSecond))
		return err
	})
	if err != nil {
		return nil, err
	}
	ms := func(q float64) float64 { return float64(r.at(q).Microseconds()) / 1000 }
	return []line{{
		what: "publishing 200 versions per second, with audit row and job: p99", value: ms(0.99), unit: " ms", target: 10,
		notes: []string{
			fmt.Sprintf("%d changes, p50 %.1f ms, p90 %.1f ms, slowest %.1f ms, while the jobs run and send mail", r.asked, ms(0.5), ms(0.9), ms(1)),
			said(where),
		},
	}}, nil
}
