package store_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// full says whether err is the plan's refusal for that metric.
func full(err error, m store.Metric) bool {
	var limit *store.PlanLimitError
	return errors.As(err, &limit) && limit.Metric == m
}

func used(t *testing.T, me store.Member, m store.Metric) int64 {
	t.Helper()
	var all []store.Usage
	if err := storetest.DB().Read(t.Context(), me, store.ListUsage(&all)); err != nil {
		t.Fatal(err)
	}
	for _, u := range all {
		if u.Metric == m {
			return u.Used
		}
	}
	return 0
}

// smallAcme is Acme on the smallest plan with one free project, and the id of an
// existing project.
func smallAcme(t *testing.T) (*storetest.Tenants, store.Member, uuid.UUID) {
	t.Helper()
	a := storetest.Agency(t)
	storetest.Plan(t, a.Acme, "starter")
	dana := a.Member(t, a.Dana, a.Acme)
	var id uuid.UUID
	for range 19 {
		id = storetest.Project(t, dana, "Full")
	}
	return a, dana, id
}

// Case 56: fifty deeds at once create the last project that the plan allows, in
// twenty rounds. One succeeds, the others get an error, and nothing is half made.
func TestLastPlanPlaceIsTakenOnce(t *testing.T) {
	t.Parallel()
	_, dana, _ := smallAcme(t)
	db := storetest.DB()
	for range 20 {
		var made atomic.Pointer[uuid.UUID]
		var won, told atomic.Int32
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				var id uuid.UUID
				err := db.Write(t.Context(), dana, func(tx *store.Tx) (err error) {
					id, err = tx.CreateProject(t.Context(), store.ProjectInput{Name: "Last"})
					return err
				})
				switch {
				case err == nil:
					won.Add(1)
					made.Store(&id)
				case full(err, store.Projects):
					told.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || told.Load() != 49 {
			t.Fatalf("%d got the last place, %d were refused", won.Load(), told.Load())
		}
		var list []store.Project
		if err := db.Read(t.Context(), dana, store.ListProjects(store.Current, &list)); err != nil || len(list) != 20 {
			t.Fatalf("%d projects, %v", len(list), err)
		}
		if err := db.Write(t.Context(), dana, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindProject, *made.Load(), true) }); err != nil {
			t.Fatal(err)
		}
	}
}

// A restored thing counts again, or stays in the bin if the plan is full.
func TestFullPlanRefusesRestore(t *testing.T) {
	t.Parallel()
	_, dana, id := smallAcme(t)
	db := storetest.DB()
	bin := func(binned bool) error {
		return db.Write(t.Context(), dana, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindProject, id, binned) })
	}
	if err := bin(true); err != nil {
		t.Fatal(err)
	}
	storetest.Project(t, dana, "In its place")
	last := storetest.Project(t, dana, "The last")
	if err := bin(false); !full(err, store.Projects) {
		t.Errorf("restored into a full plan: %v", err)
	}
	if err := db.Write(t.Context(), dana, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindProject, last, true) }); err != nil {
		t.Fatal(err)
	}
	if err := bin(false); err != nil {
		t.Errorf("the plan has a free place again: %v", err)
	}
	if got := used(t, dana, store.Projects); got != 20 {
		t.Errorf("%d projects are counted, not 20", got)
	}
}

