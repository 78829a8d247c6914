package store_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

func lead(t *testing.T, me store.Member, id uuid.UUID) error {
	t.Helper()
	return storetest.DB().Write(t.Context(), me, func(tx *store.Tx) error {
		_, err := tx.ChooseLead(t.Context(), id)
		return err
	})
}

// Staff choose one lead in a version. A client, another tenant and a file that is not there
// are refused by the database.
func TestOneFileLeadsAVersion(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	ravi, dana, mia := a.Member(t, a.Ravi, a.Acme), a.Member(t, a.Dana, a.Globex), a.Member(t, a.Mia, a.Acme)
	version := storetest.Draft(t, ravi, storetest.Deliverable(t, ravi, storetest.Project(t, ravi, "Spring"), "Poster"))
	one, two := storetest.File(t, ravi, version, "one.txt"), storetest.File(t, ravi, version, "two.txt")
	coming := storetest.BeginUpload(t, ravi, version, "coming.txt", 5)
	leads := func() (all []string) {
		var list []store.File
		if err := storetest.DB().Read(t.Context(), ravi, store.ListFiles(version, &list)); err != nil {
			t.Fatal(err)
		}
		for _, f := range list {
			if f.Lead {
				all = append(all, f.Name)
			}
		}
		return all
	}
	for _, id := range []uuid.UUID{two, two, one, two} {
		if err := lead(t, ravi, id); err != nil {
			t.Fatal(err)
		}
	}
	for name, try := range map[string]error{
		"another tenant":  lead(t, dana, one),
		"a client":        lead(t, mia, one),
		"nothing":         lead(t, ravi, store.NewID()),
		"a pending file":  lead(t, ravi, coming),
		"another version": lead(t, ravi, version),
	} {
		if try == nil {
			t.Errorf("%s: allowed", name)
		}
		if name != "a client" && !errors.Is(try, store.ErrNotFound) {
			t.Errorf("%s: %v", name, try)
		}
	}
	if got := leads(); len(got) != 1 || got[0] != "two.txt" {
		t.Errorf("the leads are %v", got)
	}
}
