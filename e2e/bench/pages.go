package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
		l, err := w.page(ctx, who)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", who, err)
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// startReference starts the reference server.
func (w *world) startReference(ctx context.Context) error {
	if w.reference != nil {
		return nil
	}
	err := w.query(ctx, w.few.name, flatTable, func(conn *pgx.Conn, sql string) error {
		for part := range bytes.SplitSeq([]byte(sql), []byte(";")) {
			if _, err := conn.Exec(ctx, string(part)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	port, err := stack.FreePort()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	env := stack.Env{
		"PORTICO_ADDR": addr, "GOGC": "400", "GOMEMLIMIT": "512MiB",
		"DATABASE_URL": fmt.Sprintf("postgres://bench_bare:bare@127.0.0.1:%d/%s?sslmode=disable", w.stack.Postgres.Port(), w.few.name),
	}
	w.reference, err = start(ctx, filepath.Join(w.dir, "reference.log"), addr, "/ready", env, self, "reference")
	return err
}

func (w *world) page(ctx context.Context, who string) (line, error) {
	of := map[string]int{"client": ofPerson, "staff": ofManager}[who]
	product := make([][]byte, w.few.clients)
	for i := range product {
		product[i] = w.signedIn(w.few, of, i+1, "GET", fmt.Sprintf("/w/client-%d/projects/%s", i+1, id(ofProject, 2*(i+1))), "")
	}
	refer := func(kind string) load {
		requests := make([][]byte, w.few.clients)
		for i := range requests {
			requests[i] = fmt.Appendf(nil, "GET /%s/%s/%d HTTP/1.1\r\nHost: %s\r\n\r\n", kind, who, i+1, w.reference.addr)
		}
		return cycle(w.reference.addr, requests)
	}
	sides := []*side{
		{name: "Portico", server: w.few.server, load: cycle(w.few.addr, product)},
		{name: "one query", server: w.reference, load: refer("joined")},
		{name: "one query, one flat table", server: w.reference, load: refer("flat")},
	}
	if err := sameBytes(sides); err != nil {
		return line{}, err
	}
	if err := w.compare(ctx, connections, sides...); err != nil {
		return line{}, err
	}
	l := line{what: "list of 50 deliverables (" + who + "): requests/s at 16 connections, compared with the same page from one query",
		value: medianRatio(sides[0].perSecond, sides[1].perSecond), target: 0.75, atLeast: true}
	for _, s := range sides {
		l.notes = append(l.notes, s.String())
	}
	l.notes = append(l.notes, fmt.Sprintf("ratio to the flat table %.2f", medianRatio(sides[0].perSecond, sides[2].perSecond)))
	where, err := w.profile(ctx, w.few, func() error {
		_, err := sides[0].load.closedLoop(ctx, connections, time.Duration(w.profileSeconds())*time.Second)
		return err
	})
	l.notes = append(l.notes, profileNote(where))
	return l, err
}

func cycle(addr string, requests [][]byte) load {
	return load{addr: addr, status: 200, request: func(n int) []byte { return requests[n%len(requests)] }}
}

// sameBytes checks that all sides serve the same page.
func sameBytes(sides []*side) error {
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
