package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"portico/store/engine"
)

// Read is one query of a page or a mail. It runs for a [Member] or a [Recipient], or in a
// deed, together with the others.
type Read struct{ query }

// OwnRead is a read of a person's own rows, outside a tenant.
type OwnRead struct{ query }

type query = engine.Query

// one reads exactly one row into dst; no row is [ErrNotFound].
func one[T any](name string, dst *T, sql string, args pgx.StrictNamedArgs) query {
	return query{Name: name, SQL: sql, Args: args, Scan: engine.One(dst)}
}

// optional reads at most one row into dst; no row makes it nil.
func optional[T any](name string, dst **T, sql string, args pgx.StrictNamedArgs) query {
	return query{Name: name, SQL: sql, Args: args, Scan: engine.Optional(dst)}
}

// value reads exactly one row of one column.
func value[T any](name string, dst *T, sql string, args pgx.StrictNamedArgs) query {
	return query{Name: name, SQL: sql, Args: args, Scan: engine.Value(dst)}
}

// row reads the columns of the first row into dst, in order; no row is [ErrNotFound].
func row(name, sql string, args pgx.StrictNamedArgs, dst ...any) query {
	return query{Name: name, SQL: sql, Args: args, Scan: engine.Row(dst...)}
}

// column reads all rows of one column into dst.
func column[T any](name string, dst *[]T, sql string, args pgx.StrictNamedArgs) query {
	return query{Name: name, SQL: sql, Args: args, Scan: engine.Column(dst)}
}

// many reads all rows into dst.
func many[T any](name string, dst *[]T, sql string, args pgx.StrictNamedArgs) query {
	return query{Name: name, SQL: sql, Args: args, Scan: engine.Many(dst)}
}

// Read runs the reads in one round trip and one read-only transaction, inside
// the tenant of me. The first that fails is the error; a missing row of a
// single-row read is [ErrNotFound].
func (db *DB) Read(ctx context.Context, me Member, reads ...Read) error {
	return db.engine.Read(ctx, me.scope, queries(reads)...)
}

// ReadFor is [DB.Read] in the recipient's own context.
func (db *DB) ReadFor(ctx context.Context, r Recipient, reads ...Read) error {
	return db.engine.Read(ctx, r.scope, queries(reads)...)
}

// ReadOwn is [DB.Read] for a person's own rows, outside a tenant.
func (db *DB) ReadOwn(ctx context.Context, me Person, reads ...OwnRead) error {
	queries := make([]query, len(reads))
	for i, r := range reads {
		queries[i] = r.query
	}
	return db.engine.Read(ctx, me.scope, queries...)
}

func queries(reads []Read) []query {
	queries := make([]query, len(reads))
	for i, r := range reads {
		queries[i] = r.query
	}
	return queries
}
