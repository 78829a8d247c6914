package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
	"portico/store/queue"
)

// as sets the context of a raw transaction by hand, so that these tests check the
// policies and not our code.
func as(t *testing.T, tx pgx.Tx, me store.Member) {
	t.Helper()
	key := ""
	if me.Key != nil {
		key = me.Key.ID.String()
	}
	_, err := tx.Exec(t.Context(), `
select set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true),
       set_config('app.actor_id', $2, true), set_config('app.party', $3, true),
       set_config('app.api_key_id', $4, true)`,
		me.TenantID().String(), me.ID().String(), string(me.Party), key)
	if err != nil {
		t.Fatal(err)
	}
}

// try runs one statement in its own transaction as a member, or without a context,
// and always rolls back.
func try(t *testing.T, conn *pgx.Conn, me *store.Member, sql string, args ...any) (int64, error) {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if me != nil {
		as(t, tx, *me)
	}
	tag, err := tx.Exec(t.Context(), sql, args...)
	return tag.RowsAffected(), err
}

func sqlState(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}

const (
	insufficientPrivilege = "42501"
	checkViolation        = "23514"
	foreignKeyViolation   = "23503"
	readOnlyTransaction   = "25006"
)

// Case 8: without a context every tenant table shows no rows and accepts none, on a
// fresh connection (the setting is NULL) and on a reused one (it is empty). There is
// no cast error.
func TestNoContextSeesAndWritesNothing(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	storetest.Deliverable(t, dana, storetest.Project(t, dana, "Here "+a.Suffix), "Here "+a.Suffix)
	conn := storetest.App(t)
	for _, connection := range []string{"fresh", "recycled"} {
		for _, table := range storetest.TenantTables(t) {
			name := pgx.Identifier{table}.Sanitize()
			if n, err := try(t, conn, nil, "select 1 from "+name); n != 0 || err != nil {
				t.Errorf("%s connection: %s shows %d rows, error %v", connection, table, n, err)
			}
			_, err := try(t, conn, nil, "insert into "+name+" (tenant_id) values ($1)", dana.TenantID())
			if got := sqlState(err); got != insufficientPrivilege {
				t.Errorf("%s connection: insert into %s ends with %q (%v), want refused", connection, table, got, err)
			}
		}
		// From here on the connection is a reused one.
		if n, err := try(t, conn, &dana, "select 1 from projects"); n == 0 || err != nil {
			t.Fatalf("the rightful member sees %d projects, error %v", n, err)
		}
	}
}

// Without a context nobody can read a name, address or session. With one, people read
// only their own.
func TestGlobalTablesAreClosed(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	mia := a.Member(t, a.Mia, a.Acme)
	conn := storetest.App(t)
	for _, table := range []string{"tenants", "users", "identities", "sessions", "account_events"} {
		columns := "1"
		if n, err := try(t, conn, nil, "select "+columns+" from "+table); n != 0 || err != nil {
			t.Errorf("%s shows %d rows to nobody, error %v", table, n, err)
		}
	}
	for _, table := range []string{"sign_in_flows", "rate_counters", "handovers", "support_agents", "job_refusals", "sign_up_invites"} {
		if _, err := try(t, conn, &mia, "select 1 from "+table); sqlState(err) != insufficientPrivilege {
			t.Errorf("%s is open to the app: %v", table, err)
		}
	}
	for table, owner := range map[string]string{"users": "id", "sessions": "user_id", "account_events": "user_id"} {
		if n, err := try(t, conn, &mia, "select 1 from "+table+" where "+owner+" <> $1", mia.ID()); n != 0 || err != nil {
			t.Errorf("%s shows %d rows of others, error %v", table, n, err)
		}
		if n, err := try(t, conn, &mia, "select 1 from "+table+" where "+owner+" = $1", mia.ID()); n == 0 || err != nil {
			t.Errorf("%s shows its own person %d rows, error %v", table, n, err)
		}
	}
	if n, err := try(t, conn, nil, "select 1 from domains"); n != 0 || err != nil {
		t.Errorf("domains shows %d rows to nobody, error %v", n, err)
	}
	if n, err := try(t, conn, &mia, "select 1 from tenants"); n != 1 || err != nil {
		t.Errorf("a member sees %d tenants, error %v, want their own", n, err)
	}
}

