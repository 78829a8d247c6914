package store_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/store"
)

// worksIn are the names of the clients in which a person works, as the agency reads it.
func worksIn(t *testing.T, me store.Member, person uuid.UUID) (slugs []string) {
	t.Helper()
	var at []store.Placement
	if err := storetest.DB().Read(t.Context(), me, store.ListPlacements([]uuid.UUID{person}, &at)); err != nil {
		t.Fatal(err)
	}
	for _, p := range at {
		if p.ClientSlug != nil {
			slugs = append(slugs, *p.ClientSlug)
		}
	}
	slices.Sort(slugs)
	return slugs
}

func assign(t *testing.T, me store.Member, person uuid.UUID, role store.Role, clients ...uuid.UUID) error {
	t.Helper()
	return attempt(t, me, func(tx *store.Tx) error { return tx.AssignStaff(t.Context(), person, clients, role) })
}

// Only owners and admins of the agency, in person, assign its people to its clients and
// read who works where: not another agency, a client's person, a member without the
// right, the agency's owner inside a client, or support. Nobody assigns a stranger, a
// client's own person, or into another agency's client.
func TestOnlyTheAgencyAssignsItsStaff(t *testing.T) {
	t.Parallel()
	a, b := storetest.Agency(t), storetest.Agency(t)
	dana := a.SteppedUp(t, a.Dana, a.Agency)
	ravi, globex := a.Member(t, a.Ravi, a.Agency), a.Member(t, a.Gus, a.Globex).TenantID()
	mia, gus := a.Member(t, a.Mia, a.Acme), a.Member(t, a.Gus, a.Globex)
	theirs := b.Member(t, b.Mia, b.Acme)
	admin := a.Member(t, addMember(t, dana, store.PartyAgency, store.RoleAdmin), a.Agency)
	before := storetest.RowsOf(t, globex)
	for what, me := range map[string]store.Member{
		"another agency's owner":        b.SteppedUp(t, b.Dana, b.Agency),
		"a client's owner":              mia,
		"that client's owner":           gus,
		"a member without the right":    ravi,
		"the agency's owner, inside":    a.Member(t, a.Dana, a.Globex),
		"support as the agency's owner": writingSupport(t, dana, a.Agency),
	} {
		for deed, err := range map[string]error{
			"assign":     assign(t, me, ravi.ID(), store.RoleMember, globex),
			"everywhere": attempt(t, me, func(tx *store.Tx) error { return tx.AssignEverywhere(t.Context(), ravi.ID(), store.RoleMember) }),
			"end":        attempt(t, me, func(tx *store.Tx) error { return tx.UnassignStaff(t.Context(), ravi.ID(), []uuid.UUID{globex}) }),
		} {
			if !errors.Is(err, store.ErrForbidden) && !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: %s: %v", what, deed, err)
			}
		}
		var at, outside, team []store.Placement
		if err := storetest.DB().Read(t.Context(), me, store.ListPlacements([]uuid.UUID{ravi.ID()}, &at), store.ListOutsideStaff("", &outside), store.ListClientStaff(globex, &team)); err != nil {
			t.Error(err)
		}
		if n := len(at) + len(outside) + len(team); n > 0 {
			t.Errorf("%s reads %d placements", what, n)
		}
	}
	for what, c := range map[string]struct {
		me     store.Member
		person uuid.UUID
		role   store.Role
		client uuid.UUID
		want   error
	}{
		"a stranger":                {dana, theirs.ID(), store.RoleMember, globex, store.ErrNotFound},
		"a client's own person":     {dana, mia.ID(), store.RoleMember, globex, store.ErrNotFound},
		"nobody":                    {dana, uuid.New(), store.RoleMember, globex, store.ErrNotFound},
		"another agency's client":   {dana, ravi.ID(), store.RoleMember, theirs.TenantID(), store.ErrConflict},
		"the agency itself":         {dana, ravi.ID(), store.RoleMember, dana.TenantID(), store.ErrConflict},
		"ownership, by an admin":    {admin, ravi.ID(), store.RoleOwner, globex, store.ErrForbidden},
		"ownership, not proved":     {a.Member(t, a.Dana, a.Agency), ravi.ID(), store.RoleOwner, globex, store.ErrStepUp},
		"a role that doesn't exist": {dana, ravi.ID(), "king", globex, store.ErrInvalid},
	} {
		if err := assign(t, c.me, c.person, c.role, c.client); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
	for table, rows := range storetest.RowsOf(t, globex) {
		if table == "memberships" && rows != before[table] {
			t.Errorf("the memberships of the client changed")
		}
	}
	if err := assign(t, admin, ravi.ID(), store.RoleMember, globex); err != nil {
		t.Errorf("an admin: %v", err)
	}
	if got := worksIn(t, dana, ravi.ID()); !slices.Equal(got, sorted(a.Acme, a.Globex)) {
		t.Errorf("he works in %q", got)
	}
}

