package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"portico/migrations"
	"portico/store/engine"
)

// Inspector examines a live database as the app and changes nothing. It also accepts
// a database that [Open] would refuse, to report everything that is wrong.
type Inspector struct {
	db   *DB
	pool *pgxpool.Pool // that of db, for the catalog
}

// Why an [Inspector] can't connect, apart from [ErrUnavailable].
var (
	ErrPassword   = errors.New("PostgreSQL refuses the user or password in DATABASE_URL")
	ErrNoDatabase = errors.New("PostgreSQL doesn't have the database named in DATABASE_URL")
)

// OpenInspector connects with DATABASE_URL. The plans are those of the installation.
func OpenInspector(ctx context.Context, url string, plans Plans) (*Inspector, error) {
	connected, err := engine.Connect(ctx, engine.Config{URL: url, MaxConns: 2})
	if err != nil {
		return nil, err
	}
	pool := connected.JobPool()
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, connectError(err)
	}
	return &Inspector{&DB{engine: connected, plans: plans}, pool}, nil
}

func connectError(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code {
		case "28P01", "28000", "42501":
			return ErrPassword
		case "3D000":
			return ErrNoDatabase
		case "08P01": // a setting of ours that PgBouncer doesn't know
			return ErrPooler
		}
	}
	return ErrUnavailable
}

// UnworkedWebhooks returns ids of Stripe's webhooks that nobody worked off for an hour, at
// most so many, the oldest first.
func (e *Inspector) UnworkedWebhooks(ctx context.Context, limit int) (ids []string, err error) {
	return ids, e.db.engine.OutsideTenant(ctx, "unworked webhooks", engine.Column(&ids), `select * from lookup.stripe_unworked($1)`, limit)
}

// Close closes the connections.
func (e *Inspector) Close() { e.pool.Close() }

// Role returns what the role of DATABASE_URL can do but must not, as phrases such as
// "is a superuser". It returns none for a correct role.
func (e *Inspector) Role(ctx context.Context) ([]string, error) { return e.db.engine.BadRole(ctx) }

// Session returns [ErrPooler] or [ErrReadOnly] if this database can't do what serving
// needs.
func (e *Inspector) Session(ctx context.Context) error {
	return errors.Join(e.db.engine.CheckSessions(ctx), e.db.engine.CheckWritable(ctx))
}

// Catalog runs [CheckCatalog] as the app.
func (e *Inspector) Catalog(ctx context.Context) ([]Finding, error) {
	conn, err := e.pool.Acquire(ctx)
	if err != nil {
		return nil, engine.Unavailable(err)
	}
	defer conn.Release()
	return CheckCatalog(ctx, conn.Conn())
}

// SchemaState is how the schema compares with this program.
type SchemaState struct {
	Missing []int64 // migrations to apply
	Unknown []int64 // migrations applied by a newer program
	Lookup  bool    // the functions of schema lookup differ from this program's
	Queue   bool    // the queue's own tables are older
}

// UpToDate says that there is nothing to migrate.
func (s SchemaState) UpToDate() bool { return len(s.Missing) == 0 && !s.Lookup && !s.Queue }

// Schema compares the database with the migrations in this program.
func (e *Inspector) Schema(ctx context.Context) (s SchemaState, err error) {
	applied, err := e.applied(ctx)
	if err != nil {
		return s, err
	}
	ours, err := embeddedMigrations()
	if err != nil {
		return s, err
	}
	for _, version := range ours {
		if !applied[version] {
			s.Missing = append(s.Missing, version)
		}
		delete(applied, version)
	}
	for version := range applied {
		if version > 0 { // goose starts with a row of its own
			s.Unknown = append(s.Unknown, version)
		}
	}
	if len(s.Missing) > 0 {
		return s, nil // the checks below need the migrated schema
	}
	sum, err := lookupHash()
	if err != nil {
		return s, err
	}
	var now string
	err = e.pool.QueryRow(ctx, `select coalesce(obj_description('lookup'::regnamespace, 'pg_namespace'), '')`).Scan(&now)
	if err != nil {
		return s, engine.Translate(err)
	}
	s.Lookup = now != sum
	m, err := rivermigrate.New(riverpgxv5.New(e.pool), &rivermigrate.Config{Schema: QueueSchema})
	if err != nil {
		return s, err
	}
	valid, err := m.Validate(ctx, nil)
	if err != nil {
		return s, engine.Translate(err)
	}
	s.Queue = !valid.OK
	return s, nil
}

// applied returns the applied migrations, none for a database that was never
// migrated.
func (e *Inspector) applied(ctx context.Context) (map[int64]bool, error) {
	applied := map[int64]bool{}
	rows, err := e.pool.Query(ctx, `select version_id from public.schema_migrations where is_applied`)
	if err == nil {
		var versions []int64
		versions, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		for _, v := range versions {
			applied[v] = true
		}
	}
	// The app can't read a schema without a grant.
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && (pg.Code == "42P01" || pg.Code == "42501") {
		return applied, nil
	}
	return applied, engine.Translate(err)
}

func embeddedMigrations() ([]int64, error) {
	// rls_smoke.sql is not a migration.
	names, err := fs.Glob(migrations.Files, "[0-9]*_*.sql")
	if err != nil {
		return nil, err
	}
	var versions []int64
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		v, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number: %w", name, err)
		}
		versions = append(versions, v)
	}
	return versions, nil
}

// QueueHealth says whether jobs are being worked.
type QueueHealth struct {
	Worked  bool                     // a worker process is running
	Waiting map[string]time.Duration // how long the oldest due job of each queue has waited
	Refused int                      // jobs refused in the last day
}

// Queue reads whether jobs are being worked.
func (e *Inspector) Queue(ctx context.Context) (h QueueHealth, err error) {
	lines, err := e.db.QueueLines(ctx)
	if err != nil {
		return h, err
	}
	h.Waiting = map[string]time.Duration{}
	for _, l := range lines {
		h.Waiting[l.Queue] = max(h.Waiting[l.Queue], l.Waiting)
	}
	refused, err := e.db.RefusedJobs(ctx, 1000)
	if err != nil {
		return h, err
	}
	h.Refused = len(refused)
	err = e.pool.QueryRow(ctx, `select exists (select 1 from river.river_leader where expires_at > now())`).Scan(&h.Worked)
	return h, engine.Translate(err)
}
