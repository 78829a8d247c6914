package engine

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Snapshot is a read-only transaction under a scope that sees everything as it was at one
// moment, whatever others change meanwhile.
type Snapshot struct {
	tx    pgx.Tx
	scope Scope
}

// rowsAtOnce is how many rows one statement of a snapshot fetches.
const rowsAtOnce = 500

// Snapshot runs fn in a snapshot. It holds one connection of the tenant until fn returns, and
// may be idle between two statements for a minute.
func (db *DB) Snapshot(ctx context.Context, s Scope, fn func(*Snapshot) error) (err error) {
	ctx, end := db.observe(ctx, "snapshot", s.Tenant)
	defer func() { end(err) }()
	leave, err := db.conns.acquire(ctx, s)
	if err != nil {
		return err
	}
	defer leave()
	err = pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(raw pgx.Tx) error {
		if _, err := raw.Exec(ctx, `set local idle_in_transaction_session_timeout = '60s'; set local bytea_output = 'hex'`, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		if _, err := raw.Exec(ctx, setScope, s.args(true)); err != nil {
			return fmt.Errorf("set scope: %w", err)
		}
		return fn(&Snapshot{tx: raw, scope: s})
	})
	return Translate(err)
}

// Get runs one query.
func (s *Snapshot) Get(ctx context.Context, q Query) error {
	rows, err := s.tx.Query(ctx, q.SQL, s.scope.bind(q.SQL, q.Args))
	if err == nil {
		err = q.Scan(rows)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", q.Name, Translate(err))
	}
	return nil
}

// Lines passes each row of a query with one column of text to fn, in order. It never holds
// more than a few of them. The text is fn's only until it returns.
func (s *Snapshot) Lines(ctx context.Context, name, sql string, fn func(line []byte) error) error {
	if _, err := s.tx.Exec(ctx, "declare lines no scroll cursor for "+OfTheScope(sql)); err != nil {
		return fmt.Errorf("%s: %w", name, Translate(err))
	}
	for {
		n, err := s.fetch(ctx, fn)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if n == 0 {
			_, err := s.tx.Exec(ctx, "close lines")
			return Translate(err)
		}
	}
}

func (s *Snapshot) fetch(ctx context.Context, fn func(line []byte) error) (n int, err error) {
	rows, err := s.tx.Query(ctx, fmt.Sprintf("fetch %d from lines", rowsAtOnce))
	if err != nil {
		return 0, Translate(err)
	}
	defer rows.Close()
	for ; rows.Next(); n++ {
		if err := fn(rows.RawValues()[0]); err != nil {
			return n, err
		}
	}
	return n, Translate(rows.Err())
}
