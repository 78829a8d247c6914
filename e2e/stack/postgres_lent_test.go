package stack

import (
	"errors"
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
		joined, err := JoinPostgres(t.Context(), lent.AdminURL("postgres"), "")
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

// What joins with a template gets copies of it. Clearing keeps the template and the roles
// that it names, and removes what was set for them.
func TestJoinedPostgresCopiesItsTemplate(t *testing.T) {
	t.Parallel()
	lent, err := StartPostgres(t.Context(), PostgresOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer lent.Stop()
	admin := lent.AdminURL("postgres")
	if err := lent.CreateDatabase(t.Context(), "model"); err != nil {
		t.Fatal(err)
	}
	db, err := pgx.Connect(t.Context(), lent.AdminURL("model"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), `create role keeper; create table kept (n int); alter table kept owner to keeper; insert into kept values (7)`); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Close(t.Context()), lent.MakeTemplate(t.Context(), "model")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := lent.Clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		const left = `select string_agg(name, ' ' order by name) from (
			select datname::text from pg_database where not datistemplate
			union all select rolname || coalesce(array_to_string(rolconfig, ','), '') from pg_roles where rolname not like 'pg\_%') as x (name)`
		if got := queryText(t, admin, left); got != "keeper postgres postgres" {
			t.Errorf("after clearing: %s", got)
		}
		joined, err := JoinPostgres(t.Context(), admin, "model")
		if err != nil {
			t.Fatal(err)
		}
		db, err := pgx.Connect(t.Context(), joined.AdminURL(DatabaseName))
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if err := db.QueryRow(t.Context(), `update kept set n = n + 1 returning n`).Scan(&n); err != nil || n != 8 {
			t.Errorf("the copy has %d, want what the template has and one more: %v", n, err)
		}
		if _, err := db.Exec(t.Context(), `create role left_behind; alter role keeper set work_mem = '8MB'`); err != nil {
			t.Fatal(err)
		}
	}
}
