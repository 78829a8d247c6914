package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

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
	ctx, end := db.observe(ctx, "read", s.tenant)
	defer func() { end(err) }()
	leave, err := db.conns.acquire(ctx, s)
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
func (s scope) bind(q query) named {
	if !usesTenant(q.sql) {
		return named(q.args)
	}
	args := named(maps.Clone(q.args))
	if args == nil {
		args = named{}
	}
	args["tenant_id"] = s.tenant
	return args
}

// named is [pgx.StrictNamedArgs] that reads each text once and for all: the
// texts are constants of this package, and most of what a short query costs here
// was to look for names in it.
type named pgx.StrictNamedArgs

// numbered is a text with $1 in place of names, and the names in that order.
type numbered struct {
	sql   string
	names []any
}

var texts sync.Map // text to numbered

// RewriteQuery implements pgx.QueryRewriter.
func (n named) RewriteQuery(ctx context.Context, conn *pgx.Conn, sql string, args []any) (string, []any, error) {
	text, err := number(ctx, sql, n)
	if err != nil || len(text.names) != len(n) {
		// Let pgx say what is wrong.
		return pgx.StrictNamedArgs(n).RewriteQuery(ctx, conn, sql, args)
	}
	values := make([]any, len(text.names))
	for i, name := range text.names {
		v, there := n[name.(string)]
		if !there {
			return pgx.StrictNamedArgs(n).RewriteQuery(ctx, conn, sql, args)
		}
		values[i] = v
	}
	return text.sql, values, nil
}

func number(ctx context.Context, sql string, n named) (numbered, error) {
	if text, known := texts.Load(sql); known {
		return text.(numbered), nil
	}
	itself := pgx.StrictNamedArgs{}
	for name := range n {
		itself[name] = name
	}
	numberedSQL, names, err := itself.RewriteQuery(ctx, nil, sql, nil)
	text := numbered{numberedSQL, names}
	if err == nil {
		texts.Store(sql, text)
	}
	return text, err
}
