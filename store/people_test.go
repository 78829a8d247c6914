package store_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// attempt runs a deed and returns its error.
func attempt(t *testing.T, me store.Member, fn func(*store.Tx) error) error {
	t.Helper()
	return storetest.DB().Write(t.Context(), me, fn)
}

func changeRole(t *testing.T, me store.Member, whom uuid.UUID, to store.Role) error {
	return attempt(t, me, func(tx *store.Tx) error { return tx.ChangeRole(t.Context(), whom, to) })
}

func removePerson(t *testing.T, me store.Member, whom uuid.UUID) error {
	return attempt(t, me, func(tx *store.Tx) error { return tx.RemovePerson(t.Context(), whom) })
}

func leave(t *testing.T, me store.Member) error {
	return attempt(t, me, func(tx *store.Tx) error { return tx.Leave(t.Context()) })
}

// addMember adds a member with that party and role and returns their address.
func addMember(t *testing.T, by store.Member, party store.Party, role store.Role) string {
	t.Helper()
	email := uuid.NewString()[24:] + "@added.test"
	deed(t, by, func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Added " + string(role), Email: email, Party: party, Role: role})
		return err
	})
	return email
}

func ownersOf(t *testing.T, tenant uuid.UUID, party store.Party) (n int) {
	t.Helper()
	err := storetest.Admin(t).QueryRow(t.Context(), `
select count(*) from memberships where tenant_id = $1 and party = $2 and role = 'owner' and ended_at is null`, tenant, party).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Nobody changes or removes people above their own role on their side. Client users
// act on their own side only, and only while the agency allows it. Ownership changes
// only with a fresh step-up.
func TestWhoMayChangeWhom(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, mia := a.SteppedUp(t, a.Dana, a.Acme), a.SteppedUp(t, a.Mia, a.Acme)
	leo, ravi := a.Member(t, a.Leo, a.Acme), a.Member(t, a.Ravi, a.Acme)
	ada := a.SteppedUp(t, addMember(t, dana, store.PartyClient, store.RoleAdmin), a.Acme)
	for _, c := range []struct {
		what string
		me   store.Member
		whom uuid.UUID
		to   store.Role
		want error
	}{
		{"an admin makes a member", ada, leo.ID(), store.RoleMember, nil},
		{"an admin makes an owner", ada, leo.ID(), store.RoleOwner, store.ErrForbidden},
		{"an admin makes themselves one", ada, ada.ID(), store.RoleOwner, store.ErrForbidden},
		{"an admin takes from an owner", ada, mia.ID(), store.RoleViewer, store.ErrForbidden},
		{"a client changes staff", mia, ravi.ID(), store.RoleViewer, store.ErrForbidden},
		{"a viewer changes", leo, ada.ID(), store.RoleViewer, store.ErrForbidden},
		{"staff who do not manage", ravi, leo.ID(), store.RoleViewer, store.ErrForbidden},
		{"the agency changes a client", dana, leo.ID(), store.RoleViewer, nil},
		{"the agency changes its own", dana, ravi.ID(), store.RoleAdmin, nil},
		{"a role that is none", dana, leo.ID(), "king", store.ErrInvalid},
		{"somebody of another tenant", dana, a.Member(t, a.Gus, a.Globex).ID(), store.RoleViewer, store.ErrNotFound},
		{"nobody", dana, uuid.New(), store.RoleViewer, store.ErrNotFound},
		{"ownership without a fresh proof", a.Member(t, a.Mia, a.Acme), leo.ID(), store.RoleOwner, store.ErrStepUp},
		{"ownership with one", mia, leo.ID(), store.RoleOwner, nil},
		{"ownership taken without one", a.Member(t, a.Mia, a.Acme), leo.ID(), store.RoleViewer, store.ErrStepUp},
		{"ownership taken with one", mia, leo.ID(), store.RoleViewer, nil},
		{"the last owner of a client", dana, mia.ID(), store.RoleViewer, store.ErrLastOwner},
	} {
		if err := changeRole(t, c.me, c.whom, c.to); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
	if got := a.Member(t, a.Leo, a.Acme).Role; got != store.RoleViewer {
		t.Errorf("Leo is %s", got)
	}
	deed(t, dana, func(tx *store.Tx) error { return tx.SetClientManagesPeople(t.Context(), false) })
	if err := removePerson(t, mia, leo.ID()); !errors.Is(err, store.ErrForbidden) {
		t.Errorf("the agency does not allow the client: %v", err)
	}
	if err := attempt(t, mia, func(tx *store.Tx) error { return tx.SetClientManagesPeople(t.Context(), true) }); !errors.Is(err, store.ErrForbidden) {
		t.Errorf("the client allows itself: %v", err)
	}
	deed(t, dana, func(tx *store.Tx) error { return tx.SetClientManagesPeople(t.Context(), true) })
	if err := removePerson(t, mia, leo.ID()); err != nil {
		t.Errorf("the agency allows the client: %v", err)
	}
	if err := removePerson(t, mia, leo.ID()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
}

// The last owner can't leave, be removed or get a lower role until somebody else owns
// the tenant too. Staff owners in a client's workspace may leave.
func TestLastOwnerStays(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, mia := a.SteppedUp(t, a.Dana, a.Acme), a.SteppedUp(t, a.Mia, a.Acme)
	home := a.SteppedUp(t, a.Dana, a.Agency)
	for what, err := range map[string]error{
		"the client's last owner leaves":     leave(t, mia),
		"the client's last owner is removed": removePerson(t, dana, mia.ID()),
		"they make themselves less":          changeRole(t, mia, mia.ID(), store.RoleAdmin),
		"the agency's last owner leaves":     leave(t, home),
		"and makes themselves less":          changeRole(t, home, home.ID(), store.RoleAdmin),
	} {
		if !errors.Is(err, store.ErrLastOwner) || !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s: %v", what, err)
		}
	}
	second := a.Member(t, addMember(t, dana, store.PartyClient, store.RoleOwner), a.Acme)
	if err := leave(t, a.Member(t, a.Mia, a.Acme)); !errors.Is(err, store.ErrStepUp) {
		t.Errorf("an owner leaves without a fresh proof: %v", err)
	}
	if err := leave(t, mia); err != nil {
		t.Errorf("there is another owner: %v", err)
	}
	if err := leave(t, dana); err != nil {
		t.Errorf("staff leave a client's workspace: %v", err)
	}
	if n := ownersOf(t, second.TenantID(), store.PartyClient); n != 1 {
		t.Errorf("%d owners are left", n)
	}
	if _, ok := storetest.Visit(t, storetest.SignIn(t, a.Mia), a.Acme).Member(); ok {
		t.Error("a person who left is still a member")
	}
}

// Two owners remove each other's ownership at once, in twenty rounds, and then both
// leave at once. One owner is always left.
func TestTwoOwnersAtOnce(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.SteppedUp(t, a.Dana, a.Acme)
	first, second := a.SteppedUp(t, a.Mia, a.Acme), a.SteppedUp(t, addMember(t, dana, store.PartyClient, store.RoleOwner), a.Acme)
	both := func(fns ...func() error) (errs []error) {
		errs = make([]error, len(fns))
		var all sync.WaitGroup
		for i, fn := range fns {
			all.Go(func() { errs[i] = fn() })
		}
		all.Wait()
		return errs
	}
	for round := range 20 {
		errs := both(
			func() error { return changeRole(t, first, second.ID(), store.RoleAdmin) },
			func() error { return changeRole(t, second, first.ID(), store.RoleAdmin) },
		)
		won := slices.IndexFunc(errs, func(err error) bool { return err == nil })
		if won < 0 || !errors.Is(errs[1-won], store.ErrForbidden) {
			t.Fatalf("round %d: %v", round, errs)
		}
		if n := ownersOf(t, dana.TenantID(), store.PartyClient); n != 1 {
			t.Fatalf("round %d: %d owners", round, n)
		}
		owner, other := first, second
		if won == 1 {
			owner, other = second, first
		}
		if err := changeRole(t, owner, other.ID(), store.RoleOwner); err != nil {
			t.Fatal(err)
		}
	}
	errs := both(func() error { return leave(t, first) }, func() error { return leave(t, second) })
	if left := slices.IndexFunc(errs, func(err error) bool { return err == nil }); left < 0 || !errors.Is(errs[1-left], store.ErrLastOwner) {
		t.Errorf("both leave: %v", errs)
	}
	if n := ownersOf(t, dana.TenantID(), store.PartyClient); n != 1 {
		t.Errorf("%d owners after both have left", n)
	}
}

// Removing a person releases their place in the plan. An invitation into a full plan
// is refused before a row or a mail exists.
func TestRemovedPeopleFreeTheirPlace(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	storetest.Plan(t, a.Acme, "starter")
	dana := a.Member(t, a.Dana, a.Acme)
	for range 3 {
		addMember(t, dana, store.PartyClient, store.RoleViewer)
	}
	ask := func(email string) error {
		return attempt(t, dana, func(tx *store.Tx) error {
			_, err := tx.InvitePerson(t.Context(), client("Nina", email, store.RoleViewer))
			return err
		})
	}
	nina := "nina@" + a.Suffix + ".test"
	if err := ask(nina); !full(err, store.Users) {
		t.Fatalf("a sixth of five: %v", err)
	}
	var rows, jobs int
	err := storetest.Admin(t).QueryRow(t.Context(), `
select (select count(*) from invites where tenant_id = $1), (select count(*) from river.river_job where kind = 'invite_mail' and args ->> 'tenant' = $1::text)`,
		dana.TenantID()).Scan(&rows, &jobs)
	if err != nil || rows != 0 || jobs != 0 {
		t.Errorf("%d rows and %d jobs of a refused invitation, %v", rows, jobs, err)
	}
	if err := attempt(t, dana, func(tx *store.Tx) error {
		_, err := tx.InvitePerson(t.Context(), store.NewPerson{Name: "Staff", Email: "staff@" + a.Suffix + ".test", Party: store.PartyAgency, Role: store.RoleMember})
		return err
	}); err != nil {
		t.Errorf("the agency's people take no place of a client's: %v", err)
	}
	if err := leave(t, a.Member(t, a.Leo, a.Acme)); err != nil {
		t.Fatal(err)
	}
	if got := used(t, dana, store.Users); got != 4 {
		t.Errorf("%d of five places are taken after one has left", got)
	}
	if err := ask(nina); err != nil {
		t.Errorf("the plan has a free place again: %v", err)
	}
	if err := ask("olga@" + a.Suffix + ".test"); !full(err, store.Users) {
		t.Errorf("an open invitation keeps its place: %v", err)
	}
}

// The list has pages, clients first, and finds people by a part of the name or
// address. The search text is never a pattern.
func TestSearchPeople(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	for i := range 5 {
		deed(t, dana, func(tx *store.Tx) error {
			_, err := tx.AddPerson(t.Context(), client(fmt.Sprintf("Same name %d%%", i/3), fmt.Sprintf("same-%d@%s.test", i, a.Suffix), store.RoleViewer))
			return err
		})
	}
	all := func(text string) (names []string) {
		var after uuid.UUID
		for {
			var page []store.Membership
			if err := storetest.DB().Read(t.Context(), dana, store.SearchPeople(store.PeopleFilter{Text: text, Page: store.Page{After: store.Cursor{ID: after}, Limit: 2}}, &page)); err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				return names
			}
			for _, p := range page {
				names = append(names, p.Email)
			}
			after = page[len(page)-1].UserID
		}
	}
	var count store.PeopleCount
	for text, want := range map[string]int{"": 9, "SAME": 5, "same-3@": 1, "name 0%": 3, "%": 5, "_": 0, a.Suffix + ".test": 9, "nobody": 0} {
		got := all(text)
		if err := storetest.DB().Read(t.Context(), dana, store.CountPeople(text, &count)); err != nil {
			t.Fatal(err)
		}
		distinct := slices.Compact(slices.Sorted(slices.Values(got)))
		if len(got) != want || len(distinct) != want || count.Client+count.Agency != want {
			t.Errorf("%q finds %d, counts %+v, want %d", text, len(got), count, want)
		}
	}
	if got := all(""); !slices.Equal(got[len(got)-2:], []string{a.Dana, a.Ravi}) {
		t.Errorf("the agency's people are not last: %v", got)
	}
}

// Nobody manages people or leaves in a support session, not even in write mode.
func TestSupportCannotManagePeople(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	session := b.startAs(t, b.dana.ID())
	b.exec(t, `update support_sessions set mode = 'write' where id = $1`, session)
	inside, leo := b.inside(t), b.Member(t, b.Leo, b.Acme).ID()
	invite := func(tx *store.Tx) error {
		_, err := tx.InvitePerson(t.Context(), client("Nina", "nina@"+b.Suffix+".test", store.RoleViewer))
		return err
	}
	for what, fn := range map[string]func(*store.Tx) error{
		"invite":      invite,
		"change":      func(tx *store.Tx) error { return tx.ChangeRole(t.Context(), leo, store.RoleMember) },
		"remove":      func(tx *store.Tx) error { return tx.RemovePerson(t.Context(), leo) },
		"leave":       func(tx *store.Tx) error { return tx.Leave(t.Context()) },
		"let clients": func(tx *store.Tx) error { return tx.SetClientManagesPeople(t.Context(), false) },
	} {
		if err := attempt(t, inside, fn); !errors.Is(err, store.ErrForbidden) {
			t.Errorf("%s in a support session: %v", what, err)
		}
	}
	if inside.MayGiveNow(store.PartyClient, store.RoleViewer, true) {
		t.Error("pages offer support to manage people")
	}
	for what, err := range map[string]error{
		"invite": attempt(t, b.dana, invite),
		"change": changeRole(t, b.dana, leo, store.RoleMember),
		"remove": removePerson(t, b.dana, leo),
	} {
		if err != nil {
			t.Errorf("%s in person: %v", what, err)
		}
	}
}
