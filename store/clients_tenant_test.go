package store_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// clientActs are all deeds of an agency on a client from outside.
var clientActs = map[string]func(*testing.T, *store.Tx, uuid.UUID) error{
	"rename": func(t *testing.T, tx *store.Tx, id uuid.UUID) error {
		return tx.RenameClient(t.Context(), id, "Mine now")
	},
	"plan": func(t *testing.T, tx *store.Tx, id uuid.UUID) error {
		return tx.SetClientPlan(t.Context(), id, "growth")
	},
	"suspend":   func(t *testing.T, tx *store.Tx, id uuid.UUID) error { return tx.SuspendClient(t.Context(), id) },
	"resume":    func(t *testing.T, tx *store.Tx, id uuid.UUID) error { return tx.ResumeClient(t.Context(), id) },
	"archive":   func(t *testing.T, tx *store.Tx, id uuid.UUID) error { return tx.ArchiveClient(t.Context(), id) },
	"unarchive": func(t *testing.T, tx *store.Tx, id uuid.UUID) error { return tx.UnarchiveClient(t.Context(), id) },
	"join":      func(t *testing.T, tx *store.Tx, id uuid.UUID) error { return tx.JoinClient(t.Context(), id) },
	"leave":     func(t *testing.T, tx *store.Tx, id uuid.UUID) error { return tx.LeaveClient(t.Context(), id) },
}

// Only owners and admins of the agency, in person and in the agency, can change its
// clients or list them. Everybody else is refused: another agency's owner, members,
// the client's own people, its staff inside the client, and support in any mode.
func TestOnlyTheAgencyManagesItsClients(t *testing.T) {
	t.Parallel()
	a, b := storetest.Agency(t), storetest.Agency(t)
	dana := a.SteppedUp(t, a.Dana, a.Agency)
	acme := a.Member(t, a.Mia, a.Acme).TenantID()
	var slug, state, plan, name string
	look := func() (all [4]string) {
		err := storetest.Admin(t).QueryRow(t.Context(), `select slug, state, plan, name from tenants where id = $1`, acme).Scan(&slug, &state, &plan, &name)
		if err != nil {
			t.Fatal(err)
		}
		return [4]string{slug, state, plan, name}
	}
	tenant, rows := look(), storetest.RowsOf(t, acme)
	for what, me := range map[string]store.Member{
		"another agency's owner":        b.Member(t, b.Dana, b.Agency),
		"a member of the agency":        a.Member(t, a.Ravi, a.Agency),
		"the client's owner":            a.Member(t, a.Mia, a.Acme),
		"the agency's owner, inside it": a.Member(t, a.Dana, a.Acme),
		"support as the agency's owner": writingSupport(t, dana, a.Agency),
	} {
		for act, do := range clientActs {
			err := onClients(t, me, func(tx *store.Tx) error { return do(t, tx, acme) })
			if !errors.Is(err, store.ErrForbidden) && !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: %s: %v", what, act, err)
			}
		}
		var c store.Client
		wantNotFound(t, storetest.DB().Read(t.Context(), me, store.GetClient(acme, &c)))
		var list []store.Client
		if err := storetest.DB().Read(t.Context(), me, store.ListClients(store.ClientFilter{Page: store.Page{Limit: 50}}, &list)); err != nil {
			t.Error(err)
		}
		for _, c := range list {
			if c.ID == acme || what != "another agency's owner" {
				t.Errorf("%s finds %s", what, c.Name)
			}
		}
	}
	if now := look(); now != tenant {
		t.Errorf("the client was %q and is %q", tenant, now)
	}
	if now := storetest.RowsOf(t, acme); !maps.Equal(rows, now) {
		t.Errorf("rows of the client changed:\n%v\n%v", rows, now)
	}
	for _, act := range []string{"leave", "join", "rename", "plan", "suspend", "resume", "archive", "unarchive"} {
		if err := onClients(t, dana, func(tx *store.Tx) error { return clientActs[act](t, tx, acme) }); err != nil {
			t.Errorf("the agency's owner: %s: %v", act, err)
		}
	}
	if now := look(); now != [4]string{a.Acme, "active", "growth", "Mine now"} {
		t.Errorf("after all of it the client is %q", now)
	}
}

