// Package engine is the only way from store to PostgreSQL while Portico serves.
// It owns the pool and the raw transaction, and it runs a statement only under a
// [Scope], which it sets for the policies in the same round trip.
//
// The few statements that belong to no tenant go through [DB.OutsideTenant].
// store/outside_test.go lists every function that calls it or makes a Scope, with the
// reason, and fails for any other.
package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// QueueSchema holds the job tables; see docs/decisions/0002-jobs.md.
const QueueSchema = "river"

// Config is the part of store.Config that concerns the connection.
type Config struct {
	URL              string
	MaxConns         int32
	StatementTimeout time.Duration
	ConnectionWait   time.Duration
	TenantWait       time.Duration
	AnswerWait       time.Duration
	Tracer           pgx.QueryTracer
	Observe          func(ctx context.Context, what string, tenant uuid.UUID) (context.Context, func(error))
}

// DB is a pool of connections as portico_app. It is safe for concurrent use.
type DB struct {
	pool    *pgxpool.Pool
	jobs    *river.Client[pgx.Tx]
	conns   *connLimiter
	observe func(ctx context.Context, what string, tenant uuid.UUID) (context.Context, func(error))
}

// Open is [Connect], and checks that the role cannot bypass row level security.
// It fails when PostgreSQL does not answer or when any of those checks fails;
// no error carries the connection string.
func Open(ctx context.Context, c Config) (*DB, error) {
	db, err := Connect(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := db.CheckSessions(ctx); err != nil {
		db.Close()
		return nil, err
	}
	if err := db.checkRole(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// Connect makes the pool and checks nothing. The doctor uses it, to report what is
// wrong. It does not connect to PostgreSQL yet.
func Connect(ctx context.Context, c Config) (*DB, error) {
	pool, err := openPool(ctx, c)
	if err != nil {
		return nil, err
	}
	jobs, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Schema: QueueSchema})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("job client: %w", err)
	}
	db := &DB{pool: pool, jobs: jobs, conns: newConnLimiter(pool.Config().MaxConns, c.TenantWait), observe: c.Observe}
	if db.observe == nil {
		db.observe = unobserved
	}
	return db, nil
}

func unobserved(ctx context.Context, _ string, _ uuid.UUID) (context.Context, func(error)) {
	return ctx, func(error) {}
}

func openPool(ctx context.Context, c Config) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, errors.New("DATABASE_URL is not a PostgreSQL connection string")
	}
	cfg.MaxConns = c.MaxConns
	if cfg.MaxConns == 0 {
		cfg.MaxConns = 8
	}
	cfg.ConnConfig.Tracer = newTimeouts(c).tracerWith(c.Tracer)
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	params := cfg.ConnConfig.RuntimeParams
	params["application_name"] = "portico"
	params["timezone"] = "UTC"
	// A statement that takes longer than a visitor would wait only delays the others.
	// A transaction left idle is a bug.
	params["statement_timeout"] = strconv.FormatInt(cmp.Or(c.StatementTimeout, 8*time.Second).Milliseconds(), 10)
	params["lock_timeout"] = "4s"
	params["idle_in_transaction_session_timeout"] = "10s"
	cfg.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		registerIDs(conn.TypeMap())
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, errors.New("DATABASE_URL cannot be used to make a connection pool")
	}
	return pool, nil
}

// Close waits for connections in use and closes them all.
func (db *DB) Close() { db.pool.Close() }

// JobPool returns the pool, for the job runner, which has its own schema, and for the
// doctor. A query on it has no scope and sees no tenant's rows.
func (db *DB) JobPool() *pgxpool.Pool { return db.pool }

// Stat returns the statistics of the pool.
func (db *DB) Stat() *pgxpool.Stat { return db.pool.Stat() }

// Ping returns [ErrUnavailable] unless PostgreSQL answers and accepts changes.
func (db *DB) Ping(ctx context.Context) error { return db.CheckWritable(ctx) }

// Busy returns the number of tenants that use a connection or wait for one.
func (db *DB) Busy() int { return db.conns.busy() }

// Observe starts an observation, as [Config].Observe does. The caller must call end.
func (db *DB) Observe(ctx context.Context, what string, tenant uuid.UUID) (_ context.Context, end func(error)) {
	return db.observe(ctx, what, tenant)
}

// OutsideTenant runs one statement without a scope, because it belongs to no tenant or
// looks the tenant up. The policies show it no row, so it can only call a function of
// schema lookup or use a table without a tenant. read scans the rows; errors begin
// with name.
func (db *DB) OutsideTenant(ctx context.Context, name string, read Scan, sql string, args ...any) error {
	rows, err := db.pool.Query(ctx, sql, args...)
	if err == nil {
		err = read(rows)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, translateWrite(err))
	}
	return nil
}
