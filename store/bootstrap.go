package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

// The roles of an installation; see docs/decisions/0001-isolation.md.
const (
	RoleNameOwner  = "portico_owner"
	RoleNameApp    = "portico_app"
	RoleNameLookup = "portico_lookup"
)

// bootstrapRoles creates the three roles, or resets the rights of existing ones. It
// sets no passwords.
const bootstrapRoles = `
do $$
declare r text;
begin
    foreach r in array array['portico_owner', 'portico_app', 'portico_lookup'] loop
        if not exists (select 1 from pg_roles where rolname = r) then
            execute format('create role %I', r);
        end if;
        execute format('alter role %I nosuperuser nobypassrls nocreatedb nocreaterole noreplication', r);
    end loop;
end $$;
alter role portico_owner login;
alter role portico_app login;
alter role portico_lookup nologin;
grant portico_lookup to portico_owner;
revoke portico_owner, portico_lookup from portico_app;`

// bootstrapDatabase closes a database to every other role. Run it inside that
// database.
const bootstrapDatabase = `
do $$ begin
    execute format('revoke all on database %I from public', current_database());
    execute format('alter database %I owner to portico_owner', current_database());
    execute format('grant connect on database %I to portico_app', current_database());
end $$;
revoke all on schema public from public;
alter schema public owner to portico_owner;
-- Large objects have no tenant and no policies. Only a superuser may revoke these; where
-- the administrator is none, the check of the catalog reports it.
do $$
declare f regprocedure;
begin
    for f in
        select p.oid::regprocedure from pg_proc p
        where p.pronamespace = 'pg_catalog'::regnamespace and (p.proname ~ '^lo_' or p.proname in ('loread', 'lowrite'))
    loop
        execute format('revoke execute on function %s from public', f);
    end loop;
exception when insufficient_privilege then
    raise warning 'the app may create large objects, because the administrator is no superuser';
end $$;`

// BootstrapSQL returns the statements of [Bootstrap] for an administrator who prefers
// to run them by hand and to set the passwords.
func BootstrapSQL(database string) string {
	return fmt.Sprintf("%s\n-- \\password portico_owner\n-- \\password portico_app\n-- create database %s owner portico_owner;\n-- \\connect %s\n%s\n",
		bootstrapRoles, pgx.Identifier{database}.Sanitize(), pgx.Identifier{database}.Sanitize(), bootstrapDatabase)
}

// Bootstrap creates the roles and the database named by ownerURL, and sets the
// passwords in ownerURL and appURL. adminURL connects as superuser. It can run again
// at any time.
func Bootstrap(ctx context.Context, adminURL, ownerURL, appURL string) error {
	owner, err := login(ownerURL, RoleNameOwner, "DATABASE_OWNER_URL")
	if err != nil {
		return err
	}
	app, err := login(appURL, RoleNameApp, "DATABASE_URL")
	if err != nil {
		return err
	}
	admin, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return errors.New("cannot connect as administrator: check --admin-dsn")
	}
	defer admin.Close(context.WithoutCancel(ctx))
	// Two runs at once would update the same roles, and one would fail. The lock ends
	// with the connection.
	if _, err := admin.Exec(ctx, "select pg_advisory_lock(hashtext('portico bootstrap'));"+bootstrapRoles); err != nil {
		return fmt.Errorf("roles: %w", err)
	}
	for _, r := range []*pgx.ConnConfig{owner, app} {
		if err := setPassword(ctx, admin, r.User, r.Password); err != nil {
			return err
		}
	}
	if err := createDatabase(ctx, admin, owner.Database); err != nil {
		return err
	}
	inside, err := connectTo(ctx, adminURL, owner.Database)
	if err != nil {
		return err
	}
	defer inside.Close(context.WithoutCancel(ctx))
	if _, err := inside.Exec(ctx, bootstrapDatabase); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

func login(dsn, role, name string) (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig(dsn)
	if err != nil || dsn == "" {
		return nil, fmt.Errorf("%s is not a PostgreSQL connection string", name)
	}
	if c.User != role {
		return nil, fmt.Errorf("%s must connect as %s", name, role)
	}
	return c, nil
}

// setPassword lets the server quote the password, since utility statements take
// no parameters.
func setPassword(ctx context.Context, admin *pgx.Conn, role, password string) error {
	if password == "" {
		return nil
	}
	var sql string
	err := admin.QueryRow(ctx, `select format('alter role %I password %L', $1::text, $2::text)`, role, password).Scan(&sql)
	if err == nil {
		_, err = admin.Exec(ctx, sql)
	}
	if err != nil {
		return fmt.Errorf("password of %s could not be set", role)
	}
	return nil
}

func createDatabase(ctx context.Context, admin *pgx.Conn, name string) error {
	var there bool
	if err := admin.QueryRow(ctx, `select exists (select 1 from pg_database where datname = $1)`, name).Scan(&there); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if there {
		return nil
	}
	if _, err := admin.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize()+" owner portico_owner encoding 'UTF8' template template0"); err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	return nil
}

// connectTo connects as the administrator of adminURL to another database of
// the same server.
func connectTo(ctx context.Context, adminURL, database string) (*pgx.Conn, error) {
	if u, err := url.Parse(adminURL); err == nil && strings.HasPrefix(u.Scheme, "postgres") {
		u.Path = "/" + database
		adminURL = u.String()
	} else {
		adminURL += " dbname='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(database) + "'"
	}
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return nil, errors.New("cannot connect to the new database as administrator")
	}
	return conn, nil
}
