package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib" // goose speaks database/sql
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"portico/migrations"
)

// Migrate brings the schema, and that of the job queue, up to date. ownerURL
// connects as portico_owner. Two that run at once wait for each other. It
// returns how many migrations it applied.
func Migrate(ctx context.Context, ownerURL string) (int, error) {
	if _, err := login(ownerURL, RoleNameOwner, "DATABASE_OWNER_URL"); err != nil {
		return 0, err
	}
	n, err := migrateSchema(ctx, ownerURL)
	if err != nil {
		return n, err
	}
	return n, migrateQueue(ctx, ownerURL)
}

func migrateSchema(ctx context.Context, ownerURL string) (int, error) {
	db, err := sql.Open("pgx", ownerURL)
	if err != nil {
		return 0, errors.New("DATABASE_OWNER_URL cannot be used")
	}
	defer db.Close()
	if err := db.PingContext(ctx); err != nil {
		return 0, unavailable(err)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return 0, fmt.Errorf("migration lock: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files,
		goose.WithSessionLocker(locker), goose.WithTableName("schema_migrations"))
	if err != nil {
		return 0, fmt.Errorf("migrations: %w", err)
	}
	done, err := p.Up(ctx)
	if err != nil {
		return len(done), fmt.Errorf("migrate: %w", err)
	}
	return len(done), nil
}

// grantQueue gives the app the queue's rows, and nothing of its structure. It
// runs after every migration of the queue because those may add tables.
const grantQueue = `
revoke all on all functions in schema river from public;
grant usage on schema river to portico_app;
grant select, insert, update, delete on all tables in schema river to portico_app;
grant usage, select on all sequences in schema river to portico_app;
grant execute on all functions in schema river to portico_app;
grant select on public.schema_migrations to portico_app;`

func migrateQueue(ctx context.Context, ownerURL string) error {
	pool, err := pgxpool.New(ctx, ownerURL)
	if err != nil {
		return errors.New("DATABASE_OWNER_URL cannot be used")
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, "create schema if not exists "+pgx.Identifier{QueueSchema}.Sanitize()); err != nil {
		return fmt.Errorf("queue schema: %w", err)
	}
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: QueueSchema})
	if err != nil {
		return fmt.Errorf("queue migrations: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate queue: %w", err)
	}
	if _, err := pool.Exec(ctx, grantQueue); err != nil {
		return fmt.Errorf("queue grants: %w", err)
	}
	return nil
}
