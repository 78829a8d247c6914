// Package store holds the records, the rights and the SQL, and is the one place
// that tells PostgreSQL on whose behalf a statement runs.
//
// Reads are values, run together by [DB.Read] in one round trip under a
// [Member]; deeds are methods of a [Tx] that only [DB.Write] hands out. Neither
// exists without a tenant, so a query outside one does not compile. A read that
// belongs to a person and to no tenant is an [OwnRead].
package store

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
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"

	"portico/store/queue"
)

// QueueSchema holds the job tables; see docs/decisions/0002-jobs.md.
const QueueSchema = "river"

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
	// AnswerWait is how long to wait for the answers of one round trip, of a server
	// that does not even say no; 0 means 10 seconds.
	AnswerWait time.Duration
	// Tracer watches every query; tests count round trips with it.
	Tracer pgx.QueryTracer
	// Watch, unless nil, is told of each round trip or transaction, by what it is
	// for and in which tenant; what it returns is called at the end.
	Observe func(ctx context.Context, what string, tenant uuid.UUID) (context.Context, func(error))
}

// DB is a pool of connections as portico_app. It is safe for concurrent use.
type DB struct {
	pool   *pgxpool.Pool
	jobs   *river.Client[pgx.Tx]
	signer queue.Signer
	conns  *connLimiter
	// observe is Config.Watch, or does nothing.
	observe func(ctx context.Context, what string, tenant uuid.UUID) (context.Context, func(error))
}

// Open connects and proves that the role cannot step around row level security.
// It fails when PostgreSQL does not answer or when any of those checks fails;
// no error carries the connection string.
func Open(ctx context.Context, c Config) (*DB, error) {
	pool, err := openPool(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := checkRole(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	jobs, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Schema: QueueSchema})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("job client: %w", err)
	}
	db := &DB{pool: pool, jobs: jobs, signer: c.Signer, conns: newConnLimiter(pool.Config().MaxConns), observe: c.Observe}
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
	// A statement that takes longer than a visitor would wait only holds up the
	// others; a transaction left idle is a bug.
	params["statement_timeout"] = strconv.FormatInt(cmp.Or(c.StatementTimeout, 8*time.Second).Milliseconds(), 10)
	params["lock_timeout"] = "4s"
	params["idle_in_transaction_session_timeout"] = "10s"
	// Without it pgx makes text of each id, and an id of the text.
	cfg.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		pgxuuid.Register(conn.TypeMap())
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, errors.New("DATABASE_URL cannot be used to make a connection pool")
	}
	return pool, nil
}

// Close waits for borrowed connections and closes them all.
func (db *DB) Close() { db.pool.Close() }

// Pool lends the pool to the job runner, which drives its own schema. Nothing
// else may hold it: a query made on it has no tenant and sees nothing.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// PoolStat is how the pool fares, for the operator's numbers.
func (db *DB) PoolStat() *pgxpool.Stat { return db.pool.Stat() }

// Ping says whether PostgreSQL answers.
func (db *DB) Ping(ctx context.Context) error {
	// Not the pool's own Ping, which no patience bounds.
	if _, err := db.pool.Exec(ctx, `select`); err != nil {
		return unavailable(err)
	}
	return nil
}

// NewID returns a UUIDv7: ids made later sort later.
func NewID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
