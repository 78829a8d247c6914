package handlers_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// agencyItself is the same world with the agency's own place in the middle, for
// the routes that are there alone; nil where tenants have hosts of their own. Its
// people are as many and nobody else's, for sessions end in the other one, and the
// clients are the things.
func (w *world) agencyItself(t *testing.T) *world {
	t.Helper()
	if w.hosts != nil {
		return nil
	}
	dana := (&storetest.Tenants{}).Member(t, w.owner.email, w.agency)
	storetest.GrantSupport(t, dana)
	up := *w
	up.above, up.refused = true, nil
	up.own = &estate{slug: w.agency, key: strings.ToLower(rand.Text())[:keyLen], tenant: dana.TenantID(), staff: dana,
		things: map[string]uuid.UUID{"clients": w.own.tenant}}
	w.owner.places = []string{up.own.key}
	up.cast = []*persona{
		{name: "signed out"},
		{name: "client of a sister tenant", email: w.own.person(t, store.PartyClient, store.RoleOwner)},
		{name: "staff of a client alone", email: w.own.person(t, store.PartyAgency, store.RoleOwner)},
		{name: "owner of another agency", email: w.other.person(t, store.PartyAgency, store.RoleOwner)},
		{name: "agent outside", email: storetest.Agent(t), agent: true},
	}
	for _, role := range store.Roles() {
		p := &persona{name: "agency " + string(role), email: up.own.person(t, store.PartyAgency, role),
			inside: true, above: true, party: store.PartyAgency, role: role}
		up.cast = append(up.cast, p)
		if role == store.RoleOwner {
			for _, mode := range []string{"read", "write"} {
				s := support(t, p, mode, up.own)
				s.above = true
				up.cast = append(up.cast, s)
			}
		}
	}
	for _, p := range up.cast {
		p.places = []string{up.own.key}
		p.enter(t, &up, up.own)
	}
	return &up
}
