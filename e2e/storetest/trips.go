package storetest

import (
	"context"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// Trips counts the round trips of a pool to the database: a query, a batch or a statement
// to prepare is one. Set it as the Tracer of [store.Config].
type Trips struct{ n atomic.Int64 }

// Count is the number of round trips since the pool was opened.
func (c *Trips) Count() int64 { return c.n.Load() }

// TraceQueryStart implements [pgx.QueryTracer].
func (c *Trips) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (*Trips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements [pgx.BatchTracer].
func (c *Trips) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.n.Add(1)
	return ctx
}

// TraceBatchQuery implements [pgx.BatchTracer].
func (*Trips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements [pgx.BatchTracer].
func (*Trips) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TracePrepareStart implements [pgx.PrepareTracer].
func (c *Trips) TracePrepareStart(ctx context.Context, _ *pgx.Conn, _ pgx.TracePrepareStartData) context.Context {
	c.n.Add(1)
	return ctx
}

// TracePrepareEnd implements [pgx.PrepareTracer].
func (*Trips) TracePrepareEnd(context.Context, *pgx.Conn, pgx.TracePrepareEndData) {}
