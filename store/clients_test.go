package store_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

func onClients(t *testing.T, me store.Member, do func(*store.Tx) error) error {
	t.Helper()
	return storetest.DB().Write(t.Context(), me, do)
}

// clientNames reads an agency's clients page by page.
func clientNames(t *testing.T, me store.Member, page store.ClientFilter) (names []string) {
	t.Helper()
	for {
		var list []store.Client
		if err := storetest.DB().Read(t.Context(), me, store.ListClients(page, &list)); err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			names = append(names, c.Name)
		}
		if len(list) < page.Limit {
			return names
		}
		page.After = store.Cursor{Name: list[len(list)-1].Name, ID: list[len(list)-1].ID}
	}
}

func clientOf(t *testing.T, me store.Member, id uuid.UUID) (c store.Client) {
	t.Helper()
	if err := storetest.DB().Read(t.Context(), me, store.GetClient(id, &c)); err != nil {
		t.Fatal(err)
	}
	return c
}

// An agency's owner lists her clients by name, on one page or on several, with their
// counts, and finds one by a part of its name.
func TestListClients(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, agency := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Agency)
	storetest.Project(t, dana, "One")
	storetest.Deliverable(t, dana, storetest.Project(t, dana, "Two"), "Logo")
	both := []string{"Acme " + a.Suffix, "Globex " + a.Suffix}
	for _, limit := range []int{1, 2, 10} {
		if got := clientNames(t, agency, store.ClientFilter{Page: store.Page{Limit: limit}}); !slices.Equal(got, both) {
			t.Errorf("%d at a time: %q", limit, got)
		}
	}
	if got := clientNames(t, agency, store.ClientFilter{Text: "GLOB", Page: store.Page{Limit: 10}}); !slices.Equal(got, both[1:]) {
		t.Errorf("filtered: %q", got)
	}
	if got := clientNames(t, agency, store.ClientFilter{Text: "%", Page: store.Page{Limit: 10}}); got != nil {
		t.Errorf("looked for %%: %q", got)
	}
	c := clientOf(t, agency, dana.TenantID())
	if c.Slug != a.Acme || c.State != "active" || c.People != 2 || c.Projects != 2 || c.ForUs != 1 || !c.Joined || c.LastActivityAt == nil {
		t.Errorf("Acme is %+v", c)
	}
	if err := onClients(t, agency, func(tx *store.Tx) error { return tx.SuspendClient(t.Context(), c.ID) }); err != nil {
		t.Fatal(err)
	}
	if c := clientOf(t, agency, c.ID); c.ForUs != 0 {
		t.Errorf("%d wait for the agency in a suspended client", c.ForUs)
	}
}

// A client without a colour of its own is listed in its agency's.
func TestClientsHaveTheAgencysColour(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	agency, acme := a.Member(t, a.Dana, a.Agency), a.Member(t, a.Mia, a.Acme).TenantID()
	colour := func(of uuid.UUID, accent string) {
		t.Helper()
		if _, err := storetest.Superuser(t).Exec(t.Context(), `update tenants set accent = $2 where id = $1`, of, accent); err != nil {
			t.Fatal(err)
		}
	}
	want := func(accent string) {
		t.Helper()
		if got := clientOf(t, agency, acme).Accent; got == nil || *got != accent {
			t.Errorf("the colour is %v, want %s", got, accent)
		}
	}
	colour(agency.TenantID(), "#1f4b99")
	want("#1f4b99")
	colour(acme, "#c2451e")
	want("#c2451e")
}

