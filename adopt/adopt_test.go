package adopt_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"portico/adopt"
	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/files"
	"portico/store"
	"portico/store/queue"
)

// One adoption at a time is under way in an installation, so no test here is parallel.

func TestMain(m *testing.M) {
	storetest.Main(m, func() {
		if s3 != nil {
			_ = s3.Stop()
		}
	})
}

var s3 *stack.S3

var startS3 = sync.OnceValues(func() (*stack.S3, error) {
	started, err := stack.StartS3(context.Background(), stack.S3Options{})
	s3 = started
	return started, err
})

// adoption adopts the sample in the shared database.
type adoption struct {
	t   *testing.T
	c   adopt.Config
	out bytes.Buffer
}

// their is how to connect to the sample database.
var their = sync.OnceValues(func() (string, error) {
	ctx := context.Background()
	server := storetest.Server()
	admin, err := pgx.Connect(ctx, server.AdminURL("postgres"))
	if err != nil {
		return "", err
	}
	defer admin.Close(ctx)
	if _, err := admin.Exec(ctx, `create database harborlight encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' template template0`); err != nil {
		return "", err
	}
	source, err := os.ReadFile("sample/legacy.sql")
	if err != nil {
		return "", err
	}
	conn, err := pgx.Connect(ctx, server.AdminURL("harborlight"))
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	_, err = conn.PgConn().Exec(ctx, string(source)).ReadAll()
	return server.AdminURL("harborlight"), err
})

func begin(t *testing.T) *adoption {
	t.Helper()
	objects := must(startS3())
	a := &adoption{t: t}
	a.c = adopt.Config{
		OwnerURL: storetest.Server().OwnerURL(stack.DatabaseName),
		AppURL:   storetest.Server().AppURL(stack.DatabaseName),
		DB:       storetest.DB(),
		Signer:   queue.NewSigner(storetest.SigningKey),
		Storage: must(files.Open(files.Config{
			Endpoint: objects.Endpoint(), Region: objects.Region(), Bucket: objects.Bucket(),
			AccessKeyID: objects.AccessKeyID(), SecretAccessKey: objects.SecretAccessKey(),
		})),
		Out: &a.out, BatchRows: 3,
	}
	t.Cleanup(func() {
		a.c.Committed = nil
		for _, phase := range []string{adopt.Attack, adopt.Policies, adopt.Constrain, adopt.Backfill, adopt.Map} {
			_ = adopt.Run(context.Background(), a.c, adopt.Options{Phase: phase, Back: true})
		}
		forgetPeople(t)
	})
	return a
}

