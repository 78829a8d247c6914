package store_test

import (
	"errors"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// A member of one client gets the same answer for another client's project and for an
// id that doesn't exist.
func TestOtherTenantsProjectIsNotFound(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Globex)
	theirs := storetest.Project(t, dana, "Secret "+a.Suffix)

	var got store.Project
	wantNotFound(t, storetest.DB().Read(t.Context(), a.Member(t, a.Ravi, a.Acme), store.GetProject(theirs, &got)))
	wantNotFound(t, storetest.DB().Read(t.Context(), a.Member(t, a.Ravi, a.Acme), store.GetProject(store.NewID(), &got)))
	if err := storetest.DB().Read(t.Context(), dana, store.GetProject(theirs, &got)); err != nil {
		t.Errorf("the rightful member is refused: %v", err)
	}
}

func wantNotFound(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("err = %v, want not found", err)
	}
}