// Case 9: one connection serves tenant A, then no tenant, then B. However A's
// transaction ends, the next one sees nothing of A.
func TestReusedConnectionKeepsNoContext(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	db, err := store.Open(t.Context(), store.Config{
		URL: storetest.Server().AppURL(stack.DatabaseName), Signer: queue.NewSigner(storetest.SigningKey), MaxConns: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	inAcme, inGlobex := a.Member(t, a.Ravi, a.Acme), a.Member(t, a.Gus, a.Globex)
	storetest.Project(t, inAcme, "Acme "+a.Suffix)

	ends := map[string]func(*store.Tx) error{
		"by commit": func(*store.Tx) error { return nil },
		"by error":  func(*store.Tx) error { return errors.New("no") },
		"by panic":  func(*store.Tx) error { panic("gone") },
		"by cancel": func(tx *store.Tx) error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			var list []store.Project
			return tx.Read(ctx, store.ListProjects(store.Current, &list))
		},
		"by statement timeout": func(tx *store.Tx) error { return tx.SlowForTest(t.Context()) },
	}
	for name, end := range ends {
		func() {
			defer func() { _ = recover() }()
			_ = db.Write(t.Context(), inAcme, end)
		}()
		ctx := storetest.Within(t, 20*time.Second)
		var tenant string
		if err := db.JobPool().QueryRow(ctx, `select coalesce(current_setting('app.tenant_id', true), '')`).Scan(&tenant); err != nil || tenant != "" {
			t.Errorf("ended %s: a request without context finds tenant %q, error %v", name, tenant, err)
		}
		var list []store.Project
		if err := db.Read(ctx, inGlobex, store.ListProjects(store.Current, &list)); err != nil || len(list) != 0 {
			t.Errorf("ended %s: the next tenant sees %d projects, error %v", name, len(list), err)
		}
		if err := db.Read(ctx, inAcme, store.ListProjects(store.Current, &list)); err != nil || len(list) != 1 {
			t.Errorf("ended %s: the first tenant sees %d projects, error %v", name, len(list), err)
		}
	}
}

// Case 10: A inserts, updates, upserts, merges and deletes rows of B. Each statement
// is refused or changes no row, and B stays the same.
func TestWritesStayInTheTenant(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	acme, globex := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex)
	mine, theirs := storetest.Project(t, acme, "Mine"), storetest.Project(t, globex, "Theirs")
	before := storetest.RowsOf(t, globex.TenantID())
	conn := storetest.App(t)

	attacks := map[string]struct {
		sql  string
		args []any
	}{
		"insert":    {`insert into projects (tenant_id, id, name) values ($1, $2, 'x')`, []any{globex.TenantID(), store.NewID()}},
		"update":    {`update projects set name = 'x' where id = $1`, []any{theirs}},
		"delete":    {`delete from projects where id = $1`, []any{theirs}},
		"upsert":    {`insert into projects (tenant_id, id, name) values ($1, $2, 'x') on conflict (tenant_id, id) do update set name = 'x'`, []any{globex.TenantID(), theirs}},
		"merge":     {`merge into projects p using (select $1::uuid as id) s on p.id = s.id when matched then update set name = 'x'`, []any{theirs}},
		"move to B": {`update projects set tenant_id = $1 where id = $2`, []any{globex.TenantID(), mine}},
	}
	for name, attack := range attacks {
		n, err := try(t, conn, &acme, attack.sql, attack.args...)
		if n != 0 && err == nil {
			t.Errorf("%s changed %d rows", name, n)
		}
		if err != nil && sqlState(err) != insufficientPrivilege {
			t.Errorf("%s ended with %v, want refused", name, err)
		}
	}
	if n, err := try(t, conn, &acme, `update projects set name = 'y' where id = $1`, mine); n != 1 || err != nil {
		t.Errorf("the rightful member changed %d rows, error %v", n, err)
	}
	for table, hash := range storetest.RowsOf(t, globex.TenantID()) {
		if hash != before[table] {
			t.Errorf("rows of the other tenant changed in %s", table)
		}
	}
}