// Files count from the beginning of their upload until they are cancelled or in the
// bin, alone or with what contains them.
func TestStorageIsCounted(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	storetest.Plan(t, a.Acme, "starter")
	dana, db := a.Member(t, a.Dana, a.Acme), storetest.DB()
	project := storetest.Project(t, dana, "Films")
	deliverable := storetest.Deliverable(t, dana, project, "Cut")
	draft := storetest.Draft(t, dana, deliverable)
	begin := func(size int64) (id uuid.UUID, err error) {
		err = db.Write(t.Context(), dana, func(tx *store.Tx) (err error) {
			id, err = tx.BeginUpload(t.Context(), draft, store.NewUpload{Name: "cut.mp4", Size: &size})
			return err
		})
		return id, err
	}
	write := func(deed func(context.Context, *store.Tx) error) {
		t.Helper()
		if err := db.Write(t.Context(), dana, func(tx *store.Tx) error { return deed(t.Context(), tx) }); err != nil {
			t.Fatal(err)
		}
	}
	counted := func(what string, want int64) {
		t.Helper()
		if got := used(t, dana, store.Storage); got != want {
			t.Errorf("%s: %d bytes are counted, not %d", what, got, want)
		}
	}
	small := storetest.File(t, dana, draft, "small.txt")
	counted("a file", fileSize(t, small))
	large, err := begin(10_000_000_000 - fileSize(t, small))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := begin(1); !full(err, store.Storage) {
		t.Errorf("a byte too many: %v", err)
	}
	err = db.Write(t.Context(), dana, func(tx *store.Tx) error {
		_, err := tx.BeginUpload(t.Context(), draft, store.NewUpload{Name: "form.bin"})
		return err
	})
	if !full(err, store.Storage) {
		t.Errorf("a form into a full plan: %v", err)
	}
	write(func(ctx context.Context, tx *store.Tx) error { _, err := tx.CancelUpload(ctx, large); return err })
	counted("given up", fileSize(t, small))
	write(func(ctx context.Context, tx *store.Tx) error { _, err := tx.CancelUpload(ctx, large); return err })
	counted("given up twice", fileSize(t, small))
	for what, bin := range map[string]func(context.Context, *store.Tx, bool) error{
		"the file": func(ctx context.Context, tx *store.Tx, b bool) error { _, err := tx.BinFile(ctx, small, b); return err },
		"the deliverable": func(ctx context.Context, tx *store.Tx, b bool) error {
			return tx.Bin(ctx, store.KindDeliverable, deliverable, b)
		},
		"the project": func(ctx context.Context, tx *store.Tx, b bool) error {
			return tx.Bin(ctx, store.KindProject, project, b)
		},
	} {
		write(func(ctx context.Context, tx *store.Tx) error { return bin(ctx, tx, true) })
		counted(what+" in the bin", 0)
		write(func(ctx context.Context, tx *store.Tx) error { return bin(ctx, tx, false) })
		counted(what+" restored", fileSize(t, small))
	}
}

func fileSize(t *testing.T, id uuid.UUID) (size int64) {
	t.Helper()
	if err := storetest.Admin(t).QueryRow(t.Context(), `select size from files where id = $1`, id).Scan(&size); err != nil {
		t.Fatal(err)
	}
	return size
}

// In a client the client users count and staff don't. In an agency the team counts,
// and its clients.
func TestPeopleAndClientsAreCounted(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	storetest.Plan(t, a.Acme, "starter")
	storetest.Plan(t, a.Agency, "starter")
	acme, agency := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Agency)
	add := func(me store.Member, p store.Party) error {
		return storetest.DB().Write(t.Context(), me, func(tx *store.Tx) error {
			_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "One more", Email: store.NewID().String() + "@portals.test", Party: p, Role: store.RoleViewer})
			return err
		})
	}
	for range 3 { // Mia and Leo exist already
		if err := add(acme, store.PartyClient); err != nil {
			t.Fatal(err)
		}
	}
	if err := add(acme, store.PartyClient); !full(err, store.Users) {
		t.Errorf("a sixth client: %v", err)
	}
	if err := add(acme, store.PartyAgency); err != nil {
		t.Errorf("one more of the team: %v", err)
	}
	for range 3 { // Dana and Ravi exist already
		if err := add(agency, store.PartyAgency); err != nil {
			t.Fatal(err)
		}
	}
	if err := add(agency, store.PartyAgency); !full(err, store.Users) {
		t.Errorf("a sixth of the team: %v", err)
	}
	open := func() error {
		return storetest.DB().Write(t.Context(), agency, func(tx *store.Tx) error {
			_, _, err := tx.CreateClient(t.Context(), store.NewClient{Slug: "c-" + store.NewID().String()[:30], Name: "Client"})
			return err
		})
	}
	for range 3 { // Acme and Globex exist already
		if err := open(); err != nil {
			t.Fatal(err)
		}
	}
	if err := open(); !full(err, store.Clients) {
		t.Errorf("a sixth client: %v", err)
	}
}

