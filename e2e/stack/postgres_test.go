package stack

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// queryText returns the single value of query.
func queryText(t *testing.T, url, query string) string {
	t.Helper()
	db, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.WithoutCancel(t.Context()))
	var s string
	if err := db.QueryRow(t.Context(), query).Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// A private server uses UTF-8 and sorts by code point on every machine.
func TestPostgresSpeaksUTF8(t *testing.T) {
	t.Parallel()
	p, err := StartPostgres(t.Context(), PostgresOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := queryText(t, p.AdminURL(DatabaseName), `
		select pg_encoding_to_char(encoding) || ' ' || datcollate
		from pg_database
		where datname = current_database()`)
	if got != "UTF8 C.UTF-8" {
		t.Errorf("encoding and locale: %q", got)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	if !gone(p.temp.top) {
		t.Errorf("Stop left %s behind", p.temp.top)
	}
}

// The wrong password is refused over TCP and over the unix socket.
func TestPostgresWantsPassword(t *testing.T) {
	t.Parallel()
	p, err := StartPostgres(t.Context(), PostgresOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	right := p.AdminURL(DatabaseName)
	wrong := strings.Replace(right, p.opts.AdminPassword, "wrong", 1)
	for _, url := range []string{wrong, wrong + "&host=" + p.SocketDir()} {
		if db, err := pgx.Connect(t.Context(), url); err == nil {
			db.Close(t.Context())
			t.Error("the wrong password was taken")
		}
	}
	if queryText(t, right+"&host="+p.SocketDir(), "select 'socket'") != "socket" {
		t.Error("the right password was refused over the socket")
	}
}

// After a crash, a server starts again on the same address with its data.
func TestPostgresRestarts(t *testing.T) {
	t.Parallel()
	p, err := StartPostgres(t.Context(), PostgresOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	if err := p.CreateDatabase(t.Context(), "kept"); err != nil {
		t.Fatal(err)
	}
	url := p.AdminURL("kept")
	if err := p.StopImmediate(); err != nil {
		t.Fatal(err)
	}
	if db, err := pgx.Connect(t.Context(), url); err == nil {
		db.Close(t.Context())
		t.Error("the stopped server took a connection")
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := queryText(t, url, "select current_database()"); got != "kept" {
		t.Errorf("connected to %q", got)
	}
}

// The end of the context stops the server. Its directory can be used again, even if
// its lock file names a process id that another process has now, and even below a
// directory that only root may enter.
func TestPostgresReusesDirectory(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	if err := os.Chmod(parent, 0o700); err != nil {
		t.Fatal(err)
	}
	opts := PostgresOptions{Dir: filepath.Join(parent, "pg"), Durable: true}
	ctx, cancel := context.WithCancel(t.Context())
	first, err := StartPostgres(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.CreateDatabase(t.Context(), "kept"); err != nil {
		t.Fatal(err)
	}
	proc := first.proc
	cancel()
	<-proc.done

	lock := filepath.Join(opts.Dir, "postmaster.pid")
	if err := os.WriteFile(lock, []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	opts.AdminPassword = first.opts.AdminPassword
	second, err := StartPostgres(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Stop()
	if got := queryText(t, second.AdminURL("kept"), "select current_database()"); got != "kept" {
		t.Errorf("connected to %q", got)
	}
}
