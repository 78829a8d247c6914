package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"portico/e2e/sample"
	"portico/e2e/stack"
)

// demo is one run of the demo.
type demo struct {
	root   string // the module's root directory
	dir    string // holds all data
	binary string // the portico binary, built by every run
	addr   string // where Portico listens
	watch  bool
	say    func(format string, args ...any)
}

// run serves until ctx ends. The dependencies deliberately outlive ctx: Portico stops
// first and needs them to finish its work.
func (d *demo) run(ctx context.Context) (err error) {
	if err := d.portIsFree(); err != nil {
		return err
	}
	d.say("Starting PostgreSQL, S3, sign-in provider and mail ...")
	dependencies, err := stack.Start(context.WithoutCancel(ctx), stack.Options{
		Dir: d.dir, Durable: true, Addr: d.addr, Personas: sample.ForSignIn(),
		Transient: []string{envName},
	})
	if err != nil {
		return err
	}
	defer func() {
		d.say("Stopping ...")
		err = errors.Join(err, dependencies.Stop())
	}()
	d.say("Building Portico ...")
	if err := stack.Build(ctx, "./cmd/portico", d.binary); err != nil {
		return d.unlessStopped(ctx, err)
	}
	if err := dependencies.Prepare(ctx, d.binary); err != nil {
		return d.unlessStopped(ctx, err)
	}
	if err := d.loadOnce(ctx, dependencies); err != nil {
		return d.unlessStopped(ctx, err)
	}
	return d.serve(ctx, dependencies)
}

// serve runs Portico until ctx ends or Portico exits.
func (d *demo) serve(ctx context.Context, dependencies *stack.Stack) error {
	server, err := d.startPortico(ctx, dependencies)
	if err != nil {
		return d.unlessStopped(ctx, err)
	}
	if err := d.writeEnv(dependencies); err != nil {
		return errors.Join(err, server.Stop())
	}
	d.greet(dependencies)
	if d.watch {
		return d.serveWatching(ctx, dependencies, server)
	}
	select {
	case <-ctx.Done():
		return server.Stop()
	case <-server.Done():
		return fmt.Errorf("portico stopped unexpectedly:\n%s", server.Tail())
	}
}

func (d *demo) startPortico(ctx context.Context, dependencies *stack.Stack) (*stack.Portico, error) {
	return stack.StartPortico(ctx, stack.PorticoOptions{
		Binary: d.binary, Env: dependencies.Env(), LogFile: filepath.Join(d.dir, "portico.log"),
	})
}

// loadOnce loads the sample data in the first run. An interrupted load is an error,
// because partly loaded data can't be told from what people changed.
func (d *demo) loadOnce(ctx context.Context, dependencies *stack.Stack) error {
	begun, done := filepath.Join(d.dir, "sample-begun"), filepath.Join(d.dir, "sample-loaded")
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	if _, err := os.Stat(begun); err == nil {
		return errors.New("an earlier run was stopped while loading the sample data; run `make demo-reset` to start again")
	}
	d.say("Loading sample data ...")
	if err := os.WriteFile(begun, nil, 0o644); err != nil {
		return err
	}
	if err := loadSample(ctx, dependencies); err != nil {
		return fmt.Errorf("sample data: %w", err)
	}
	return os.WriteFile(done, nil, 0o644)
}

// portIsFree fails with a clear error before anything is started. Otherwise a taken
// port would show only in a log file.
func (d *demo) portIsFree() error {
	l, err := net.Listen("tcp", d.addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s (%w); is another demo running? PORTICO_ADDR=localhost:8081 chooses another port", d.addr, err)
	}
	return l.Close()
}

// unlessStopped hides the error of a step that was cut short by Ctrl-C.
func (d *demo) unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
