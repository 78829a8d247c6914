package stack

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// PgBouncer is a pooler in front of a PostgreSQL.
type PgBouncer struct {
	temp *tempDir
	run  *process
	url  string
}

// StartPgBouncer starts a pooler in front of the database that a URL leads to. mode is
// PgBouncer's pool_mode.
func StartPgBouncer(ctx context.Context, target, mode string) (*PgBouncer, error) {
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // where Debian has it, often not in the PATH
	}
	to, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("pgbouncer: %w", err)
	}
	b := &PgBouncer{}
	if b.temp, err = newTempDir("pgbouncer"); err != nil {
		return nil, fmt.Errorf("pgbouncer: %w", err)
	}
	err = onFreePort(0, func(port int) error { return b.start(ctx, program, to, mode, port) })
	if err != nil {
		b.temp.remove()
		return nil, fmt.Errorf("pgbouncer: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = b.Stop() })
	return b, nil
}

func (b *PgBouncer) start(ctx context.Context, program string, to *url.URL, mode string, port int) error {
	password, _ := to.User.Password()
	users, config := filepath.Join(b.temp.path, "users.txt"), filepath.Join(b.temp.path, "pgbouncer.ini")
	settings := fmt.Sprintf(`[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = plain
auth_file = %s
pool_mode = %s
ignore_startup_parameters = extra_float_digits,statement_timeout,lock_timeout,idle_in_transaction_session_timeout
`, to.Hostname(), to.Port(), port, users, mode)
	if err := os.WriteFile(users, fmt.Appendf(nil, "%q %q\n", to.User.Username(), password), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(config, []byte(settings), 0o644); err != nil {
		return err
	}
	cmd := exec.Command(program, config)
	if os.Geteuid() == 0 { // it refuses to run as root
		as, err := unprivileged()
		if err != nil {
			return err
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	}
	var err error
	if b.run, err = startProcess(cmd, syscall.SIGKILL, nil); err != nil {
		return err
	}
	through := *to
	through.Host = loopback(port)
	b.url = through.String()
	err = b.run.await(ctx, 10*time.Second, func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, b.url)
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
	if err != nil {
		_ = b.run.stop(syscall.SIGTERM, time.Second)
	}
	return err
}

// URL leads to the database through the pooler.
func (b *PgBouncer) URL() string { return b.url }

// Stop stops the pooler and removes its files.
func (b *PgBouncer) Stop() error {
	err := b.run.stop(syscall.SIGTERM, 5*time.Second)
	b.temp.remove()
	return err
}
