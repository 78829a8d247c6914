package store_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
)

// databaseCalls are all kinds of database calls: identifying a visitor, a page, a deed, and a
// call without a tenant.
func databaseCalls(t *testing.T, db *store.DB, me store.Member) map[string]func(context.Context) error {
	t.Helper()
	return map[string]func(context.Context) error{
		"who is asking": func(ctx context.Context) error { _, err := db.Identify(ctx, store.Credentials{}); return err },
		"a page": func(ctx context.Context) error {
			var projects []store.Project
			return db.Read(ctx, me, store.ListProjects("", &projects))
		},
		"a deed":   func(ctx context.Context) error { return db.Write(ctx, me, func(*store.Tx) error { return nil }) },
		"a letter": func(ctx context.Context) error { _, err := db.PeekFlow(ctx, []byte("none")); return err },
		"ping":     db.Ping,
	}
}

// wantAllRefused checks that all calls, made at once, are refused as unavailable. A call
// that hangs is cancelled in the end and then returns that it was cancelled.
func wantAllRefused(t *testing.T, what string, calls map[string]func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	defer time.AfterFunc(30*time.Second, cancel).Stop()
	var all sync.WaitGroup
	for name, ask := range calls {
		all.Go(func() {
			if err := ask(ctx); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		})
	}
	all.Wait()
}

func wantAllServed(t *testing.T, what string, calls map[string]func(context.Context) error) {
	t.Helper()
	for name, ask := range calls {
		if err := ask(t.Context()); err != nil {
			t.Errorf("%s, %s: %v", name, what, err)
		}
	}
}

// holdConnections takes both connections of a pool of two, one for each tenant, until release is
// called.
func holdConnections(t *testing.T, db *store.DB, by ...store.Member) (release func()) {
	t.Helper()
	over, inside := make(chan struct{}), make(chan struct{})
	var held sync.WaitGroup
	for _, me := range by {
		held.Go(func() {
			if err := db.Write(t.Context(), me, func(*store.Tx) error { inside <- struct{}{}; <-over; return nil }); err != nil {
				t.Error(err)
			}
		})
		<-inside
	}
	release = sync.OnceFunc(func() { close(over); held.Wait() })
	t.Cleanup(release)
	return release
}

// While every connection is in use, each call is refused after a short wait.
// Afterwards all are served.
func TestWaitForConnectionIsLimited(t *testing.T) {
	t.Parallel()
	a, b := storetest.Agency(t), storetest.Agency(t)
	db, err := store.Open(t.Context(), store.Config{
		URL: storetest.Server().AppURL("portico"), MaxConns: 2, ConnectionWait: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	release := holdConnections(t, db, a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex))
	calls := databaseCalls(t, db, b.Member(t, b.Dana, b.Acme))
	wantAllRefused(t, "with every connection taken", calls)
	release()
	wantAllServed(t, "afterwards", calls)
}

// A waiting call gets the next free connection.
func TestWaitingCallGetsNextConnection(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	db, err := store.Open(t.Context(), store.Config{URL: storetest.Server().AppURL("portico"), MaxConns: 2, ConnectionWait: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	release := holdConnections(t, db, a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex))
	served := make(chan error)
	go func() { _, err := db.Identify(t.Context(), store.Credentials{}); served <- err }()
	release()
	if err := <-served; err != nil {
		t.Errorf("the waiting call: %v", err)
	}
}

// A server that stops answering, on open connections and on new ones, blocks nobody
// for long. Once it answers again everybody is served.
func TestSilentServerTimesOut(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	proxy, err := stack.StartProxy(t.Context(), net.JoinHostPort("127.0.0.1", strconv.Itoa(storetest.Server().Port())))
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(storetest.Server().AppURL("portico"))
	if err != nil {
		t.Fatal(err)
	}
	at.Host = proxy.Addr()
	db, err := store.Open(t.Context(), store.Config{
		URL: at.String(), MaxConns: 2, ConnectionWait: 2 * time.Second, AnswerWait: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	calls := databaseCalls(t, db, a.Member(t, a.Dana, a.Acme))
	wantAllServed(t, "before", calls)
	if err := proxy.Hang(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // first the open connections, then new ones
		wantAllRefused(t, "of a silent server", calls)
	}
	if err := proxy.Heal(); err != nil {
		t.Fatal(err)
	}
	within := storetest.Within(t, 30*time.Second)
	for db.Ping(within) != nil && within.Err() == nil {
	}
	wantAllServed(t, "afterwards", calls)
}
