// Package storetest gives tests a real database, and each test a fresh agency in it.
// Tests run in parallel, so each of them also tests isolation.
package storetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"portico/e2e/stack"
	"portico/store"
	"portico/store/queue"
)

var (
	server *stack.Postgres
	db     *store.DB
	pool   *pgxpool.Pool // as superuser
)

// SigningKey signs the jobs of test databases.
var SigningKey = []byte("a key for tests of job signatures")

// Main starts PostgreSQL, migrates a database as an installation would, runs the
// tests and stops the server. Call it from TestMain. It calls after before the
// database stops.
func Main(m *testing.M, after ...func()) {
	os.Exit(run(m, after))
}

func run(m *testing.M, after []func()) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var err error
	if server, err = startServer(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "storetest:", err)
		return 1
	}
	defer server.Stop()
	if db, err = Open(ctx, stack.DatabaseName); err != nil {
		fmt.Fprintln(os.Stderr, "storetest:", err)
		return 1
	}
	defer db.Close()
	if pool, err = pgxpool.New(ctx, server.AdminURL(stack.DatabaseName)); err != nil {
		fmt.Fprintln(os.Stderr, "storetest:", err)
		return 1
	}
	defer pool.Close()
	for _, end := range after {
		defer end()
	}
	return m.Run()
}

// Open bootstraps and migrates a database of the server and opens it as the app.
func Open(ctx context.Context, name string) (*store.DB, error) {
	if os.Getenv(TemplateVariable) != "" {
		if err := server.CreateDatabase(ctx, name); err != nil {
			return nil, err
		}
	}
	if err := store.Bootstrap(ctx, server.AdminURL("postgres"), server.OwnerURL(name), server.AppURL(name)); err != nil {
		return nil, err
	}
	if _, err := store.Migrate(ctx, server.OwnerURL(name)); err != nil {
		return nil, err
	}
	return store.Open(ctx, store.Config{URL: server.AppURL(name), Signer: queue.NewSigner(SigningKey)})
}

// DB is the shared database, as portico_app.
func DB() *store.DB { return db }

// Server is the private server, for tests that need other roles than the app.
func Server() *stack.Postgres { return server }

// Tenants is a fresh agency with two clients and their people. Every name and slug
// ends in a suffix that no other test uses.
type Tenants struct {
	Suffix string
	Agency string // slug of the agency
	Acme   string // slug of the first client
	Globex string // slug of the second
	// Addresses of people. Dana owns the agency and is staff in both clients. Ravi is
	// staff (member) in Acme only. Mia owns Acme's client side, Leo is a viewer
	// there, and Gus owns Globex's.
	Dana, Ravi, Mia, Leo, Gus string
}

// Agency makes a fresh agency, Northwind by name, with its clients and people.
func Agency(t testing.TB) *Tenants {
	t.Helper()
	ctx := t.Context()
	suffix := strings.ToLower(rand.Text())[:10]
	a := &Tenants{Suffix: suffix, Agency: "northwind-" + suffix, Acme: "acme-" + suffix, Globex: "globex-" + suffix}
	for name, p := range map[string]*string{"dana": &a.Dana, "ravi": &a.Ravi, "mia": &a.Mia, "leo": &a.Leo, "gus": &a.Gus} {
		*p = name + "@" + suffix + ".test"
	}
	check(t, Operate(t, func(ctx context.Context, op *store.Operator) error {
		_, err := op.CreateAgency(ctx, a.Agency, "Northwind "+suffix, a.Dana, "Dana "+suffix, "enterprise")
		return err
	}))
	dana := a.Member(t, a.Dana, a.Agency)
	check(t, DB().Write(ctx, dana, func(tx *store.Tx) error {
		_, err := tx.AddPerson(ctx, store.NewPerson{Name: "Ravi " + suffix, Email: a.Ravi, Party: store.PartyAgency, Role: store.RoleMember})
		return err
	}))
	a.client(t, dana, a.Acme, "Acme "+suffix,
		store.NewPerson{Name: "Ravi " + suffix, Email: a.Ravi, Party: store.PartyAgency, Role: store.RoleMember},
		store.NewPerson{Name: "Mia " + suffix, Email: a.Mia, Party: store.PartyClient, Role: store.RoleOwner},
		store.NewPerson{Name: "Leo " + suffix, Email: a.Leo, Party: store.PartyClient, Role: store.RoleViewer})
	a.client(t, dana, a.Globex, "Globex "+suffix,
		store.NewPerson{Name: "Gus " + suffix, Email: a.Gus, Party: store.PartyClient, Role: store.RoleOwner})
	return a
}

