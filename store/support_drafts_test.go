package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// draftsBundle is a support bundle whose tenant has published work, the agency's drafts
// beside it, and Dana to be viewed as. Every hidden name contains "Secret".
type draftsBundle struct {
	*supportBundle
	shownProject, shown                         uuid.UUID // a project and a deliverable of it
	project, deliverable, version, file, binned uuid.UUID // hidden
}

func setupDrafts(t *testing.T) *draftsBundle {
	t.Helper()
	b := &draftsBundle{supportBundle: setupSupport(t)}
	ravi := b.Member(t, b.Ravi, b.Acme)
	b.shownProject = storetest.Project(t, ravi, "Spring")
	b.shown = storetest.Deliverable(t, ravi, b.shownProject, "Poster")
	storetest.File(t, ravi, storetest.Draft(t, ravi, b.shown), "shown.txt")
	do(t, ravi, func(tx *store.Tx) error { return tx.Publish(t.Context(), b.shown, 1, "") })
	do(t, ravi, func(tx *store.Tx) (err error) { b.version, err = tx.AddVersion(t.Context(), b.shown); return err })
	b.file = storetest.File(t, ravi, b.version, "Secret.txt")
	do(t, ravi, func(tx *store.Tx) error { return tx.RecordPreview(t.Context(), b.file, uuid.Nil, aPreview) })
	b.project = storetest.Project(t, ravi, "Secret project")
	b.deliverable = storetest.Deliverable(t, ravi, b.shownProject, "Secret deliverable")
	b.binned = storetest.Deliverable(t, ravi, b.shownProject, "Secret in the bin")
	do(t, ravi, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindDeliverable, b.binned, true) })
	return b
}

// reads are all reads that show drafts, each with whether it shows one to m.
func (b *draftsBundle) reads(t *testing.T, m store.Member) map[string]bool {
	t.Helper()
	var (
		project             store.Project
		projects            []store.Project
		deliverable, poster store.Deliverable
		deliverables, bins  []store.DeliverableLine
		newest              []store.DeliverableLine
		versions            []store.Version
		version             store.Version
		files, ofPoster     []store.File
		file                store.File
		preview             store.FilePreview
		seen, none          store.Seen
		bin                 []store.BinItem
		within              uuid.UUID
		trail               []store.Activity
		workspaces          []store.Workspace
		usage               []store.Usage
	)
	must(t, read(t, m, store.ListProjects(store.Current, &projects), store.GetDeliverable(b.shown, &poster),
		store.ListDeliverables(b.shownProject, store.Current, &deliverables), store.ListDeliverables(b.shownProject, "bin", &bins),
		store.ListNewest("", 100, &newest), store.ListVersions(b.shown, &versions), store.ListFiles(b.version, &files),
		store.ListFilesOf(b.shown, &ofPoster), store.SeenFiles(b.shown, &seen), store.SeenFiles(store.NewID(), &none), store.ListBin(&bin),
		store.ListActivity(store.ActivityFilter{Page: store.Page{Limit: 200}}, &trail),
		store.SwitcherWorkspaces(store.WorkspaceFilter{Page: store.Page{Limit: 50}}, &workspaces), store.ListUsage(&usage)))
	there := func(r store.Read) bool {
		t.Helper()
		err := read(t, m, r)
		if err != nil {
			wantNotFound(t, err)
		}
		return err == nil
	}
	used := map[store.Metric]int64{}
	for _, u := range usage {
		used[u.Metric] = u.Used
	}
	if len(projects) == 0 || len(deliverables) == 0 || len(newest) == 0 || len(versions) == 0 || len(ofPoster) == 0 || len(workspaces) != 1 {
		t.Error("published work is hidden")
	}
	if !slices.ContainsFunc(trail, func(a store.Activity) bool { return a.TargetID != nil && *a.TargetID == b.shown }) {
		t.Error("what happened to published work is hidden")
	}
	return map[string]bool{
		"a project":                 there(store.GetProject(b.project, &project)),
		"the projects":              len(projects) > 1,
		"a deliverable":             there(store.GetDeliverable(b.deliverable, &deliverable)),
		"the draft of one":          poster.Draft != 0,
		"the deliverables":          len(deliverables) > 1,
		"the newest":                len(newest) > 1 || newest[0].Draft != 0,
		"the versions":              len(versions) > 1 || versions[0].Number > 1,
		"a version":                 there(store.GetVersion(b.version, &version)),
		"the files of a version":    len(files) > 0,
		"the files of all versions": len(ofPoster) > 1,
		"a file, its text and ZIP":  there(store.GetFile(b.file, &file)),
		"a preview":                 there(store.GetPreview(b.file, &preview)),
		"what would be published":   seen != none,
		"the bin":                   len(bin) > 0,
		"the bin of a project":      len(bins) > 0,
		"the project of a thing":    there(store.ProjectOf(b.binned, &within)),
		"the names in the trail": slices.ContainsFunc(trail, func(a store.Activity) bool {
			return strings.HasPrefix(a.TargetName, "Secret")
		}),
		"what happened to them": slices.ContainsFunc(trail, func(a store.Activity) bool {
			return a.TargetID != nil && slices.Contains([]uuid.UUID{b.project, b.deliverable, b.version, b.file, b.binned}, *a.TargetID)
		}),
		"that a draft was begun":    slices.ContainsFunc(trail, func(a store.Activity) bool { return a.Verb == "version.created" }),
		"what waits for the agency": workspaces[0].ForUs > 0,
		"what waits in a project":   slices.ContainsFunc(projects, func(p store.Project) bool { return p.ForUs > 0 }),
		"the number of projects":    used[store.Projects] > 1,
		"the bytes in use":          used[store.Storage] > int64(len("shown.txt")),
	}
}

