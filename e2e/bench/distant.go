package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"portico/e2e/stack"
)

// distance is the delay of everything that is sent to a distant database.
const distance = time.Millisecond

// distantDatabase compares the list page with the same page from one query when the
// database is a millisecond away. Each round trip more costs a millisecond.
func distantDatabase(ctx context.Context, w *world) (_ []line, err error) {
	if err := w.startReference(ctx); err != nil {
		return nil, err
	}
	slow, err := delay(fmt.Sprintf("127.0.0.1:%d", w.stack.Postgres.Port()), distance)
	if err != nil {
		return nil, err
	}
	defer slow.Close()
	database := slow.Addr().(*net.TCPAddr).Port
	port, err := stack.FreePort()
	if err != nil {
		return nil, err
	}
	at := fmt.Sprintf("localhost:%d", port)
	near := fmt.Sprintf("127.0.0.1:%d", w.stack.Postgres.Port())
	far := strings.Replace(w.few.env["DATABASE_URL"], near, fmt.Sprintf("127.0.0.1:%d", database), 1)
	product, err := w.serve(ctx, w.few.env.With("PORTICO_ADDR", at).With("PORTICO_URL", "http://"+at).With("PORTICO_ADMIN_ADDR", "").With("DATABASE_URL", far))
	if err != nil {
		return nil, err
	}
	defer product.stop()
	reference, err := w.serveReference(ctx, database)
	if err != nil {
		return nil, err
	}
	defer reference.stop()
	of := w.few
	of.server = product
	var lines []line
	for _, who := range []string{"client", "staff"} {
		sides := []*side{
			{name: "Portico", server: product, load: cycle(product.addr, w.listOf(of, who))},
			{name: "one query", server: reference, load: w.refer(reference, "/joined/"+who)},
		}
		if err := sameBytes(sides...); err != nil {
			return nil, err
		}
		if err := w.compare(ctx, 1, sides...); err != nil {
			return nil, err
		}
		lines = append(lines, line{what: "list of 50 deliverables (" + who + "), database 1 ms away: p50, compared with the same page from one query",
			value: medianRatio(sides[0].p50, sides[1].p50), target: 1.3, notes: []string{sides[0].String(), sides[1].String()}})
	}
	return lines, nil
}

// delay accepts connections and passes them on to addr. What the caller sends arrives
// later by d; what comes back is not delayed.
func delay(addr string, d time.Duration) (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return // closed
			}
			go pass(from, addr, d)
		}
	}()
	return l, nil
}

func pass(from net.Conn, addr string, d time.Duration) {
	defer from.Close()
	to, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer to.Close()
	type piece struct {
		due   time.Time
		bytes []byte
	}
	pieces := make(chan piece, 1024)
	go func() {
		defer close(pieces)
		for {
			buf := make([]byte, 16<<10)
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			pieces <- piece{time.Now().Add(d), buf[:n]}
		}
	}()
	go func() { _, _ = io.Copy(from, to); _ = from.Close() }()
	for p := range pieces {
		time.Sleep(time.Until(p.due))
		if _, err := to.Write(p.bytes); err != nil {
			return
		}
	}
}
