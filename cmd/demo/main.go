// Command demo runs all of Portico on one machine without configuration: private
// dependencies, the portico binary built from this tree, and sample data. It stores
// everything in .data.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"portico/e2e/stack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout io.Writer) error {
	d, err := configure(args, getenv)
	if err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	d.say = func(format string, args ...any) { fmt.Fprintf(stdout, format+"\n", args...) }
	return d.run(ctx)
}

// configure reads the flags and PORTICO_ADDR.
func configure(args []string, getenv func(string) string) (*demo, error) {
	root, err := stack.ModuleRoot()
	if err != nil {
		return nil, err
	}
	d := &demo{root: root, addr: getenv("PORTICO_ADDR"), binary: filepath.Join(root, "bin", "portico")}
	if d.addr == "" {
		d.addr = "localhost:8080"
	}
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.StringVar(&d.dir, "data", filepath.Join(root, ".data"), "directory for all data")
	flags.BoolVar(&d.watch, "watch", false, "build and restart Portico whenever a source file changes")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	d.dir, err = filepath.Abs(d.dir)
	return d, err
}