// Case 11: a foreign key can't reference another tenant's row.
func TestForeignKeysStayInTheTenant(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	acme, globex := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex)
	mine, theirs := storetest.Project(t, acme, "Mine"), storetest.Project(t, globex, "Theirs")
	conn := storetest.App(t)
	const into = `insert into deliverables (tenant_id, id, project_id, title) values ($1, $2, $3, 'x')`
	if _, err := try(t, conn, &acme, into, acme.TenantID(), store.NewID(), theirs); sqlState(err) != foreignKeyViolation {
		t.Errorf("a deliverable in another tenant's project: %v, want refused", err)
	}
	if n, err := try(t, conn, &acme, into, acme.TenantID(), store.NewID(), mine); n != 1 || err != nil {
		t.Errorf("a deliverable in the member's own project: %d rows, %v", n, err)
	}
}

// Clients can't read drafts in raw SQL, counts included, and can't write to projects,
// deliverables or versions.
func TestDatabaseHidesDraftsFromClients(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, mia := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Mia, a.Acme)
	project := storetest.Project(t, dana, "Draft "+a.Suffix)
	storetest.Deliverable(t, dana, project, "Draft "+a.Suffix)
	conn := storetest.App(t)
	for _, table := range []string{"projects", "deliverables", "versions", "files", "file_parts"} {
		if n, err := try(t, conn, &mia, "select 1 from "+table); n != 0 || err != nil {
			t.Errorf("the client sees %d rows of %s, error %v", n, table, err)
		}
	}
	for _, table := range []string{"projects", "deliverables", "versions"} {
		if n, err := try(t, conn, &dana, "select 1 from "+table); n == 0 || err != nil {
			t.Errorf("staff see %d rows of %s, error %v", n, table, err)
		}
	}
	_, err := try(t, conn, &mia, `insert into projects (tenant_id, id, name) values ($1, $2, 'x')`, mia.TenantID(), store.NewID())
	if sqlState(err) != insufficientPrivilege {
		t.Errorf("a client inserts a project: %v, want refused", err)
	}
	// A party that does not exist sees nothing restricted.
	odd := mia
	odd.Party = "superclient"
	if n, err := try(t, conn, &odd, "select 1 from projects"); n != 0 || err != nil {
		t.Errorf("an unknown party sees %d projects, error %v", n, err)
	}
}

// Case 14: the app role can't remove or bypass its policies.
func TestAppRoleCannotBypassPolicies(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	mia, dana := a.Member(t, a.Mia, a.Acme), a.Member(t, a.Dana, a.Acme)
	conn := storetest.App(t)
	for _, sql := range []string{
		"truncate projects", "truncate audit_events", "alter table projects disable row level security",
		"drop policy tenant on projects", "create policy p on projects using (true)", "set local role portico_owner",
		"set local role portico_lookup", "set local session authorization portico_owner",
		"create temp table t (id int)", "create table t (id int)", "create function f() returns int language sql as 'select 1'",
		"create schema s", "copy projects from stdin", "create view v as select 1", "drop table projects",
		"update audit_events set verb = 'a.b'", "delete from audit_events", "delete from memberships",
		"select lookup.create_agency(null, 'x', 'x', null, 'x', 'x', 'x')", "select lookup.session_open(null, null, null, '', '', null, null, '', 'a.b')",
		"update tenants set slug = 'x'", "insert into tenants (id, kind, slug, name) values (gen_random_uuid(), 'agency', 'x', 'x')",
		"insert into sessions (id, token_hash, user_id) values (gen_random_uuid(), decode(repeat('00', 32), 'hex'), current_setting('app.user_id')::uuid)",
		"select token_hash from sessions", "update support_sessions set ends_at = now()", "update files set object_key = 'x'",
		"insert into projects (tenant_id, id, name, created_by) select tenant_id, gen_random_uuid(), 'x', user_id from memberships where user_id <> current_setting('app.user_id')::uuid limit 1",
		"insert into projects (tenant_id, id, name, created_at) values (current_setting('app.tenant_id')::uuid, gen_random_uuid(), 'x', '2020-01-01')",
		"insert into audit_events (tenant_id, id, at, verb) values (current_setting('app.tenant_id')::uuid, gen_random_uuid(), '2020-01-01', 'a.b')",
		"update projects set created_by = id", "update projects set tenant_id = id",
	} {
		for _, who := range []store.Member{mia, dana} {
			if _, err := try(t, conn, &who, sql); err == nil {
				t.Errorf("%s: went through for %s", sql, who.Party)
			}
		}
	}
	// row_security = off makes a query fail, not see more.
	if _, err := try(t, conn, &mia, "set local row_security = off; select 1 from projects"); sqlState(err) != insufficientPrivilege {
		t.Errorf("row_security = off: %v, want refused", err)
	}
}