func (a *Tenants) client(t testing.TB, dana store.Member, slug, name string, people ...store.NewPerson) {
	t.Helper()
	ctx := t.Context()
	check(t, DB().Write(ctx, dana, func(tx *store.Tx) error {
		_, inside, err := tx.CreateClient(ctx, store.NewClient{Slug: slug, Name: name})
		if err != nil {
			return err
		}
		for _, p := range people {
			if _, err := inside.AddPerson(ctx, p); err != nil {
				return err
			}
		}
		return nil
	}))
	Plan(t, slug, "enterprise")
}

// Plan gives a tenant a plan without an audit row. Most tests need a larger plan and
// none of them another row in the trail.
func Plan(t testing.TB, slug, plan string) {
	t.Helper()
	_, err := AdminPool().Exec(t.Context(), `update tenants set plan = $2 where slug = $1`, slug, plan)
	check(t, err)
}

// SignIn signs a person in with a mailed code and returns the token of the session.
func SignIn(t testing.TB, email string) store.Token {
	t.Helper()
	return prove(t, email, nil)
}

// SignUp is [SignIn] for somebody who may have no account yet, under the rule.
func SignUp(t testing.TB, email string, rule store.SignUpRule) store.Token {
	t.Helper()
	return prove(t, email, &rule)
}

func prove(t testing.TB, email string, rule *store.SignUpRule) store.Token {
	t.Helper()
	ctx := t.Context()
	cookie, link, code := secret(), secret(), secret()
	// DB.BeginMailFlow would queue a job that replaces this code with its own.
	flow, hash := store.NewID(), sha256.Sum256(cookie)
	_, err := DB().JobPool().Exec(ctx, `select lookup.flow_begin($1, 'mail', $2, $3, null, '/', '', null, '', '', $4)`, flow, hash[:], email, rule)
	check(t, err)
	_, err = DB().MintFlow(ctx, flow, link, code)
	check(t, err)
	session := store.NewSession{UserAgent: "storetest"}
	_, _ = rand.Read(session.Token[:])
	if rule != nil {
		session.SignUp = *rule
	}
	_, err = DB().SignInByCode(ctx, store.MailedCode{Flow: flow, Cookie: cookie, Codes: []store.Secret{code}}, session)
	check(t, err)
	return session.Token
}

// SignInAt is [SignIn] for a session on a host; "" is the main host.
func SignInAt(t testing.TB, email, host string) store.Token {
	t.Helper()
	token := SignIn(t, email)
	MoveSession(t, token, host)
	return token
}

// MoveSession moves a session to another host, as if it had begun there now: in the tenant
// that the host names, or will name, and with the person's party there. Outsiders count
// as clients. The product never does this: a host gets its session by a hand-over.
func MoveSession(t testing.TB, token store.Token, host string) {
	t.Helper()
	sum := sha256.Sum256(token[:])
	_, err := AdminPool().Exec(t.Context(), `
update sessions s
set host = $2, host_tenant_id = w.tenant_id, host_party = w.party, host_domain_id = w.domain_id, created_at = now()
from sessions o
left join domains d on d.id = (select x.id from domains x where x.host = $2 order by x.verified_at nulls last limit 1)
left join tenants t on t.id = coalesce(
    d.tenant_id, (select x.id from tenants x where x.slug = split_part($2, '.', 1)), (select x.id from tenants x where x.kind = 'agency' limit 1))
left join memberships m on m.tenant_id = t.id and m.user_id = o.user_id
cross join lateral (
    select case when $2 <> '' then t.id end as tenant_id, case when $2 <> '' then coalesce(m.party, 'client') end as party,
           case when $2 <> '' then d.id end as domain_id) w
where o.id = s.id and s.token_hash = $1`, sum[:], host)
	check(t, err)
}

