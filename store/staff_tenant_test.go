package store_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// openInvites lists the addresses of a tenant's open invitations.
func openInvites(t *testing.T, tenant uuid.UUID) (open []string) {
	t.Helper()
	look(t, &open, `select coalesce(array_agg(split_part(email, '@', 1) order by email), '{}') from invites where tenant_id = $1 and accepted_at is null and revoked_at is null`, tenant)
	return open
}

// Removing staff from an agency ends their staff memberships in its clients and
// revokes the invitations they made there. It doesn't end memberships in another
// agency's clients, or as a client user.
func TestRemovedStaffLoseClientWorkspaces(t *testing.T) {
	t.Parallel()
	for what, goes := range map[string]func(dana, ravi store.Member) error{
		"removed": func(dana, ravi store.Member) error { return removePerson(t, dana, ravi.ID()) },
		"left":    func(_, ravi store.Member) error { return leave(t, ravi) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			a, b := storetest.Agency(t), storetest.Agency(t)
			home, ravi := a.Member(t, a.Dana, a.Agency), a.Member(t, a.Ravi, a.Agency)
			acme, globex, other := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex), b.Member(t, b.Dana, b.Acme)
			deed(t, other, func(tx *store.Tx) error {
				_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Ravi", Email: a.Ravi, Party: store.PartyAgency, Role: store.RoleMember})
				return err
			})
			deed(t, globex, func(tx *store.Tx) error {
				_, err := tx.AddPerson(t.Context(), client("Ravi", a.Ravi, store.RoleAdmin))
				return err
			})
			invite(t, a.Member(t, a.Ravi, a.Globex), client("Friend", "friend@globex.test", store.RoleViewer))
			if err := changeRole(t, acme, ravi.ID(), store.RoleAdmin); err != nil {
				t.Fatal(err)
			}
			invite(t, a.Member(t, a.Ravi, a.Acme), client("Backdoor", "backdoor@evil.test", store.RoleAdmin))
			invite(t, acme, client("Guest", "guest@acme.test", store.RoleViewer))

			third := thirdClient(t, home)
			// As it was made before he worked for the agency: colleagues need no invitation.
			if _, err := storetest.Superuser(t).Exec(t.Context(), `
insert into invites (tenant_id, id, tenant_kind, party, role, name, email, invited_by)
values ($1, $2, 'client', 'agency', 'admin', 'Ravi', $3, $4)`, third.TenantID(), store.NewID(), a.Ravi, third.ID()); err != nil {
				t.Fatal(err)
			}

			if err := goes(home, ravi); err != nil {
				t.Fatal(err)
			}
			for tenant, want := range map[uuid.UUID]int{home.TenantID(): 0, acme.TenantID(): 0, globex.TenantID(): 1, other.TenantID(): 1} {
				if n := membershipsOf(t, tenant, a.Ravi); n != want {
					t.Errorf("in %s he has %d memberships, want %d", tenant, n, want)
				}
			}
			if open := openInvites(t, globex.TenantID()); !slices.Equal(open, []string{"friend"}) {
				t.Errorf("open invitations of a client's own: %q", open)
			}
			if open := openInvites(t, third.TenantID()); len(open) > 0 {
				t.Errorf("open invitations to the removed person: %q", open)
			}
			if open := openInvites(t, acme.TenantID()); !slices.Equal(open, []string{"guest"}) {
				t.Errorf("open invitations: %q", open)
			}
			var told int
			look(t, &told, `select count(*) from audit_events where tenant_id = $1 and verb in ('member.' || $2, 'member.invite_revoked') and target_id is not null`, acme.TenantID(), what)
			if told != 2 {
				t.Errorf("the client's trail has %d rows", told)
			}
		})
	}
}

// thirdClient creates one more client of an agency and returns its owner's membership
// there.
func thirdClient(t *testing.T, home store.Member) store.Member {
	t.Helper()
	slug := "third-" + uuid.NewString()[24:]
	deed(t, home, func(tx *store.Tx) error {
		_, _, err := tx.CreateClient(t.Context(), store.NewClient{Slug: slug, Name: "Third"})
		return err
	})
	storetest.Plan(t, slug, "enterprise")
	return (&storetest.Tenants{}).Member(t, home.Email, slug)
}

