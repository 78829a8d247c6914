package store_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/store"
)

// trySession is [try] in a support session; the policies only check that there is
// one.
func trySession(t *testing.T, conn *pgx.Conn, me store.Member, sql string, args ...any) (int64, error) {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	as(t, tx, me)
	if _, err := tx.Exec(t.Context(), `select set_config('app.support_session_id', $1, true)`, uuid.NewString()); err != nil {
		t.Fatal(err)
	}
	tag, err := tx.Exec(t.Context(), sql, args...)
	return tag.RowsAffected(), err
}

// wantNoEffect checks that a statement changed nothing or was refused.
func wantNoEffect(t *testing.T, who, sql string, n int64, err error) {
	t.Helper()
	if err == nil && n != 0 || err != nil && sqlState(err) != insufficientPrivilege {
		t.Errorf("%s: %s touched %d rows, %v; want none, or refused", who, sql, n, err)
	}
}

// In raw SQL a client can't become staff, change or end a staff membership, rename
// the tenant, or read the usage of projects and storage. Inside their own party the
// program decides.
func TestClientsCannotBecomeStaff(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, mia, leo := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Mia, a.Acme), a.Member(t, a.Leo, a.Acme)
	storetest.Project(t, dana, "Draft "+a.Suffix)
	if err := storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error { return tx.ReconcileUsage(t.Context()) }); err != nil {
		t.Fatal(err)
	}
	conn := storetest.App(t)
	for _, sql := range []string{
		`update memberships set party = 'agency', role = 'owner'`,
		`update memberships set party = 'agency' where user_id = nullif(current_setting('app.user_id'), '')::uuid`,
		`update memberships set role = 'viewer', name = 'x', email = 'x@x.test' where party = 'agency'`,
		`update memberships set ended_at = now() where party = 'agency'`,
		`update memberships set party = 'client' where party = 'agency'`,
		`update memberships set last_activity_at = now()`,
		`update tenants set name = 'x'`,
		`update tenants set portal_name = 'x', welcome = 'x', accent = '#000000', mail_name = 'x', logo_id = null`,
		`update tenants set people_by_client = true`,
		`update tenants set support_asks = true`,
		`select from plan_usage where metric <> 'users'`,
		`update plan_usage set used = 0 where metric <> 'users'`,
		`select from work_counts`,
		`update work_counts set projects = 0`,
		`insert into work_counts (tenant_id) select id from tenants on conflict (tenant_id) do update set projects = 0`,
		`insert into plan_usage (tenant_id, metric, used) select id, 'ai_runs', 0 from tenants`,
		`do $$ begin
		    perform lookup.recount(77, null, true, null, null);
		    if exists (select from memberships where waiting = 77) then raise 'counted'; end if;
		end $$`,
	} {
		for _, who := range []store.Member{leo, mia} {
			n, err := try(t, conn, &who, sql)
			wantNoEffect(t, who.Email, sql, n, err)
		}
	}
	n, err := try(t, conn, &leo, `select from lookup.set_support_asks(true) s where s`)
	wantNoEffect(t, "a viewer", "set_support_asks", n, err)
	// These columns would reveal the number of drafts, so clients can't read them.
	for _, column := range []string{"versions", "files"} {
		if _, err := try(t, conn, &mia, `select `+column+` from deliverables`); sqlState(err) != "42703" {
			t.Errorf("a client reads deliverables.%s: %v", column, err)
		}
	}
	for sql, who := range map[string]*store.Member{
		`update memberships set last_seen_at = now() where user_id = nullif(current_setting('app.user_id'), '')::uuid`: &leo,
		`update memberships set role = 'viewer', ended_at = now() where user_id <> nullif(current_setting('app.user_id'), '')::uuid
		    and party = 'client'`: &mia,
		`select from plan_usage where metric = 'users'`:                 &mia,
		`select from tenants for no key update`:                         &mia,
		`select from lookup.set_support_asks(true) s where s`:           &mia,
		`update memberships set role = 'viewer' where party = 'agency'`: &dana,
		`update memberships set ended_at = now()`:                       &dana,
		`update tenants set name = 'x', people_by_client = true`:        &dana,
		`select from plan_usage where metric = 'projects'`:              &dana,
		`update plan_usage set used = 0 where metric = 'projects'`:      &dana,
		`select from work_counts`:                                       &dana,
		`update work_counts set projects = 0`:                           &dana,
	} {
		if n, err := try(t, conn, who, sql); n == 0 || err != nil {
			t.Errorf("%s, as %s: %d rows, %v", sql, who.Party, n, err)
		}
	}
}

