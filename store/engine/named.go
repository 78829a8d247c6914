package engine

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"
)

// named is [pgx.StrictNamedArgs] with a cache of rewritten statements. The statements
// are constants, and parsing their names was most of the cost of a short query.
type named pgx.StrictNamedArgs

// numbered is a statement with $1 in place of names, and the names in that order.
type numbered struct {
	sql   string
	names []any
}

var rewrites sync.Map // statement to numbered

// RewriteQuery implements pgx.QueryRewriter.
func (n named) RewriteQuery(ctx context.Context, conn *pgx.Conn, sql string, args []any) (string, []any, error) {
	text, err := number(ctx, sql, n)
	if err != nil || len(text.names) != len(n) {
		// pgx reports what is wrong.
		return pgx.StrictNamedArgs(n).RewriteQuery(ctx, conn, sql, args)
	}
	values := make([]any, len(text.names))
	for i, name := range text.names {
		v, ok := n[name.(string)]
		if !ok {
			return pgx.StrictNamedArgs(n).RewriteQuery(ctx, conn, sql, args)
		}
		values[i] = v
	}
	return text.sql, values, nil
}

func number(ctx context.Context, sql string, n named) (numbered, error) {
	if text, known := rewrites.Load(sql); known {
		return text.(numbered), nil
	}
	itself := pgx.StrictNamedArgs{}
	for name := range n {
		itself[name] = name
	}
	numberedSQL, names, err := itself.RewriteQuery(ctx, nil, sql, nil)
	text := numbered{numberedSQL, names}
	if err == nil {
		rewrites.Store(sql, text)
	}
	return text, err
}