// An admin joins a client while being removed from the agency. Whichever comes first,
// they are not in the client afterwards.
func TestJoinDuringRemovalIsUndone(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, acme := a.SteppedUp(t, a.Dana, a.Agency), a.Member(t, a.Dana, a.Acme).TenantID()
	for range 20 {
		email := addMember(t, dana, store.PartyAgency, store.RoleAdmin)
		admin := a.Member(t, email, a.Agency)
		var both sync.WaitGroup
		both.Go(func() {
			err := attempt(t, admin, func(tx *store.Tx) error { return tx.JoinClient(t.Context(), acme) })
			if err != nil && !errors.Is(err, store.ErrForbidden) {
				t.Errorf("joins: %v", err)
			}
		})
		both.Go(func() {
			if err := removePerson(t, dana, admin.ID()); err != nil {
				t.Errorf("removed: %v", err)
			}
		})
		both.Wait()
		if n := membershipsOf(t, acme, email); n != 0 {
			t.Fatal("the removed person is in the client")
		}
	}
}

// The database function refuses callers without the right, and can't end other
// agencies' staff.
func TestOnlyTheAgencyEndsItsStaff(t *testing.T) {
	t.Parallel()
	a, b, conn := storetest.Agency(t), storetest.Agency(t), storetest.App(t)
	dana, ravi := a.SteppedUp(t, a.Dana, a.Agency), a.Member(t, a.Ravi, a.Agency)
	admin := a.Member(t, addMember(t, dana, store.PartyAgency, store.RoleAdmin), a.Agency)
	second := a.Member(t, addMember(t, dana, store.PartyAgency, store.RoleOwner), a.Agency)
	for what, c := range map[string]struct {
		me      store.Member
		whom    uuid.UUID
		support bool
		want    int // -1 means refused
	}{
		"an owner":              {dana, ravi.ID(), false, 1},
		"an admin":              {admin, ravi.ID(), false, 1},
		"an admin, of an owner": {admin, dana.ID(), false, -1},
		"an admin, of an owner who works in no client": {admin, second.ID(), false, -1},
		"an owner, of an owner who works in no client": {dana, second.ID(), false, 0},
		"themselves":                     {ravi, ravi.ID(), false, 1},
		"a member, of another":           {ravi, admin.ID(), false, -1},
		"an owner, in support":           {dana, ravi.ID(), true, -1},
		"another agency's owner":         {b.Member(t, b.Dana, b.Agency), ravi.ID(), false, -1},
		"an agency's owner, at a client": {a.Member(t, a.Dana, a.Acme), ravi.ID(), false, 0},
		"a client's owner":               {a.Member(t, a.Mia, a.Acme), ravi.ID(), false, 0},
		"an owner, of a client's person": {dana, a.Member(t, a.Mia, a.Acme).ID(), false, -1},
	} {
		tx, err := conn.Begin(t.Context())
		must(t, err)
		as(t, tx, c.me)
		if c.support {
			_, err := tx.Exec(t.Context(), `select set_config('app.support_session_id', $1, true)`, uuid.NewString())
			must(t, err)
		}
		var got int
		must(t, tx.QueryRow(t.Context(), `select coalesce(ended, -1) from lookup.end_staff($1, '')`, c.whom).Scan(&got))
		if got != c.want {
			t.Errorf("%s: %d, want %d", what, got, c.want)
		}
		must(t, tx.Rollback(t.Context()))
	}
}

// Nobody can accept an invitation whose maker may no longer give that role.
func TestLostRightRevokesInvites(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, mia := a.SteppedUp(t, a.Dana, a.Acme), a.SteppedUp(t, a.Mia, a.Acme)
	second := a.SteppedUp(t, addMember(t, dana, store.PartyClient, store.RoleOwner), a.Acme)
	invite(t, second, client("One", "owner@acme.test", store.RoleOwner))
	invite(t, second, client("Two", "viewer@acme.test", store.RoleViewer))
	_, token := invite(t, mia, client("Three", "mias@acme.test", store.RoleOwner))
	for _, c := range []struct {
		what string
		then func() error
		open []string
	}{
		{"an owner made an admin", func() error { return changeRole(t, mia, second.ID(), store.RoleAdmin) }, []string{"mias", "viewer"}},
		{"an admin made a viewer", func() error { return changeRole(t, mia, second.ID(), store.RoleViewer) }, []string{"mias"}},
		{"an owner made one again", func() error { return changeRole(t, mia, second.ID(), store.RoleOwner) }, []string{"mias"}},
		{"an owner removed", func() error { return removePerson(t, second, mia.ID()) }, nil},
	} {
		if err := c.then(); err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		if open := openInvites(t, dana.TenantID()); !slices.Equal(open, c.open) {
			t.Errorf("%s: open are %q, want %q", c.what, open, c.open)
		}
	}
	if seen, err := storetest.DB().PeekInvite(t.Context(), token); err != nil || seen.EndReason != store.EndedRevoked {
		t.Errorf("what Mia gave is %q, %v", seen.EndReason, err)
	}
}

