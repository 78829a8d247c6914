package stack

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// A shared server, once cleared, looks new to the next process that joins it, and
// keeps running after that process.
func TestJoinedPostgresIsAsNew(t *testing.T) {
	t.Parallel()
	lent, err := StartPostgres(t.Context(), PostgresOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer lent.Stop()
	const left = `select string_agg(name, ' ' order by name) from (
		select datname::text from pg_database union all select rolname from pg_roles where rolname not like 'pg\_%') as x (name)`
	for range 2 {
		if err := lent.Clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := queryText(t, lent.AdminURL("postgres"), left); got != "postgres postgres template0 template1" {
			t.Errorf("after clearing: %s", got)
		}
		joined, err := JoinPostgres(t.Context(), lent.AdminURL("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		db, err := pgx.Connect(t.Context(), joined.AdminURL(DatabaseName))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(t.Context(), `create role left_behind; create table t (); alter table t owner to left_behind`); err != nil {
			t.Fatal(err)
		}
		if err := joined.Stop(); err != nil {
			t.Error(err)
		}
	}
}
