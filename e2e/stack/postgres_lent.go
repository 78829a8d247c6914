package stack

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// JoinPostgres uses a server that another process runs, and creates the database
// "portico" in it. adminURL is the superuser's. Stop leaves the server running.
func JoinPostgres(ctx context.Context, adminURL string) (*Postgres, error) {
	u, err := url.Parse(adminURL)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	p := &Postgres{opts: PostgresOptions{OwnerPassword: randomText(), AppPassword: randomText()}}
	p.opts.AdminPassword, _ = u.User.Password()
	if p.port, err = strconv.Atoi(u.Port()); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return p, p.CreateDatabase(ctx, DatabaseName)
}

// Clear drops all databases and roles except those of a new server.
func (p *Postgres) Clear(ctx context.Context) error {
	db, err := pgx.Connect(ctx, p.AdminURL("postgres"))
	if err != nil {
		return fmt.Errorf("clear: %w", err)
	}
	defer db.Close(context.WithoutCancel(ctx))
	rows, err := db.Query(ctx, `
select format('drop database %I with (force)', datname) from pg_database where not datistemplate and datname <> 'postgres'
union all
select format('drop role %I', rolname) from pg_roles where rolname not like 'pg\_%' and rolname <> current_user`)
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
