package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
)

const connections = 16

// side is one of the alternatives compared.
type side struct {
	name   string
	load   load
	server *server
	// For each round.
	perSecond, p50, cpu, dbCPU []float64
	bytes                      int64
}

// compare runs the sides in turns, after a warm-up round.
func (w *world) compare(ctx context.Context, conns int, sides ...*side) error {
	rounds, d := w.rounds()
	for i := range rounds + 1 {
		for _, s := range sides {
			app, db := s.server.cpu(), childrenCPU(w.postmasterPID)
			r, err := s.load.closedLoop(ctx, conns, d)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			if i == 0 || r.requests == 0 {
				continue
			}
			each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(r.requests) }
			s.perSecond = append(s.perSecond, r.perSecond())
			s.p50 = append(s.p50, float64(r.quantile(0.5).Microseconds()))
			s.cpu = append(s.cpu, each(s.server.cpu()-app))
			s.dbCPU = append(s.dbCPU, each(childrenCPU(w.postmasterPID)-db))
			s.bytes = r.bytes / int64(r.requests)
		}
	}
	return nil
}

// medianRatio is the median over all rounds of a's value divided by b's.
func medianRatio(a, b []float64) float64 {
	ratios := make([]float64, min(len(a), len(b)))
	for i := range ratios {
		ratios[i] = a[i] / b[i]
	}
	return median(ratios)
}

func (s *side) String() string {
	return fmt.Sprintf("%-34s %6.0f requests/s, p50 %5.2f ms, CPU %4.0f + %3.0f µs (server + database), %5.1f kB",
		s.name, median(s.perSecond), median(s.p50)/1000, median(s.cpu), median(s.dbCPU), float64(s.bytes)/1000)
}

// pages compares the product's list of fifty deliverables with the same page from the
// reference server.
func pages(ctx context.Context, w *world) ([]line, error) {
	if err := w.startReference(ctx); err != nil {
		return nil, err
	}
	var lines []line
	for _, who := range []string{"client", "staff"} {
		found, err := w.page(ctx, who)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", who, err)
		}
		lines = append(lines, found...)
	}
	return lines, nil
}

