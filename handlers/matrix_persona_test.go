package handlers_test

import (
	"slices"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// persona is one kind of visitor to one tenant.
type persona struct {
	name    string
	email   string
	browser *browser
	agent   bool   // of support
	mode    string // of a session of support, "" in person
	looks   bool   // the session is one of staff, who look as their client
	inside  bool   // a member, or in a session
	above   bool   // of the agency itself and not of its client
	party   store.Party
	role    store.Role
	as      string   // whom a session of support looks as
	places  []string // keys of the tenants whose names they may see at large
	// stray has the cookie of a session that was made for another host than the
	// one it is sent to, and so is nobody there: the owner's, made for that host.
	stray *string
}

func (p *persona) nobody() bool { return p.email == "" }

// enter signs the persona in at the host of the tenant, and into their session of
// support.
func (p *persona) enter(t *testing.T, w *world, e *estate) {
	t.Helper()
	p.browser = w.nobody()
	p.browser.hosts = w.hosts
	switch {
	case p.stray != nil:
		p.browser.signIn(t, storetest.SignInAt(t, w.owner.email, *p.stray))
	case p.nobody():
	case p.mode == "":
		p.browser.signIn(t, storetest.SignInAt(t, p.email, w.hosts.of(e.slug)))
	case p.looks:
		stopSupport(t, p.email)
		p.browser.signIn(t, e.look(t, p.email, p.as, w.hosts.of(e.slug)))
	default:
		stopSupport(t, p.email)
		token, session := e.letIn(t, p.email, p.as)
		storetest.MoveSession(t, token, w.hosts.of(e.slug))
		p.browser.signIn(t, token)
		// A session turns to writing by a step of its own; what it may then do is
		// the same however it got there.
		if _, err := storetest.AdminPool().Exec(t.Context(), `update support_sessions set mode = $2 where id = $1`, session, p.mode); err != nil {
			t.Fatal(err)
		}
	}
}

// stopSupport ends whatever session the agent may still be in.
func stopSupport(t *testing.T, agent string) {
	t.Helper()
	if err := storetest.DB().StopSupport(t.Context(), storetest.Person(t, storetest.SignIn(t, agent))); err != nil {
		t.Fatal(err)
	}
}

// cast is everybody who could come to the estate: nobody, every role of every
// party, people of other tenants, and support outside and inside.
func cast(t *testing.T, w *world, a, b *storetest.Tenants) []*persona {
	t.Helper()
	own, sister := w.own, w.sister
	all := []*persona{
		{name: "signed out"},
		{name: "client of a sister tenant", email: a.Gus, places: []string{sister.key}},
		{name: "staff of a sister tenant", email: sister.person(t, store.PartyAgency, store.RoleMember), places: []string{sister.key}},
		{name: "owner of another agency", email: b.Dana},
		{name: "agent outside", email: storetest.Agent(t), agent: true, places: []string{own.key}},
	}
	for _, party := range []store.Party{store.PartyAgency, store.PartyClient} {
		for _, role := range []store.Role{store.RoleOwner, store.RoleAdmin, store.RoleMember, store.RoleViewer} {
			all = append(all, &persona{name: string(party) + " " + string(role), email: own.person(t, party, role),
				inside: true, party: party, role: role, places: []string{own.key}})
		}
	}
	for _, p := range all[len(all)-8:] {
		switch p.role {
		case store.RoleOwner:
			all = append(all, supportSession(t, p, "read", own))
			if p.party == store.PartyClient {
				all = append(all, &persona{name: "staff looking as " + p.name, email: own.person(t, store.PartyAgency, store.RoleOwner), looks: true,
					mode: "read", inside: true, party: p.party, role: p.role, as: own.absentee(t, p), places: []string{own.key}})
			}
			if p.party == store.PartyAgency {
				all = append(all, supportSession(t, p, "write", own))
			}
		}
	}
	if w.hosts != nil {
		main, beside := "", w.hosts.of(sister.slug)
		all = append(all, &persona{name: "owner with the main host's cookie", stray: &main},
			&persona{name: "owner with the cookie of a sister's host", stray: &beside})
	}
	for _, p := range all {
		p.enter(t, w, own)
	}
	return all
}

func supportSession(t *testing.T, as *persona, mode string, own *estate) *persona {
	t.Helper()
	return &persona{name: "support to " + mode + " as " + as.name, email: storetest.Agent(t), agent: true, mode: mode,
		inside: true, party: as.party, role: as.role, as: own.absentee(t, as), places: []string{own.key}}
}

// absentee is somebody like the persona who never comes themselves: whatever
// becomes of them, whoever sees the tenant as them has done. They have a browser
// that is signed in, and a passkey.
func (e *estate) absentee(t *testing.T, like *persona) string {
	t.Helper()
	email := e.person(t, like.party, like.role)
	storetest.Passkey(t, storetest.SignIn(t, email))
	return email
}

// everybody checks that the cast has somebody of every party and role, and a
// session of support in every mode, that the database knows of: a new one is
// played, or missed here.
func (w *world) everybody(t *testing.T) {
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
	has := func(what string, is func(*persona) bool) {
		if !slices.ContainsFunc(w.cast, is) {
			t.Errorf("nobody in the cast is %s: add them in handlers/matrix_persona_test.go", what)
		}
	}
	for _, party := range knows("memberships", "party") {
		for _, role := range knows("memberships", "role") {
			has(party+" "+role, func(p *persona) bool { return p.mode == "" && string(p.party) == party && string(p.role) == role })
		}
	}
	for _, kind := range knows("support_sessions", "kind") {
		has("in a session of kind "+kind, func(p *persona) bool { return p.mode != "" && p.looks == (kind == "view_as") })
	}
	for _, mode := range knows("support_sessions", "mode") {
		has("support to "+mode, func(p *persona) bool { return p.mode == mode && !p.looks })
	}
}
