// Package store holds the records, the rights and the SQL. It is the only place that
// tells PostgreSQL for whom a statement runs.
//
// Reads are values that [DB.Read] runs together in one round trip for a [Member].
// Deeds are methods of a [Tx]. [DB.Write] makes one for a member and [DB.Work] makes one
// for a job. A read of a person's own rows is an [OwnRead].
//
// Package engine holds the connections, where this package can't reach them. The few
// statements without a tenant go through OutsideTenant there. outside_test.go lists
// them, and everything else that chooses for whom a statement runs.
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
	// Signer signs tenant jobs. Deeds that queue jobs need it.
	Signer queue.Signer
	// Plans of the installation; the zero value means [DefaultPlans].
	Plans Plans
	// Billing is how the installation is paid; nil means BILLING=off, and then nothing is
	// ever read-only.
	Billing *Billing
	// MaxConns is the size of the pool; 0 means 8, about four times the cores of a
	// small machine. A larger pool is slower, not faster.
	MaxConns int32
	// StatementTimeout is how long one statement may take; 0 means 8 seconds.
	StatementTimeout time.Duration
	// ConnectionWait is how long to wait for a connection of the pool; 0 means 3
	// seconds.
	ConnectionWait time.Duration
	// TenantWait is how long to wait for one of a tenant's connections while it
	// already uses half of the pool; 0 means 4 seconds.
	TenantWait time.Duration
	// AnswerWait is how long to wait for the answers of one round trip from a server
	// that doesn't respond at all; 0 means 10 seconds.
	AnswerWait time.Duration
	// Tracer watches every query; tests count round trips with it.
	Tracer pgx.QueryTracer
	// Observe, unless nil, is called for each round trip or transaction, with its
	// purpose and tenant. The function that it returns is called at the end.
	Observe func(ctx context.Context, what string, tenant uuid.UUID) (context.Context, func(error))
}

// DB is a pool of connections as portico_app. It is safe for concurrent use.
type DB struct {
	engine     *engine.DB
	signer     queue.Signer
	plans      Plans
	billing    *Billing // nil is off
	lastVisits lastVisits
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
	if len(c.Plans.list) == 0 {
		c.Plans = DefaultPlans()
	}
	return &DB{engine: opened, signer: c.Signer, plans: c.Plans, billing: c.Billing}, nil
}

// Plans are the plans of the installation.
func (db *DB) Plans() Plans { return db.plans }

// Close waits for borrowed connections and closes them all.
func (db *DB) Close() { db.engine.Close() }

// JobPool returns the pool for the job runner, which uses its own schema. Nothing
// else may use it: a query on it has no tenant and sees nothing.
func (db *DB) JobPool() *pgxpool.Pool { return db.engine.JobPool() }

// PoolStat returns the pool's counters for the operator's metrics.
func (db *DB) PoolStat() *pgxpool.Stat { return db.engine.Stat() }

// Ping returns an error unless PostgreSQL answers.
func (db *DB) Ping(ctx context.Context) error { return db.engine.Ping(ctx) }

// NewID returns a UUIDv7: ids made later sort later.
func NewID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
