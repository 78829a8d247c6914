package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
	"portico/handlers/signin"
	"portico/store"
)

// world is two installations with the same dependencies, one with few tenants and one with
// many, and the reference server.
type world struct {
	short         bool
	dir           string
	binary        string
	stack         *stack.Stack
	cookies       *signin.Cookies
	few, many     installation
	reference     *server
	postmasterPID int // PostgreSQL's main process
}

// installation is a database and the product that serves it.
type installation struct {
	name    string
	clients int
	env     stack.Env
	admin   string // URL of its admin listener
	*server
}

// sharedBuffers is PostgreSQL's shared_buffers: a quarter of a small machine's memory.
const sharedBuffers = "2GB"

func newWorld(ctx context.Context, short bool) (_ *world, err error) {
	w := &world{short: short}
	w.few = installation{name: stack.DatabaseName, clients: 10}
	w.many = installation{name: "many", clients: 10_000}
	if short {
		w.many.clients = 1000
	}
	if w.dir, err = os.MkdirTemp("", "portico-bench-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	// As in production: commits are durable.
	w.stack, err = stack.Start(ctx, stack.Options{Durable: true, Settings: map[string]string{"shared_buffers": sharedBuffers, "max_wal_size": "8GB"}})
	if err != nil {
		return nil, err
	}
	if w.cookies, err = cookiesOf(w.stack.Env()); err != nil {
		return nil, err
	}
	w.binary = filepath.Join(w.dir, "portico")
	if err := stack.Build(ctx, "./cmd/portico", w.binary); err != nil {
		return nil, err
	}
	for _, in := range []*installation{&w.few, &w.many} {
		if err := w.createInstallation(ctx, in); err != nil {
			return nil, fmt.Errorf("%s: %w", in.name, err)
		}
	}
	w.postmasterPID, err = w.postmaster(ctx)
	return w, err
}

func cookiesOf(env stack.Env) (*signin.Cookies, error) {
	secret, err := base64.RawURLEncoding.DecodeString(env["SESSION_KEYS"])
	if err != nil {
		return nil, err
	}
	keys, err := signin.NewKeys(secret)
	return signin.NewCookies(keys), err
}

// createInstallation creates a database, fills it and starts a server.
func (w *world) createInstallation(ctx context.Context, in *installation) error {
	port, err := stack.FreePort()
	if err != nil {
		return err
	}
	adminPort, err := stack.FreePort()
	if err != nil {
		return err
	}
	at := fmt.Sprintf("localhost:%d", port)
	in.admin = fmt.Sprintf("http://127.0.0.1:%d", adminPort)
	in.env = w.stack.Env().
		With("DATABASE_URL", w.stack.Postgres.AppURL(in.name)).With("DATABASE_OWNER_URL", w.stack.Postgres.OwnerURL(in.name)).
		With("PORTICO_ADDR", at).With("PORTICO_URL", "http://"+at).With("PORTICO_ADMIN_ADDR", strings.TrimPrefix(in.admin, "http://")).
		// Rate limiting stays on, but the limit is never reached.
		With("PORTICO_TENANT_RATE", "1000000")
	admin := w.stack.Postgres.AdminURL("postgres")
	if _, err := stack.RunPortico(ctx, w.binary, in.env, "bootstrap", "--admin-dsn", admin); err != nil {
		return err
	}
	if _, err := stack.RunPortico(ctx, w.binary, in.env, "migrate"); err != nil {
		return err
	}
	began := time.Now()
	if err := fill(ctx, w.stack.Postgres.AdminURL(in.name), in.clients); err != nil {
		return err
	}
	fmt.Printf("%d clients filled in %.0f s\n", in.clients, time.Since(began).Seconds())
	in.server, err = w.serve(ctx, in.env)
	return err
}

func (w *world) serve(ctx context.Context, env stack.Env) (*server, error) {
	return start(ctx, filepath.Join(w.dir, "portico.log"), env["PORTICO_ADDR"], "/readyz", env, w.binary, "serve")
}

// postmaster returns the parent of a PostgreSQL backend.
func (w *world) postmaster(ctx context.Context) (pid int, err error) {
	err = w.query(ctx, w.few.name, `select pg_backend_pid()`, func(conn *pgx.Conn, sql string) error {
		var backend int
		if err := conn.QueryRow(ctx, sql).Scan(&backend); err != nil {
			return err
		}
		_, err := fmt.Sscan(stat(backend)[1], &pid)
		return err
	})
	return pid, err
}

func (w *world) query(ctx context.Context, database, sql string, fn func(*pgx.Conn, string) error) error {
	conn, err := pgx.Connect(ctx, w.stack.Postgres.AdminURL(database))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return fn(conn, sql)
}

func (w *world) close() error {
	for _, s := range []*server{w.few.server, w.many.server, w.reference} {
		if s != nil {
			s.stop()
		}
	}
	var err error
	if w.stack != nil {
		err = w.stack.Stop()
	}
	return errors.Join(err, os.RemoveAll(w.dir))
}

// rounds returns the number of rounds of a comparison and the length of each.
func (w *world) rounds() (int, time.Duration) {
	if w.short {
		return 3, 700 * time.Millisecond
	}
	return 5, 2 * time.Second
}

// signedIn returns a complete request of a signed-in person.
func (w *world) signedIn(in installation, of, n int, method, path, body string) []byte {
	rec := httptest.NewRecorder()
	if err := w.cookies.Write(rec, store.Token(token(of, n))); err != nil {
		panic(err) // a key that cannot sign is a mistake of this program
	}
	cookie, _, _ := strings.Cut(rec.Header().Get("Set-Cookie"), ";")
	more := ""
	if method == "POST" {
		more = fmt.Sprintf("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nSec-Fetch-Site: same-origin\r\n", len(body))
	}
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\nAccept: text/html\r\n%s\r\n%s", method, path, in.addr, cookie, more, body)
}
