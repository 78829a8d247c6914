package main

import (
	"context"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"portico/e2e/stack"
)

// changes sends whenever a source file below root was saved. It polls twice a
// second, which is simpler than file system notifications.
func changes(ctx context.Context, root string) <-chan struct{} {
	saved := make(chan struct{})
	go func() {
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for last := newest(root); ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if now := newest(root); now.After(last) {
				select {
				case saved <- struct{}{}:
				case <-ctx.Done():
					return
				}
				// Ignore the files that the rebuild wrote.
				last = newest(root)
			}
		}
	}()
	return saved
}

// newest returns when the latest source file below root was saved.
func newest(root string) time.Time {
	var latest time.Time
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // removed during the walk
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || slices.Contains([]string{"bin", "tmp", "e2e"}, name)) {
				return filepath.SkipDir
			}
			return nil
		}
		known := slices.Contains([]string{".go", ".templ", ".css", ".js", ".sql", ".svg"}, filepath.Ext(name))
		if !known || strings.HasSuffix(name, "_templ.go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		if info, err := entry.Info(); err == nil && info.ModTime().After(latest) {
			latest = info.ModTime()
		}
		return nil
	})
	return latest
}

// serveWatching runs Portico until ctx ends, and rebuilds and restarts it after each
// save. It reports build errors and waits for the next save.
func (d *demo) serveWatching(ctx context.Context, dependencies *stack.Stack, server *stack.Portico) error {
	saved := changes(ctx, d.root)
	ended := server.Done()
	for {
		select {
		case <-ctx.Done():
			return server.Stop()
		case <-ended:
			d.say("Portico stopped unexpectedly:\n%s", server.Tail())
			ended = nil // reported once
		case <-saved:
			began := time.Now()
			if err := d.rebuild(ctx); err != nil {
				d.say("%v", err) // the old server stays
				continue
			}
			next, err := d.restart(ctx, dependencies, server)
			if err != nil {
				d.say("%v", err)
				ended = nil
				continue
			}
			server, ended = next, next.Done()
			d.say("Restarted within %s.", time.Since(began).Round(10*time.Millisecond))
		}
	}
}

// rebuild generates the templates and builds the binary.
func (d *demo) rebuild(ctx context.Context) error {
	generate := exec.CommandContext(ctx, "go", "tool", "templ", "generate", "-log-level", "error")
	generate.Dir = d.root
	if out, err := generate.CombinedOutput(); err != nil {
		return fmt.Errorf("templ generate: %w\n%s", err, out)
	}
	return stack.Build(ctx, "./cmd/portico", d.binary)
}

func (d *demo) restart(ctx context.Context, dependencies *stack.Stack, old *stack.Portico) (*stack.Portico, error) {
	if err := old.Stop(); err != nil {
		return nil, err
	}
	if _, err := stack.RunPortico(ctx, d.binary, dependencies.Env(), "migrate"); err != nil {
		return nil, err
	}
	return d.startPortico(ctx, dependencies)
}
