package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// The names that every private server has. `portico bootstrap` creates the two
// roles; this package only chooses their passwords.
const (
	AdminRole    = "postgres"
	OwnerRole    = "portico_owner"
	AppRole      = "portico_app"
	DatabaseName = "portico"
)

// PostgresOptions configures a private PostgreSQL. The zero value is right for a
// test: a temporary cluster that trades safety for speed.
type PostgresOptions struct {
	// Dir holds the cluster. An existing cluster is reused. Empty means a temporary
	// directory that Stop removes.
	Dir string
	// Durable makes commits survive a crash. Without it, the server never flushes
	// to disk.
	Durable bool
	// Port is used if it is free. Zero means any.
	Port int
	// AdminPassword, OwnerPassword and AppPassword are generated if empty. A reused
	// Dir needs its original AdminPassword.
	AdminPassword, OwnerPassword, AppPassword string
	// Settings are added to the server's settings and override them.
	Settings map[string]string
	// Log receives the server's log. Without it, the log is only kept to explain a
	// failed start.
	Log io.Writer
}

// Postgres is a private PostgreSQL server on loopback.
type Postgres struct {
	opts     PostgresOptions
	programs pgPrograms
	data     string   // the cluster
	socket   string   // the directory of the unix socket
	temp     *tempDir // removed by Stop, or nil
	port     int
	template string // what new databases are copies of, or ""

	mu   sync.Mutex
	proc *process // nil while stopped
}

