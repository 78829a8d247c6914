package store_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// A project has at most as many deliverables as its page lists, whichever way they come
// into it. Another project takes more.
func TestProjectHasRoomFor500Deliverables(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	project, other := storetest.Project(t, dana, "Full"), storetest.Project(t, dana, "Other")
	binned := storetest.Deliverable(t, dana, project, "Binned")
	do(t, dana, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindDeliverable, binned, true) })
	if _, err := storetest.Superuser(t).Exec(t.Context(), `
insert into deliverables (tenant_id, id, project_id, title, position, created_by)
select $1, gen_random_uuid(), $2, 'One of many', n, $3 from generate_series(1, 500) n`, dana.TenantID(), project, dana.ID()); err != nil {
		t.Fatal(err)
	}
	create := func(in uuid.UUID) error {
		return attempt(t, dana, func(tx *store.Tx) error {
			return errOf(tx.CreateDeliverable(t.Context(), in, store.DeliverableInput{Title: "One more"}))
		})
	}
	if err := create(project); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("one more: %v", err)
	}
	if err := attempt(t, dana, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindDeliverable, binned, false) }); !errors.Is(err, store.ErrConflict) {
		t.Errorf("one out of the bin: %v", err)
	}
	if err := create(other); err != nil {
		t.Errorf("in another project: %v", err)
	}
}
