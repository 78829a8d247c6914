package adopt

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// app is a connection as portico_app without any of our code in between: what an attacker
// would have who can run any statement there.
type app struct{ conn *pgx.Conn }

// scope is what the policies are told.
type scope struct {
	tenant, user uuid.UUID
	party        string
}

func (r *run) asApp(ctx context.Context) (*app, error) {
	cfg, err := pgx.ParseConfig(r.AppURL)
	if err != nil {
		return nil, errors.New("DATABASE_URL is not a PostgreSQL connection string")
	}
	cfg.RuntimeParams["statement_timeout"] = "60s"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, errors.New("cannot connect with DATABASE_URL")
	}
	return &app{conn}, nil
}

func (a *app) close(ctx context.Context) { _ = a.conn.Close(context.WithoutCancel(ctx)) }

// in runs do inside a scope, and takes back whatever it changed.
func (a *app) in(ctx context.Context, s scope, do func(pgx.Tx) error) error {
	tx, err := a.conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	user := ""
	if s.user != uuid.Nil {
		user = s.user.String()
	}
	_, err = tx.Exec(ctx, `
select set_config('app.tenant_id', $1, true), set_config('app.party', $2, true),
       set_config('app.user_id', $3, true), set_config('app.actor_id', $3, true)`, s.tenant.String(), s.party, user)
	if err != nil {
		return err
	}
	return do(tx)
}

// count counts rows of a table in a scope.
func (a *app) count(ctx context.Context, s scope, table, where string, args ...any) (n int64, err error) {
	err = a.in(ctx, s, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select count(*) from `+pgx.Identifier{table}.Sanitize()+` where `+where, args...).Scan(&n)
	})
	return n, err
}

// try runs a statement that must change nothing, in a savepoint. It returns how many rows it
// changed, and whether the database refused it.
func try(ctx context.Context, tx pgx.Tx, sql string, args ...any) (rows int64, refused bool, err error) {
	err = pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sql, args...)
		rows = tag.RowsAffected()
		return err
	})
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "42501" { // by policy or grant
		return 0, true, nil
	}
	return rows, false, err
}

// isConstraint reports whether another rule than the boundary's stopped a statement: a row
// that keeps to it would have passed.
func isConstraint(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && strings.HasPrefix(pg.Code, "23")
}
