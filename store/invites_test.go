package store_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// invite invites a person and returns the invitation and the token of its mailed
// link.
func invite(t *testing.T, me store.Member, p store.NewPerson) (uuid.UUID, store.TenantToken) {
	t.Helper()
	var id uuid.UUID
	deed(t, me, func(tx *store.Tx) (err error) {
		id, err = tx.InvitePerson(t.Context(), p)
		return err
	})
	return id, storetest.InviteToken(t, me.TenantID(), id)
}

func deed(t *testing.T, me store.Member, fn func(*store.Tx) error) {
	t.Helper()
	if err := storetest.DB().Write(t.Context(), me, fn); err != nil {
		t.Fatal(err)
	}
}

func client(name, email string, role store.Role) store.NewPerson {
	return store.NewPerson{Name: name, Email: email, Party: store.PartyClient, Role: role}
}

func accept(t *testing.T, email string, token store.TenantToken) error {
	t.Helper()
	me := storetest.Person(t, storetest.SignIn(t, email))
	_, err := storetest.DB().AcceptInvite(t.Context(), me, token, "Nina")
	return err
}

func membershipsOf(t *testing.T, tenant uuid.UUID, email string) (n int) {
	t.Helper()
	err := storetest.Admin(t).QueryRow(t.Context(), `
select count(*) from memberships where tenant_id = $1 and email = $2 and ended_at is null`, tenant, email).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func wantEnded(t *testing.T, what string, err error, why store.EndReason) {
	t.Helper()
	var over store.EndedError
	if !errors.As(err, &over) || over.Why != why {
		t.Errorf("%s: %v, want over: %s", what, err, why)
	}
}

// Case 33: an invitation works for one address and once. It stops working when it is
// revoked, resent or expired.
func TestInviteWorksOnceForItsAddress(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	nina := "nina@" + a.Suffix + ".test"
	id, first := invite(t, dana, client("Nina", nina, store.RoleMember))

	for _, other := range []string{a.Gus, a.Leo, a.Dana} {
		if err := accept(t, other, first); !errors.Is(err, store.ErrOtherAddress) {
			t.Errorf("%s with Nina's link: %v", other, err)
		}
	}
	deed(t, dana, func(tx *store.Tx) error { return tx.ResendInvite(t.Context(), id) })
	wantEnded(t, "the link before the last", accept(t, nina, first), store.EndedGone)
	last := storetest.InviteToken(t, dana.TenantID(), id)
	if membershipsOf(t, dana.TenantID(), nina) != 0 {
		t.Fatal("a member without accepting")
	}
	if err := accept(t, nina, last); err != nil {
		t.Fatal(err)
	}
	wantEnded(t, "again", accept(t, nina, last), store.EndedUsed)
	if n := membershipsOf(t, dana.TenantID(), nina); n != 1 {
		t.Errorf("%d memberships", n)
	}
	if m := a.Member(t, nina, a.Acme); m.Role != store.RoleMember || m.Party != store.PartyClient || m.Name != "Nina" {
		t.Errorf("joined as %s %s %q", m.Party, m.Role, m.Name)
	}

	olga := "olga@" + a.Suffix + ".test"
	id, token := invite(t, dana, client("Olga", olga, store.RoleViewer))
	session := storetest.Person(t, storetest.SignIn(t, olga)) // while the invitation is open
	if _, err := storetest.Admin(t).Exec(t.Context(), `update invites set expires_at = now() where id = $1`, id); err != nil {
		t.Fatal(err)
	}
	_, err := storetest.DB().AcceptInvite(t.Context(), session, token, "Olga")
	wantEnded(t, "expired", err, store.EndedExpired)
	deed(t, dana, func(tx *store.Tx) error { return tx.RevokeInvite(t.Context(), id) })
	_, err = storetest.DB().AcceptInvite(t.Context(), session, token, "Olga")
	wantEnded(t, "revoked", err, store.EndedRevoked)
	if n := membershipsOf(t, dana.TenantID(), olga); n != 0 {
		t.Errorf("%d memberships by a revoked invitation", n)
	}
}

// An address without a person and without an invitation gets no mail and no person.
// An invited address can sign in, and then belongs to a person without a tenant.
func TestInvitedAddressMaySignIn(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	nina := "nina@" + a.Suffix + ".test"
	flow, err := storetest.DB().BeginMailFlow(t.Context(), store.Secret("cookie"), nina, "/")
	if err != nil {
		t.Fatal(err)
	}
	mintFlow := func() error {
		_, err := storetest.DB().MintFlow(t.Context(), flow, store.Secret("link "+a.Suffix), store.Secret("code"))
		return err
	}
	if err := mintFlow(); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a mail to an unknown address: %v", err)
	}
	id, _ := invite(t, dana, client("Nina", nina, store.RoleMember))
	if err := mintFlow(); err != nil {
		t.Errorf("no mail to the invited address: %v", err)
	}
	deed(t, dana, func(tx *store.Tx) error { return tx.RevokeInvite(t.Context(), id) })
	if _, err := storetest.DB().SignInByLink(t.Context(), store.Secret("link "+a.Suffix), store.NewSession{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the invitation is revoked, and the link signs in: %v", err)
	}
	invite(t, dana, client("Nina", nina, store.RoleMember))
	v := storetest.Visit(t, storetest.SignIn(t, nina), a.Acme)
	if _, ok := v.Person(); !ok {
		t.Error("the invited address has no person")
	}
	if _, ok := v.Member(); ok {
		t.Error("the invited person is a member before accepting")
	}
}

// 20 browsers accept one invitation at once: one membership, one audit row.
func TestParallelAccepts(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	nina := "nina@" + a.Suffix + ".test"
	_, token := invite(t, dana, client("Nina", nina, store.RoleMember))
	me := storetest.Person(t, storetest.SignIn(t, nina))
	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wg.Go(func() { _, errs[i] = storetest.DB().AcceptInvite(t.Context(), me, token, "Nina") })
	}
	wg.Wait()
	joined := 0
	for _, err := range errs {
		if err == nil {
			joined++
			continue
		}
		wantEnded(t, "one of twenty", err, store.EndedUsed)
	}
	var rows int
	err := storetest.Admin(t).QueryRow(t.Context(), `select count(*) from audit_events where tenant_id = $1 and verb = 'member.joined'`, dana.TenantID()).Scan(&rows)
	if joined != 1 || rows != 1 || err != nil || membershipsOf(t, dana.TenantID(), nina) != 1 {
		t.Errorf("%d joined, %d rows in the trail, %v", joined, rows, err)
	}
}