// Only an owner of the agency sets the plans of its clients. Nobody else can, by a
// deed or by a statement, and nobody here can for another agency's clients.
func TestOnlyAgencyOwnersSetPlans(t *testing.T) {
	t.Parallel()
	a, b, db := storetest.Agency(t), storetest.Agency(t), storetest.DB()
	set := func(me store.Member, client uuid.UUID, plan string) error {
		return db.Write(t.Context(), me, func(tx *store.Tx) error { return tx.SetClientPlan(t.Context(), client, plan) })
	}
	acme, theirs := a.Member(t, a.Mia, a.Acme), b.Member(t, b.Mia, b.Acme)
	for what, refused := range map[string]error{
		"the client's owner":      set(acme, acme.TenantID(), "growth"),
		"a member of the agency":  set(a.Member(t, a.Ravi, a.Agency), acme.TenantID(), "growth"),
		"another agency's client": set(a.Member(t, a.Dana, a.Agency), theirs.TenantID(), "growth"),
		"a plan that is none":     set(a.Member(t, a.Dana, a.Agency), acme.TenantID(), "free"),
	} {
		if !errors.Is(refused, store.ErrForbidden) && !errors.Is(refused, store.ErrNotFound) && !errors.Is(refused, store.ErrInvalid) {
			t.Errorf("%s: %v", what, refused)
		}
	}
	app := storetest.App(t)
	for setting, value := range map[string]string{"app.tenant_id": acme.TenantID().String(), "app.party": "agency", "app.user_id": acme.ID().String()} {
		if _, err := app.Exec(t.Context(), `select set_config($1, $2, false)`, setting, value); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := app.Exec(t.Context(), `update tenants set plan = 'enterprise'`); err == nil {
		t.Error("the app's role sets a plan by itself")
	}
	var made bool
	if err := app.QueryRow(t.Context(), `select lookup.set_client_plan($1, 'growth')`, acme.TenantID()).Scan(&made); err != nil || made {
		t.Errorf("a client sets its own plan: %v, %v", made, err)
	}
	if err := set(a.Member(t, a.Dana, a.Agency), acme.TenantID(), "starter"); err != nil {
		t.Errorf("the rightful person: %v", err)
	}
	var plan store.TenantPlan
	if err := db.Read(t.Context(), acme, store.GetPlan(&plan)); err != nil || plan.Plan != "starter" {
		t.Errorf("the plan is %v, %v", plan, err)
	}
}

// After a downgrade everything stays readable and nothing can be added. Wrong usage
// is counted again, with an audit row.
func TestDowngradeKeepsContent(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, db := a.Member(t, a.Dana, a.Acme), storetest.DB()
	var first uuid.UUID
	for range 22 {
		first = storetest.Project(t, dana, "Kept")
	}
	storetest.Plan(t, a.Acme, "starter")
	var p store.Project
	if err := db.Read(t.Context(), dana, store.GetProject(first, &p)); err != nil {
		t.Error(err)
	}
	err := db.Write(t.Context(), dana, func(tx *store.Tx) error {
		_, err := tx.CreateProject(t.Context(), store.ProjectInput{Name: "Too many"})
		return err
	})
	if !full(err, store.Projects) {
		t.Errorf("over the limit: %v", err)
	}
	if _, err := storetest.Admin(t).Exec(t.Context(), `update plan_usage set used = 7 where tenant_id = $1 and metric = 'projects'`, dana.TenantID()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := db.Write(t.Context(), dana, func(tx *store.Tx) error { return tx.ReconcileUsage(t.Context()) }); err != nil {
			t.Fatal(err)
		}
	}
	if got := used(t, dana, store.Projects); got != 22 {
		t.Errorf("%d projects are counted", got)
	}
	var said int
	if err := storetest.Admin(t).QueryRow(t.Context(),
		`select count(*) from audit_events where tenant_id = $1 and verb = 'plan.usage_corrected'`, dana.TenantID()).Scan(&said); err != nil || said != 1 {
		t.Errorf("the trail says so %d times, %v", said, err)
	}
}

// The app learns the plans of the tenant in the context and of its agency, and of no
// other. Without a context it learns none.
func TestPlansOfTheContextAlone(t *testing.T) {
	t.Parallel()
	a, conn := storetest.Agency(t), storetest.App(t)
	storetest.Plan(t, a.Agency, "enterprise")
	storetest.Plan(t, a.Acme, "starter")
	for _, c := range []struct {
		what   string
		tenant string
		want   [][2]string
	}{
		{"no context", "", nil},
		{"no tenant", store.NewID().String(), nil},
		{"a client", a.Member(t, a.Mia, a.Acme).TenantID().String(), [][2]string{{"starter", "enterprise"}}},
		{"an agency", a.Member(t, a.Dana, a.Agency).TenantID().String(), [][2]string{{"enterprise", "enterprise"}}},
	} {
		if _, err := conn.Exec(t.Context(), `select set_config('app.tenant_id', $1, false)`, c.tenant); err != nil {
			t.Fatal(err)
		}
		rows, err := conn.Query(t.Context(), `select plan, agency_plan from lookup.my_plans()`)
		if err != nil {
			t.Fatal(err)
		}
		var got [][2]string
		for rows.Next() {
			var plans [2]string
			if err := rows.Scan(&plans[0], &plans[1]); err != nil {
				t.Fatal(err)
			}
			got = append(got, plans)
		}
		if !slices.Equal(got, c.want) || rows.Err() != nil {
			t.Errorf("%s: %v, want %v, %v", c.what, got, c.want, rows.Err())
		}
	}
}
