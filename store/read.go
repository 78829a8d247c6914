package store

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"
)

// Read is one thing a page shows. It runs only under a [Member], together with
// the page's other reads.
type Read struct{ query }

// OwnRead is a read of what belongs to a person, in no tenant.
type OwnRead struct{ query }

type query struct {
	name string
	sql  string
	args pgx.StrictNamedArgs
	scan func(pgx.Rows) error
}

// one reads exactly one row into dst; no row is [ErrNotFound].
func one[T any](name string, dst *T, sql string, args pgx.StrictNamedArgs) query {
	return query{name, sql, args, func(rows pgx.Rows) error {
		v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
		if err == nil {
			*dst = v
		}
		return err
	}}
}

// optional reads at most one row into dst; no row makes it nil.
func optional[T any](name string, dst **T, sql string, args pgx.StrictNamedArgs) query {
	return query{name, sql, args, func(rows pgx.Rows) error {
		v, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[T])
		if err == nil {
			*dst = nil
			if len(v) > 0 {
				*dst = v[0]
			}
		}
		return err
	}}
}

// value reads exactly one row of one column.
func value[T any](name string, dst *T, sql string, args pgx.StrictNamedArgs) query {
	return query{name, sql, args, func(rows pgx.Rows) error {
		v, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
		if err == nil {
			*dst = v
		}
		return err
	}}
}

// column reads all rows of one column into dst.
func column[T any](name string, dst *[]T, sql string, args pgx.StrictNamedArgs) query {
	return query{name, sql, args, func(rows pgx.Rows) error {
		v, err := pgx.CollectRows(rows, pgx.RowTo[T])
		if err == nil {
			*dst = v
		}
		return err
	}}
}

// many reads all rows into dst.
func many[T any](name string, dst *[]T, sql string, args pgx.StrictNamedArgs) query {
	return query{name, sql, args, func(rows pgx.Rows) error {
		v, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
		if err == nil {
			*dst = v
		}
		return err
	}}
}

// Read runs the reads in one round trip and one read-only transaction, inside
// the tenant of me. The first that fails is the error; a missing row of a
// single-row read is [ErrNotFound].
func (db *DB) Read(ctx context.Context, me Member, reads ...Read) error {
	queries := make([]query, len(reads))
	for i, r := range reads {
		queries[i] = r.query
	}
	return db.read(ctx, me.scope, queries)
}

// ReadOwn is [DB.Read] for what belongs to a person and to no tenant.
func (db *DB) ReadOwn(ctx context.Context, me Person, reads ...OwnRead) error {
	queries := make([]query, len(reads))
	for i, r := range reads {
		queries[i] = r.query
	}
	return db.read(ctx, me.scope, queries)
}

func (db *DB) read(ctx context.Context, s scope, queries []query) (err error) {
	ctx, end := db.watch(ctx, "read", s.tenant)
	defer func() { end(err) }()
	leave, err := db.turns.take(ctx, s)
	if err != nil {
		return err
	}
	defer leave()
	batch := &pgx.Batch{}
	batch.Queue(setScope, s.args(true))
	for _, q := range queries {
		batch.Queue(q.sql, s.bind(q))
	}
	results := db.pool.SendBatch(ctx, batch)
	defer func() { err = errors.Join(err, translate(results.Close())) }()
	if _, err := results.Exec(); err != nil {
		return fmt.Errorf("set scope: %w", translate(err))
	}
	for _, q := range queries {
		rows, err := results.Query()
		if err == nil {
			err = q.scan(rows)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", q.name, translate(err))
		}
	}
	return nil
}

// bind adds the tenant to the arguments of a query that filters by it: routing
// and index come from the filter, safety from the policy.
func (s scope) bind(q query) pgx.StrictNamedArgs {
	if !usesTenant(q.sql) {
		return q.args
	}
	args := maps.Clone(q.args)
	if args == nil {
		args = pgx.StrictNamedArgs{}
	}
	args["tenant_id"] = s.tenant
	return args
}
