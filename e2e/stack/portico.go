package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Build compiles one of this module's commands, such as "./cmd/portico", into
// the file at path.
func Build(ctx context.Context, command, path string) error {
	root, err := ModuleRoot()
	if err != nil {
		return err
	}
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", path, command)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", command, err, out)
	}
	return nil
}

// Prepare creates the roles and the schema that the portico binary needs in this
// stack's database.
func (s *Stack) Prepare(ctx context.Context, binary string) error {
	admin := s.Postgres.AdminURL(DatabaseName)
	if _, err := RunPortico(ctx, binary, s.Env(), "bootstrap", "--admin-dsn", admin); err != nil {
		return err
	}
	_, err := RunPortico(ctx, binary, s.Env(), "migrate")
	return err
}

// RunPortico runs a portico command that ends by itself, and returns its output. An
// error contains the output, too.
func RunPortico(ctx context.Context, binary string, env Env, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = env.List()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("portico %s: %w\n%s", args[0], err, out)
	}
	return string(out), nil
}

// PorticoOptions configures a portico server.
type PorticoOptions struct {
	Binary string
	Env    Env
	// Args are "serve" if empty.
	Args []string
	// Ready is the path that returns 200 once the server is ready; "/readyz" if
	// empty. "-" doesn't wait.
	Ready string
	// LogFile receives the server's output, appended. Empty means a temporary file.
	LogFile string
}

// Portico is a running portico server.
type Portico struct {
	proc *process
	log  *os.File
	temp *tempDir // removed by Stop, or nil
}

// StartPortico starts a server and returns once it is ready. It runs until Stop,
// the end of ctx, or the end of this process.
func StartPortico(ctx context.Context, opts PorticoOptions) (*Portico, error) {
	p := &Portico{}
	if opts.LogFile == "" {
		var err error
		if p.temp, err = newTempDir("log"); err != nil {
			return nil, fmt.Errorf("portico: %w", err)
		}
		opts.LogFile = filepath.Join(p.temp.path, "portico.log")
	}
	if len(opts.Args) == 0 {
		opts.Args = []string{"serve"}
	}
	if err := p.launch(ctx, opts); err != nil {
		p.release()
		return nil, fmt.Errorf("portico %s: %w", strings.Join(opts.Args, " "), err)
	}
	context.AfterFunc(ctx, func() { _ = p.Stop() })
	return p, nil
}

func (p *Portico) launch(ctx context.Context, opts PorticoOptions) error {
	var err error
	p.log, err = os.OpenFile(opts.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command(opts.Binary, opts.Args...)
	cmd.Env = opts.Env.List()
	if p.proc, err = startProcess(cmd, syscall.SIGTERM, p.log); err != nil {
		return err
	}
	ready := cmp.Or(opts.Ready, "/readyz")
	if ready == "-" {
		return nil
	}
	// Use the listen address, not the public URL, so that a broken front doesn't
	// matter.
	address := "http://" + publicAddr(opts.Env["PORTICO_ADDR"]) + ready
	err = p.proc.await(ctx, 30*time.Second, func(ctx context.Context) error {
		return expectOK(ctx, http.DefaultClient, address)
	})
	if err != nil {
		_ = p.proc.stop(syscall.SIGKILL, time.Second)
	}
	return err
}

// Stop asks the server to shut down and waits until it has.
func (p *Portico) Stop() error {
	err := p.proc.stop(syscall.SIGTERM, 15*time.Second)
	p.release()
	return err
}

// Ask asks the server to shut down and doesn't wait.
func (p *Portico) Ask() { _ = p.proc.cmd.Process.Signal(syscall.SIGTERM) }

// Kill kills the server, like a crash.
func (p *Portico) Kill() { _ = p.proc.stop(syscall.SIGKILL, time.Second) }

// Done returns a channel that is closed when the server has ended, for whatever
// reason.
func (p *Portico) Done() <-chan struct{} { return p.proc.done }

// Exit waits for the server to end and returns its exit code, -1 after a
// signal.
func (p *Portico) Exit(ctx context.Context) (int, error) {
	select {
	case <-p.proc.done:
		return p.proc.cmd.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return 0, errors.Join(errors.New("portico is still running"), ctx.Err())
	}
}

// Log returns everything the server has printed since its log file was created.
func (p *Portico) Log() (string, error) {
	b, err := os.ReadFile(p.log.Name())
	return string(b), err
}

// Tail returns the end of the server's output, even after Stop.
func (p *Portico) Tail() string { return p.proc.log.String() }

func (p *Portico) release() {
	if p.log != nil {
		_ = p.log.Close()
	}
	p.temp.remove()
}
