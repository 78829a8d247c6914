package engine

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Change runs one statement that may write, under the scope: one round trip, and a
// transaction of its own.
func (db *DB) Change(ctx context.Context, s Scope, q Query) (err error) {
	ctx, end := db.observe(ctx, "deed", s.Tenant)
	defer func() { end(err) }()
	leave, err := db.conns.acquire(ctx, s)
	if err != nil {
		return err
	}
	defer leave()
	batch := &pgx.Batch{}
	batch.Queue(setScope, s.args(false))
	batch.Queue(q.SQL, s.bind(q.SQL, q.Args))
	results := db.pool.SendBatch(ctx, batch)
	_, err = results.Exec()
	if err == nil {
		var rows pgx.Rows
		if rows, err = results.Query(); err == nil {
			err = q.Scan(rows)
		}
	}
	if closed := results.Close(); err == nil { // else it fails with the same error
		err = closed
	}
	if err != nil {
		return fmt.Errorf("%s: %w", q.Name, translateWrite(err))
	}
	return nil
}