// Erasing a person revokes the invitations they made.
func TestErasureRevokesInvites(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.SteppedUp(t, a.Dana, a.Acme)
	email := addMember(t, dana, store.PartyClient, store.RoleAdmin)
	invite(t, a.Member(t, email, a.Acme), client("One", "one@acme.test", store.RoleViewer))
	invite(t, dana, client("Two", "two@acme.test", store.RoleViewer))
	var verdict string
	look(t, &verdict, `select verdict from lookup.forget_address($1, $2)`, email, store.NewID())
	if open := openInvites(t, dana.TenantID()); verdict != "ok" || !slices.Equal(open, []string{"two"}) {
		t.Errorf("%s, open are %q", verdict, open)
	}
}

// An invitation works while its maker may give that role, in the tenant or from the
// agency. Otherwise it doesn't, whatever caused that. Somebody who has the right can
// invite again.
func TestInviteNeedsItsMakersRight(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		maker  func(*testing.T, *storetest.Tenants) store.Member
		role   store.Role
		breaks string // what takes the maker's right
		undo   string
	}{
		"a client's admin made less": {
			maker: clientAdmin, role: store.RoleViewer,
			breaks: `update memberships set role = 'member' where user_id = $1 and tenant_id = $2`,
			undo:   `update memberships set role = 'owner' where user_id = $1 and tenant_id = $2`,
		},
		"a client's admin, gone": {
			maker: clientAdmin, role: store.RoleAdmin,
			breaks: `update memberships set ended_at = now() where user_id = $1 and tenant_id = $2`,
			undo:   `update memberships set ended_at = null where user_id = $1 and tenant_id = $2`,
		},
		"a client that manages nobody any more": {
			maker: clientAdmin, role: store.RoleAdmin,
			breaks: `update tenants set people_by_client = false where $1::uuid is not null and id = $2`,
			undo:   `update tenants set people_by_client = true where $1::uuid is not null and id = $2`,
		},
		"the agency's owner, from without, made a member": {
			maker: agencyOwner, role: store.RoleOwner,
			breaks: `update memberships set role = 'member' where user_id = $1 and tenant_kind = 'agency' and $2::uuid is not null`,
			undo:   `update memberships set role = 'admin' where user_id = $1 and tenant_kind = 'agency' and $2::uuid is not null`,
		},
		"the agency's owner, from without, gone": {
			maker: agencyOwner, role: store.RoleViewer,
			breaks: `update memberships set ended_at = now() where user_id = $1 and tenant_kind = 'agency' and $2::uuid is not null`,
			undo:   `update memberships set ended_at = null where user_id = $1 and tenant_kind = 'agency' and $2::uuid is not null`,
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			a := storetest.Agency(t)
			dana, maker := a.Member(t, a.Dana, a.Acme), c.maker(t, a)
			nina := "nina@" + a.Suffix + ".test"
			id := inviteInto(t, maker, dana.TenantID(), client("Nina", nina, c.role))
			token := storetest.InviteToken(t, dana.TenantID(), id)
			wants := func(when string, over store.EndReason) {
				t.Helper()
				seen, err := storetest.DB().PeekInvite(t.Context(), token)
				if err != nil || seen.EndReason != over {
					t.Errorf("%s: its page says %q, %v, want %q", when, seen.EndReason, err, over)
				}
				var shown []store.Invite
				must(t, storetest.DB().Read(t.Context(), dana, store.ListInvites(&shown)))
				var byClient bool
				must(t, storetest.DB().Read(t.Context(), dana, store.ClientManagesPeople(&byClient)))
				if len(shown) != 1 || shown[0].InviterLostRight(byClient) != (over != "") {
					t.Errorf("%s: the list shows %+v", when, shown)
				}
			}
			wants("asked", "")
			change(t, c.breaks, maker.ID(), dana.TenantID())
			wants("broken", store.EndedRevoked)
			wantEnded(t, "broken", accept(t, nina, token), store.EndedRevoked)
			if n := membershipsOf(t, dana.TenantID(), nina); n != 0 {
				t.Error("accepted an invitation whose maker lost the right")
			}
			again := attempt(t, dana, func(tx *store.Tx) error { return tx.ResendInvite(t.Context(), id) })
			if !errors.Is(again, store.ErrConflict) {
				t.Errorf("sent again: %v", again)
			}
			change(t, c.undo, maker.ID(), dana.TenantID())
			wants("restored", "")
			if err := accept(t, nina, token); err != nil {
				t.Errorf("restored: %v", err)
			}
		})
	}
}

