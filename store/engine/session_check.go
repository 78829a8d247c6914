package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var (
	// ErrPooler is returned if statements of one connection run in different sessions of
	// PostgreSQL, where prepared statements and notifications get lost.
	ErrPooler = errors.New("DATABASE_URL leads to a pooler that changes the session between transactions, such as PgBouncer with pool_mode=transaction")
	// ErrReadOnly is returned by a PostgreSQL that accepts no change. It wraps
	// [ErrUnavailable].
	ErrReadOnly = fmt.Errorf("%w: PostgreSQL accepts no changes: it is a standby, or default_transaction_read_only is on", ErrUnavailable)
)

// poolerCodes are the errors of a pooler between us and PostgreSQL: a prepared statement
// that is there twice or gone, and a setting that it doesn't pass on.
var poolerCodes = map[string]bool{"42P05": true, "26000": true, "08P01": true}

func isPooler(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && poolerCodes[pg.Code]
}

// sessionWait is how long a statement waits for the pooler, if there is one.
const sessionWait = 2 * time.Second

// CheckSessions returns [ErrPooler] unless a connection keeps its session. While a
// second connection holds a transaction open, a pooler gives the first one another
// session than before.
func (db *DB) CheckSessions(ctx context.Context) error {
	if db.pool.Config().MaxConns < 2 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*sessionWait)
	defer cancel()
	first, err := db.pool.Acquire(ctx)
	if err != nil {
		return poolerOr(err)
	}
	defer first.Release()
	second, err := db.pool.Acquire(ctx)
	if err != nil {
		return poolerOr(err)
	}
	defer second.Release()
	if _, err := first.Exec(ctx, `select set_config('portico.session', 'first', false)`, pgx.QueryExecModeSimpleProtocol); err != nil {
		return poolerOr(err)
	}
	tx, err := second.Begin(ctx)
	if err != nil {
		return poolerOr(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, `select 1`, pgx.QueryExecModeSimpleProtocol); err != nil {
		return poolerOr(err)
	}
	var kept string
	err = first.QueryRow(ctx, `select coalesce(current_setting('portico.session', true), '')`, pgx.QueryExecModeSimpleProtocol).Scan(&kept)
	if err != nil {
		return poolerOr(err)
	}
	if kept != "first" {
		return ErrPooler
	}
	_, err = first.Exec(ctx, `reset portico.session`, pgx.QueryExecModeSimpleProtocol)
	return poolerOr(err)
}

func poolerOr(err error) error {
	if isPooler(err) {
		return ErrPooler
	}
	return Translate(err)
}

// CheckWritable returns [ErrReadOnly] unless PostgreSQL gives out the number of a
// transaction that changes something.
func (db *DB) CheckWritable(ctx context.Context) error {
	var readOnly bool
	err := db.pool.QueryRow(ctx, `select pg_is_in_recovery() or current_setting('transaction_read_only')::boolean`).Scan(&readOnly)
	switch {
	case isPooler(err):
		return ErrPooler
	case err != nil:
		return Unavailable(err)
	case readOnly:
		return ErrReadOnly
	}
	return nil
}
