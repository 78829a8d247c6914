package handlers_test

import (
	"slices"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// visitor is one kind of visitor to a tenant.
type visitor struct {
	name        string
	email       string
	browser     *browser
	agent       bool   // a support agent
	mode        string // of the support session, "" without one
	viewAs      bool   // the session is staff viewing as their client
	inside      bool   // a member, or in a support session
	atAgency    bool   // a member of the agency and not of its client
	party       store.Party
	role        store.Role
	as          string   // subject of the support session
	visibleKeys []string // keys of the tenants whose names they may see on every page
	// stray is the host of the owner's session whose cookie is sent to another host,
	// where the visitor is therefore not signed in.
	stray *string
	// program is the key with which the visitor comes, instead of a session.
	program *program
}

// hostsFor are the hosts at which a visitor meets tenants. Staff have no session on a
// client's own domain, so they use the one below ours.
func (w *world) hostsFor(p *visitor) hosts {
	if p.mode == "" && p.party == store.PartyAgency || p.viewAs {
		return w.staffHosts
	}
	return w.hosts
}

// signedOut reports whether the visitor has no session. A program never has one.
func (p *visitor) signedOut() bool { return p.email == "" || p.program != nil }

// signIn signs the visitor in at the tenant's host, and starts their support session.
func (p *visitor) signIn(t *testing.T, w *world, e *fixture) {
	t.Helper()
	p.browser = w.nobody()
	p.browser.hosts = w.hostsFor(p)
	host := p.browser.hosts.of(e.slug)
	switch {
	case p.stray != nil:
		p.browser.signIn(t, storetest.SignInAt(t, w.owner.email, *p.stray))
	case p.signedOut():
	case p.mode == "":
		p.browser.signIn(t, storetest.SignInAt(t, p.email, host))
	case p.viewAs:
		stopSupport(t, p.email)
		p.browser.signIn(t, e.viewAs(t, p.email, p.as, host))
	default:
		stopSupport(t, p.email)
		token, session := e.startSupport(t, p.email, p.as)
		storetest.MoveSession(t, token, host)
		p.browser.signIn(t, token)
		// Set the mode directly: what a session may do does not depend on how it got
		// write mode.
		if _, err := storetest.AdminPool().Exec(t.Context(), `update support_sessions set mode = $2 where id = $1`, session, p.mode); err != nil {
			t.Fatal(err)
		}
	}
}

// stopSupport ends the support session that the agent may still have.
func stopSupport(t *testing.T, agent string) {
	t.Helper()
	if err := storetest.DB().StopSupport(t.Context(), storetest.Person(t, storetest.SignIn(t, agent))); err != nil {
		t.Fatal(err)
	}
}

// newVisitors are the visitors to the fixture: signed out, every role of every party,
// people of other tenants, and support agents with and without a session.
func newVisitors(t *testing.T, w *world, a, b *storetest.Tenants) []*visitor {
	t.Helper()
	own, sister := w.own, w.sister
	all := []*visitor{
		{name: "signed out"},
		{name: "client of a sister tenant", email: a.Gus, visibleKeys: []string{sister.key}},
		{name: "staff of a sister tenant", email: sister.person(t, store.PartyAgency, store.RoleMember), visibleKeys: []string{sister.key}},
		{name: "owner of another agency", email: b.Dana, visibleKeys: []string{w.other.key}},
		{name: "agent outside", email: storetest.Agent(t), agent: true, visibleKeys: []string{own.key}},
	}
	for _, party := range []store.Party{store.PartyAgency, store.PartyClient} {
		for _, role := range []store.Role{store.RoleOwner, store.RoleAdmin, store.RoleMember, store.RoleViewer} {
			all = append(all, &visitor{name: string(party) + " " + string(role), email: own.person(t, party, role),
				inside: true, party: party, role: role, visibleKeys: []string{own.key}})
		}
	}
	for _, p := range all[len(all)-8:] {
		switch p.role {
		case store.RoleOwner:
			all = append(all, supportSession(t, p, "read", own))
			if p.party == store.PartyClient {
				all = append(all, &visitor{name: "staff looking as " + p.name, email: own.person(t, store.PartyAgency, store.RoleOwner), viewAs: true,
					mode: "read", inside: true, party: p.party, role: p.role, as: own.idleMember(t, p), visibleKeys: []string{own.key}})
			}
			if p.party == store.PartyAgency {
				all = append(all, supportSession(t, p, "write", own))
			}
		}
	}
	if w.hosts != nil {
		main, beside := "", w.hosts.of(sister.slug)
		all = append(all, &visitor{name: "owner with the main host's cookie", stray: &main},
			&visitor{name: "owner with the cookie of a sister's host", stray: &beside})
	}
	for _, p := range all {
		p.signIn(t, w, own)
	}
	return all
}

func supportSession(t *testing.T, as *visitor, mode string, own *fixture) *visitor {
	t.Helper()
	return &visitor{name: "support to " + mode + " as " + as.name, email: storetest.Agent(t), agent: true, mode: mode,
		inside: true, party: as.party, role: as.role, as: own.idleMember(t, as), visibleKeys: []string{own.key}}
}

// idleMember is a member with the same party and role who sends no requests: every change
// to their rows was made by the visitor who acts as them. They have a session and a
// passkey.
func (e *fixture) idleMember(t *testing.T, like *visitor) string {
	t.Helper()
	email := e.person(t, like.party, like.role)
	storetest.Passkey(t, storetest.SignIn(t, email))
	return email
}

// checkEveryRole checks that there is a visitor for every party, role, session kind and
// mode that the database allows, so that a new one is not forgotten.
func (w *world) checkEveryRole(t *testing.T) {
	t.Helper()
	knows := func(table, column string) []string {
		var words []string
		err := w.admin.QueryRow(t.Context(), `
select array(select m[1] from regexp_matches(pg_get_constraintdef(c.oid), '''([a-z_]+)''', 'g') m)
from pg_constraint c
where c.conrelid = $1::regclass and c.conname = $2`, table, table+"_"+column+"_check").Scan(&words)
		if err != nil || len(words) == 0 {
			t.Fatalf("%s.%s: %v, %v", table, column, words, err)
		}
		return words
	}
	has := func(what string, is func(*visitor) bool) {
		if !slices.ContainsFunc(w.visitors, is) {
			t.Errorf("no visitor is %s: add one in handlers/matrix_visitors_test.go", what)
		}
	}
	for _, party := range knows("memberships", "party") {
		for _, role := range knows("memberships", "role") {
			has(party+" "+role, func(p *visitor) bool { return p.mode == "" && string(p.party) == party && string(p.role) == role })
		}
	}
	for _, kind := range knows("support_sessions", "kind") {
		has("in a session of kind "+kind, func(p *visitor) bool { return p.mode != "" && p.viewAs == (kind == "view_as") })
	}
	for _, mode := range knows("support_sessions", "mode") {
		has("support to "+mode, func(p *visitor) bool { return p.mode == mode && !p.viewAs })
	}
}
