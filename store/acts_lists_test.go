package store_test

import (
	"slices"
	"sync"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// Two lists with the same addresses in another order, and one of the agency's own team, are
// invited one after the other.
func TestListsAtOnceDontBlockEachOther(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	by := []store.Member{a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex), a.Member(t, a.Dana, a.Agency)}
	for range 5 {
		var people, team []store.NewPerson
		for n := range 9 {
			p := store.NewPerson{Name: "Listed", Email: store.NewID().String() + "@portals.test", Party: store.PartyClient, Role: store.RoleViewer}
			if n%2 == 1 {
				p.Party = store.PartyAgency
			}
			people = append(people, p)
		}
		for range 5 {
			team = append(team, store.NewPerson{Name: "Listed", Email: store.NewID().String() + "@portals.test", Party: store.PartyAgency, Role: store.RoleViewer})
		}
		back := slices.Clone(people)
		slices.Reverse(back)
		var all sync.WaitGroup
		for i, one := range [][]store.NewPerson{people, back, team} {
			all.Go(func() {
				if err := write(t, by[i], func(tx *store.Tx) error { return tx.InvitePeople(t.Context(), one) }); err != nil {
					t.Errorf("list %d: %v", i+1, err)
				}
			})
		}
		all.Wait()
	}
}
