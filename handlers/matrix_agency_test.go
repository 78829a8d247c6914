package handlers_test

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// agencyWorld is the same world with the agency's own tenant as the one to visit, for
// the routes that only agencies have, and clients as its objects. It has visitors of its
// own, because sessions end in the other world. It is nil where tenants have hosts.
func (w *world) agencyWorld(t *testing.T) *world {
	t.Helper()
	if w.hosts != nil {
		return nil
	}
	dana := (&storetest.Tenants{}).Member(t, w.owner.email, w.agency)
	up := *w
	up.atAgency, up.refused = true, nil
	up.own = &fixture{slug: w.agency, key: strings.ToLower(rand.Text())[:keyLen], tenant: dana.TenantID(), staff: dana,
		things: map[string]uuid.UUID{"clients": w.own.tenant}}
	up.clientKeys = []string{w.own.key, w.sister.key}
	w.owner.visibleKeys = slices.Concat([]string{up.own.key}, up.clientKeys)
	up.own.consent(t)
	up.visitors = []*visitor{
		{name: "signed out"},
		{name: "client of a sister tenant", email: w.own.person(t, store.PartyClient, store.RoleOwner), visibleKeys: []string{w.own.key}},
		{name: "staff of a client alone", email: w.own.person(t, store.PartyAgency, store.RoleOwner), visibleKeys: []string{w.own.key}},
		{name: "owner of another agency", email: w.other.person(t, store.PartyAgency, store.RoleOwner), visibleKeys: []string{w.other.key}},
		{name: "agent outside", email: storetest.Agent(t), agent: true},
	}
	for _, role := range store.Roles() {
		p := &visitor{name: "agency " + string(role), email: up.own.person(t, store.PartyAgency, role),
			inside: true, atAgency: true, party: store.PartyAgency, role: role}
		up.visitors = append(up.visitors, p)
		if role == store.RoleOwner {
			for _, mode := range []string{"read", "write"} {
				s := supportSession(t, p, mode, up.own)
				s.atAgency = true
				up.visitors = append(up.visitors, s)
			}
		}
	}
	for _, p := range up.visitors {
		if p.visibleKeys == nil {
			p.visibleKeys = []string{up.own.key}
		}
		p.signIn(t, &up, up.own)
	}
	return &up
}