// Member signs a person in and returns them as a member of the tenant with that slug.
// The test fails if they are no member.
func (a *Tenants) Member(t testing.TB, email, slug string) store.Member {
	t.Helper()
	token := SignIn(t, email)
	v, err := DB().Identify(t.Context(), store.Credentials{Token: &token, Slug: slug, RequestID: "test-" + a.Suffix})
	check(t, err)
	m, ok := v.Member()
	if !ok {
		t.Fatalf("%s is no member of %s", email, slug)
	}
	return m
}

// Agent adds a support agent and returns their address.
func Agent(t testing.TB) string {
	t.Helper()
	email := "sam-" + strings.ToLower(rand.Text())[:10] + "@portico.test"
	check(t, Operate(t, func(ctx context.Context, op *store.Operator) error { return op.AddAgent(ctx, email, "Sam") }))
	return email
}

// Project makes a project in the member's tenant and returns its id.
func Project(t testing.TB, me store.Member, name string) uuid.UUID {
	t.Helper()
	return project(t, me, store.ProjectInput{Name: name})
}

// SharedProject makes a project that the client sees and returns its id.
func SharedProject(t testing.TB, me store.Member, name string) uuid.UUID {
	t.Helper()
	return project(t, me, store.ProjectInput{Name: name, Shared: true})
}

func project(t testing.TB, me store.Member, in store.ProjectInput) (id uuid.UUID) {
	t.Helper()
	check(t, DB().Write(t.Context(), me, func(tx *store.Tx) (err error) {
		id, err = tx.CreateProject(t.Context(), in)
		return err
	}))
	return id
}

// Deliverable makes a deliverable with a draft version and returns its id.
func Deliverable(t testing.TB, me store.Member, project uuid.UUID, title string) uuid.UUID {
	t.Helper()
	var id uuid.UUID
	check(t, DB().Write(t.Context(), me, func(tx *store.Tx) (err error) {
		id, err = tx.CreateDeliverable(t.Context(), project, store.DeliverableInput{Title: title})
		return err
	}))
	return id
}

// leastWait is the shortest timeout for something that must happen. A busy machine
// needs it.
const leastWait = 30 * time.Second

// Within returns a context that ends after d, but not before [leastWait], so that a
// test fails instead of hanging.
func Within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), max(d, leastWait))
	t.Cleanup(cancel)
	return ctx
}

func secret() store.Secret { return store.Secret(rand.Text()) }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// App returns a connection as portico_app, for statements that our code never runs.
func App(t testing.TB) *pgx.Conn { return connect(t, server.AppURL(stack.DatabaseName)) }

// AdminPool returns a pool of superuser connections. Helpers that are called often
// use it for single statements instead of keeping a connection for the whole test, as
// [Admin] does.
func AdminPool() *pgxpool.Pool { return pool }

// Admin returns a connection as superuser, for rows that the app can't read.
func Admin(t testing.TB) *pgx.Conn { return connect(t, server.AdminURL(stack.DatabaseName)) }

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	check(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// TenantTables lists the tables with a tenant_id from the catalog, so that tests
// cover a new table without a change.
func TenantTables(t testing.TB) []string {
	t.Helper()
	rows, err := AdminPool().Query(t.Context(), `
select c.relname
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
where c.relnamespace = 'public'::regnamespace
  and c.relkind in ('r', 'p')
  and c.relname <> all (array['domains'])
order by 1`)
	check(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)
	return names
}

// RowsOf hashes all rows of a tenant as a superuser sees them, by table.
func RowsOf(t testing.TB, tenant uuid.UUID) map[string]string {
	t.Helper()
	return RowsOn(t, Admin(t), tenant)
}

// RowsOn is [RowsOf] on another connection, inside its transaction if there is one.
func RowsOn(t testing.TB, conn *pgx.Conn, tenant uuid.UUID) map[string]string {
	t.Helper()
	hashes := map[string]string{}
	for _, table := range TenantTables(t) {
		var hash string
		check(t, conn.QueryRow(t.Context(), `select md5(coalesce(string_agg((x.*)::text, e'\n' order by (x.*)::text), '')) from `+
			pgx.Identifier{table}.Sanitize()+` x where tenant_id = $1`, tenant).Scan(&hash))
		hashes[table] = hash
	}
	return hashes
}