// StartPostgres creates or reuses a cluster, starts it and creates the database
// "portico" in it. It runs until Stop, the end of ctx, or the end of this process.
func StartPostgres(ctx context.Context, opts PostgresOptions) (*Postgres, error) {
	p := &Postgres{opts: opts}
	for _, password := range []*string{&p.opts.AdminPassword, &p.opts.OwnerPassword, &p.opts.AppPassword} {
		if *password == "" {
			*password = randomText()
		}
	}
	if err := p.prepare(ctx); err != nil {
		p.temp.remove()
		return nil, fmt.Errorf("postgres: %w", err)
	}
	err := onFreePort(opts.Port, func(port int) error {
		p.port = port
		return p.Start(ctx)
	})
	if err != nil {
		p.temp.remove()
		return nil, fmt.Errorf("postgres: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = p.Stop() })
	if err := p.CreateDatabase(ctx, DatabaseName); err != nil {
		_ = p.Stop()
		return nil, err
	}
	return p, nil
}

// prepare creates or reuses the cluster in p.data and makes sure that no server
// runs it.
func (p *Postgres) prepare(ctx context.Context) error {
	var err error
	if p.temp, err = newTempDir("pg"); err != nil {
		return err
	}
	p.socket = p.temp.path
	p.data = p.opts.Dir
	if p.data == "" {
		p.data = filepath.Join(p.socket, "data")
	}
	if p.data, err = filepath.Abs(p.data); err != nil {
		return err
	}
	if p.programs, err = findPrograms(p.data); err != nil {
		return err
	}
	if err := p.programs.own(p.socket); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(p.data, "PG_VERSION")); err == nil {
		return p.clearStaleLock()
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return p.initdb(ctx)
}

func (p *Postgres) initdb(ctx context.Context) error {
	// initdb cleans up when it fails, but not when it is killed. Without PG_VERSION
	// there is no cluster to lose.
	if err := os.RemoveAll(p.data); err != nil {
		return err
	}
	if err := os.MkdirAll(p.data, 0o700); err != nil {
		return err
	}
	passwords := filepath.Join(p.socket, "password")
	if err := os.WriteFile(passwords, []byte(p.opts.AdminPassword+"\n"), 0o600); err != nil {
		return err
	}
	defer os.Remove(passwords)
	if err := errors.Join(p.programs.own(p.data), p.programs.own(passwords)); err != nil {
		return err
	}
	args := []string{
		"--pgdata=" + p.data, "--username=" + AdminRole, "--pwfile=" + passwords,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions",
	}
	if !p.opts.Durable {
		args = append(args, "--no-sync")
	}
	cmd := p.programs.command(ctx, "initdb", p.data, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// Start starts the stopped server on the same port with the same cluster, and
// returns once it accepts connections. It does nothing if the server is running.
func (p *Postgres) Start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.proc != nil {
		return nil
	}
	// Don't tie the command to ctx: the end of ctx must shut it down, not kill it.
	cmd := p.programs.command(context.WithoutCancel(ctx), "postgres", p.data, p.settings()...)
	proc, err := startProcess(cmd, p.endSignal(), p.opts.Log)
	if err != nil {
		return err
	}
	if err := proc.await(ctx, 30*time.Second, p.ping); err != nil {
		_ = proc.stop(syscall.SIGQUIT, 5*time.Second)
		return err
	}
	p.proc = proc
	return nil
}

func (p *Postgres) settings() []string {
	set := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"port":                    strconv.Itoa(p.port),
		"unix_socket_directories": p.socket,
		"max_connections":         "200",
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		"shared_buffers":          "128MB",
	}
	if !p.opts.Durable {
		set["fsync"] = "off"
		set["synchronous_commit"] = "off"
		set["full_page_writes"] = "off"
		set["autovacuum"] = "off" // it takes a core from the tests, whose databases live for minutes
		set["max_wal_size"] = "4GB"
	}
	maps.Copy(set, p.opts.Settings)
	args := []string{"-D", p.data}
	for name, value := range set {
		args = append(args, "-c", name+"="+value)
	}
	return args
}

// endSignal returns the signal that stops the server: a clean shutdown for a
// durable server, an immediate one for any other.
func (p *Postgres) endSignal() syscall.Signal {
	if p.opts.Durable {
		return syscall.SIGINT
	}
	return syscall.SIGQUIT
}

func (p *Postgres) ping(ctx context.Context) error {
	// Try a bare dial first, because a failing pgx connection costs far more.
	conn, err := net4(ctx, p.port)
	if err != nil {
		return err
	}
	_ = conn.Close()
	db, err := pgx.Connect(ctx, p.AdminURL("postgres"))
	if err != nil {
		return err
	}
	return db.Close(ctx)
}

// StopImmediate stops the server like a crash: connections break, and Start has to
// recover. The cluster is kept.
func (p *Postgres) StopImmediate() error { return p.halt(syscall.SIGQUIT) }

// Stop stops the server and removes its temporary files
func (p *Postgres) Stop() error {
	err := p.halt(p.endSignal())
	p.temp.remove()
	return err
}

func (p *Postgres) halt(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.proc == nil {
		return nil
	}
	err := p.proc.stop(sig, 20*time.Second)
	p.proc = nil
	return err
}

// CreateDatabase creates a database, or does nothing if it exists. It is empty, or a copy
// of the template if there is one.
func (p *Postgres) CreateDatabase(ctx context.Context, name string) error {
	db, err := pgx.Connect(ctx, p.AdminURL("postgres"))
	if err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	defer db.Close(ctx)
	var exists bool
	const query = `select exists (select from pg_database where datname = $1)`
	if err := db.QueryRow(ctx, query, name).Scan(&exists); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	if exists {
		return nil
	}
	create := "create database " + pgx.Identifier{name}.Sanitize()
	if p.template != "" {
		create += " template " + pgx.Identifier{p.template}.Sanitize()
	}
	if _, err := db.Exec(ctx, create); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// AdminURL returns the URL of a database for the superuser of this private server.
func (p *Postgres) AdminURL(database string) string {
	return p.url(AdminRole, p.opts.AdminPassword, database)
}

// OwnerURL returns the URL of a database for the role that owns and migrates it.
func (p *Postgres) OwnerURL(database string) string {
	return p.url(OwnerRole, p.opts.OwnerPassword, database)
}

// AppURL returns the URL of a database for the role that serves.
func (p *Postgres) AppURL(database string) string {
	return p.url(AppRole, p.opts.AppPassword, database)
}

// SocketDir returns the directory of the unix socket, for measurements without TCP.
func (p *Postgres) SocketDir() string { return p.socket }

// Port returns the server's TCP port on 127.0.0.1. It stays the same over
// StopImmediate and Start.
func (p *Postgres) Port() int { return p.port }

func (p *Postgres) url(user, password, database string) string {
	return p.urlAt(loopback(p.port), user, password, database)
}

// appURLAt is AppURL with another address of the same server.
func (p *Postgres) appURLAt(addr, database string) string {
	return p.urlAt(addr, AppRole, p.opts.AppPassword, database)
}

func (p *Postgres) urlAt(addr, user, password, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(user, password),
		Host:     addr,
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// clearStaleLock removes the lock file of a server that crashed. Another process
// may have its process id by now, which PostgreSQL can't know.
func (p *Postgres) clearStaleLock() error {
	lock := filepath.Join(p.data, "postmaster.pid")
	pid, err := firstLineNumber(lock)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil || !runsCluster(pid, p.data) {
		return os.Remove(lock)
	}
	// It is our server and its parent has died. It was told to stop and may still
	// be stopping.
	return waitForEnd(pid, 20*time.Second)
}
