package store_test

import (
	"context"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// A visit that is recorded while the membership ends leaves nothing on it, which an erased
// person would otherwise keep.
func TestEndedMembershipsKeepNoVisit(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.SteppedUp(t, a.Dana, a.Acme)
	mia := a.Member(t, addMember(t, dana, store.PartyClient, store.RoleViewer), a.Acme)
	one, two := race(t,
		racer{dana, func(ctx context.Context, tx *store.Tx) error { return tx.RemovePerson(ctx, mia.ID()) }},
		racer{mia, func(ctx context.Context, tx *store.Tx) error {
			return tx.RecordVisit(ctx, store.Visit{Path: "/kept-after-the-end"})
		}})
	if one != nil || two != nil {
		t.Fatal(one, two)
	}
	var place string
	err := storetest.AdminPool().QueryRow(t.Context(), `select coalesce(last_place, '') from memberships where tenant_id = $1 and user_id = $2 and ended_at is not null`,
		mia.TenantID(), mia.ID()).Scan(&place)
	if err != nil || place == "/kept-after-the-end" {
		t.Errorf("the ended membership has %q, %v", place, err)
	}
}
