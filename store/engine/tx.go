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
	// waiting are the statements of [Tx.Later]. A Tx and those that it entered share them.
	waiting *[]step
}

// step is one statement of a transaction.
type step struct {
	name string
	sql  string
	args named
	read func(pgx.BatchResults) error
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
		tx := &Tx{tx: raw, jobs: db.jobs, waiting: &[]step{}}
		tx.Enter(s)
		if err := fn(tx); err != nil {
			return err
		}
		return tx.run(ctx)
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

// Enter sets the scope for the statements that follow. The call that sends the next of them
// fails if the transaction already has another tenant.
func (tx *Tx) Enter(s Scope) {
	*tx.waiting = append(*tx.waiting, step{"set scope", setScope, s.args(false), func(results pgx.BatchResults) error {
		tag, err := results.Exec()
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && (pg.Code == "0A000" || pg.Code == "25001") {
			return ErrReadOnly // a standby can't begin a transaction that writes
		}
		if err == nil && tag.RowsAffected() != 1 {
			err = errors.New("a second tenant in one transaction")
		}
		return err
	}})
	tx.scope = s
}

// EnterClient changes the scope from an agency to one of its clients. The database
// checks that the client belongs to the agency; if not, the error is [ErrNotFound]. It
// returns a Tx in the client. Don't use the one before after that.
func (tx *Tx) EnterClient(ctx context.Context, client uuid.UUID) (*Tx, error) {
	var mine bool
	err := tx.Get(ctx, Query{"enter client", `select lookup.is_my_client(@client)`, pgx.StrictNamedArgs{"client": client}, Value(&mine)})
	if err == nil && !mine {
		err = fmt.Errorf("enter client: %w", ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	tx.Later("leave agency", `select set_config('app.tenant_id', '', true)`, nil, func(int64) error { return nil })
	inside, s := *tx, tx.scope
	s.Tenant = client
	inside.Enter(s)
	return &inside, nil
}

// Later queues one statement. It goes out with the next one whose result is needed, or
// before the commit. check gets the number of rows that it changed. The call that sends it
// returns the error of either.
func (tx *Tx) Later(name, sql string, args pgx.StrictNamedArgs, check func(rows int64) error) {
	*tx.waiting = append(*tx.waiting, tx.step(name, sql, args, check))
}

// LaterGet is [Tx.Later] for a query. check is called after its rows were scanned.
func (tx *Tx) LaterGet(q Query, check func() error) {
	s := tx.query(q)
	scan := s.read
	s.read = func(results pgx.BatchResults) error {
		if err := scan(results); err != nil {
			return err
		}
		return check()
	}
	*tx.waiting = append(*tx.waiting, s)
}

// Exec runs one statement and returns the number of rows it changed.
func (tx *Tx) Exec(ctx context.Context, name, sql string, args pgx.StrictNamedArgs) (n int64, err error) {
	err = tx.run(ctx, tx.step(name, sql, args, func(rows int64) error { n = rows; return nil }))
	return n, err
}

func (tx *Tx) step(name, sql string, args pgx.StrictNamedArgs, check func(rows int64) error) step {
	return step{name, sql, tx.scope.bind(sql, args), func(results pgx.BatchResults) error {
		tag, err := results.Exec()
		if err != nil {
			return err
		}
		return check(tag.RowsAffected())
	}}
}

// Get runs one query inside the transaction.
func (tx *Tx) Get(ctx context.Context, q Query) error {
	return tx.run(ctx, tx.query(q))
}

func (tx *Tx) query(q Query) step {
	return step{q.Name, q.SQL, tx.scope.bind(q.SQL, q.Args), func(results pgx.BatchResults) error {
		rows, err := results.Query()
		if err != nil {
			return err
		}
		return q.Scan(rows)
	}}
}

// run runs the statements that wait and then these, in one round trip. It stops at the
// first that fails.
func (tx *Tx) run(ctx context.Context, steps ...step) error {
	steps = append(*tx.waiting, steps...)
	*tx.waiting = nil
	if len(steps) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	for _, s := range steps {
		batch.Queue(s.sql, s.args)
	}
	results := tx.tx.SendBatch(ctx, batch)
	for _, s := range steps {
		if err := s.read(results); err != nil {
			_ = results.Close() // it fails with the same error, or with none
			return fmt.Errorf("%s: %w", s.name, tx.translate(err))
		}
	}
	return tx.translate(results.Close())
}

func (tx *Tx) translate(err error) error {
	if tx.scope.ReadOnly {
		return Translate(err)
	}
	return translateWrite(err)
}
