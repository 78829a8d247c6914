package storetest

import (
	"context"
	"os"

	"portico/e2e/stack"
	"portico/migrations"
)

// With these variables `make mutants` gives all test runs one server, and changes SQL
// without building a new binary.
const (
	// ServerVariable is the superuser's URL of a running, empty server.
	ServerVariable = "PORTICO_TEST_POSTGRES"
	// MigrationsVariable is a directory to read in place of the embedded one.
	MigrationsVariable = "PORTICO_TEST_MIGRATIONS"
)

// startServer starts a server, or connects to the one in [ServerVariable].
func startServer(ctx context.Context) (*stack.Postgres, error) {
	if dir := os.Getenv(MigrationsVariable); dir != "" {
		migrations.Files, migrations.Lookup = os.DirFS(dir), os.DirFS(dir)
	}
	if url := os.Getenv(ServerVariable); url != "" {
		return stack.JoinPostgres(ctx, url)
	}
	return stack.StartPostgres(ctx, stack.PostgresOptions{})
}
