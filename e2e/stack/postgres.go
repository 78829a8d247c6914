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

// Names every private server starts with. `portico bootstrap` creates the two
// roles; this package only chooses their passwords.
const (
	AdminRole    = "postgres"
	OwnerRole    = "portico_owner"
	AppRole      = "portico_app"
	DatabaseName = "portico"
)

// PostgresOptions says how a private PostgreSQL is to run. The zero value is
// right for a test: a temporary cluster that trades safety for speed.
type PostgresOptions struct {
	// Dir keeps the cluster and is reused when it holds one. Empty means a
	// temporary directory that Stop removes.
	Dir string
	// Durable keeps what was committed across a crash. Without it nothing is
	// ever flushed to disk.
	Durable bool
	// Port is preferred when it is free. Zero means any.
	Port int
	// AdminPassword, OwnerPassword and AppPassword are invented when empty. A
	// reused Dir needs the AdminPassword it was made with.
	AdminPassword, OwnerPassword, AppPassword string
	// Settings are added to the server's, and win.
	Settings map[string]string
	// Log also gets the server's log, which is otherwise kept only to explain
	// a failed start.
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

	mu   sync.Mutex
	proc *process // nil while stopped
}

// StartPostgres makes or reuses a cluster, starts it and creates the database
// "portico" in it. It is stopped by Stop, by the end of ctx, and by the death
// of this process.
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

// prepare leaves a cluster in p.data that nobody runs.
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
	// initdb leaves nothing behind when it fails, but a killed one does, and
	// without PG_VERSION there is no cluster to lose.
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
// returns once it takes connections. It does nothing if the server is up.
func (p *Postgres) Start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.proc != nil {
		return nil
	}
	// The command must not be tied to ctx: its end is a stop, not a kill.
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
		set["max_wal_size"] = "4GB"
	}
	maps.Copy(set, p.opts.Settings)
	args := []string{"-D", p.data}
	for name, value := range set {
		args = append(args, "-c", name+"="+value)
	}
	return args
}

// endSignal ends a durable server by a clean shutdown, and any other at once.
func (p *Postgres) endSignal() syscall.Signal {
	if p.opts.Durable {
		return syscall.SIGINT
	}
	return syscall.SIGQUIT
}

func (p *Postgres) ping(ctx context.Context) error {
	// A bare dial first, because a failing pgx connection costs far more.
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

// StopImmediate ends the server the way a crash would: connections break, and
// Start has to recover. The cluster stays.
func (p *Postgres) StopImmediate() error { return p.halt(syscall.SIGQUIT) }

// Stop ends the server and removes what was temporary.
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

// CreateDatabase creates an empty database. One that exists already is left
// as it is.
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
	if _, err := db.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize()); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// AdminURL connects to database as the superuser of this private server.
func (p *Postgres) AdminURL(database string) string {
	return p.url(AdminRole, p.opts.AdminPassword, database)
}

// OwnerURL connects to database as the role that owns and migrates.
func (p *Postgres) OwnerURL(database string) string {
	return p.url(OwnerRole, p.opts.OwnerPassword, database)
}

// AppURL connects to database as the role that serves.
func (p *Postgres) AppURL(database string) string {
	return p.url(AppRole, p.opts.AppPassword, database)
}

// SocketDir is the directory of the unix socket, for measurements that leave
// TCP out.
func (p *Postgres) SocketDir() string { return p.socket }

// Port is the server's TCP port on 127.0.0.1. It stays the same over
// StopImmediate and Start.
func (p *Postgres) Port() int { return p.port }

func (p *Postgres) url(user, password, database string) string {
	return p.urlAt(loopback(p.port), user, password, database)
}

// appURLAt is AppURL by another address of the same server.
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

// clearStaleLock deals with the lock file of a server that did not end well.
// Its process number may by now be anybody's, which PostgreSQL cannot know.
func (p *Postgres) clearStaleLock() error {
	lock := filepath.Join(p.data, "postmaster.pid")
	pid, err := firstLineNumber(lock)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil || !runsCluster(pid, p.data) {
		return os.Remove(lock)
	}
	// Ours, and its parent is gone: it was told to end and may still be at it.
	return waitForEnd(pid, 20*time.Second)
}
