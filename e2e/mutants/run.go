package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"portico/e2e/stack"
	"portico/e2e/storetest"
)

// compile runs the compiler in the tree. Trees of different names give the same
// binaries, and share what the compiler keeps.
func (t *tree) compile(ctx context.Context, overlay string, args ...string) ([]byte, error) {
	flags := []string{"-trimpath", "-gcflags=portico/...=-e"} // all errors, not the first ten
	if overlay != "" {
		flags = append(flags, "-overlay="+overlay)
	}
	verb := 1
	if args[0] == "test" {
		verb = 2 // and its -c
	}
	cmd := exec.CommandContext(ctx, "go", append(append(args[:verb:verb], flags...), args[verb:]...)...)
	cmd.Dir = t.dir
	return cmd.CombinedOutput()
}

// build compiles the tests of pkg into a binary.
func (t *tree) build(ctx context.Context, pkg, binary, overlay string) error {
	out, err := t.compile(ctx, overlay, "test", "-c", "-vet=off", "-ldflags=-s -w", "-o", binary, pkg)
	if err != nil {
		return fmt.Errorf("it does not build: %w\n%s", err, tail(out))
	}
	return nil
}

// testRun is one run of tests.
type testRun struct {
	binary string
	suite
	most         time.Duration
	template     bool // copy a migrated database instead of migrating
	firstFailure bool // end at the first failure
	env          []string
}

// run runs tests until one fails.
func (t *tree) run(ctx context.Context, r testRun) ([]byte, error) {
	if err := t.prepareServer(ctx); err != nil {
		return nil, err
	}
	t.clear = false
	ctx, cancel := context.WithTimeout(ctx, r.most+time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.binary, "-test.run="+r.tests, "-test.failfast", "-test.timeout="+r.most.String(), "-test.paniconexit0")
	cmd.Dir = filepath.Join(t.dir, r.pkg)
	cmd.Env = append(os.Environ(), "GOFLAGS=-trimpath", // the tests build too
		storetest.ServerVariable+"="+t.server.AdminURL("postgres"),
		storetest.MigrationsVariable+"="+filepath.Join(t.dir, "migrations"))
	if r.template {
		cmd.Env = append(cmd.Env, storetest.TemplateVariable+"="+storetest.Template)
	}
	cmd.Env = append(cmd.Env, r.env...)
	cmd.WaitDelay = 10 * time.Second
	var out output
	if r.firstFailure {
		cmd.Args = append(cmd.Args, "-test.v") // which prints a failure when it happens
		out.failed = cancel
	}
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.said.Bytes(), err
}

var failed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+) .*\n`)

// output is what tests say. It calls failed once one of them did.
type output struct {
	said   bytes.Buffer
	looked int // whole lines before here are no failures
	failed func()
}

func (o *output) Write(p []byte) (int, error) {
	o.said.Write(p)
	if o.failed == nil {
		return len(p), nil
	}
	fresh := o.said.Bytes()[o.looked:]
	if failed.Match(fresh) {
		o.failed()
		o.failed = nil
	}
	o.looked += bytes.LastIndexByte(fresh, '\n') + 1
	return len(p), nil
}

// prepareServer leaves a server that is as new but for a migrated database to copy: the
// one of before, unless it cannot be cleared.
func (t *tree) prepareServer(ctx context.Context) (err error) {
	if t.clear {
		return nil
	}
	if t.server != nil {
		if t.clearServer(ctx) == nil {
			return nil
		}
		_ = t.server.Stop()
	}
	if t.server, err = stack.StartPostgres(ctx, stack.PostgresOptions{}); err != nil {
		return err
	}
	if err := storetest.MakeTemplate(ctx, t.server); err != nil {
		return err
	}
	return t.clearServer(ctx)
}

func (t *tree) clearServer(ctx context.Context) error {
	err := t.server.Clear(ctx)
	t.clear = err == nil
	return err
}

func tail(out []byte) []byte {
	const most = 1500
	return out[max(0, len(out)-most):]
}
