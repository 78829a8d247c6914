package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib" // goose uses database/sql
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"portico/migrations"
	"portico/store/engine"
)

// Migrate brings the schema and the job queue's schema up to date and returns how
// many migrations it applied. ownerURL connects as portico_owner. Two runs at once
// wait for each other.
func Migrate(ctx context.Context, ownerURL string) (int, error) {
	if _, err := login(ownerURL, RoleNameOwner, "DATABASE_OWNER_URL"); err != nil {
		return 0, err
	}
	n, err := migrateSchema(ctx, ownerURL)
	if err != nil {
		return n, err
	}
	pool, err := pgxpool.New(ctx, ownerURL)
	if err != nil {
		return n, errors.New("DATABASE_OWNER_URL cannot be used")
	}
	defer pool.Close()
	if err := migrateLookup(ctx, pool); err != nil {
		return n, err
	}
	return n, migrateQueue(ctx, pool)
}

func migrateSchema(ctx context.Context, ownerURL string) (int, error) {
	db, err := sql.Open("pgx", ownerURL)
	if err != nil {
		return 0, errors.New("DATABASE_OWNER_URL cannot be used")
	}
	defer db.Close()
	if err := db.PingContext(ctx); err != nil {
		return 0, engine.Unavailable(err)
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

// dropLookup drops the functions of schema lookup. The new ones may call each other
// in any order, so their bodies are not checked when they are created.
const dropLookup = `
select pg_advisory_xact_lock(hashtext('portico lookup'));
set local role portico_lookup;
set local check_function_bodies = off;
do $$
declare f regprocedure;
begin
    for f in select p.oid::regprocedure from pg_catalog.pg_proc p where p.pronamespace = 'lookup'::regnamespace loop
        execute format('drop function %s', f);
    end loop;
end $$;`

// migrateLookup creates the functions of schema lookup in one transaction. It changes
// nothing if they are current, because a second replica that migrates must not drop
// the functions that the first one uses.
func migrateLookup(ctx context.Context, pool *pgxpool.Pool) error {
	functions, err := lookupSQL()
	if err != nil {
		return err
	}
	sum := hashOf(functions)
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var now string
		err := tx.QueryRow(ctx, `select coalesce(obj_description('lookup'::regnamespace, 'pg_namespace'), '')`).Scan(&now)
		if err != nil || now == sum {
			return err
		}
		for _, sql := range []string{dropLookup, functions, "reset role; comment on schema lookup is '" + sum + "'"} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return fmt.Errorf("lookup functions: %w", err)
			}
		}
		return nil
	})
}

func hashOf(functions string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(functions))) }

// lookupHash returns the hash that a database with these functions stores.
func lookupHash() (string, error) {
	functions, err := lookupSQL()
	return hashOf(functions), err
}

func lookupSQL() (string, error) {
	var all strings.Builder
	err := fs.WalkDir(migrations.Lookup, "lookup", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(migrations.Lookup, name)
		all.Write(b)
		return err
	})
	return all.String(), err
}

// grantQueue lets the app read and write the queue's rows, but not change its tables.
// It runs after every migration of the queue, which may add tables.
const grantQueue = `
revoke all on all functions in schema river from public;
grant usage on schema river to portico_app;
grant select, insert, update, delete on all tables in schema river to portico_app;
grant usage, select on all sequences in schema river to portico_app;
grant execute on all functions in schema river to portico_app;
grant select on public.schema_migrations to portico_app;`

func migrateQueue(ctx context.Context, pool *pgxpool.Pool) error {
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