// forgetPeople removes the people of the sample, so that the next test finds them new.
func forgetPeople(t *testing.T) {
	t.Helper()
	const sample = `(select id from users where email ~ '@(harborlight|acme|globex|initech)[.]example$|@nobody[.]invalid$')`
	for _, table := range []string{"sign_in_flows", "sessions", "account_events", "memberships"} {
		if _, err := storetest.AdminPool().Exec(context.Background(), `delete from `+table+` where user_id in `+sample); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := storetest.AdminPool().Exec(context.Background(), `delete from users where id in `+sample); err != nil {
		t.Fatal(err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// run runs a phase and returns what it printed.
func (a *adoption) run(phase string, with ...func(*adopt.Options)) (string, error) {
	a.t.Helper()
	o := adopt.Options{Phase: phase}
	if phase == adopt.Map {
		o.From, o.Mapping, o.Decisions = must(their()), "sample/mapping.toml", "sample/decisions.toml"
	}
	for _, w := range with {
		w(&o)
	}
	a.out.Reset()
	err := adopt.Run(a.t.Context(), a.c, o)
	return a.out.String(), err
}

func back(o *adopt.Options)   { o.Back = true }
func dryRun(o *adopt.Options) { o.DryRun = true }

func undecided(o *adopt.Options) { o.Decisions = "" }

// do runs phases that must succeed.
func (a *adoption) do(phases ...string) (printed string) {
	a.t.Helper()
	for _, phase := range phases {
		out, err := a.run(phase)
		if err != nil {
			a.t.Fatalf("%s: %v\n%s", phase, err, out)
		}
		printed = out
	}
	return printed
}

// undo goes back over phases, which must succeed.
func (a *adoption) undo(phases ...string) (printed string) {
	a.t.Helper()
	for _, phase := range phases {
		out, err := a.run(phase, back)
		if err != nil {
			a.t.Fatalf("%s --back: %v\n%s", phase, err, out)
		}
		printed = out
	}
	return printed
}

// adopted are the adopted tenants, by slug, as a superuser sees them.
func adopted(t *testing.T) map[string]uuid.UUID {
	t.Helper()
	rows := must(storetest.AdminPool().Query(t.Context(), `
select t.slug, t.id from tenants t left join tenants g on g.id = t.agency_id where 'harborlight' in (t.slug, g.slug)`))
	tenants := map[string]uuid.UUID{}
	var slug string
	var id uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&slug, &id}, func() error { tenants[slug] = id; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return tenants
}

// counts are the rows of each tenant table in the adopted tenants.
func counts(t *testing.T) map[string]int {
	t.Helper()
	var ids []uuid.UUID
	for _, id := range adopted(t) {
		ids = append(ids, id)
	}
	all := map[string]int{"tenants": len(ids)}
	for _, table := range storetest.TenantTables(t) {
		all[table] = one[int](t, `select count(*) from `+table+` where tenant_id = any ($1)`, ids)
	}
	return all
}

func one[T any](t *testing.T, sql string, args ...any) (v T) {
	t.Helper()
	if err := storetest.AdminPool().QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// work is what the tables say of the adopted work, without what a clock or chance makes.
func work(t *testing.T) string {
	t.Helper()
	return one[string](t, `
select string_agg(line, e'\n' order by line) from (
    select t.slug || ' project ' || p.name || ' ' || p.created_at || ' ' || m.name || ' ' || p.position || coalesce(' archived ' || p.archived_at, '') as line
    from projects p join tenants t on t.id = p.tenant_id join memberships m on m.tenant_id = p.tenant_id and m.user_id = p.created_by
    union all
    select t.slug || ' deliverable ' || d.title || ' ' || d.state || ' ' || m.name || ' v' || d.shown_number || ' files ' || d.shown_files || coalesce(' shared ' || date_trunc('day', d.shared_at), '')
    from deliverables d join tenants t on t.id = d.tenant_id join memberships m on m.tenant_id = d.tenant_id and m.user_id = d.created_by
    union all
    select t.slug || ' file ' || d.title || ' v' || v.number || ' ' || f.name || ' ' || f.size || ' ' || f.created_at || ' ' || m.name
    from files f join tenants t on t.id = f.tenant_id join versions v on v.tenant_id = f.tenant_id and v.id = f.version_id
    join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id join memberships m on m.tenant_id = f.tenant_id and m.user_id = f.created_by
    union all
    select t.slug || ' comment ' || d.title || ' v' || v.number || ' ' || r.visibility || ' ' || c.visibility || ' #' || r.number || ' ' || m.name || ': ' || left(c.body, 40) || ' ' || date_trunc('second', c.created_at)
    from comments c join tenants t on t.id = c.tenant_id join threads r on r.tenant_id = c.tenant_id and r.id = c.thread_id
    join versions v on v.tenant_id = r.tenant_id and v.id = r.version_id join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id
    join memberships m on m.tenant_id = c.tenant_id and m.user_id = c.created_by
    union all
    select t.slug || ' member ' || m.party || ' ' || m.role || ' ' || m.name || case when m.ended_at is null then '' else ' (former)' end
    from memberships m join tenants t on t.id = m.tenant_id
) x where line ~ '^(harborlight|acme|globex|initech|acme-2) '`)
}

// Forwards, back, forwards: the same rows each time, none in between, and what other agencies
// have is the same to the byte throughout.
func TestForwardsBackForwards(t *testing.T) {
	other := storetest.Agency(t)
	foreign := map[uuid.UUID]map[string]string{}
	for _, m := range []store.Member{other.Member(t, other.Dana, other.Agency), other.Member(t, other.Dana, other.Acme)} {
		foreign[m.TenantID()] = storetest.RowsOf(t, m.TenantID())
	}
	people := one[int](t, `select count(*) from users`)
	a := begin(t)
	a.do(adopt.Phases...)
	first, firstWork := counts(t), work(t)
	for table, want := range map[string]int{"tenants": 5, "projects": 7, "deliverables": 9, "files": 9, "threads": 12} {
		if first[table] != want {
			t.Errorf("%s: %d, want %d", table, first[table], want)
		}
	}
	if t.Failed() {
		t.Log(firstWork)
	}
	a.undo(adopt.Attack, adopt.Policies, adopt.Constrain, adopt.Backfill, adopt.Map)
	if left := counts(t); left["tenants"] != 0 {
		t.Errorf("left after going back: %v", left)
	}
	if n := one[int](t, `select count(*) from users`); n != people {
		t.Errorf("%d people, %d before", n, people)
	}
	if n := one[int](t, `select count(*) from pg_policies where policyname ~ '^adopt'`) + one[int](t, `select count(*) from pg_namespace where nspname = 'adopt'`); n != 0 {
		t.Error("the schema or a policy is left")
	}
	a.do(adopt.Phases...)
	if second := work(t); second != firstWork {
		t.Errorf("second time:\n%s\nfirst:\n%s", second, firstWork)
	}
	for tenant, before := range foreign {
		for table, hash := range storetest.RowsOf(t, tenant) {
			if hash != before[table] {
				t.Errorf("another agency's %s changed", table)
			}
		}
	}
	if err := adopt.Finish(t.Context(), a.c); err != nil {
		t.Fatal(err)
	}
	if n := one[int](t, `select count(*) from pg_namespace where nspname = 'adopt'`); n != 0 {
		t.Error("the schema is left")
	}
	a.seenByPeople()
	removeFinished(t, a)
}

// seenByPeople: the people of the old portal sign in and find what is theirs.
func (a *adoption) seenByPeople() {
	t := a.t
	t.Helper()
	who := &storetest.Tenants{}
	var projects []store.Project
	mia := who.Member(t, "mia@acme.example", "acme")
	if err := storetest.DB().Read(t.Context(), mia, store.ListProjects(store.Current, &projects)); err != nil || len(projects) == 0 {
		t.Errorf("Mia finds %d projects, %v", len(projects), err)
	}
	for email, slug := range map[string]string{"mia@acme.example": "globex", "gus@globex.example": "initech", "ida@harborlight.example": "acme"} {
		token := storetest.SignIn(t, email)
		v := must(storetest.DB().Identify(t.Context(), store.Credentials{Token: &token, Slug: slug}))
		if _, ok := v.Member(); ok {
			t.Errorf("%s gets into %s", email, slug)
		}
	}
	var events []store.Activity
	nora := who.Member(t, "nora@harborlight.example", "acme")
	err := storetest.DB().Read(t.Context(), nora, store.ListActivity(store.ActivityFilter{Kind: "tenant", Page: store.Page{Limit: 10}}, &events))
	if err != nil || len(events) == 0 || events[0].Verb != "tenant.adopted" || events[0].ActorName != "Portico" {
		t.Errorf("the trail: %+v, %v", events, err)
	}
	drift := []store.UsageDrift{}
	if err := storetest.DB().Read(t.Context(), nora, store.ListUsageDrift(&drift)); err != nil || len(drift) != 0 {
		t.Errorf("counters: %+v, %v", drift, err)
	}
}

// removeFinished removes what Finish leaves, so that the next test can adopt again.
func removeFinished(t *testing.T, a *adoption) {
	t.Helper()
	op := must(store.OpenOperator(t.Context(), a.c.OwnerURL))
	defer op.Close(context.Background())
	var ids []uuid.UUID
	for _, id := range adopted(t) {
		ids = append(ids, id)
	}
	for i := len(store.Manifest.Tenant) - 1; i >= 0; i-- {
		if _, err := op.RemoveAdopted(t.Context(), store.Manifest.Tenant[i].Name, ids); err != nil {
			t.Fatal(err)
		}
	}
	if err := op.RemoveAdoptedTenants(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
}

var errKilled = errors.New("killed")

// Killed after any of its transactions and run again, each phase ends where one run ends, and
// so does going back.
func TestKilledAnywhere(t *testing.T) {
	a := begin(t)
	a.do(adopt.Phases...)
	want := work(t)
	a.undo(adopt.Attack, adopt.Policies, adopt.Constrain, adopt.Backfill, adopt.Map)
	killed := 0
	// stubborn runs a phase that is killed after 1, 2, 3, … transactions until it is through.
	stubborn := func(phase string, with ...func(*adopt.Options)) {
		t.Helper()
		for n := 1; ; n += 2 {
			left := n
			a.c.Committed = func() error {
				if left--; left < 0 {
					killed++
					return errKilled
				}
				return nil
			}
			out, err := a.run(phase, with...)
			if err == nil {
				break
			}
			if !errors.Is(err, errKilled) {
				t.Fatalf("%s after %d: %v\n%s", phase, n, err, out)
			}
		}
		a.c.Committed = nil
	}
	for _, phase := range adopt.Phases {
		stubborn(phase)
	}
	if got := work(t); got != want {
		t.Errorf("after being killed %d times:\n%s\nwant\n%s", killed, got, want)
	}
	if killed < 20 {
		t.Errorf("killed %d times only", killed)
	}
	for i := len(adopt.Phases) - 1; i >= 0; i-- {
		stubborn(adopt.Phases[i], back)
	}
	if left := counts(t); left["tenants"] != 0 {
		t.Errorf("left after going back: %v", left)
	}
}

// Rows that map to nobody, and proposals that nobody accepted, stop phase constrain: they are
// named, and nothing is written. With the decisions it goes on.
func TestWhatMapsToNobodyStopsConstrain(t *testing.T) {
	a := begin(t)
	listed, err := a.run(adopt.Map, undecided)
	if err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{
		"nobody          projects (2) map to no client", "6 [no client], 7 [client 42]",
		"nobody          deliverables (1) map to no client", "7 [project 77]",
		"nobody          files (1) map to no client", "12 [deliverable 99]",
		"nobody          people (2) map to no client", "12 [client 42], 13 [no client]",
		"same_address    people (2)", "3 [tom@harborlight.example, becomes 2]", "8 [gus@globex.example, becomes 7]",
		"slug_unusable   clients (3)", `3 ["acme", becomes acme-2]`, `4 ["Initech!", becomes initech]`,
		"file_missing    files (1)", "9 [initech/logo.ai]", "file_outside    files (1)", "11 [../../etc/passwd]",
		"encoding        clients (1)", "Acme Räder", "twice_encoded   deliverables (1)",
		"author_unknown", "reply_lost", "note_on_draft", "author_outside", "role_unknown    people (1)", "7 [boss]",
		"state_unknown   deliverables (1)", "9 [pending]", "date_future     deliverables (1)", "no_zone",
		"To go back: portico adopt map --back",
	} {
		if !strings.Contains(listed, says) {
			t.Errorf("map doesn't say %q", says)
		}
	}
	if t.Failed() {
		t.Log(listed)
	}
	a.do(adopt.Backfill)
	out, err := a.run(adopt.Constrain)
	if !errors.Is(err, adopt.ErrUnsettled) || !strings.Contains(out, "projects (2) map to nobody: 6, 7") {
		t.Errorf("constrain: %v\n%s", err, out)
	}
	if _, err := a.run(adopt.Policies); err == nil || len(adopted(t)) != 0 {
		t.Errorf("policies goes on: %v", err)
	}
	a.undo(adopt.Backfill)
	// Accepting the proposals isn't enough: a row that maps to nobody has no proposal.
	decisions := filepath.Join(t.TempDir(), "decisions.toml")
	all := string(must(os.ReadFile("sample/decisions.toml")))
	if err := os.WriteFile(decisions, []byte(strings.Replace(all, `projects = { 7 = "2" }`, ``, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a.run(adopt.Map, func(o *adopt.Options) { o.Decisions = decisions }); err != nil {
		t.Fatal(err)
	}
	a.do(adopt.Backfill)
	if out, err := a.run(adopt.Constrain); !errors.Is(err, adopt.ErrUnsettled) || !strings.Contains(out, "projects (1) map to nobody: 7") {
		t.Errorf("constrain with one row of nobody: %v\n%s", err, out)
	}
	a.undo(adopt.Backfill)
	a.do(adopt.Map, adopt.Backfill, adopt.Constrain)
}

// A dry run says what would be done, and leaves everything as it is.
func TestDryRunChangesNothing(t *testing.T) {
	a := begin(t)
	for i, phase := range adopt.Phases {
		before, people := schemaHash(t), one[int](t, `select count(*) from users`)
		out, err := a.run(phase, dryRun)
		if err != nil || !strings.Contains(out, "ry run") {
			t.Errorf("%s: %v\n%s", phase, err, out)
		}
		if schemaHash(t) != before || one[int](t, `select count(*) from users`) != people {
			t.Errorf("a dry run of %s changed something", phase)
		}
		if len(adopted(t)) != 0 && i <= 3 {
			t.Errorf("a dry run of %s made tenants", phase)
		}
		a.do(phase)
	}
	for i := len(adopt.Phases) - 1; i >= 0; i-- {
		before, rows := schemaHash(t), counts(t)
		if out, err := a.run(adopt.Phases[i], back, dryRun); err != nil {
			t.Errorf("%s --back: %v\n%s", adopt.Phases[i], err, out)
		}
		if schemaHash(t) != before || counts(t)["projects"] != rows["projects"] {
			t.Errorf("a dry run back of %s changed something", adopt.Phases[i])
		}
		a.undo(adopt.Phases[i])
	}
}

// schemaHash is a hash of the schema adopt: its constraints, and its rows.
func schemaHash(t *testing.T) string {
	t.Helper()
	if !one[bool](t, `select to_regclass('adopt.adoption') is not null`) {
		return ""
	}
	hash := one[string](t, `select coalesce(string_agg(conname || conrelid::text, ',' order by conname, conrelid::text), '') from pg_constraint where connamespace = 'adopt'::regnamespace`)
	for _, table := range []string{"adoption", "clients", "people", "projects", "deliverables", "files", "notes", "versions", "members", "problems"} {
		hash += one[string](t, `select md5(coalesce(string_agg(x::text, '' order by x::text), '')) from adopt.`+table+` x`)
	}
	return hash
}

// An adopted client's people see nothing of another's, nor what only the team may see, though
// all of it came out of one table.
func TestAdoptedClientsAreApart(t *testing.T) {
	a := begin(t)
	a.do(adopt.Phases...)
	who := &storetest.Tenants{}
	gus := who.Member(t, "gus@globex.example", "globex")
	mia := who.Member(t, "mia@acme.example", "acme")
	acme := adopted(t)["acme"]
	project := one[uuid.UUID](t, `select id from projects where tenant_id = $1 and name = 'Spring menu'`, acme)
	file := one[uuid.UUID](t, `select id from files where tenant_id = $1 order by id limit 1`, acme)
	var p store.Project
	if err := storetest.DB().Read(t.Context(), gus, store.GetProject(project, &p)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Gus reads a project of Acme: %v", err)
	}
	if err := storetest.DB().Read(t.Context(), mia, store.GetProject(project, &p)); err != nil {
		t.Errorf("Mia's own project: %v", err)
	}
	var f store.File
	if err := storetest.DB().Read(t.Context(), gus, store.GetFile(file, &f)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Gus reads a file of Acme: %v", err)
	}
	if err := storetest.DB().Read(t.Context(), mia, store.GetFile(file, &f)); err != nil {
		t.Errorf("Mia's own file: %v", err)
	}
	object, err := a.c.Storage.For(acme).Get(t.Context(), files.NewKey(acme, files.KindFile, file), files.ReadOptions{Size: f.Size, Digest: (*files.Digest)(f.SHA256)})
	if err != nil {
		t.Fatal(err)
	}
	object.Body.Close()
	card := one[uuid.UUID](t, `select id from deliverables where tenant_id = $1 and title = 'Menu card'`, acme)
	for _, version := range []int{1, 2} {
		_, comments := storetest.Notes(t, mia, card, version)
		for _, c := range comments {
			if strings.Contains(c.Words, "owe us") {
				t.Error("Mia reads a note of the team")
			}
		}
		if version == 1 && (len(comments) != 2 || comments[0].AuthorName != "Tom Beck" || comments[0].CreatedAt.Year() != 2019) {
			t.Errorf("Mia reads %+v", comments)
		}
	}
}

// The attack finds what a missing guard opens: it names the table and the tenants, and the
// agency stays suspended. With the guard back it opens.
func TestAttackFindsAMissingGuard(t *testing.T) {
	a := begin(t)
	a.do(adopt.Map, adopt.Backfill, adopt.Constrain, adopt.Policies)
	state := func() string { return one[string](t, `select state from tenants where slug = 'harborlight'`) }
	for name, c := range map[string]struct{ open, shut, says string }{
		"no row level security":                 {`alter table comments disable row level security`, `alter table comments enable row level security`, `reads \d+ rows of others in comments`},
		"a policy that lets everything through": {`create policy gap on projects to portico_app using (true) with check (true)`, `drop policy gap on projects`, `(?s)reads \d+ rows of others in projects.*changes \d+ rows of projects`},
		"only writing is open":                  {`create policy gap on audit_events for insert to portico_app with check (true)`, `drop policy gap on audit_events`, `adds a row to audit_events of `},
		"the team's notes are open to clients": {`drop policy party on threads`,
			`create policy party on threads as restrictive to portico_app
    using (visibility = 'client' or current_setting('app.party', true) in ('agency', 'system'))
    with check (visibility = 'client' or current_setting('app.party', true) in ('agency', 'system'))`, `rows of threads that only the team may see`},
	} {
		exec(t, c.open)
		out, err := a.run(adopt.Attack)
		exec(t, c.shut)
		if !errors.Is(err, adopt.ErrLeak) || !regexp.MustCompile(c.says).MatchString(out) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if state() != "suspended" {
			t.Errorf("%s: the agency is %s", name, state())
		}
	}
	out := a.do(adopt.Attack)
	if !strings.Contains(out, "Nothing was reached.") || state() != "active" {
		t.Errorf("the agency is %s\n%s", state(), out)
	}
}

func exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := storetest.AdminPool().Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Nothing in a mapping can write to the other database, whoever connects to it.
func TestMappingCannotWrite(t *testing.T) {
	a := begin(t)
	admin := must(pgx.Connect(t.Context(), must(their())))
	defer admin.Close(context.Background())
	for _, sql := range []string{
		`create or replace function trap() returns text language plpgsql as $$ begin delete from remark; return 'x'; end $$`,
		`create sequence if not exists counter`,
	} {
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	source := string(must(os.ReadFile("sample/mapping.toml")))
	source = strings.Replace(source, `directory = "uploads"`, `directory = "`+must(filepath.Abs("sample/uploads"))+`"`, 1)
	const readOnly, syntax, level = "25006", "42601", "0A000"
	for name, c := range map[string]struct{ expression, code string }{
		"a function that deletes":   {`trap()`, readOnly},
		"a sequence":                {`nextval('counter')::text`, readOnly},
		"switched to write":         {`set_config('transaction_read_only', 'off', true) || trap()`, "25001"},
		"a second statement":        {`title from job; delete from remark; select 1, 2, title`, syntax},
		"a change in an expression": {`(with gone as (delete from remark returning 1) select count(*)::text from gone)`, level},
		"only reading":              {`lower(title)`, ""},
	} {
		path := filepath.Join(t.TempDir(), "mapping.toml")
		changed := strings.Replace(source, "[projects.columns]\nname = \"title\"", "[projects.columns]\nname = \"\"\"\n"+c.expression+"\"\"\"", 1)
		if changed == source {
			t.Fatal("the sample's mapping has no name of projects")
		}
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := a.run(adopt.Map, func(o *adopt.Options) { o.Mapping = path })
		code := ""
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
			code = pg.Code
		}
		if code != c.code || c.code == "" && err != nil {
			t.Errorf("%s: %v, want code %q\n%s", name, err, c.code, out)
		}
		var remarks int
		if err := admin.QueryRow(t.Context(), `select count(*) from remark`).Scan(&remarks); err != nil || remarks != 15 {
			t.Errorf("%s: %d remarks are left, %v", name, remarks, err)
		}
	}
}

// Once somebody has worked in an adopted tenant, there is no way back over it.
func TestNoWayBackOverNewWork(t *testing.T) {
	a := begin(t)
	a.do(adopt.Phases...)
	who := &storetest.Tenants{}
	nora := who.Member(t, "nora@harborlight.example", "globex")
	project := storetest.Project(t, nora, "After the adoption")
	a.undo(adopt.Attack)
	if out, err := a.run(adopt.Policies, back); err == nil || !strings.Contains(err.Error(), "1 rows of projects") {
		t.Errorf("goes back: %v\n%s", err, out)
	}
	if n := one[int](t, `select count(*) from projects where id = $1`, project); n != 1 {
		t.Error("the new project is gone")
	}
	exec(t, `delete from projects where id = $1`, project)
	exec(t, `delete from sessions where user_id in (select user_id from memberships where email = 'nora@harborlight.example')`)
	a.undo(adopt.Policies)
}

// The schema adopt holds the rows of all clients, and the app can't use it.
func TestAppCannotReadTheStaging(t *testing.T) {
	a := begin(t)
	a.do(adopt.Map)
	if _, err := storetest.App(t).Exec(t.Context(), `select * from adopt.notes`); err == nil || !strings.Contains(err.Error(), "permission denied for schema adopt") {
		t.Errorf("the app reads the staging: %v", err)
	}
	found := must(store.CheckCatalog(t.Context(), storetest.Admin(t)))
	if len(found) > 0 {
		t.Errorf("the doctor complains while an adoption is under way: %v", found)
	}
	exec(t, `grant usage on schema adopt to portico_app; grant select on adopt.notes to portico_app`)
	if found := must(store.CheckCatalog(t.Context(), storetest.Admin(t))); len(found) == 0 {
		t.Error("the doctor doesn't notice that the app may read the staging")
	}
}

// Each proposal has to be accepted by name: without one of them, constrain stops.
func TestEachProposalHasToBeAccepted(t *testing.T) {
	a := begin(t)
	all := string(must(os.ReadFile("sample/decisions.toml")))
	accepted := regexp.MustCompile(`"([a-z_]+)"`).FindAllStringSubmatch(all[:strings.Index(all, "[decisions.leave_out]")], -1)
	if len(accepted) < 15 {
		t.Fatalf("the sample accepts only %d kinds", len(accepted))
	}
	for _, code := range accepted {
		path := filepath.Join(t.TempDir(), "decisions.toml")
		if err := os.WriteFile(path, []byte(strings.Replace(all, code[0]+",", "", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := a.run(adopt.Map, func(o *adopt.Options) { o.Decisions = path }); err != nil {
			t.Fatalf("map: %v\n%s", err, out)
		}
		a.do(adopt.Backfill)
		if out, err := a.run(adopt.Constrain); !errors.Is(err, adopt.ErrUnsettled) || !strings.Contains(out, code[1]+" (") {
			t.Errorf("without %s: %v\n%s", code[1], err, out)
		}
		a.undo(adopt.Backfill)
	}
}

// Somebody who has an account here already keeps it: they become a member of the adopted
// tenant, and going back leaves them in their own.
func TestPeopleOfElsewhereStay(t *testing.T) {
	other := storetest.Agency(t)
	dana := other.Member(t, other.Dana, other.Acme)
	var gus uuid.UUID
	err := storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) (err error) {
		gus, err = tx.AddPerson(t.Context(), store.NewPerson{Name: "Gus elsewhere", Email: "gus@globex.example", Party: store.PartyClient, Role: store.RoleViewer})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// Ivy has an account and belongs nowhere.
	ivy := store.NewID()
	exec(t, `insert into users (id, email, name) values ($1, 'ivy@initech.example', 'Ivy elsewhere')`, ivy)
	before := one[string](t, `select u::text from users u where id = $1`, gus)
	rows := storetest.RowsOf(t, dana.TenantID())
	a := begin(t)
	a.do(adopt.Map, adopt.Backfill, adopt.Constrain, adopt.Policies)
	if n := one[int](t, `select count(*) from memberships where user_id = $1 and tenant_id = $2 and ended_at is null`, gus, adopted(t)["globex"]); n != 1 {
		t.Error("Gus is no member of the adopted client")
	}
	if n := one[int](t, `select count(*) from comments where created_by = $1 and body = 'Wrong blue.'`, gus); n != 1 {
		t.Error("Gus's note is not his")
	}
	a.undo(adopt.Policies)
	if after := one[string](t, `select u::text from users u where id = $1`, gus); after != before {
		t.Errorf("Gus is %s, was %s", after, before)
	}
	if one[int](t, `select count(*) from users where id = $1`, ivy) != 1 {
		t.Error("Ivy is gone")
	}
	for table, hash := range storetest.RowsOf(t, dana.TenantID()) {
		if hash != rows[table] {
			t.Errorf("another agency's %s changed", table)
		}
	}
}

// Two runs at once would write the same rows: the second is refused.
func TestOneRunAtATime(t *testing.T) {
	a := begin(t)
	first := must(pgx.Connect(t.Context(), a.c.OwnerURL))
	if _, err := first.Exec(t.Context(), `select pg_advisory_lock(hashtext('portico adopt'))`); err != nil {
		t.Fatal(err)
	}
	if _, err := a.run(adopt.Map); err == nil || !strings.Contains(err.Error(), "another portico adopt is running") {
		t.Errorf("a second run: %v", err)
	}
	_ = first.Close(t.Context())
	a.do(adopt.Map)
}

// A row that names another client than what it belongs to is neither's until somebody decides.
// A note doesn't point at another client's file.
func TestRowsOfTwoClientsStopConstrain(t *testing.T) {
	a := begin(t)
	path := filepath.Join(t.TempDir(), "mapping.toml")
	source := string(must(os.ReadFile("sample/mapping.toml")))
	changed := strings.Replace(source, "from = \"remark\"\nkey = \"id\"\n", "from = \"remark\"\nkey = \"id\"\nclient = \"case id when 4 then 1 when 1 then 1 end\"\n", 1)
	changed = strings.Replace(changed, `directory = "uploads"`, `directory = "`+must(filepath.Abs("sample/uploads"))+`"`, 1)
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := a.run(adopt.Map, func(o *adopt.Options) { o.Mapping = path })
	if err != nil || !strings.Contains(out, "other_client    notes (1)") || !strings.Contains(out, "4 [1, and its deliverable is of 2]") ||
		!strings.Contains(out, "file_elsewhere  notes (1)") {
		t.Errorf("map: %v\n%s", err, out)
	}
	a.do(adopt.Backfill)
	if n := one[int](t, `select count(*) from adopt.notes where key = '4' and tenant_id is not null`); n != 0 {
		t.Error("the note has a tenant")
	}
	if n := one[int](t, `select count(*) from adopt.notes where key = '1' and tenant_id is not null`); n != 1 {
		t.Error("the note that names its own client has none")
	}
	if out, err := a.run(adopt.Constrain); !errors.Is(err, adopt.ErrUnsettled) || !strings.Contains(out, "notes (1) map to nobody: 4") {
		t.Errorf("constrain: %v\n%s", err, out)
	}
}