func sorted(words ...string) []string { slices.Sort(words); return words }

// The functions refuse by themselves, without help from our code.
func TestStaffFunctionsRefuseByThemselves(t *testing.T) {
	t.Parallel()
	a, b, conn := storetest.Agency(t), storetest.Agency(t), storetest.App(t)
	dana, ravi := a.Member(t, a.Dana, a.Agency), a.Member(t, a.Ravi, a.Agency)
	globex := a.Member(t, a.Gus, a.Globex)
	for what, c := range map[string]struct {
		me      store.Member
		support bool
		may     bool
	}{
		"the owner": {dana, false, true}, "the owner, in support": {dana, true, false}, "a member": {ravi, false, false},
		"the client's owner": {globex, false, false}, "the owner, inside the client": {a.Member(t, a.Dana, a.Globex), false, false},
		"another agency's owner": {b.Member(t, b.Dana, b.Agency), false, false},
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
		var assigned, ended *int
		var everywhere *bool
		var read int
		var colleague *uuid.UUID
		if err := tx.QueryRow(t.Context(), `select lookup.assign_staff($1, array[$2::uuid], 'member', '')`, ravi.ID(), globex.TenantID()).Scan(&assigned); err != nil {
			t.Fatal(err)
		}
		if err := tx.QueryRow(t.Context(), `select lookup.assign_everywhere($1, 'member', '')`, ravi.ID()).Scan(&everywhere); err != nil {
			t.Fatal(err)
		}
		if err := tx.QueryRow(t.Context(), `select count(*) from lookup.my_staff(array[$1::uuid], null, '')`, ravi.ID()).Scan(&read); err != nil {
			t.Fatal(err)
		}
		if err := tx.QueryRow(t.Context(), `select lookup.unassign_staff($1, array[$2::uuid], '')`, ravi.ID(), globex.TenantID()).Scan(&ended); err != nil {
			t.Fatal(err)
		}
		if err := tx.QueryRow(t.Context(), `select lookup.colleague($1)`, a.Ravi).Scan(&colleague); err != nil {
			t.Fatal(err)
		}
		for deed, did := range map[string]bool{"assigns": assigned != nil, "assigns everywhere": everywhere != nil, "reads": read > 0, "ends": ended != nil} {
			if did != c.may {
				t.Errorf("%s %s: %v", what, deed, did)
			}
		}
		// Staff owners of a client know their colleagues too.
		if may := c.may || what == "the owner, inside the client"; (colleague != nil) != may {
			t.Errorf("%s learns of a colleague: %v", what, colleague != nil)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// Somebody assigned to all clients works in those created or unarchived later, until the
// assignment ends or they leave the agency. A client that was archived then doesn't count.
func TestStandingAssignmentFollowsNewClients(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, ravi := a.SteppedUp(t, a.Dana, a.Agency), a.Member(t, a.Ravi, a.Agency)
	storetest.Plan(t, a.Agency, "enterprise")
	old := thirdClient(t, dana)
	deed(t, dana, func(tx *store.Tx) error { return tx.ArchiveClient(t.Context(), old.TenantID()) })
	everywhere := func(role store.Role) {
		t.Helper()
		deed(t, dana, func(tx *store.Tx) error { return tx.AssignEverywhere(t.Context(), ravi.ID(), role) })
	}
	everywhere(store.RoleViewer)
	if got := worksIn(t, dana, ravi.ID()); !slices.Equal(got, sorted(a.Acme, a.Globex)) {
		t.Errorf("at first he works in %q", got)
	}
	deed(t, dana, func(tx *store.Tx) error { return tx.UnarchiveClient(t.Context(), old.TenantID()) })
	next := thirdClient(t, dana)
	if got := worksIn(t, dana, ravi.ID()); len(got) != 4 {
		t.Errorf("then he works in %q", got)
	}
	if me := a.Member(t, a.Ravi, next.Tenant.Slug); me.Role != store.RoleViewer || me.Party != store.PartyAgency {
		t.Errorf("there he is %s of %s", me.Role, me.Party)
	}
	if me := a.Member(t, a.Ravi, a.Acme); me.Role == store.RoleViewer {
		t.Error("where he worked before his role changed")
	}
	everywhere("")
	thirdClient(t, dana)
	if got := worksIn(t, dana, ravi.ID()); len(got) != 4 {
		t.Errorf("after the end of the assignment he works in %q", got)
	}
	everywhere(store.RoleMember)
	if err := removePerson(t, dana, ravi.ID()); err != nil {
		t.Fatal(err)
	}
	if got := worksIn(t, dana, ravi.ID()); got != nil {
		t.Errorf("removed from the agency, he works in %q", got)
	}
	deed(t, dana, func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Ravi", Email: a.Ravi, Party: store.PartyAgency, Role: store.RoleMember})
		return err
	})
	thirdClient(t, dana)
	if got := worksIn(t, dana, ravi.ID()); got != nil {
		t.Errorf("back in the agency, he works in %q without being assigned", got)
	}
}

// Somebody who works for the agency already is added without an invitation, wherever
// they work. Others are invited, the client's own people too. Who manages a client and is
// no member of the agency invites everybody, and so doesn't learn who works elsewhere.
func TestColleaguesNeedNoInvitation(t *testing.T) {
	t.Parallel()
	a, b := storetest.Agency(t), storetest.Agency(t)
	acme, home := a.Member(t, a.Dana, a.Acme), a.SteppedUp(t, a.Dana, a.Agency)
	globex := a.Member(t, a.Dana, a.Globex)
	outside := addMember(t, acme, store.PartyAgency, store.RoleMember) // works in Acme only
	// They manage Globex and no other place of the agency.
	admin := a.Member(t, addMember(t, globex, store.PartyAgency, store.RoleAdmin), a.Globex)
	colleague := addMember(t, home, store.PartyAgency, store.RoleMember)
	left := addMember(t, home, store.PartyAgency, store.RoleAdmin)
	leaver := a.Member(t, left, a.Agency).ID()
	deed(t, globex, func(tx *store.Tx) error {
		_, err := tx.InvitePerson(t.Context(), store.NewPerson{Name: "Left", Email: left, Party: store.PartyAgency, Role: store.RoleAdmin})
		return err
	})
	former := a.Member(t, left, a.Globex)
	if _, err := storetest.Superuser(t).Exec(t.Context(), `update memberships set ended_at = now() where tenant_id = $1 and user_id = $2`, home.TenantID(), leaver); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		me      store.Member
		email   string
		party   store.Party
		invited bool
	}{
		"the agency's, by a client's admin": {admin, colleague, store.PartyAgency, true},
		"a client's, by a client's admin":   {admin, addMember(t, acme, store.PartyAgency, store.RoleMember), store.PartyAgency, true},
		"a stranger, by a client's admin":   {admin, "strange@" + a.Suffix + ".test", store.PartyAgency, true},
		"by who left the agency":            {former, addMember(t, home, store.PartyAgency, store.RoleMember), store.PartyAgency, true},
		"staff of the agency":               {globex, a.Ravi, store.PartyAgency, false},
		"staff of another client":           {globex, outside, store.PartyAgency, false},
		"the same, into the agency":         {home, outside, store.PartyAgency, false},
		"a stranger":                        {globex, "new@" + a.Suffix + ".test", store.PartyAgency, true},
		"another agency's staff":            {globex, b.Ravi, store.PartyAgency, true},
		"a client's person":                 {globex, a.Mia, store.PartyAgency, true},
		"a colleague, on the client side":   {acme, a.Gus, store.PartyClient, true},
	} {
		var id uuid.UUID
		deed(t, c.me, func(tx *store.Tx) (err error) {
			id, err = tx.InvitePerson(t.Context(), store.NewPerson{Name: "Somebody", Email: c.email, Party: c.party, Role: store.RoleMember})
			return err
		})
		if invited := id != uuid.Nil; invited != c.invited || membershipsOf(t, c.me.TenantID(), c.email) == 0 != c.invited {
			t.Errorf("%s: invited is %v", what, invited)
		}
	}
	again := attempt(t, globex, func(tx *store.Tx) error {
		_, err := tx.InvitePerson(t.Context(), store.NewPerson{Name: "Ravi", Email: a.Ravi, Party: store.PartyAgency, Role: store.RoleMember})
		return err
	})
	if !errors.Is(again, store.ErrInvalid) {
		t.Errorf("a second time: %v", again)
	}
}

// Work in a client ends for the people and clients named, and never leaves a client
// without an owner. An admin can't end an owner's work.
func TestUnassignKeepsAnOwner(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, ravi := a.SteppedUp(t, a.Dana, a.Agency), a.Member(t, a.Ravi, a.Agency)
	admin := a.Member(t, addMember(t, dana, store.PartyAgency, store.RoleAdmin), a.Agency)
	alone := thirdClient(t, dana) // which Dana alone owns
	acme := a.Member(t, a.Mia, a.Acme).TenantID()
	end := func(me store.Member, person uuid.UUID, client uuid.UUID) error {
		return attempt(t, me, func(tx *store.Tx) error { return tx.UnassignStaff(t.Context(), person, []uuid.UUID{client}) })
	}
	if err := end(dana, dana.ID(), alone.TenantID()); !errors.Is(err, store.ErrLastOwner) {
		t.Errorf("the only owner: %v", err)
	}
	if err := end(admin, dana.ID(), acme); err == nil {
		t.Error("an admin ended an owner's work")
	}
	if err := end(a.Member(t, a.Dana, a.Agency), dana.ID(), acme); !errors.Is(err, store.ErrStepUp) {
		t.Errorf("an owner's work, not proved: %v", err)
	}
	if err := end(admin, ravi.ID(), acme); err != nil {
		t.Errorf("a member's work: %v", err)
	}
	if n := membershipsOf(t, acme, a.Ravi); n != 0 {
		t.Error("he still works there")
	}
	if err := end(dana, dana.ID(), acme); err != nil {
		t.Errorf("one owner of two: %v", err)
	}
}

// Two owners assign the same person at once, and a third removes them from the agency:
// afterwards they work where they were assigned, or nowhere.
func TestAssignDuringRemovalIsUndone(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.SteppedUp(t, a.Dana, a.Agency)
	acme, globex := a.Member(t, a.Mia, a.Acme).TenantID(), a.Member(t, a.Gus, a.Globex).TenantID()
	for range 10 {
		email := addMember(t, dana, store.PartyAgency, store.RoleMember)
		person := a.Member(t, email, a.Agency).ID()
		var all sync.WaitGroup
		for _, clients := range [][]uuid.UUID{{acme, globex}, {globex, acme}} {
			all.Go(func() {
				if err := assign(t, dana, person, store.RoleMember, clients...); err != nil && !errors.Is(err, store.ErrNotFound) {
					t.Errorf("assign: %v", err)
				}
			})
		}
		all.Go(func() {
			if err := removePerson(t, dana, person); err != nil {
				t.Errorf("remove: %v", err)
			}
		})
		all.Wait()
		if n := membershipsOf(t, acme, email) + membershipsOf(t, globex, email); n != 0 {
			t.Fatal("somebody removed from the agency works in its clients")
		}
	}
}

// A person who is removed from the agency works in none of its clients afterwards, even if
// something assigns them at the same moment: a client that is unarchived, or an invitation
// that adds colleagues at once.
func TestRemovedStaffAreAssignedNowhere(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, inAcme := a.SteppedUp(t, a.Dana, a.Agency), a.SteppedUp(t, a.Dana, a.Acme)
	acme := inAcme.TenantID()
	for what, race := range map[string]func(email string) error{
		"unarchive": func(string) error {
			return attempt(t, dana, func(tx *store.Tx) error { return tx.UnarchiveClient(t.Context(), acme) })
		},
		"invite": func(email string) error {
			return attempt(t, inAcme, func(tx *store.Tx) error {
				_, err := tx.InvitePerson(t.Context(), store.NewPerson{Name: "Colleague", Email: email, Party: store.PartyAgency, Role: store.RoleMember})
				return err
			})
		},
	} {
		for range 8 {
			email := addMember(t, dana, store.PartyAgency, store.RoleMember)
			person := a.Member(t, email, a.Agency).ID()
			if what == "unarchive" {
				deed(t, dana, func(tx *store.Tx) error { return tx.ArchiveClient(t.Context(), acme) })
				deed(t, dana, func(tx *store.Tx) error { return tx.AssignEverywhere(t.Context(), person, store.RoleMember) })
			}
			var all sync.WaitGroup
			all.Go(func() {
				if err := race(email); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			})
			all.Go(func() {
				if err := removePerson(t, dana, person); err != nil {
					t.Errorf("remove: %v", err)
				}
			})
			all.Wait()
			if n := membershipsOf(t, acme, email); n != 0 {
				t.Fatalf("%s: somebody removed from the agency works in its client", what)
			}
		}
	}
}

// Staff who are assigned while something is published see as much waiting as their
// colleagues.
func TestAssignedStaffCountWhatIsPublished(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, inAcme := a.SteppedUp(t, a.Dana, a.Agency), a.Member(t, a.Dana, a.Acme)
	project := storetest.Project(t, inAcme, "Counted")
	for n := range 8 {
		deliverable := storetest.Deliverable(t, inAcme, project, "Counted")
		storetest.File(t, inAcme, storetest.Draft(t, inAcme, deliverable), "a.txt")
		person := a.Member(t, addMember(t, dana, store.PartyAgency, store.RoleMember), a.Agency).ID()
		var all sync.WaitGroup
		all.Go(func() {
			if err := attempt(t, inAcme, func(tx *store.Tx) error { return tx.Publish(t.Context(), deliverable, 1, "") }); err != nil {
				t.Errorf("publish: %v", err)
			}
		})
		all.Go(func() {
			if err := assign(t, dana, person, store.RoleMember, inAcme.TenantID()); err != nil {
				t.Errorf("assign: %v", err)
			}
		})
		all.Wait()
		var counts []int
		rows, err := storetest.AdminPool().Query(t.Context(), `select distinct waiting from memberships where tenant_id = $1 and ended_at is null`, inAcme.TenantID())
		if err == nil {
			counts, err = pgx.CollectRows(rows, pgx.RowTo[int])
		}
		if err != nil || len(counts) != 1 || counts[0] != n+1 {
			t.Fatalf("after %d publications the members count %v, %v", n+1, counts, err)
		}
	}
}
