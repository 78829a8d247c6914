package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// roleChecks find what would let the serving role bypass row level security. Each
// statement returns true if the role is safe.
var roleChecks = []struct{ says, sql string }{
	{"is a superuser", `select not rolsuper from pg_roles where rolname = current_user`},
	{"has BYPASSRLS", `select not rolbypassrls from pg_roles where rolname = current_user`},
	{"may create roles or databases", `select not rolcreaterole and not rolcreatedb from pg_roles where rolname = current_user`},
	{"may replicate", `select not rolreplication from pg_roles where rolname = current_user`},
	{"is a member of another role", `select count(*) = 0 from pg_auth_members m join pg_roles r on r.oid = m.member where r.rolname = current_user`},
	{"owns tables or functions", `select not exists (select 1 from pg_class where relowner = current_user::regrole)
		and not exists (select 1 from pg_proc where proowner = current_user::regrole)`},
	{"owns the database", `select datdba <> current_user::regrole from pg_database where datname = current_database()`},
	{"may create objects", `select not has_database_privilege(current_database(), 'create, temp')
		and not exists (select 1 from pg_namespace where nspname in ('public', 'lookup', 'river') and has_schema_privilege(oid, 'create'))`},
	{"may truncate, reference or trigger", `select not exists (
		select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname in ('public', 'river') and c.relkind in ('r', 'p')
		  and has_table_privilege(c.oid, 'truncate, references, trigger'))`},
	{"has row_security switched off", `select current_setting('row_security') = 'on'`},
	{"starts with a tenant already set", `select coalesce(current_setting('app.tenant_id', true), '') = ''`},
}

// ErrRole is returned by [Open] for a database role that could bypass row level security.
var ErrRole = errors.New("DATABASE_URL connects as a role that could bypass row level security")

// checkRole fails with [ErrRole] if the role could see more than the policies allow. The
// error names every check that failed.
func (db *DB) checkRole(ctx context.Context) error {
	can, err := db.BadRole(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, says := range can {
		failed = append(failed, fmt.Errorf("it %s", says))
	}
	if len(failed) > 0 {
		return fmt.Errorf("%w: %w", ErrRole, errors.Join(failed...))
	}
	return nil
}

// BadRole runs the checks and returns those that failed, as verbs: "is a superuser".
func (db *DB) BadRole(ctx context.Context) (failed []string, err error) {
	batch := &pgx.Batch{}
	for _, c := range roleChecks {
		batch.Queue(c.sql)
	}
	results := db.pool.SendBatch(ctx, batch)
	defer results.Close()
	for _, c := range roleChecks {
		var fine bool
		if err := results.QueryRow().Scan(&fine); err != nil {
			return nil, fmt.Errorf("check database role: %w", Translate(err))
		}
		if !fine {
			failed = append(failed, c.says)
		}
	}
	return failed, nil
}