// A read-only transaction can't be switched back to read-write.
func TestReadsCannotWrite(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	conn := storetest.App(t)
	dana := a.Member(t, a.Dana, a.Acme)
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	as(t, tx, dana)
	if _, err := tx.Exec(t.Context(), `select set_config('transaction_read_only', 'on', true)`); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `savepoint s`); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `select set_config('transaction_read_only', 'off', true)`); err == nil {
		t.Error("a read-only transaction could be switched back")
	}
	_, _ = tx.Exec(t.Context(), `rollback to s`)
	if _, err := tx.Exec(t.Context(), `update projects set name = 'x'`); sqlState(err) != readOnlyTransaction {
		t.Errorf("a write in a read: %v, want refused", err)
	}
}

// Audit rows name the person who wrote them, whatever the statement says.
func TestAuditRowsNameTheActor(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	mia, leo := a.Member(t, a.Mia, a.Acme), a.Member(t, a.Leo, a.Acme)
	conn := storetest.App(t)
	const lie = `insert into audit_events (tenant_id, id, actor_id, subject_id, party, verb) values ($1, $2, $3, $4, $5, 'project.created')`
	for name, args := range map[string][]any{
		"another actor":   {mia.TenantID(), store.NewID(), leo.ID(), mia.ID(), "client"},
		"another subject": {mia.TenantID(), store.NewID(), mia.ID(), leo.ID(), "client"},
		"another party":   {mia.TenantID(), store.NewID(), mia.ID(), mia.ID(), "agency"},
	} {
		if _, err := try(t, conn, &mia, lie, args...); sqlState(err) != insufficientPrivilege {
			t.Errorf("%s: %v, want refused", name, err)
		}
	}
	if n, err := try(t, conn, &mia, lie, mia.TenantID(), store.NewID(), mia.ID(), mia.ID(), "client"); n != 1 || err != nil {
		t.Errorf("the true row: %d rows, %v", n, err)
	}
}

// One transaction can't set a second tenant. Only an agency may step into a client,
// and only into its own.
func TestOneTenantPerTransaction(t *testing.T) {
	t.Parallel()
	a, b := storetest.Agency(t), storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Agency)
	mine, theirs := a.Member(t, a.Dana, a.Acme).TenantID(), b.Member(t, b.Dana, b.Acme).TenantID()
	enter := func(id uuid.UUID) error {
		return storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error {
			_, err := tx.EnterClient(t.Context(), id)
			return err
		})
	}
	wantNotFound(t, enter(theirs))
	wantNotFound(t, enter(store.NewID()))
	if err := enter(mine); err != nil {
		t.Errorf("an agency cannot enter its own client: %v", err)
	}
}

// Case 15: the server refuses a superuser, the owner, a role with BYPASSRLS and a
// member of such a role. The error names the reason and no secret.
func TestServerRefusesRolesThatBypass(t *testing.T) {
	t.Parallel()
	admin := storetest.Admin(t)
	suffix := strings.ReplaceAll(store.NewID().String(), "-", "")
	for _, sql := range []string{
		"create role bypass_" + suffix + " login bypassrls password 'secret-word'",
		"create role insider_" + suffix + " login password 'secret-word' in role portico_owner",
		"grant connect on database portico to bypass_" + suffix,
	} {
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	server := storetest.Server()
	other := func(role string) string {
		u := server.AppURL(stack.DatabaseName)
		return strings.Replace(u, u[len("postgres://"):strings.LastIndex(u, "@")], role+"_"+suffix+":secret-word", 1)
	}
	for reason, url := range map[string]string{
		"superuser":              server.AdminURL(stack.DatabaseName),
		"owns tables":            server.OwnerURL(stack.DatabaseName),
		"BYPASSRLS":              other("bypass"),
		"member of another role": other("insider"),
	} {
		db, err := store.Open(t.Context(), store.Config{URL: url})
		if err == nil {
			db.Close()
			t.Errorf("a role that %s was let in", reason)
			continue
		}
		if !strings.Contains(err.Error(), reason) {
			t.Errorf("the refusal %q does not say %q", err, reason)
		}
		if strings.Contains(err.Error(), "secret-word") || strings.Contains(err.Error(), "postgres://") {
			t.Errorf("the refusal quotes the connection: %v", err)
		}
	}
}
