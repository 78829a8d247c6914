package storetest

import (
	"context"
	"os"

	"portico/e2e/stack"
	"portico/migrations"
	"portico/store"
)

// With these variables `make mutants` gives all test runs one server, and changes SQL
// without building a new binary.
const (
	// ServerVariable is the superuser's URL of a running, empty server.
	ServerVariable = "PORTICO_TEST_POSTGRES"
	// MigrationsVariable is a directory to read in place of the embedded one.
	MigrationsVariable = "PORTICO_TEST_MIGRATIONS"
	// TemplateVariable is a migrated database of the server, to copy instead of
	// migrating an empty one.
	TemplateVariable = "PORTICO_TEST_TEMPLATE"
)

// Template is the name of the database that [MakeTemplate] makes.
const Template = "portico_template"

// MakeTemplate migrates a database of the server and makes it one to copy.
func MakeTemplate(ctx context.Context, s *stack.Postgres) error {
	if err := store.Bootstrap(ctx, s.AdminURL("postgres"), s.OwnerURL(Template), s.AppURL(Template)); err != nil {
		return err
	}
	if _, err := store.Migrate(ctx, s.OwnerURL(Template)); err != nil {
		return err
	}
	return s.MakeTemplate(ctx, Template)
}

// startServer starts a server, or connects to the one in [ServerVariable].
func startServer(ctx context.Context) (*stack.Postgres, error) {
	if dir := os.Getenv(MigrationsVariable); dir != "" {
		migrations.Files, migrations.Lookup = os.DirFS(dir), os.DirFS(dir)
	}
	if url := os.Getenv(ServerVariable); url != "" {
		return stack.JoinPostgres(ctx, url, os.Getenv(TemplateVariable))
	}
	return stack.StartPostgres(ctx, stack.PostgresOptions{})
}
