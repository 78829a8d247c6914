package store_test

import (
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// newTo returns what is new for a member by each source that pages show: the list of
// their home, the rows of their projects, and the counter of the switcher.
func newTo(t *testing.T, me store.Member, email string) (list, rows, counter int) {
	t.Helper()
	var unopened []store.DeliverableLine
	var projects []store.Project
	if err := read(t, me, store.ListNew(100, &unopened), store.ListProjects(store.Current, &projects)); err != nil {
		t.Fatal(err)
	}
	for _, p := range projects {
		rows += p.New
	}
	_, counter = waitingIn(t, email, me.Tenant.Slug)
	return len(unopened), rows, counter
}

func wantNew(t *testing.T, what string, me store.Member, email string, want int) {
	t.Helper()
	if list, rows, counter := newTo(t, me, email); list != want || rows != want || counter != want {
		t.Errorf("%s: %s has %d new in the list, %d in the projects, %d in the switcher, want %d",
			what, me.Name, list, rows, counter, want)
	}
}

// opens is the member opening the page of a deliverable.
func opens(t *testing.T, me store.Member, id uuid.UUID) {
	t.Helper()
	var d store.Deliverable
	if err := read(t, me, store.GetDeliverable(id, &d)); err != nil {
		t.Fatal(err)
	}
	do(t, me, func(tx *store.Tx) error { return tx.RecordOpened(t.Context(), id, d.UpdatedAt) })
}

// Published work is new for each client user until they open it, and again with the next
// version. All pages count the same, whatever happens to the work.
func TestNewIsWhatAPersonHasNotOpened(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	leo := b.Member(t, b.Leo, b.Acme)
	storetest.File(t, b.ravi, b.draft, "poster.txt")
	var stale store.Deliverable
	archive := func(kind store.Kind, id uuid.UUID, archived bool) func() {
		return func() {
			do(t, b.dana, func(tx *store.Tx) error { return tx.Archive(t.Context(), kind, id, archived) })
		}
	}
	bin := func(kind store.Kind, id uuid.UUID, binned bool) func() {
		return func() { do(t, b.dana, func(tx *store.Tx) error { return tx.Bin(t.Context(), kind, id, binned) }) }
	}
	for _, step := range []struct {
		what     string
		happens  func()
		mia, leo int
	}{
		{"a draft", func() {}, 0, 0},
		{"the first version is published", func() { wantError(t, b.publish(t, 1), nil) }, 1, 1},
		{"mia opens it", func() { opens(t, b.mia, b.deliverable) }, 0, 1},
		{"she opens it again", func() { opens(t, b.mia, b.deliverable) }, 0, 1},
		{"a second version is drafted", func() {
			wantError(t, read(t, leo, store.GetDeliverable(b.deliverable, &stale)), nil)
			do(t, b.ravi, func(tx *store.Tx) error { _, err := tx.AddVersion(t.Context(), b.deliverable); return err })
			storetest.File(t, b.ravi, storetest.Draft(t, b.ravi, b.deliverable), "poster2.txt")
		}, 0, 1},
		{"it is published", func() { wantError(t, b.publish(t, 2), nil) }, 1, 1},
		{"leo's page of the first version arrives late", func() {
			do(t, leo, func(tx *store.Tx) error { return tx.RecordOpened(t.Context(), b.deliverable, stale.UpdatedAt) })
		}, 1, 1},
		{"leo opens it", func() { opens(t, leo, b.deliverable) }, 1, 0},
		{"the deliverable is archived", archive(store.KindDeliverable, b.deliverable, true), 0, 0},
		{"and unarchived", archive(store.KindDeliverable, b.deliverable, false), 1, 0},
		{"the project is archived", archive(store.KindProject, b.project, true), 0, 0},
		{"and unarchived", archive(store.KindProject, b.project, false), 1, 0},
		{"the deliverable is deleted", bin(store.KindDeliverable, b.deliverable, true), 0, 0},
		{"and restored", bin(store.KindDeliverable, b.deliverable, false), 1, 0},
		{"the project is deleted", bin(store.KindProject, b.project, true), 0, 0},
		{"and restored", bin(store.KindProject, b.project, false), 1, 0},
		{"mia opens it", func() { opens(t, b.mia, b.deliverable) }, 0, 0},
	} {
		step.happens()
		wantNew(t, step.what, b.mia, b.Mia, step.mia)
		wantNew(t, step.what, leo, b.Leo, step.leo)
		wantNew(t, step.what+", for staff", b.dana, b.Dana, 0)
	}
	// A person who joins later finds what was published before.
	late := "nora@" + b.Suffix + ".test"
	do(t, b.dana, func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Nora", Email: late, Party: store.PartyClient, Role: store.RoleMember})
		return err
	})
	wantNew(t, "a late joiner", b.Member(t, late, b.Acme), late, 1)
	wantNew(t, "another client", b.Member(t, b.Gus, b.Globex), b.Gus, 0)
}

// Only the person sees and changes which deliverables they opened. Colleagues, other tenants
// and people who view as them can't, not even in raw SQL.
func TestOpenedWorkIsOnesOwn(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	leo, gus := b.Member(t, b.Leo, b.Acme), b.Member(t, b.Gus, b.Globex)
	storetest.File(t, b.ravi, b.draft, "poster.txt")
	wantError(t, b.publish(t, 1), nil)
	opens(t, b.mia, b.deliverable)
	conn := storetest.App(t)
	for who, c := range map[string]struct {
		as   store.Member
		rows int64
	}{"herself": {b.mia, 1}, "a colleague": {leo, 0}, "another client": {gus, 0}, "her agency": {b.dana, 1}} {
		if n, err := try(t, conn, &c.as, "select from deliverable_views"); n != c.rows || err != nil {
			t.Errorf("%s sees %d rows, want %d; %v", who, n, c.rows, err)
		}
		if n, err := try(t, conn, &c.as, "update deliverable_views set shown_at = shown_at"); (n == 1) != (who == "herself") || err != nil {
			t.Errorf("%s changed %d rows; %v", who, n, err)
		}
	}
	// Nobody names another person in a new row, and a row of another tenant's work fails.
	insert := "insert into deliverable_views (tenant_id, deliverable_id, shown_at) values ('" + b.mia.TenantID().String() + "', '" + b.deliverable.String() + "', now())"
	if _, err := try(t, conn, &leo, "insert into deliverable_views (tenant_id, user_id, deliverable_id, shown_at) values ('"+
		b.mia.TenantID().String()+"', '"+b.mia.ID().String()+"', '"+b.deliverable.String()+"', now())"); sqlState(err) != insufficientPrivilege {
		t.Errorf("leo writes as mia: %v", err)
	}
	if _, err := try(t, conn, &gus, insert); sqlState(err) != insufficientPrivilege {
		t.Errorf("another client writes into acme: %v", err)
	}
	if n, err := try(t, conn, &leo, insert); n != 1 || err != nil {
		t.Errorf("leo writes his own: %d rows, %v", n, err)
	}
	// In a support session, nothing is opened for anybody.
	n, err := trySession(t, conn, leo, insert)
	wantNoEffect(t, "a session as leo", insert, n, err)
	update := "update deliverable_views set shown_at = shown_at"
	n, err = trySession(t, conn, b.mia, update)
	wantNoEffect(t, "a session as mia", update, n, err)
	wantNew(t, "after they looked", leo, b.Leo, 1)
}