// Nobody invites above their own role on their side. Client users invite on their own
// side only, and only while the agency allows it. Viewers invite nobody.
func TestWhoMayInviteWhom(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, mia := a.SteppedUp(t, a.Dana, a.Acme), a.SteppedUp(t, a.Mia, a.Acme)
	deed(t, dana, func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), client("Ada", "ada@"+a.Suffix+".test", store.RoleAdmin))
		return err
	})
	ada := a.SteppedUp(t, "ada@"+a.Suffix+".test", a.Acme)
	staff := func(role store.Role) store.NewPerson {
		return store.NewPerson{Name: "X", Email: uuid.NewString() + "@x.test", Party: store.PartyAgency, Role: role}
	}
	mine := func(role store.Role) store.NewPerson { return client("X", uuid.NewString()+"@x.test", role) }
	try := func(me store.Member, p store.NewPerson) error {
		return storetest.DB().Write(t.Context(), me, func(tx *store.Tx) error {
			_, err := tx.InvitePerson(t.Context(), p)
			return err
		})
	}
	for _, c := range []struct {
		who  string
		me   store.Member
		p    store.NewPerson
		want error
	}{
		{"owner of the agency, staff", dana, staff(store.RoleOwner), nil},
		{"owner of the agency, client", dana, mine(store.RoleOwner), nil},
		{"owner of the client, client", mia, mine(store.RoleOwner), nil},
		{"owner of the client, staff", mia, staff(store.RoleViewer), store.ErrForbidden},
		{"admin of the client, admin", ada, mine(store.RoleAdmin), nil},
		{"owner without a fresh proof", a.Member(t, a.Dana, a.Acme), staff(store.RoleOwner), store.ErrStepUp},
		{"owner of a client without one", a.Member(t, a.Mia, a.Acme), mine(store.RoleOwner), store.ErrStepUp},
		{"admin of the client, owner", ada, mine(store.RoleOwner), store.ErrForbidden},
		{"member of the agency", a.Member(t, a.Ravi, a.Acme), mine(store.RoleViewer), store.ErrForbidden},
		{"viewer of the client", a.Member(t, a.Leo, a.Acme), mine(store.RoleViewer), store.ErrForbidden},
		{"a role that is none", dana, mine("king"), store.ErrInvalid},
		{"a party that is none", dana, store.NewPerson{Name: "X", Email: "x@x.test", Party: "system", Role: store.RoleOwner}, store.ErrInvalid},
		{"clients in an agency", a.Member(t, a.Dana, a.Agency), mine(store.RoleViewer), store.ErrInvalid},
	} {
		if err := try(c.me, c.p); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.who, err, c.want)
		}
	}
	if _, err := storetest.Admin(t).Exec(t.Context(), `update tenants set people_by_client = false where id = $1`, mia.TenantID()); err != nil {
		t.Fatal(err)
	}
	if err := try(mia, mine(store.RoleViewer)); !errors.Is(err, store.ErrForbidden) {
		t.Errorf("the agency does not allow the client: %v", err)
	}
	if err := try(dana, mine(store.RoleViewer)); err != nil {
		t.Errorf("the agency itself: %v", err)
	}
}

