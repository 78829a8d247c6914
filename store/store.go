// Package store holds the records, the rights and the SQL, and is the one place
// that tells PostgreSQL on whose behalf a statement runs.
//
// Reads are values, run together by [DB.Read] in one round trip under a
// [Member]; deeds are methods of a [Tx] that only [DB.Write] hands out. Neither
// exists without a tenant, so a query outside one does not compile. A read that
// belongs to a person and to no tenant is an [OwnRead].
//
// The connections lie in package engine, out of reach of this package too. What
// belongs to no tenant goes through OutsideTenant there; outside_test.go lists it.
package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"portico/store/engine"
	"portico/store/queue"
)

// QueueSchema holds the job tables; see docs/decisions/0002-jobs.md.
const QueueSchema = engine.QueueSchema

// Config says how to reach the database.
type Config struct {
	// URL connects as portico_app.
	URL string
	// Signer signs tenant jobs. Required for deeds that ask for jobs.
	Signer queue.Signer
	// MaxConns bounds the pool; 0 means 8, about four times the cores of a
	// small machine. More is slower, not faster.
	MaxConns int32
	// StatementTimeout is how long one statement may take; 0 means 8 seconds.
	StatementTimeout time.Duration
	// ConnectionWait is how long to wait for a connection of the pool; 0 means 3
	// seconds.
	ConnectionWait time.Duration
	// TenantWait is how long to wait for one of a tenant's connections while it
	// already uses half of the pool; 0 means 4 seconds.
	TenantWait time.Duration
	// AnswerWait is how long to wait for the answers of one round trip, of a server
	// that does not even say no; 0 means 10 seconds.
	AnswerWait time.Duration
	// Tracer watches every query; tests count round trips with it.
	Tracer pgx.QueryTracer
	// Observe, unless nil, is told of each round trip or transaction, by what it is
	// for and in which tenant; what it returns is called at the end.
	Observe func(ctx context.Context, what string, tenant uuid.UUID) (context.Context, func(error))
}

// DB is a pool of connections as portico_app. It is safe for concurrent use.
type DB struct {
	engine *engine.DB
	signer queue.Signer
}

// Open connects and proves that the role cannot bypass row level security.
// It fails when PostgreSQL does not answer or when any of those checks fails;
// no error carries the connection string.
func Open(ctx context.Context, c Config) (*DB, error) {
	opened, err := engine.Open(ctx, engine.Config{
		URL:              c.URL,
		MaxConns:         c.MaxConns,
		StatementTimeout: c.StatementTimeout,
		ConnectionWait:   c.ConnectionWait,
		TenantWait:       c.TenantWait,
		AnswerWait:       c.AnswerWait,
		Tracer:           c.Tracer,
		Observe:          c.Observe,
	})
	if err != nil {
		return nil, err
	}
	return &DB{engine: opened, signer: c.Signer}, nil
}

// Close waits for borrowed connections and closes them all.
func (db *DB) Close() { db.engine.Close() }

// JobPool lends the pool to the job runner, which drives its own schema. Nothing
// else may hold it: a query made on it has no tenant and sees nothing.
func (db *DB) JobPool() *pgxpool.Pool { return db.engine.JobPool() }

// PoolStat is how the pool fares, for the operator's numbers.
func (db *DB) PoolStat() *pgxpool.Stat { return db.engine.Stat() }

// Ping says whether PostgreSQL answers.
func (db *DB) Ping(ctx context.Context) error { return db.engine.Ping(ctx) }

// NewID returns a UUIDv7: ids made later sort later.
func NewID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