// The database functions refuse without help from our code: after a role was lost, in
// a support session, and for a member's raw statement.
func TestClientFunctionsRefuseByThemselves(t *testing.T) {
	t.Parallel()
	a, b := storetest.Agency(t), storetest.Agency(t)
	acme, conn := a.Member(t, a.Mia, a.Acme), storetest.App(t)
	dana, ravi, mia := a.Member(t, a.Dana, a.Agency), a.Member(t, a.Ravi, a.Agency), acme
	foreign := b.Member(t, b.Dana, b.Agency)
	for what, c := range map[string]struct {
		me      store.Member
		support bool
		may     bool
	}{
		"the owner": {dana, false, true}, "the owner, in support": {dana, true, false}, "a member": {ravi, false, false},
		"the client": {mia, false, false}, "another agency's owner": {foreign, false, false},
	} {
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		as(t, tx, c.me)
		if c.support {
			if _, err := tx.Exec(t.Context(), `select set_config('app.support_session_id', $1, true)`, store.NewID().String()); err != nil {
				t.Fatal(err)
			}
		}
		var seen int
		var set *bool
		if err := tx.QueryRow(t.Context(), `select count(*) from lookup.my_clients(null, '', false, '', null, 100) where id = $1`, acme.TenantID()).Scan(&seen); err != nil {
			t.Fatal(err)
		}
		if err := tx.QueryRow(t.Context(), `select lookup.set_client_state($1, '', 'suspended')`, acme.TenantID()).Scan(&set); err != nil {
			t.Fatal(err)
		}
		var gone *bool
		if err := tx.QueryRow(t.Context(), `select lookup.discard_client($1, '')`, acme.TenantID()).Scan(&gone); err != nil {
			t.Fatal(err)
		}
		if (seen == 1) != c.may || (set != nil) != c.may || (gone != nil) != c.may {
			t.Errorf("%s: sees %d, sets %v, deletes %v", what, seen, set, gone)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// No statement of the app role can change a state.
	for _, me := range []store.Member{mia, a.Member(t, a.Dana, a.Acme)} {
		if _, err := try(t, conn, &me, `update tenants set state = 'archived' where id = $1`, acme.TenantID()); sqlState(err) != insufficientPrivilege {
			t.Errorf("%s sets a state by statement: %v", me.Party, err)
		}
	}
}

// Only who has joined a client learns who is invited there, and not from the list. Whom the
// agency invited for itself, and whose invitation is over, is not among them.
func TestInvitedClientUsersAreToldToStaff(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, inside := a.Member(t, a.Dana, a.Agency), a.Member(t, a.Dana, a.Acme)
	acme := inside.TenantID()
	invite := func(name string, party store.Party) {
		t.Helper()
		do(t, inside, func(tx *store.Tx) error {
			return errOf(tx.InvitePerson(t.Context(), store.NewPerson{Name: "Nina", Email: name + "@" + a.Suffix + ".test", Party: party, Role: store.RoleViewer}))
		})
	}
	invite("revoked", store.PartyClient)
	invite("accepted", store.PartyClient)
	admin := storetest.Superuser(t)
	must(t, errOf(admin.Exec(t.Context(), `update invites set revoked_at = now() where email = $1`, "revoked@"+a.Suffix+".test")))
	must(t, errOf(admin.Exec(t.Context(), `update invites set accepted_at = now(), accepted_by = $2 where email = $1`, "accepted@"+a.Suffix+".test", inside.ID())))
	invite("client", store.PartyClient)
	invite("agency", store.PartyAgency)
	if c := clientOf(t, dana, acme); !slices.Equal(c.Invited, []string{"client@" + a.Suffix + ".test"}) {
		t.Errorf("somebody who joined learns of %q", c.Invited)
	}
	if c := clientOf(t, dana, a.Member(t, a.Dana, a.Globex).TenantID()); len(c.Invited) != 0 {
		t.Errorf("another client: %q", c.Invited)
	}
	var list []store.Client
	if err := read(t, dana, store.ListClients(store.ClientFilter{Page: store.Page{Limit: 10}}, &list)); err != nil || len(list) != 2 || list[0].Invited != nil {
		t.Errorf("the list: %+v, %v", list, err)
	}
	must(t, errOf(admin.Exec(t.Context(), `update memberships set ended_at = now() where tenant_id = $1 and user_id = $2`, acme, inside.ID())))
	if c := clientOf(t, dana, acme); c.Invited != nil {
		t.Errorf("somebody who left learns of %q", c.Invited)
	}
}

// writingSupport returns a support session as a member, in write mode.
func writingSupport(t *testing.T, as store.Member, slug string) store.Member {
	t.Helper()
	do(t, as, func(tx *store.Tx) error { return tx.GrantSupportToWrite(t.Context(), time.Hour) })
	agent := storetest.Agent(t)
	token := storetest.StepUp(t, storetest.SignIn(t, agent))
	id, err := storetest.DB().StartSupport(t.Context(), storetest.Person(t, token), store.SupportStart{
		Slug: slug, Subject: as.ID(), Reason: "A look", Ticket: "T-1", Minutes: 30})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := storetest.Superuser(t).Exec(t.Context(), `update support_sessions set mode = 'write' where id = $1`, id); err != nil {
		t.Fatal(err)
	}
	me, ok := storetest.Visit(t, token, slug).Member()
	if !ok || me.Support == nil {
		t.Fatal("support is not inside")
	}
	return me
}
