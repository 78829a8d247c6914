package engine

import (
	"cmp"
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgxpool"
)

// timeouts bounds how long anybody waits for PostgreSQL, whatever the network
// does with it: a connection that is not free in time, or an answer that does not
// come, is [ErrUnavailable]. A statement's own time is the server's to watch, but
// a server that has fallen silent watches nothing.
//
// It is a tracer because pgx asks its tracer, at the beginning of each call, for
// the context that the call runs under: so no call can be forgotten, nor those of
// the job runner on the same pool.
type timeouts struct {
	connection time.Duration // until a connection is lent
	answer     time.Duration // from a call to the last of its answers
}

func newTimeouts(c Config) timeouts {
	return timeouts{
		connection: cmp.Or(c.ConnectionWait, 3*time.Second),
		answer:     cmp.Or(c.AnswerWait, 10*time.Second),
	}
}

// tracerWith is the tracer of both, or of the timeouts alone.
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
