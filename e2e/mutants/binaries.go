package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"portico/e2e/stack"
)

// binaries are the tests of each package, built once, with the mutants that can be
// switched on. They must pass before one is: otherwise it could be red for another reason.
type binaries struct {
	dir    string
	remove func()
	tests  map[string]string // by package: regular expression of all that is picked
	shared *schemata
	deeds  bool     // the mutants are those of deeds
	files  *overlay // what the compiler reads

	out   io.Writer
	mu    sync.Mutex
	built map[string]func() (string, error)
}

func newBinaries(picked []mutant, out io.Writer) (*binaries, error) {
	dir, remove, err := stack.TempDir("mutants")
	if err != nil {
		return nil, err
	}
	b := &binaries{out: out, dir: dir, remove: remove, tests: map[string]string{}, built: map[string]func() (string, error){}}
	names := map[string][]string{}
	for _, m := range picked {
		b.deeds = b.deeds || m.switched()
		for _, s := range m.suites() {
			if !slices.Contains(names[s.pkg], s.tests) {
				names[s.pkg] = append(names[s.pkg], s.tests)
			}
		}
	}
	for pkg, tests := range names {
		b.tests[pkg] = strings.Join(tests, "|")
	}
	return b, nil
}

// combine puts the mutants that fit into one build. Those that don't build there are left
// out: they get their own builds, which say why.
func (b *binaries) combine(ctx context.Context, t *tree, picked []mutant) (err error) {
	if b.shared, err = newSchemata(t.dir, picked); err != nil {
		return err
	}
	for {
		if err := b.write(t.dir); err != nil {
			return err
		}
		packages := b.shared.packages()
		if len(packages) == 0 {
			return nil
		}
		replace, err := b.overlay(t)
		if err != nil {
			return err
		}
		out, err := t.compile(ctx, replace, append([]string{"build", "-o", os.DevNull}, packages...)...)
		if err == nil {
			return nil
		}
		if !b.shared.drop(out) {
			return fmt.Errorf("the mutants do not build together: %w\n%s", err, tail(out))
		}
	}
}

// write writes the files that have the mutants.
func (b *binaries) write(root string) error {
	b.files = &overlay{b.dir, map[string]string{}}
	if err := b.shared.write(root, b.files); err != nil {
		return err
	}
	if b.deeds {
		return withSwitches(root, b.files)
	}
	return nil
}

// overlay writes what go build takes as -overlay, for a tree.
func (b *binaries) overlay(t *tree) (string, error) {
	var file struct{ Replace map[string]string }
	file.Replace = map[string]string{}
	for name, by := range b.files.replace {
		file.Replace[filepath.Join(t.dir, name)] = by
	}
	text, err := json.Marshal(file)
	if err != nil {
		return "", err
	}
	to := filepath.Join(filepath.Dir(t.dir), "overlay.json")
	return to, os.WriteFile(to, text, 0o600)
}

// get returns the tests of pkg. The first who asks builds and runs them in their
// tree t, which has no mutant at that moment; others wait.
func (b *binaries) get(ctx context.Context, t *tree, pkg string) (string, error) {
	b.mu.Lock()
	get, ok := b.built[pkg]
	if !ok {
		get = sync.OnceValues(func() (string, error) { return b.build(ctx, t, pkg) })
		b.built[pkg] = get
	}
	b.mu.Unlock()
	return get()
}

func (b *binaries) build(ctx context.Context, t *tree, pkg string) (string, error) {
	binary := filepath.Join(b.dir, strings.ReplaceAll(path.Clean(pkg), "/", "-")+".test")
	began := time.Now()
	overlay, err := b.overlay(t)
	if err != nil {
		return "", err
	}
	if err := t.build(ctx, pkg, binary, overlay); err != nil {
		return "", err
	}
	built := time.Since(began)
	if out, err := t.run(ctx, testRun{binary: binary, suite: suite{pkg, b.tests[pkg]}, most: 15 * time.Minute, template: true}); err != nil {
		return "", fmt.Errorf("the tests of %s fail without a mutant: %w\n%s", pkg, err, tail(out))
	}
	fmt.Fprintf(b.out, "tests    %s: built in %.0fs, pass without a mutant (%.0fs)\n", pkg, built.Seconds(), (time.Since(began) - built).Seconds())
	return binary, nil
}
