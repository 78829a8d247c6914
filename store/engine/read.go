package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Query is one statement and the function that scans its rows.
type Query struct {
	Name string // errors begin with it
	SQL  string
	// Args are the named arguments, except tenant_id, which comes from the scope.
	Args pgx.StrictNamedArgs
	Scan Scan
}

// Read runs the queries in one round trip and one read-only transaction, under the
// scope. It stops at the first query that fails and returns its error.
func (db *DB) Read(ctx context.Context, s Scope, queries ...Query) (err error) {
	ctx, end := db.observe(ctx, "read", s.Tenant)
	defer func() { end(err) }()
	leave, err := db.conns.acquire(ctx, s)
	if err != nil {
		return err
	}
	defer leave()
	batch := &pgx.Batch{}
	batch.Queue(setScope, s.args(true))
	for _, q := range queries {
		batch.Queue(q.SQL, s.bind(q.SQL, q.Args))
	}
	results := db.pool.SendBatch(ctx, batch)
	defer func() { err = errors.Join(err, Translate(results.Close())) }()
	if _, err := results.Exec(); err != nil {
		return fmt.Errorf("set scope: %w", Translate(err))
	}
	for _, q := range queries {
		rows, err := results.Query()
		if err == nil {
			err = q.Scan(rows)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", q.Name, Translate(err))
		}
	}
	return nil
}
