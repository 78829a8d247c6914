package main

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"portico/e2e/stack"
)

// binaries are the tests of each package, built once without a mutant. They must
// pass before a mutant is tried: otherwise it could be red for another reason.
type binaries struct {
	dir    string
	remove func()
	tests  map[string]string // by package: regular expression of all that is picked

	mu    sync.Mutex
	built map[string]func() (string, error)
}

func newBinaries(picked []mutant) (*binaries, error) {
	dir, remove, err := stack.TempDir("mutants")
	if err != nil {
		return nil, err
	}
	names := map[string][]string{}
	for _, m := range picked {
		for _, s := range m.suites() {
			if !slices.Contains(names[s.pkg], s.tests) {
				names[s.pkg] = append(names[s.pkg], s.tests)
			}
		}
	}
	b := &binaries{dir: dir, remove: remove, tests: map[string]string{}, built: map[string]func() (string, error){}}
	for pkg, tests := range names {
		b.tests[pkg] = strings.Join(tests, "|")
	}
	return b, nil
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
	if err := t.build(ctx, pkg, binary); err != nil {
		return "", err
	}
	if out, err := t.run(ctx, 15*time.Minute, binary, pkg, b.tests[pkg]); err != nil {
		return "", fmt.Errorf("the tests of %s fail without a mutant: %w\n%s", pkg, err, tail(out))
	}
	return binary, nil
}
