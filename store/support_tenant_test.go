package store_test

import (
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// The subject is staff in three tenants. The agent enters the one that granted
// access, sees no other in the switcher, and can't enter the others.
func TestSupportStaysInTheTenant(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	b.startAs(t, b.dana.ID())
	m := b.inside(t)
	for _, slug := range []string{b.Globex, b.Agency} {
		if _, ok := storetest.Visit(t, b.token, slug).Member(); ok {
			t.Errorf("the agent is inside %s", slug)
		}
		if b.Member(t, b.Dana, slug).ID() != b.dana.ID() {
			t.Error("the person herself is not")
		}
	}
	var workspaces []store.Workspace
	must(t, b.db.Read(t.Context(), m, store.SwitcherWorkspaces(store.WorkspaceFilter{Page: store.Page{Limit: 50}}, &workspaces)))
	if len(workspaces) != 1 || workspaces[0].Slug != b.Acme {
		t.Errorf("the switcher shows %+v", workspaces)
	}
	must(t, b.db.ReadOwn(t.Context(), m.Person, store.MyWorkspaces(store.WorkspaceFilter{Page: store.Page{Limit: 50}}, &workspaces)))
	if len(workspaces) != 0 {
		t.Errorf("the agent has workspaces: %+v", workspaces)
	}
	must(t, b.db.Read(t.Context(), b.dana, store.SwitcherWorkspaces(store.WorkspaceFilter{Page: store.Page{Limit: 50}}, &workspaces)))
	if len(workspaces) != 3 {
		t.Errorf("Dana has %d workspaces, want three", len(workspaces))
	}
}

// In a support session as an agency's owner, the agent can't enter a client, create
// one, start a second session or use the console.
func TestSupportCannotEnterSecondTenant(t *testing.T) {
	t.Parallel()
	b := setupSupport(t)
	owner := b.Member(t, b.Dana, b.Agency)
	storetest.GrantSupport(t, owner)
	storetest.GrantSupport(t, b.mia)
	if _, err := b.start(t, b.ask(b.Agency, owner.ID())); err != nil {
		t.Fatal(err)
	}
	m, ok := storetest.Visit(t, b.token, b.Agency).Member()
	if !ok {
		t.Fatal("the agent is not inside the agency")
	}
	wantErr(t, "a step into a client", b.write(t, m, func(tx *store.Tx) error {
		return errOf(tx.EnterClient(t.Context(), b.mia.TenantID()))
	}), store.ErrNotFound)
	wantErr(t, "a second session", errOf(b.start(t, b.ask(b.Acme, b.mia.ID()))), store.ErrConflict)
	if got := b.trail(t, b.mia, "support.refused"); len(got) != 1 || got[0].Detail["why"] != "busy" {
		t.Errorf("the refusal is not in the second tenant's trail: %+v", got)
	}
	if len(b.trail(t, owner, "support.refused")) != 0 {
		t.Error("the refusal is in the first tenant's trail")
	}
	must(t, b.write(t, owner, func(tx *store.Tx) error {
		return errOf(tx.EnterClient(t.Context(), b.mia.TenantID()))
	}))
}

// A tenant can't read or change another tenant's support access and sessions.
func TestOtherTenantsSupportIsNotFound(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	id := b.startAs(t, b.mia.ID())
	gus := b.Member(t, b.Gus, b.Globex)
	var consents []store.Consent
	var sessions []store.SupportSession
	must(t, b.db.Read(t.Context(), gus, store.SupportInForce(&consents), store.ListSupportSessions(store.Page{}, &sessions)))
	if len(consents)+len(sessions) != 0 {
		t.Errorf("another tenant reads %+v %+v", consents, sessions)
	}
	wantNotFound(t, b.write(t, gus, func(tx *store.Tx) error { return tx.EndSupportSession(t.Context(), id) }))
	must(t, b.write(t, gus, func(tx *store.Tx) error { return tx.RevokeSupport(t.Context()) }))
	b.inside(t)
	must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.EndSupportSession(t.Context(), id) }))
	b.wantOut(t, "revoked")
}
