package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
)

// Only a job writes what another system has recorded: to anybody else each deed is refused,
// even to the agency's owner.
func TestOnlyJobsAdopt(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	for name, deed := range map[string]func(*store.Tx) error{
		"members": func(tx *store.Tx) error {
			_, err := tx.AdoptMember(t.Context(), store.AdoptedMember{User: store.NewID(), Email: "x@" + a.Suffix + ".test", Name: "X", Party: store.PartyClient, Role: store.RoleOwner})
			return err
		},
		"projects": func(tx *store.Tx) error {
			return tx.AdoptProjects([]store.AdoptedProject{{ID: store.NewID(), Name: "X"}})
		},
		"deliverables": func(tx *store.Tx) error { return tx.AdoptDeliverables(nil) },
		"versions":     func(tx *store.Tx) error { return tx.AdoptVersions(nil) },
		"a file":       func(tx *store.Tx) error { return tx.AdoptFile(t.Context(), store.AdoptedFile{ID: store.NewID()}) },
		"bytes":        func(tx *store.Tx) error { return tx.AdoptBytes(t.Context(), store.NewID(), store.Stored{}) },
		"notes":        func(tx *store.Tx) error { return tx.AdoptNotes(nil) },
		"counts":       func(tx *store.Tx) error { return tx.CountAdopted(nil) },
		"views":        func(tx *store.Tx) error { return tx.AdoptViews(t.Context()) },
		"the end":      func(tx *store.Tx) error { return tx.FinishAdoption(t.Context(), nil) },
		"the queue": func(tx *store.Tx) error {
			_, err := tx.EnqueueAdopted(t.Context(), uuid.Nil)
			return err
		},
	} {
		if err := storetest.DB().Write(t.Context(), dana, deed); !errors.Is(err, store.ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The owner of the tables, to whom they are opened to adopt, reaches the rows of the adopted
// tenants and no others, whatever the statement says. Afterwards it reaches none.
func TestOperatorReachesAdoptedTenantsOnly(t *testing.T) {
	t.Parallel()
	a, b := storetest.Agency(t), storetest.Agency(t)
	mine, theirs := a.Member(t, a.Dana, a.Acme), b.Member(t, b.Dana, b.Acme)
	storetest.Project(t, mine, "Mine")
	storetest.Project(t, theirs, "Theirs")
	before := storetest.RowsOf(t, theirs.TenantID())
	op, err := store.OpenOperator(t.Context(), storetest.Server().OwnerURL(stack.DatabaseName))
	if err != nil {
		t.Fatal(err)
	}
	defer op.Close(context.Background())
	adopted := []uuid.UUID{mine.TenantID()}
	if n, err := op.OpenedForTest(t.Context(), "projects", adopted, `update projects set summary = 'reached'`); err != nil || n != 1 {
		t.Errorf("without a condition it changes %d rows, %v; want the adopted tenant's one", n, err)
	}
	if n, err := op.OpenedForTest(t.Context(), "projects", adopted, `delete from projects`); err != nil || n != 1 {
		t.Errorf("without a condition it deletes %d rows, %v; want the adopted tenant's one", n, err)
	}
	_, err = op.OpenedForTest(t.Context(), "work_counts", adopted, `insert into work_counts (tenant_id, projects, for_us) values ('`+theirs.TenantID().String()+`', 1, 1)`)
	if !errors.Is(err, store.ErrForbidden) {
		t.Errorf("it adds a row to another tenant: %v", err)
	}
	if n, err := op.RemoveAdopted(t.Context(), "projects", []uuid.UUID{store.NewID()}); err != nil || n != 0 {
		t.Errorf("removed %d, %v", n, err)
	}
	for table, hash := range storetest.RowsOf(t, theirs.TenantID()) {
		if hash != before[table] {
			t.Errorf("another tenant's %s changed", table)
		}
	}
	var policies int
	if err := storetest.AdminPool().QueryRow(t.Context(), `select count(*) from pg_policies where policyname ~ '^adopt'`).Scan(&policies); err != nil || policies != 0 {
		t.Errorf("%d policies are left, %v", policies, err)
	}
}

// A client is adopted under a slug that is free, once: a second run finds it, and no other
// agency or id gets it.
func TestAdoptedClientKeepsItsSlug(t *testing.T) {
	t.Parallel()
	a, b := storetest.Agency(t), storetest.Agency(t)
	agency := a.Member(t, a.Dana, a.Agency).TenantID()
	op, err := store.OpenOperator(t.Context(), storetest.Server().OwnerURL(stack.DatabaseName))
	if err != nil {
		t.Fatal(err)
	}
	defer op.Close(context.Background())
	id, slug := store.NewID(), "bakery-"+a.Suffix
	adopt := func(agency, id uuid.UUID, slug string) error {
		return op.AdoptClient(t.Context(), agency, id, slug, "Bakery", "starter", time.Date(2012, 3, 1, 9, 0, 0, 0, time.UTC))
	}
	for range 2 {
		if err := adopt(agency, id, slug); err != nil {
			t.Fatal(err)
		}
	}
	for name, err := range map[string]error{
		"another id":               adopt(agency, store.NewID(), slug),
		"another agency":           adopt(b.Member(t, b.Dana, b.Agency).TenantID(), id, slug),
		"a slug that is taken":     adopt(agency, store.NewID(), b.Acme),
		"a slug that is reserved":  adopt(agency, store.NewID(), "www"),
		"another slug, same id":    adopt(agency, id, slug+"-2"),
		"the id of another tenant": adopt(agency, b.Member(t, b.Dana, b.Acme).TenantID(), "other-"+a.Suffix),
	} {
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	taken, err := op.UnavailableSlugs(t.Context(), []string{slug, b.Acme, "www", "No Slug", "free-" + a.Suffix})
	if err != nil || len(taken) != 4 {
		t.Errorf("not available: %q, %v", taken, err)
	}
}
