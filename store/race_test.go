package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"portico/e2e/storetest"
	"portico/store"
)

// racer is one person's deed in a race.
type racer struct {
	me store.Member
	do func(context.Context, *store.Tx) error
}

// race runs both deeds at once in the order that hides the least: the first has done
// everything and not yet committed when the second begins, and commits when the second
// waits for it or has ended. What the second read before it waited is then out of
// date. Nothing depends on time.
func race(t *testing.T, first, second racer) (firstErr, secondErr error) {
	t.Helper()
	ctx := t.Context()
	db := storetest.DB()
	done, commit, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		reached := false
		firstErr = db.Write(ctx, first.me, func(tx *store.Tx) error {
			err := first.do(ctx, tx)
			reached = true
			close(done)
			<-commit
			return err
		})
		if !reached {
			close(done)
		}
	}()
	<-done
	backend, over := make(chan int, 1), make(chan struct{})
	go func() {
		defer close(over)
		secondErr = db.Write(ctx, second.me, func(tx *store.Tx) error {
			pid, err := tx.BackendForTest(ctx)
			if err != nil {
				return err
			}
			backend <- pid
			return second.do(ctx, tx)
		})
	}()
	waitUntilBlocked(t, backend, over)
	close(commit)
	<-ended
	<-over
	for _, err := range []error{firstErr, secondErr} {
		if constraint, ok := errors.AsType[*store.ConstraintError](err); ok && constraint.Code == "40P01" {
			t.Errorf("deadlock: %v and %v", firstErr, secondErr)
		}
		if errors.Is(err, store.ErrUnavailable) {
			t.Errorf("a deed waited for too long: %v", err)
		}
	}
	return firstErr, secondErr
}

// waitUntilBlocked returns when the backend waits for a lock, or the deed is over.
func waitUntilBlocked(t *testing.T, backend <-chan int, over <-chan struct{}) {
	t.Helper()
	var pid int
	select {
	case pid = <-backend:
	case <-over:
		return
	}
	for {
		select {
		case <-over:
			return
		default:
		}
		var blocked bool
		if err := storetest.AdminPool().QueryRow(t.Context(), `select cardinality(pg_blocking_pids($1)) > 0`, pid).Scan(&blocked); err != nil {
			t.Error(err)
			return
		}
		if blocked {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// A published file goes into the bin while somebody else changes its deliverable, at the
// moment that hides the least: both have begun when the counters become free. Both succeed.
func TestBinFileDuringUpdateSucceeds(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	file := storetest.File(t, b.ravi, b.draft, "poster.png")
	if err := b.publish(t, 1); err != nil {
		t.Fatal(err)
	}
	release := holdCounters(t, b.ravi)
	defer release()
	ends := make(chan error, 2)
	for _, racing := range []func(context.Context, *store.Tx) error{
		func(ctx context.Context, tx *store.Tx) error { _, err := tx.BinFile(ctx, file, true); return err },
		func(ctx context.Context, tx *store.Tx) error {
			return tx.UpdateDeliverable(ctx, b.deliverable, store.DeliverableInput{Title: "Poster"})
		},
	} {
		backend, over := make(chan int, 1), make(chan struct{})
		go func() {
			defer close(over)
			ends <- storetest.DB().Write(t.Context(), b.ravi, func(tx *store.Tx) error {
				pid, err := tx.BackendForTest(t.Context())
				if err != nil {
					return err
				}
				backend <- pid
				return racing(t.Context(), tx)
			})
		}()
		waitUntilBlocked(t, backend, over)
	}
	release()
	for range 2 {
		if err := <-ends; err != nil {
			t.Errorf("a deed failed: %v", err)
		}
	}
}

// holdCounters locks the membership rows of a tenant, which have its counters, until
// release is called.
func holdCounters(t *testing.T, me store.Member) (release func()) {
	t.Helper()
	tx, err := storetest.AdminPool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `select from memberships where tenant_id = $1 for update`, me.TenantID()); err != nil {
		t.Fatal(err)
	}
	return func() { _ = tx.Rollback(t.Context()) }
}