// In a support session raw SQL can't change memberships, the tenant, consent,
// invitations or domains, nor usage other than of projects and storage, for either
// party and even in write mode. In person the same statements succeed.
func TestSupportCannotChangeTenant(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana, mia := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Mia, a.Acme)
	storetest.Project(t, dana, "Draft "+a.Suffix)
	invite(t, dana, client("Nina", "nina@"+a.Suffix+".test", store.RoleViewer))
	if err := storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error {
		if err := tx.ReconcileUsage(t.Context()); err != nil {
			return err
		}
		return tx.SetLogo(t.Context(), store.Logo{ContentType: "image/png", Content: []byte("logo " + a.Suffix)})
	}); err != nil {
		t.Fatal(err)
	}
	storetest.GrantSupport(t, mia)
	conn := storetest.App(t)
	type statement struct {
		sql      string
		byClient bool // the party may do it in person
	}
	for _, s := range []statement{
		{`update memberships set role = 'owner', ended_at = null`, false},
		{`update memberships set party = 'client' where party = 'agency'`, false},
		{`update memberships set name = 'x' where party = 'client'`, true},
		{`update memberships set unread = 0, last_place = '/' where party = 'client'`, true},
		{`update tenants set name = 'x'`, false},
		{`update tenants set people_by_client = true, logo_id = null`, false},
		{`select from lookup.set_support_asks(true) s where s`, true},
		{`update plan_usage set used = 0 where metric = 'users'`, true},
		{`insert into plan_usage (tenant_id, metric, used) select id, 'ai_runs', 0 from tenants`, false},
		{`insert into logos (tenant_id, id, content_type, content) select id, gen_random_uuid(), 'image/png', 'x' from tenants`, false},
		{`delete from logos`, false},
		{`insert into support_grants (tenant_id, id, ends_at) select id, gen_random_uuid(), now() + interval '1 hour' from tenants`, false},
		{`update support_grants set revoked_at = now(), revoked_party = current_setting('app.party')`, true},
		{`update support_grants set replaced_at = now() where party = current_setting('app.party')`, true},
		{`insert into invites (tenant_id, id, tenant_kind, party, role, name, email)
		  select id, gen_random_uuid(), kind, 'client', 'owner', 'x', 'x@x.test' from tenants`, true},
		{`update invites set expires_at = now() + interval '1 day'`, true},
		{`insert into domains (tenant_id, host) select id, 'x.' || slug || '.test' from tenants`, true},
	} {
		for _, who := range []store.Member{dana, mia} {
			n, err := trySession(t, conn, who, s.sql)
			wantNoEffect(t, "as "+string(who.Party)+" in a session", s.sql, n, err)
		}
		who := dana
		if s.byClient {
			who = mia
		}
		if n, err := try(t, conn, &who, s.sql); n == 0 || err != nil {
			t.Errorf("%s in person: %s: %d rows, %v", who.Party, s.sql, n, err)
		}
	}
	// What support may do in write mode is counted.
	for _, sql := range []string{
		`update plan_usage set used = used + 1 where metric in ('projects', 'storage')`,
		`select from memberships for no key update`,
		`select lookup.recount(7, null, true, null, null)`,
	} {
		if n, err := trySession(t, conn, dana, sql); n == 0 || err != nil {
			t.Errorf("in a session that writes: %s: %d rows, %v", sql, n, err)
		}
	}
}

// The app makes no large objects: they have no tenant and no policies.
func TestAppMakesNoLargeObjects(t *testing.T) {
	t.Parallel()
	conn := storetest.App(t)
	for _, sql := range []string{
		`select lo_create(0)`, `select lo_creat(-1)`, `select lo_from_bytea(0, 'x')`, `select lo_open(1, 131072)`, `select lo_put(1, 0, 'x')`,
		`select lo_get(1)`, `select lo_unlink(1)`, `select loread(0, 1)`, `select lowrite(0, 'x')`, `select lo_import('/etc/hostname')`, `select lo_export(1, '/tmp/x')`,
	} {
		if _, err := conn.Exec(t.Context(), sql); sqlState(err) != insufficientPrivilege {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if _, err := storetest.Admin(t).Exec(t.Context(), `select lo_unlink(lo_create(0))`); err != nil {
		t.Error(err)
	}
}