// A client is suspended, resumed, archived and unarchived. Each step is in both
// trails, deletes nothing, and can't be repeated.
func TestClientStates(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	agency, acme := a.Member(t, a.Dana, a.Agency), a.Member(t, a.Mia, a.Acme).TenantID()
	storetest.Project(t, a.Member(t, a.Dana, a.Acme), "Kept")
	before := storetest.RowsOf(t, acme)
	kept := used(t, agency, store.Clients)
	for _, step := range []struct {
		do           func(*store.Tx) error
		state        store.TenantState
		verb         string
		counted      int64
		clientsEnter bool
	}{
		{func(tx *store.Tx) error { return tx.SuspendClient(t.Context(), acme) }, "suspended", "tenant.suspended", kept, false},
		{func(tx *store.Tx) error { return tx.ResumeClient(t.Context(), acme) }, "active", "tenant.resumed", kept, true},
		{func(tx *store.Tx) error { return tx.ArchiveClient(t.Context(), acme) }, "archived", "tenant.archived", kept, false},
		{func(tx *store.Tx) error { return tx.UnarchiveClient(t.Context(), acme) }, "active", "tenant.unarchived", kept, true},
	} {
		if err := onClients(t, agency, step.do); err != nil {
			t.Fatalf("%s: %v", step.verb, err)
		}
		if err := onClients(t, agency, step.do); !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s again: %v", step.verb, err)
		}
		if got := clientOf(t, agency, acme).State; got != step.state {
			t.Errorf("%s: it is %s", step.verb, got)
		}
		if got := a.Member(t, a.Mia, a.Acme).Tenant.State; got != step.state {
			t.Errorf("%s: to Mia it is %s", step.verb, got)
		}
		if got := used(t, agency, store.Clients); got != step.counted {
			t.Errorf("%s: %d clients are counted, not %d", step.verb, got, step.counted)
		}
		for _, trail := range []uuid.UUID{agency.TenantID(), acme} {
			if n := events(t, trail, step.verb, acme); n != 1 {
				t.Errorf("%s is %d times in the trail of %s", step.verb, n, trail)
			}
		}
	}
	after := storetest.RowsOf(t, acme)
	delete(before, "audit_events")
	delete(after, "audit_events")
	if !maps.Equal(before, after) {
		t.Errorf("rows of the client changed:\n%v\n%v", before, after)
	}
}

