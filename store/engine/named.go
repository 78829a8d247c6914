package engine

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"
)

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