// rows counts the rows of a table that m's session sees in raw SQL.
func (b *draftsBundle) rows(t *testing.T, m store.Member, drafts, from string) (n int) {
	t.Helper()
	conn := storetest.App(t)
	tx, err := conn.Begin(t.Context())
	must(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	as(t, tx, m)
	_, err = tx.Exec(t.Context(), `select set_config('app.support_session_id', $1, true), set_config('app.drafts', $2, true)`, m.Support.ID.String(), drafts)
	must(t, err)
	must(t, tx.QueryRow(t.Context(), `select count(*) from `+from).Scan(&n))
	return n
}

// The client's consent alone doesn't open the agency's drafts to support: not their rows,
// not through any read, and not by counts. With the agency's consent all of them are
// open, to who acts as staff only.
func TestSupportDraftsStayHidden(t *testing.T) {
	t.Parallel()
	b := setupDrafts(t)
	// What is published waits for the agency too, so that counts can't hide by chance.
	_, err := b.admin.Exec(t.Context(), `update deliverables set state = 'changes' where id = $1`, b.shown)
	must(t, err)
	storetest.GrantSupport(t, b.mia)
	b.startAs(t, b.dana.ID())
	m := b.inside(t)
	for what, shows := range b.reads(t, m) {
		if shows {
			t.Errorf("with the client's consent alone support reads %s", what)
		}
	}
	raw := []string{"projects where shared_at is null", "deliverables where shared_at is null", "versions where shared_at is null", "files where shared_at is null",
		"work_counts", "plan_usage where metric = 'projects'", "plan_usage where metric = 'storage'"}
	for _, from := range raw {
		if n := b.rows(t, m, "hidden", from); n != 0 {
			t.Errorf("with the client's consent alone support sees %d rows of %s", n, from)
		}
		if b.rows(t, m, "", from) == 0 {
			t.Errorf("with the agency's consent support sees no rows of %s", from)
		}
		if shared := strings.Replace(from, "is null", "is not null", 1); shared != from && b.rows(t, m, "hidden", shared) == 0 {
			t.Errorf("support sees no rows of %s", shared)
		}
	}

	storetest.GrantSupport(t, b.dana)
	for what, shows := range b.reads(t, b.inside(t)) {
		if !shows {
			t.Errorf("with the agency's consent support doesn't read %s", what)
		}
	}
	must(t, b.db.StopSupport(t.Context(), storetest.Person(t, b.token)))
	b.token = storetest.StepUp(t, storetest.SignIn(t, b.agent))
	b.startAs(t, b.mia.ID())
	if m = b.inside(t); m.Party != store.PartyClient {
		t.Fatal("Mia is not of the client")
	}
	var p store.Project
	wantNotFound(t, read(t, m, store.GetProject(b.project, &p)))
	var projects []store.Project
	must(t, read(t, m, store.ListProjects(store.Current, &projects)))
	if len(projects) != 1 || projects[0].ForUs != 0 {
		t.Errorf("a client user reads what waits for the agency: %+v", projects)
	}
}

// Support that writes with the client's consent alone sees the drafts of its own session,
// can't touch the agency's, and leaves every count as the rows are, hidden ones included.
func TestHiddenDraftsAreCounted(t *testing.T) {
	t.Parallel()
	b := setupDrafts(t)
	b.grantWriteAccess(t).startAs(t, b.dana.ID())
	if now, err := b.writes(t, false); !now || err != nil {
		t.Fatalf("writing: %v, %v", now, err)
	}
	m := b.inside(t)
	wantCounts := func(after string) {
		t.Helper()
		wantNoDrift(t, b.dana)
		var projects, forUs, realProjects, realForUs int
		must(t, b.admin.QueryRow(t.Context(), `
select c.projects, c.for_us,
       (select count(*) from projects p where p.tenant_id = $1 and p.deleted_at is null and p.archived_at is null),
       (select count(*) from deliverables d join projects p on p.id = d.project_id and p.deleted_at is null and p.archived_at is null
        where d.tenant_id = $1 and d.deleted_at is null and d.archived_at is null
          and (d.state in ('draft', 'changes') or exists (select from versions v where v.deliverable_id = d.id and v.shared_at is null)))
from work_counts c where c.tenant_id = $1`, b.dana.TenantID()).Scan(&projects, &forUs, &realProjects, &realForUs))
		if projects != realProjects || forUs != realForUs {
			t.Errorf("after %s %d projects and %d for the agency are counted, %d and %d are there", after, projects, forUs, realProjects, realForUs)
		}
	}
	var own uuid.UUID
	for _, step := range []struct {
		what string
		deed func(*store.Tx) error
		want error
	}{
		{"creating a project", func(tx *store.Tx) (err error) {
			own, err = tx.CreateProject(t.Context(), store.ProjectInput{Name: "Own"})
			return err
		}, nil},
		{"reading it", func(tx *store.Tx) error { var p store.Project; return tx.Read(t.Context(), store.GetProject(own, &p)) }, nil},
		{"deleting a deliverable with a hidden version", func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindDeliverable, b.shown, true) }, nil},
		{"restoring it", func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindDeliverable, b.shown, false) }, nil},
		{"a version where a hidden one is", func(tx *store.Tx) error { return errOf(tx.AddVersion(t.Context(), b.shown)) }, store.ErrConflict},
		{"publishing a hidden version", func(tx *store.Tx) error { return tx.Publish(t.Context(), b.shown, 2, "") }, store.ErrNotFound},
		{"an upload into it", func(tx *store.Tx) error {
			return errOf(tx.BeginUpload(t.Context(), b.version, store.NewUpload{Name: "x.txt"}))
		}, store.ErrNotFound},
		{"deleting a hidden project", func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindProject, b.project, true) }, store.ErrNotFound},
		{"restoring a hidden deliverable", func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindDeliverable, b.binned, false) }, store.ErrNotFound},
		{"renaming a hidden project", func(tx *store.Tx) error {
			return tx.UpdateProject(t.Context(), b.project, store.ProjectInput{Name: "x"})
		}, store.ErrNotFound},
	} {
		wantErr(t, step.what, b.write(t, m, step.deed), step.want)
		wantCounts(step.what)
	}
	for what, shows := range b.reads(t, m) {
		if shows && what != "the projects" && what != "the number of projects" { // its own
			t.Errorf("afterwards support reads %s", what)
		}
	}
	do(t, b.dana, func(tx *store.Tx) error { return tx.Publish(t.Context(), b.shown, 2, "") })
}