// events counts the events in a tenant's trail about one target.
func events(t *testing.T, tenant uuid.UUID, verb string, target uuid.UUID) (n int) {
	t.Helper()
	if err := storetest.Admin(t).QueryRow(t.Context(), `
select count(*) from audit_events where tenant_id = $1 and verb = $2 and target_id = $3 and result = 'ok'`, tenant, verb, target).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// An admin of the agency joins a client, is listed there, works there and leaves. Her
// name stays on her work.
func TestJoinAndLeave(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	vera := "vera@" + a.Suffix + ".test"
	if err := onClients(t, a.Member(t, a.Dana, a.Agency), func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Vera", Email: vera, Party: store.PartyAgency, Role: store.RoleAdmin})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	agency, mia := a.Member(t, vera, a.Agency), a.Member(t, a.Mia, a.Acme)
	join := func() error {
		return onClients(t, agency, func(tx *store.Tx) error { return tx.JoinClient(t.Context(), mia.TenantID()) })
	}
	leave := func() error {
		return onClients(t, agency, func(tx *store.Tx) error { return tx.LeaveClient(t.Context(), mia.TenantID()) })
	}
	seen := func() bool {
		var people []store.Membership
		if err := storetest.DB().Read(t.Context(), mia, store.ListPeople(&people)); err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(people, func(p store.Membership) bool {
			return p.Email == vera && p.Party == store.PartyAgency && p.Role == store.RoleAdmin
		})
	}
	wantNotFound(t, leave())
	if clientOf(t, agency, mia.TenantID()).Joined || seen() {
		t.Error("she is there before she joined")
	}
	for range 2 {
		if err := join(); err != nil {
			t.Fatal(err)
		}
		if err := join(); !errors.Is(err, store.ErrConflict) {
			t.Errorf("joined twice: %v", err)
		}
		if !clientOf(t, agency, mia.TenantID()).Joined || !seen() {
			t.Error("she joined and is not seen")
		}
		storetest.Project(t, a.Member(t, vera, a.Acme), "Vera's")
		if err := leave(); err != nil {
			t.Fatal(err)
		}
		if v := storetest.Visit(t, storetest.SignIn(t, vera), a.Acme); isMember(v) || seen() {
			t.Error("she left and is still there")
		}
	}
	for _, verb := range []string{"member.staff_joined", "member.staff_left"} {
		if n := events(t, mia.TenantID(), verb, agency.ID()); n != 2 {
			t.Errorf("%s is %d times in the client's trail", verb, n)
		}
		if n := events(t, agency.TenantID(), verb, mia.TenantID()); n != 2 {
			t.Errorf("%s is %d times in the agency's trail", verb, n)
		}
	}
}

// Leaving a client from the agency follows the same rules as leaving it from inside:
// it needs a step-up, and the last owner can't. Invitations that the agency may make
// stay open. A client user is never staff, whatever their role in the agency.
func TestLeaveClientNeedsStaff(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	home, unproved := a.SteppedUp(t, a.Dana, a.Agency), a.Member(t, a.Dana, a.Agency)
	acme, mia := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Mia, a.Acme)
	leaves := func(me store.Member) error {
		return onClients(t, me, func(tx *store.Tx) error { return tx.LeaveClient(t.Context(), acme.TenantID()) })
	}
	invite(t, acme, client("Nina", "nina@"+a.Suffix+".test", store.RoleViewer))
	if err := leaves(unproved); !errors.Is(err, store.ErrStepUp) {
		t.Errorf("an owner without a fresh proof: %v", err)
	}
	change(t, `update memberships set role = 'admin' where user_id = $1 and tenant_id = $2`, mia.ID(), mia.TenantID())
	if err := leaves(home); !errors.Is(err, store.ErrLastOwner) {
		t.Errorf("the last owner: %v", err)
	}
	change(t, `update memberships set role = 'owner' where user_id = $1 and tenant_id = $2`, mia.ID(), mia.TenantID())
	if n := membershipsOf(t, acme.TenantID(), a.Dana); n != 1 {
		t.Fatal("left despite the refusal")
	}
	if err := leaves(home); err != nil {
		t.Fatal(err)
	}
	if open := openInvites(t, acme.TenantID()); !slices.Equal(open, []string{"nina"}) {
		t.Errorf("open invitations: %q", open)
	}
	change(t, `update memberships set party = 'client', ended_at = null where user_id = $1 and tenant_id = $2`, home.ID(), acme.TenantID())
	wantNotFound(t, leaves(home))
	if n := membershipsOf(t, acme.TenantID(), a.Dana); n != 1 {
		t.Error("the client's own person left as staff")
	}
}

func isMember(v store.Visitor) bool {
	_, in := v.Member()
	return in
}

// Case 56: fifty deeds at once create the last client that the plan allows, in four
// rounds. One succeeds and the others leave no row. An archived client keeps its place,
// and one that nobody used and that is deleted does not.
func TestLastClientPlaceIsTakenOnce(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	storetest.Plan(t, a.Agency, "starter")
	dana := a.Member(t, a.Dana, a.Agency)
	open := func() (id uuid.UUID, err error) {
		err = onClients(t, dana, func(tx *store.Tx) (err error) {
			id, _, err = tx.CreateClient(t.Context(), store.NewClient{Slug: "last-" + store.NewID().String()[:30], Name: "Last", People: []store.NewPerson{
				{Name: "New", Email: store.NewID().String() + "@portals.test", Party: store.PartyClient, Role: store.RoleOwner}}})
			return err
		})
		return id, err
	}
	for range 2 { // Acme and Globex exist already
		if _, err := open(); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 { // more would be too many in an hour
		var made atomic.Pointer[uuid.UUID]
		var won, told atomic.Int32
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				id, err := open()
				switch {
				case err == nil:
					won.Add(1)
					made.Store(&id)
				case full(err, store.Clients):
					told.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || told.Load() != 49 {
			t.Fatalf("%d opened the last client, %d were refused", won.Load(), told.Load())
		}
		if got := clientNames(t, dana, store.ClientFilter{Page: store.Page{Limit: 100}}); len(got) != 5 {
			t.Fatalf("%d clients: %q", len(got), got)
		}
		if err := onClients(t, dana, func(tx *store.Tx) error { return tx.DiscardClient(t.Context(), *made.Load()) }); err != nil {
			t.Fatal(err)
		}
	}
	last, err := open()
	if err != nil {
		t.Fatal(err)
	}
	step := func(do func(*store.Tx, context.Context, uuid.UUID) error) {
		t.Helper()
		if err := onClients(t, dana, func(tx *store.Tx) error { return do(tx, t.Context(), last) }); err != nil {
			t.Error(err)
		}
	}
	step((*store.Tx).ArchiveClient)
	if _, err := open(); !full(err, store.Clients) {
		t.Errorf("an archived client has left its place: %v", err)
	}
	step((*store.Tx).UnarchiveClient)
	step((*store.Tx).DiscardClient)
	if _, err := open(); err != nil {
		t.Errorf("a deleted client keeps its place: %v", err)
	}
}

// A new client has its brand and its plan. Its people are invited by mail, or nothing
// is created.
func TestCreateClient(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, admin := a.Member(t, a.Dana, a.Agency), storetest.Admin(t)
	count := func(sql string, args ...any) (n int) {
		if err := admin.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	create := func(n store.NewClient) (id uuid.UUID, err error) {
		err = onClients(t, dana, func(tx *store.Tx) (err error) {
			id, _, err = tx.CreateClient(t.Context(), n)
			return err
		})
		return id, err
	}
	ann := store.NewPerson{Name: "Ann", Email: "ann@" + a.Suffix + ".test", Party: store.PartyClient, Role: store.RoleOwner}
	want := store.NewClient{Slug: "umbra-" + a.Suffix, Name: "Umbra", Accent: "#336699", Plan: "growth", People: []store.NewPerson{ann}}
	wrong := want
	wrong.People = []store.NewPerson{ann, {Name: "Dana", Email: a.Dana, Party: store.PartyClient, Role: store.RoleViewer}}
	_, err := create(wrong)
	if invalid, ok := errors.AsType[store.InvalidError](err); !ok || invalid["email_2"] == "" {
		t.Errorf("a member who is invited again: %v", err)
	}
	if n := count(`select count(*) from tenants where slug = $1`, want.Slug); n != 0 {
		t.Errorf("%d rows of a client that was refused", n)
	}
	id, err := create(want)
	if err != nil {
		t.Fatal(err)
	}
	c := clientOf(t, dana, id)
	if c.Plan != "growth" || *c.Accent != "#336699" || !c.Joined || c.People != 0 {
		t.Errorf("it is %+v", c)
	}
	if n := count(`select count(*) from invites where tenant_id = $1 and email = $2 and role = 'owner' and invited_by = $3`, id, ann.Email, dana.ID()); n != 1 {
		t.Errorf("%d invitations", n)
	}
	if n := count(`select count(*) from river.river_job where kind = 'invite_mail' and args ->> 'tenant' = $1`, id.String()); n != 1 {
		t.Errorf("%d mails are queued", n)
	}
	for _, trail := range []uuid.UUID{dana.TenantID(), id} {
		if n := events(t, trail, "tenant.created", id); n != 1 {
			t.Errorf("the trail of %s says %d times that it was opened", trail, n)
		}
	}
}

// An unavailable slug gets the same answer whether it is in use, reserved or was used
// before. Nothing is created.
func TestSlugNotAvailable(t *testing.T) {
	t.Parallel()
	a, other := storetest.Agency(t), storetest.Agency(t)
	dana, released := a.Member(t, a.Dana, a.Agency), "gone-"+a.Suffix
	if _, err := storetest.Admin(t).Exec(t.Context(), `insert into kept_slugs (slug, why) values ($1, 'released')`, released); err != nil {
		t.Fatal(err)
	}
	create := func(slug string) error {
		return onClients(t, dana, func(tx *store.Tx) error {
			_, _, err := tx.CreateClient(t.Context(), store.NewClient{Slug: slug, Name: "Wanted"})
			return err
		})
	}
	for what, slug := range map[string]string{"one's own": a.Acme, "another agency's": other.Globex, "reserved": "www", "released": released} {
		err := create(slug)
		if invalid, ok := errors.AsType[store.InvalidError](err); !ok || len(invalid) != 1 || invalid["slug"] != "That address is not available." {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := clientNames(t, dana, store.ClientFilter{Text: "Wanted", Page: store.Page{Limit: 10}}); got != nil {
		t.Errorf("created despite the refusal: %q", got)
	}
	if err := create("free-" + a.Suffix); err != nil {
		t.Errorf("a free one: %v", err)
	}
}
