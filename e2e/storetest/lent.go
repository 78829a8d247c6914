package storetest

import (
	"context"
	"os"

	"portico/e2e/stack"
	"portico/migrations"
)

// Variables by which `make mutants` spares each run of tests a server of its own,
// and a new binary for each change of the SQL.
const (
	// ServerVariable is the superuser's URL of a running server that is as new.
	ServerVariable = "PORTICO_TEST_POSTGRES"
	// MigrationsVariable is a directory to read in place of the embedded one.
	MigrationsVariable = "PORTICO_TEST_MIGRATIONS"
)

// startServer starts a server, or joins the one that is lent.
func startServer(ctx context.Context) (*stack.Postgres, error) {
	if dir := os.Getenv(MigrationsVariable); dir != "" {
		migrations.Files, migrations.Lookup = os.DirFS(dir), os.DirFS(dir)
	}
	if url := os.Getenv(ServerVariable); url != "" {
		return stack.JoinPostgres(ctx, url)
	}
	return stack.StartPostgres(ctx, stack.PostgresOptions{})
}
