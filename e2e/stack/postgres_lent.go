package stack

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// JoinPostgres uses a server that another process runs, and creates the database
// "portico" in it. adminURL is the superuser's. Databases are copies of template, or
// empty if it is "". Stop leaves the server running.
func JoinPostgres(ctx context.Context, adminURL, template string) (*Postgres, error) {
	u, err := url.Parse(adminURL)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	p := &Postgres{template: template, opts: PostgresOptions{OwnerPassword: randomText(), AppPassword: randomText()}}
	p.opts.AdminPassword, _ = u.User.Password()
	if p.port, err = strconv.Atoi(u.Port()); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return p, p.CreateDatabase(ctx, DatabaseName)
}

// MakeTemplate makes a database one to copy: nobody can connect to it, and [Postgres.Clear]
// keeps it with the roles that it names.
func (p *Postgres) MakeTemplate(ctx context.Context, name string) error {
	db, err := pgx.Connect(ctx, p.AdminURL("postgres"))
	if err != nil {
		return fmt.Errorf("template: %w", err)
	}
	defer db.Close(context.WithoutCancel(ctx))
	if _, err := db.Exec(ctx, "alter database "+pgx.Identifier{name}.Sanitize()+" with is_template true allow_connections false"); err != nil {
		return fmt.Errorf("template: %w", err)
	}
	return nil
}

// clearing are statements that drop all databases but templates, and all roles that no
// template names. The others lose what was set for them.
const clearing = `
select format('drop database %I with (force)', datname) from pg_database where not datistemplate and datname <> 'postgres'
union all
select case when exists (select from pg_shdepend s join pg_database d on d.oid = s.dbid and d.datistemplate
                         where s.refclassid = 'pg_authid'::regclass and s.refobjid = r.oid)
            then format('alter role %I reset all', rolname) else format('drop role %I', rolname) end
from pg_roles r
where rolname not like 'pg\_%' and rolname <> current_user`

// Clear drops all databases and roles except those of a new server and of templates.
func (p *Postgres) Clear(ctx context.Context) error {
	db, err := pgx.Connect(ctx, p.AdminURL("postgres"))
	if err != nil {
		return fmt.Errorf("clear: %w", err)
	}
	defer db.Close(context.WithoutCancel(ctx))
	rows, err := db.Query(ctx, clearing)
	if err != nil {
		return fmt.Errorf("clear: %w", err)
	}
	drops, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, drop := range drops {
		if err == nil {
			_, err = db.Exec(ctx, drop)
		}
	}
	if err != nil {
		return fmt.Errorf("clear: %w", err)
	}
	return nil
}