// The agency invites the first people of a client that its staff have not joined.
func TestAgencyInvitesFirstClientUsers(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, globex := a.Member(t, a.Dana, a.Agency), a.Member(t, a.Gus, a.Globex).TenantID()
	if _, err := storetest.Admin(t).Exec(t.Context(), `update memberships set ended_at = now() where tenant_id = $1 and party = 'agency'`, globex); err != nil {
		t.Fatal(err)
	}
	var id uuid.UUID
	enter := func(me store.Member) error {
		return storetest.DB().Write(t.Context(), me, func(tx *store.Tx) error {
			inside, err := tx.EnterClient(t.Context(), globex)
			if err != nil {
				return err
			}
			id, err = inside.InvitePerson(t.Context(), client("Nina", "nina@"+a.Suffix+".test", store.RoleOwner))
			return err
		})
	}
	if err := enter(a.Member(t, a.Ravi, a.Agency)); !errors.Is(err, store.ErrForbidden) {
		t.Errorf("a member of the agency: %v", err)
	}
	other := storetest.Agency(t)
	if err := enter(other.Member(t, other.Dana, other.Agency)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another agency: %v", err)
	}
	if err := enter(dana); err != nil {
		t.Fatal(err)
	}
	if err := accept(t, "nina@"+a.Suffix+".test", storetest.InviteToken(t, globex, id)); err != nil {
		t.Error(err)
	}
}

// A former member who is invited again gets the same membership back, under the name they give now.
func TestFormerMemberGetsMembershipBack(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, leo := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Leo, a.Acme)
	if _, err := storetest.Admin(t).Exec(t.Context(), `update memberships set ended_at = now() where tenant_id = $1 and user_id = $2`, leo.TenantID(), leo.ID()); err != nil {
		t.Fatal(err)
	}
	_, token := invite(t, dana, client("Leo", a.Leo, store.RoleAdmin))
	if err := accept(t, a.Leo, token); err != nil {
		t.Fatal(err)
	}
	back := a.Member(t, a.Leo, a.Acme)
	if back.ID() != leo.ID() || back.Role != store.RoleAdmin || back.Name != "Nina" {
		t.Errorf("came back as %s, %s, %s", back.ID(), back.Role, back.Name)
	}
}

// Former staff who are invited as client users become client users and are no longer
// staff.
func TestFormerStaffBecomeClientUsers(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	ravi, mia := a.Member(t, a.Ravi, a.Acme), a.Member(t, a.Mia, a.Acme)
	if _, err := storetest.Admin(t).Exec(t.Context(), `update memberships set ended_at = now() where tenant_id = $1 and user_id = $2`, ravi.TenantID(), ravi.ID()); err != nil {
		t.Fatal(err)
	}
	_, token := invite(t, mia, client("Ravi", a.Ravi, store.RoleViewer))
	if err := accept(t, a.Ravi, token); err != nil {
		t.Fatal(err)
	}
	if now := a.Member(t, a.Ravi, a.Acme); now.ID() != ravi.ID() || now.Party != store.PartyClient || now.Role != store.RoleViewer {
		t.Errorf("came back as %s of %s", now.Role, now.Party)
	}
}