func clientAdmin(t *testing.T, a *storetest.Tenants) store.Member {
	return a.Member(t, addMember(t, a.Member(t, a.Dana, a.Acme), store.PartyClient, store.RoleAdmin), a.Acme)
}

func agencyOwner(t *testing.T, a *storetest.Tenants) store.Member {
	return a.SteppedUp(t, addMember(t, a.Member(t, a.Dana, a.Agency), store.PartyAgency, store.RoleOwner), a.Agency)
}

// inviteInto invites a person into a client, from inside or from its agency.
func inviteInto(t *testing.T, me store.Member, client uuid.UUID, p store.NewPerson) (id uuid.UUID) {
	t.Helper()
	deed(t, me, func(tx *store.Tx) (err error) {
		if me.TenantID() != client {
			if tx, err = tx.EnterClient(t.Context(), client); err != nil {
				return err
			}
		}
		id, err = tx.InvitePerson(t.Context(), p)
		return err
	})
	return id
}

func change(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := storetest.Admin(t).Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// Removing a person also revokes the open invitation to them on the other side.
func TestRemovalRevokesInvitesToThePerson(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		as   store.Party
		goes func(t *testing.T, dana, nina store.Member) error
	}{
		"a client's person removed": {store.PartyClient, func(t *testing.T, dana, nina store.Member) error { return removePerson(t, dana, nina.ID()) }},
		"staff removed":             {store.PartyAgency, func(t *testing.T, dana, nina store.Member) error { return removePerson(t, dana, nina.ID()) }},
		"staff who leave":           {store.PartyAgency, func(t *testing.T, _, nina store.Member) error { return leave(t, nina) }},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			a := storetest.Agency(t)
			dana := a.SteppedUp(t, a.Dana, a.Acme)
			nina := "nina@" + a.Suffix + ".test"
			_, taken := invite(t, dana, store.NewPerson{Name: "Nina", Email: nina, Party: c.as, Role: store.RoleAdmin})
			other := map[store.Party]store.Party{store.PartyAgency: store.PartyClient, store.PartyClient: store.PartyAgency}[c.as]
			_, back := invite(t, dana, store.NewPerson{Name: "Nina", Email: nina, Party: other, Role: store.RoleViewer})
			invite(t, dana, client("Olga", "olga@"+a.Suffix+".test", store.RoleViewer))
			if err := accept(t, nina, taken); err != nil {
				t.Fatal(err)
			}
			if err := changeRole(t, dana, a.Member(t, nina, a.Acme).ID(), store.RoleMember); err != nil {
				t.Fatal(err)
			}
			if open := openInvites(t, dana.TenantID()); !slices.Equal(open, []string{"nina", "olga"}) {
				t.Errorf("with another role, open are %q", open)
			}
			if err := c.goes(t, dana, a.Member(t, nina, a.Acme)); err != nil {
				t.Fatal(err)
			}
			if open := openInvites(t, dana.TenantID()); !slices.Equal(open, []string{"olga"}) {
				t.Errorf("open invitations: %q", open)
			}
			if seen, err := storetest.DB().PeekInvite(t.Context(), back); err != nil || seen.EndReason != store.EndedRevoked {
				t.Errorf("the invitation shows %q, %v", seen.EndReason, err)
			}
		})
	}
}

// A client's managers can't find out whom the agency has invited to its own side by
// inviting that address themselves.
func TestClientsCannotSeeAgencyInvites(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, mia := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Mia, a.Acme)
	secret := "secret@" + a.Suffix + ".test"
	staff := store.NewPerson{Name: "Secret", Email: secret, Party: store.PartyAgency, Role: store.RoleMember}
	_, ours := invite(t, dana, staff)
	if err := attempt(t, mia, func(tx *store.Tx) error {
		_, err := tx.InvitePerson(t.Context(), client("Secret", secret, store.RoleViewer))
		return err
	}); err != nil {
		t.Errorf("the client was told: %v", err)
	}
	for side, p := range map[string]store.NewPerson{"ours": staff, "theirs": client("Secret", secret, store.RoleViewer)} {
		var wrong store.InvalidError
		err := attempt(t, dana, func(tx *store.Tx) error {
			_, err := tx.InvitePerson(t.Context(), p)
			return err
		})
		if !errors.As(err, &wrong) || wrong["email"] == "" {
			t.Errorf("%s, twice: %v", side, err)
		}
	}
	if err := accept(t, secret, ours); err != nil {
		t.Fatal(err)
	}
	if got := a.Member(t, secret, a.Acme).Party; got != store.PartyAgency {
		t.Errorf("joined as one of the %s's", got)
	}
}

