package store_test

import (
	"errors"
	"net/url"
	"testing"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
)

// A PostgreSQL that accepts no changes is unavailable: for readiness, and for every deed.
// A change that a support session in read mode may not make stays forbidden.
func TestReadOnlyDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	u, err := url.Parse(storetest.Server().AppURL(stack.DatabaseName))
	must(t, err)
	q := u.Query()
	q.Set("default_transaction_read_only", "on")
	u.RawQuery = q.Encode()
	db, err := store.Open(t.Context(), store.Config{URL: u.String()})
	must(t, err)
	t.Cleanup(db.Close)
	if err := db.Ping(t.Context()); !errors.Is(err, store.ErrReadOnly) || !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("ping: %v", err)
	}
	add := func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "New", Email: "new@" + a.Suffix + ".test", Party: store.PartyClient, Role: store.RoleViewer})
		return err
	}
	if err := db.Write(t.Context(), dana, add); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a deed: %v", err)
	}
	if _, err := db.BeginMailFlow(t.Context(), store.Secret("cookie"), a.Mia, "/"); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a sign-in: %v", err)
	}
	var people []store.Membership
	must(t, db.Read(t.Context(), dana, store.ListPeople(&people)))
	must(t, storetest.DB().Ping(t.Context()))
	must(t, storetest.DB().Write(t.Context(), dana, add))
}
