package engine

import (
	"cmp"
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgxpool"
)

// timeouts bounds how long callers wait for PostgreSQL, even if the network drops
// packets silently. If no connection is free or no answer comes in time, the error is
// [ErrUnavailable]. The server enforces the statement timeout itself, but a server that
// hangs enforces nothing.
//
// It is a tracer because pgx runs each call under the context that its tracer returns.
// So it covers every call, including those of the job runner on the same pool.
type timeouts struct {
	connection time.Duration // to acquire a connection from the pool
	answer     time.Duration // from a call to the end of its results
}

func newTimeouts(c Config) timeouts {
	return timeouts{
		connection: cmp.Or(c.ConnectionWait, 3*time.Second),
		answer:     cmp.Or(c.AnswerWait, 10*time.Second),
	}
}

// tracerWith returns a tracer that combines the timeouts with other, which may be nil.
func (p timeouts) tracerWith(other pgx.QueryTracer) pgx.QueryTracer {
	if other == nil {
		return p
	}
	return multitracer.New(p, other)
}

type cancelKey struct{}

func withTimeout(ctx context.Context, limit time.Duration) context.Context {
	ctx, end := context.WithTimeout(ctx, limit)
	return context.WithValue(ctx, cancelKey{}, end)
}

func endTimeout(ctx context.Context) {
	if end, ok := ctx.Value(cancelKey{}).(context.CancelFunc); ok {
		end()
	}
}

// TraceAcquireStart implements [pgxpool.AcquireTracer].
func (p timeouts) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	return withTimeout(ctx, p.connection)
}

// TraceAcquireEnd implements [pgxpool.AcquireTracer].
func (timeouts) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireEndData) {
	endTimeout(ctx)
}

// TraceQueryStart implements [pgx.QueryTracer].
func (p timeouts) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return withTimeout(ctx, p.answer)
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (timeouts) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	endTimeout(ctx)
}

// TraceBatchStart implements [pgx.BatchTracer].
func (p timeouts) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return withTimeout(ctx, p.answer)
}

// TraceBatchQuery implements [pgx.BatchTracer].
func (timeouts) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements [pgx.BatchTracer].
func (timeouts) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchEndData) {
	endTimeout(ctx)
}
