package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"portico/e2e/storetest"
	"portico/store"
)

// A plan may limit invitations in a day: in each tenant, and of a person in all of them.
// Revoking gives none back. Larger plans without such a limit have none.
func TestInvitationsAreLimitedInADay(t *testing.T) {
	t.Parallel()
	storetest.InOneWindow(t, 24*time.Hour)
	db := storetest.BilledWith(t, store.Billing{Grace: storetest.Grace}, func(plans string) string {
		plans = strings.Replace(plans, `"users": 1,`, `"users": 9,`, 1)
		return strings.Replace(plans, `"publication": 60}`, `"publication": 60}, "daily": {"invitation mail": 2}`, 1)
	})
	a := storetest.Agency(t)
	refused := func(err error) bool { _, ok := errors.AsType[*store.TooManyActsError](err); return ok }
	invite := func(me store.Member) error {
		return db.Write(t.Context(), me, func(tx *store.Tx) error {
			id, err := tx.InvitePerson(t.Context(), store.NewPerson{Name: "Nia", Email: store.NewID().String() + "@portals.test", Party: store.PartyClient, Role: store.RoleViewer})
			if err != nil {
				return err
			}
			return tx.RevokeInvite(t.Context(), id)
		})
	}
	dana, mia, gus := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Mia, a.Acme), a.Member(t, a.Gus, a.Globex)
	storetest.Plan(t, a.Agency, "growth")
	storetest.Plan(t, a.Acme, "growth")
	for range 3 {
		if err := invite(dana); err != nil {
			t.Fatalf("a plan without a limit of the day: %v", err)
		}
	}
	storetest.Plan(t, a.Agency, "starter")
	if err := invite(dana); !refused(err) {
		t.Errorf("more than the agency's plan allows in a day: %v", err)
	}
	if err := invite(mia); !refused(err) {
		t.Errorf("another person of the tenant: %v", err)
	}
	if err := invite(gus); err != nil {
		t.Errorf("another tenant: %v", err)
	}
}
