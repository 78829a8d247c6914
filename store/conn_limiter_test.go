package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"portico/e2e/storetest"
	"portico/store"
)

// limiterBundle is a pool of four connections and two tenants of one agency.
type limiterBundle struct {
	db          *store.DB
	acme, other store.Member
	release     func()
	held        *sync.WaitGroup
}

// setupLimiter lets one tenant use all of its connections until release is called.
func setupLimiter(t *testing.T, wait time.Duration) limiterBundle {
	t.Helper()
	a := storetest.Agency(t)
	db, err := store.Open(t.Context(), store.Config{URL: storetest.Server().AppURL("portico"), MaxConns: 4, TenantWait: wait})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	b := limiterBundle{db: db, acme: a.Member(t, a.Dana, a.Acme), other: a.Member(t, a.Dana, a.Globex), held: &sync.WaitGroup{}}
	over := make(chan struct{})
	b.release = sync.OnceFunc(func() { close(over); b.held.Wait() })
	t.Cleanup(b.release)
	inside := make(chan struct{})
	for range 2 {
		b.held.Go(func() {
			if err := db.Write(t.Context(), b.acme, func(*store.Tx) error { inside <- struct{}{}; <-over; return nil }); err != nil {
				t.Error(err)
			}
		})
		<-inside
	}
	return b
}

func (b limiterBundle) look(ctx context.Context, me store.Member) error {
	var projects []store.Project
	return b.db.Read(ctx, me, store.ListProjects("", &projects))
}

// A tenant that uses half of the connections gets an error instead of another one,
// while other tenants are served. It is served again once it releases one.
func TestNoTenantHoldsEveryConnection(t *testing.T) {
	t.Parallel()
	b := setupLimiter(t, time.Nanosecond)
	if err := b.look(t.Context(), b.acme); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a third connection: %v", err)
	}
	err := b.db.Write(t.Context(), b.acme, func(*store.Tx) error { t.Error("a third deed runs"); return nil })
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a third deed: %v", err)
	}
	if err := b.look(t.Context(), b.other); err != nil {
		t.Errorf("the other tenant: %v", err)
	}
	b.release()
	if err := b.look(t.Context(), b.acme); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if n := b.db.BusyForTest(); n != 0 {
		t.Errorf("%d tenants are still counted as busy", n)
	}
}

// A waiting deed gets the next connection. A cancelled one leaves nothing behind.
func TestWaitingDeedGetsNextConnection(t *testing.T) {
	t.Parallel()
	b := setupLimiter(t, 0)
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := b.look(gone, b.acme); !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled deed: %v", err)
	}
	served := make(chan error)
	go func() { served <- b.look(t.Context(), b.acme) }()
	b.release()
	if err := <-served; err != nil {
		t.Errorf("the waiting deed: %v", err)
	}
	if n := b.db.BusyForTest(); n != 0 {
		t.Errorf("%d tenants are still counted as busy", n)
	}
}

// A deed that panics releases its connection and changes nothing.
func TestPanicReleasesConnection(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	me := a.Member(t, a.Dana, a.Acme)
	db := storetest.DB()
	for range 20 {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic came through")
				}
			}()
			_ = db.Write(t.Context(), me, func(tx *store.Tx) error {
				if _, err := tx.CreateProject(t.Context(), store.ProjectInput{Name: "Half"}); err != nil {
					t.Error(err)
				}
				panic("in the middle")
			})
		}()
	}
	var projects []store.Project
	if err := db.Read(t.Context(), me, store.ListProjects("", &projects)); err != nil || len(projects) != 0 {
		t.Errorf("afterwards: %d projects, %v", len(projects), err)
	}
}