// The database function returns the inviter's role in the tenant's own agency, for
// the tenant's own invitations. It tells client users nothing about the agency's
// invitations.
func TestInviterRoleStaysInTheTenant(t *testing.T) {
	t.Parallel()
	a, b, conn := storetest.Agency(t), storetest.Agency(t), storetest.App(t)
	dana, mia := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Mia, a.Acme)
	theirs, _ := invite(t, dana, client("Nina", "nina@"+a.Suffix+".test", store.RoleViewer))
	ours, _ := invite(t, dana, store.NewPerson{Name: "Olga", Email: "olga@" + a.Suffix + ".test", Party: store.PartyAgency, Role: store.RoleViewer})
	byMia, _ := invite(t, mia, client("Pia", "pia@"+a.Suffix+".test", store.RoleViewer))
	for what, c := range map[string]struct {
		me     store.Member
		invite uuid.UUID
		want   string
	}{
		"the agency, of its own":          {dana, ours, "owner"},
		"the agency, of the client's":     {dana, theirs, "owner"},
		"the client, of its own":          {mia, theirs, "owner"},
		"the client, of the agency's":     {mia, ours, ""},
		"of what a client's person made":  {dana, byMia, ""},
		"another client of the agency":    {a.Member(t, a.Gus, a.Globex), theirs, ""},
		"the agency, in itself":           {a.Member(t, a.Dana, a.Agency), theirs, ""},
		"another agency":                  {b.Member(t, b.Dana, b.Agency), theirs, ""},
		"another agency's client's owner": {b.Member(t, b.Mia, b.Acme), theirs, ""},
	} {
		tx, err := conn.Begin(t.Context())
		must(t, err)
		as(t, tx, c.me)
		var got string
		must(t, tx.QueryRow(t.Context(), `select coalesce(lookup.inviter_agency_role($1), '')`, c.invite).Scan(&got))
		if got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
		must(t, tx.Rollback(t.Context()))
	}
}

// A person who is removed from the agency, or leaves it, stops owning its clients. So only
// owners remove them, with a fresh step-up, and a client keeps an owner.
func TestRemovalKeepsAnOwnerOfEachClient(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, unproved := a.SteppedUp(t, a.Dana, a.Agency), a.Member(t, a.Dana, a.Agency)
	admin := a.SteppedUp(t, addMember(t, dana, store.PartyAgency, store.RoleAdmin), a.Agency)
	ravi := a.SteppedUp(t, a.Ravi, a.Agency)
	third := thirdClient(t, dana)
	if err := assign(t, dana, ravi.ID(), store.RoleOwner, third.TenantID()); err != nil {
		t.Fatal(err)
	}
	if err := removePerson(t, admin, ravi.ID()); !errors.Is(err, store.ErrForbidden) {
		t.Errorf("an admin ends an owner's work: %v", err)
	}
	if err := removePerson(t, unproved, ravi.ID()); !errors.Is(err, store.ErrStepUp) {
		t.Errorf("an owner without step-up: %v", err)
	}
	if err := leave(t, a.Member(t, a.Ravi, a.Agency)); !errors.Is(err, store.ErrStepUp) {
		t.Errorf("he leaves without step-up: %v", err)
	}
	deed(t, dana, func(tx *store.Tx) error { return tx.LeaveClient(t.Context(), third.TenantID()) })
	for what, goes := range map[string]func() error{
		"removed": func() error { return removePerson(t, dana, ravi.ID()) },
		"leaves":  func() error { return leave(t, ravi) },
	} {
		if err := goes(); !errors.Is(err, store.ErrLastClientOwner) {
			t.Errorf("the client's only owner, %s: %v", what, err)
		}
	}
	if membershipsOf(t, third.TenantID(), a.Ravi) != 1 || membershipsOf(t, dana.TenantID(), a.Ravi) != 1 {
		t.Fatal("a refused removal ended a membership")
	}
	deed(t, dana, func(tx *store.Tx) error { return tx.JoinClient(t.Context(), third.TenantID()) })
	if err := removePerson(t, dana, ravi.ID()); err != nil {
		t.Errorf("an owner removes one owner of two: %v", err)
	}
	if membershipsOf(t, third.TenantID(), a.Ravi) != 0 || membershipsOf(t, dana.TenantID(), a.Ravi) != 0 {
		t.Error("he is still a member")
	}
}
