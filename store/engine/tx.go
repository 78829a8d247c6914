package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
)

// Tx is a transaction under a scope. It cannot begin another, and it changes its
// tenant only by [Tx.EnterClient].
type Tx struct {
	tx    pgx.Tx
	jobs  *river.Client[pgx.Tx]
	scope Scope
}

// Write runs fn in one transaction under the scope. The transaction is read-only if the
// scope is. An error of fn rolls it back.
func (db *DB) Write(ctx context.Context, s Scope, fn func(*Tx) error) (err error) {
	ctx, end := db.observe(ctx, "deed", s.Tenant)
	defer func() { end(err) }()
	leave, err := db.conns.acquire(ctx, s)
	if err != nil {
		return err
	}
	defer leave()
	err = pgx.BeginFunc(ctx, db.pool, func(raw pgx.Tx) error {
		tx := &Tx{tx: raw, jobs: db.jobs}
		if err := tx.Enter(ctx, s); err != nil {
			return err
		}
		return fn(tx)
	})
	return Translate(err)
}

// translateWrite is [Translate] for a statement that may write: if that is refused, it
// is PostgreSQL itself that accepts no changes.
func translateWrite(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "25006" {
		return ErrReadOnly
	}
	return Translate(err)
}

// Enter sets the scope. It fails if the transaction already has another tenant.
func (tx *Tx) Enter(ctx context.Context, s Scope) error {
	tag, err := tx.tx.Exec(ctx, setScope, s.args(false))
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && (pg.Code == "0A000" || pg.Code == "25001") {
		return fmt.Errorf("set scope: %w", ErrReadOnly) // a standby can't begin a transaction that writes
	}
	if err != nil {
		return fmt.Errorf("set scope: %w", err)
	}
	if tag.RowsAffected() != 1 {
		return errors.New("set scope: a second tenant in one transaction")
	}
	tx.scope = s
	return nil
}

// EnterClient changes the scope from an agency to one of its clients. The database
// checks that the client belongs to the agency; if not, the error is [ErrNotFound].
func (tx *Tx) EnterClient(ctx context.Context, client uuid.UUID) (*Tx, error) {
	var mine bool
	if err := tx.tx.QueryRow(ctx, `select lookup.is_my_client($1)`, client).Scan(&mine); err != nil {
		return nil, fmt.Errorf("enter client: %w", err)
	}
	if !mine {
		return nil, fmt.Errorf("enter client: %w", ErrNotFound)
	}
	if _, err := tx.tx.Exec(ctx, `select set_config('app.tenant_id', '', true)`); err != nil {
		return nil, fmt.Errorf("enter client: %w", err)
	}
	inside, s := *tx, tx.scope
	s.Tenant = client
	return &inside, inside.Enter(ctx, s)
}

// Exec runs one statement and returns the number of rows it changed.
func (tx *Tx) Exec(ctx context.Context, name, sql string, args pgx.StrictNamedArgs) (int64, error) {
	tag, err := tx.tx.Exec(ctx, sql, tx.scope.bind(sql, args))
	if err != nil && !tx.scope.ReadOnly {
		return 0, fmt.Errorf("%s: %w", name, translateWrite(err))
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, Translate(err))
	}
	return tag.RowsAffected(), nil
}

// Get runs one query inside the transaction.
func (tx *Tx) Get(ctx context.Context, q Query) error {
	rows, err := tx.tx.Query(ctx, q.SQL, tx.scope.bind(q.SQL, q.Args))
	if err == nil {
		err = q.Scan(rows)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", q.Name, Translate(err))
	}
	return nil
}