// startReference starts the reference server.
func (w *world) startReference(ctx context.Context) error {
	if w.reference != nil {
		return nil
	}
	err := w.query(ctx, w.few.name, flatTable+handmadeTables, func(conn *pgx.Conn, sql string) error {
		for part := range strings.SplitSeq(sql, ";") {
			if _, err := conn.Exec(ctx, part); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.reference, err = w.serveReference(ctx, w.stack.Postgres.Port())
	return err
}

// serveReference starts a reference server that finds the database at a local port.
func (w *world) serveReference(ctx context.Context, database int) (*server, error) {
	port, err := stack.FreePort()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	env := stack.Env{
		"PORTICO_ADDR": addr, "GOGC": "400", "GOMEMLIMIT": "512MiB",
		"DATABASE_URL": fmt.Sprintf("postgres://bench_bare:bare@127.0.0.1:%d/%s?sslmode=disable", database, w.few.name),
	}
	return start(ctx, filepath.Join(w.dir, "reference.log"), addr, "/ready", env, self, "reference")
}

// listOf is the product's list page of every client, as its person or its manager.
func (w *world) listOf(in installation, who string) [][]byte {
	of := map[string]int{"client": ofPerson, "staff": ofManager}[who]
	return w.each(in, of, func(n int) string { return "/projects/" + id(ofProject, 2*n).String() })
}

// each is a page of every client's workspace.
func (w *world) each(in installation, of int, path func(n int) string) [][]byte {
	requests := make([][]byte, in.clients)
	for i := range requests {
		requests[i] = w.signedIn(in, of, i+1, "GET", fmt.Sprintf("/w/client-%d%s", i+1, path(i+1)), "")
	}
	return requests
}

// refer is a page of the reference server for every client.
func (w *world) refer(s *server, path string) load {
	requests := make([][]byte, w.few.clients)
	for i := range requests {
		cookie := token(ofPerson, i+1)
		requests[i] = fmt.Appendf(nil, "GET %s/%d HTTP/1.1\r\nHost: %s\r\nCookie: session=%x\r\n\r\n", path, i+1, s.addr, cookie)
	}
	return cycle(s.addr, requests)
}

func (w *world) page(ctx context.Context, who string) ([]line, error) {
	product := &side{name: "Portico", server: w.few.server, load: cycle(w.few.addr, w.listOf(w.few, who))}
	joined := &side{name: "one query", server: w.reference, load: w.refer(w.reference, "/joined/"+who)}
	flat := &side{name: "one query, one flat table", server: w.reference, load: w.refer(w.reference, "/flat/"+who)}
	small := &side{name: "hand-made page", server: w.reference, load: w.refer(w.reference, "/handmade")}
	if err := sameBytes(product, joined, flat); err != nil {
		return nil, err
	}
	if err := w.compare(ctx, connections, product, joined, flat, small); err != nil {
		return nil, err
	}
	where, err := w.shares(ctx, w.few, connections, product)
	list := "list of 50 deliverables (" + who + "): "
	return []line{
		{letter: "a", what: list + "requests/s at 16 connections, compared with the same page from one query",
			value: medianRatio(product.perSecond, joined.perSecond), target: map[string]float64{"client": 1.4, "staff": 1.3}[who], atLeast: true,
			notes: []string{product.String(), joined.String(), where}},
		{letter: "a2", what: list + "requests/s, compared with the same page from one flat table",
			value: medianRatio(product.perSecond, flat.perSecond), target: 0.75, atLeast: true, notes: []string{flat.String()}},
		{letter: "a3", what: list + "processor time, compared with a hand-made page of 13 kB",
			value: medianRatio(product.processor(), small.processor()), target: 2, notes: []string{small.String()}},
	}, err
}

// processor is the processor time of a request, server and database together, in µs.
func (s *side) processor() []float64 {
	sum := make([]float64, len(s.cpu))
	for i := range sum {
		sum[i] = s.cpu[i] + s.dbCPU[i]
	}
	return sum
}

// otherPages compares pages with the list of the same person.
func otherPages(ctx context.Context, w *world) ([]line, error) {
	type page struct {
		name, who string
		of        int
		path      func(n int) string
	}
	at := func(path string) func(int) string { return func(int) string { return path } }
	deliverable := func(n int) string { return "/deliverables/" + id(ofDeliverable, n).String() }
	var lines []line
	for _, p := range []page{
		{"deliverable", "client", ofPerson, deliverable},
		{"deliverable", "staff", ofManager, deliverable},
		{"home", "client", ofPerson, at("/")},
		{"home", "staff", ofManager, at("/")},
		{"activity", "staff", ofManager, at("/activity")},
	} {
		list := &side{name: "list", server: w.few.server, load: cycle(w.few.addr, w.listOf(w.few, p.who))}
		other := &side{name: p.name, server: w.few.server, load: cycle(w.few.addr, w.each(w.few, p.of, p.path))}
		if err := w.compare(ctx, connections, other, list); err != nil {
			return nil, fmt.Errorf("%s (%s): %w", p.name, p.who, err)
		}
		where, err := w.shares(ctx, w.few, connections, other)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line{what: fmt.Sprintf("page %s (%s): processor time, compared with the list", p.name, p.who),
			value: medianRatio(other.processor(), list.processor()), target: 1.5, notes: []string{other.String(), list.String(), where}})
	}
	return lines, nil
}

func cycle(addr string, requests [][]byte) load {
	return load{addr: addr, status: 200, request: func(n int) []byte { return requests[n%len(requests)] }}
}

// sameBytes checks that all sides serve the same page.
func sameBytes(sides ...*side) error {
	var first []byte
	for _, s := range sides {
		c, err := dial(s.load.addr)
		if err != nil {
			return err
		}
		var body bytes.Buffer
		status, _, err := c.do(s.load.request(3), &body)
		_ = c.conn.Close()
		if err != nil || status != 200 {
			return errors.Join(fmt.Errorf("%s answered %d: %.500s", s.name, status, body.String()), err)
		}
		if first == nil {
			first = body.Bytes()
		} else if !bytes.Equal(first, body.Bytes()) {
			return fmt.Errorf("%s serves another page: %s", s.name, difference(first, body.Bytes()))
		}
	}
	return nil
}

// difference shows the first difference of two pages.
func difference(a, b []byte) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	cut := func(p []byte) []byte { return p[max(0, i-40):min(len(p), i+80)] }
	return fmt.Sprintf("at byte %d of %d and %d\n%q\n%q", i, len(a), len(b), cut(a), cut(b))
}
