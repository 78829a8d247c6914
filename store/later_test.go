package store_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
	"portico/store/queue"
)

// Statements whose result a deed doesn't need wait for the next one, so that a publication
// takes few round trips.
func TestPublishTakesFewRoundTrips(t *testing.T) {
	t.Parallel()
	count := &storetest.Trips{}
	db, err := store.Open(t.Context(), store.Config{
		URL: storetest.Server().AppURL(stack.DatabaseName), Signer: queue.NewSigner(storetest.SigningKey), Tracer: count, MaxConns: 1,
	})
	must(t, err)
	t.Cleanup(db.Close)
	var took int64
	for range 2 { // the first prepares the statements
		b := setupFiles(t)
		storetest.File(t, b.ravi, b.draft, "poster.txt")
		before := count.Count()
		must(t, db.Write(t.Context(), b.ravi, func(tx *store.Tx) error { return tx.Publish(t.Context(), b.deliverable, 1, "") }))
		took = count.Count() - before
	}
	if took > 9 {
		t.Errorf("a publication takes %d round trips, want at most 9", took)
	}
	t.Logf("%d round trips", took)
}

// A deed whose last statement fails does nothing, even though nobody waited for it.
func TestDeedFailsWithWhatWaits(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	for name, fails := range map[string]func(*store.Tx){
		"a statement that fails": func(tx *store.Tx) { tx.LaterForTest("fail", `select 1 / 0`, nil) },
		"a check that fails":     func(tx *store.Tx) { tx.LaterForTest("check", `select 1`, store.ErrConflict) },
		"before another that runs": func(tx *store.Tx) {
			tx.LaterForTest("check", `select 1`, store.ErrConflict)
			tx.LaterForTest("fine", `select 1`, nil)
		},
	} {
		var made uuid.UUID
		err := write(t, b.ravi, func(tx *store.Tx) (err error) {
			made, err = tx.CreateProject(context.WithoutCancel(t.Context()), store.ProjectInput{Name: "Never"})
			fails(tx)
			return err
		})
		if err == nil {
			t.Errorf("%s: the deed succeeds", name)
		}
		var p store.Project
		wantError(t, read(t, b.ravi, store.GetProject(made, &p)), store.ErrNotFound)
	}
}
