package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"portico/e2e/stack"
	"portico/e2e/storetest"
)

// mutant is a guard and how it is taken away.
type mutant struct {
	guard    string
	file     string
	old, new string // every occurrence of old; "" in new removes it
	pkg      string
	tests    string // regular expression of the tests that should notice
}

// suite is tests of a package.
type suite struct{ pkg, tests string }

// suites are the tests that should notice, tried one after the other.
func (m mutant) suites() []suite {
	all := []suite{{m.pkg, m.tests}}
	if more, ok := moreTests[m.file]; ok && strings.HasPrefix(m.guard, narrowPrefix) {
		all = append(all, more)
	}
	return all
}

// switched reports whether the mutant is in the tests already and its new text is the
// number that switches it on: see [withSwitches].
func (m mutant) switched() bool { return m.old == "" }

// errUnnoticed means that all tests passed with the mutant.
var errUnnoticed = errors.New("no test noticed")

// tree is a copy of the repository, so that nobody's work is touched, and a
// PostgreSQL server that its test binaries use one after another.
type tree struct {
	dir       string
	removeDir func()
	binary    string // what is built for one mutant
	tests     *binaries
	server    *stack.Postgres
}

func newTree(ctx context.Context, tests *binaries) (*tree, error) {
	dir, remove, err := stack.TempDir("mutants")
	if err != nil {
		return nil, err
	}
	t := &tree{dir: dir, removeDir: remove, binary: filepath.Join(filepath.Dir(dir), "mutant.test"), tests: tests}
	if err := t.copy(ctx); err != nil {
		t.remove()
		return nil, err
	}
	return t, nil
}

// copy copies the files of the repository. Tools that the tests need are lent.
func (t *tree) copy(ctx context.Context) error {
	list, err := exec.CommandContext(ctx, "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z").Output()
	if err != nil {
		return fmt.Errorf("git ls-files: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		b, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted and not committed yet
		}
		if err != nil {
			return err
		}
		to := filepath.Join(t.dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, b, 0o644)); err != nil {
			return err
		}
	}
	tools, err := filepath.Abs(".tools")
	if err != nil {
		return err
	}
	return os.Symlink(tools, filepath.Join(t.dir, ".tools"))
}

func (t *tree) remove() {
	if t.server != nil {
		_ = t.server.Stop()
	}
	t.removeDir()
}

// work tries mutants until there are no more.
func (t *tree) work(ctx context.Context, next <-chan mutant, tried chan<- trial) {
	for m := range next {
		began := time.Now()
		noticed, err := t.try(ctx, m)
		tried <- trial{m, noticed, time.Since(began), err}
	}
}

// try returns the tests that noticed. It is an error if none did, or if the mutant
// does not build.
func (t *tree) try(ctx context.Context, m mutant) ([]string, error) {
	if m.switched() {
		return t.notices(ctx, m, suite{m.pkg, m.tests})
	}
	path := filepath.Join(t.dir, m.file)
	was, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(was, []byte(m.old)) {
		return nil, fmt.Errorf("the guard is no longer in %s as e2e/mutants/list.go knows it", m.file)
	}
	all := m.suites()
	for _, s := range all {
		if _, err := t.tests.get(ctx, t, s.pkg); err != nil {
			return nil, err
		}
	}
	defer func() { _ = os.WriteFile(path, was, 0o644) }()
	if err := os.WriteFile(path, bytes.ReplaceAll(was, []byte(m.old), []byte(m.new)), 0o644); err != nil {
		return nil, err
	}
	for _, s := range all {
		noticed, err := t.notices(ctx, m, s)
		if !errors.Is(err, errUnnoticed) {
			return noticed, err
		}
	}
	return nil, errUnnoticed
}

// notices returns the tests of a suite that noticed the mutant, which is in the tree.
func (t *tree) notices(ctx context.Context, m mutant, s suite) ([]string, error) {
	binary, err := t.tests.get(ctx, t, s.pkg)
	if err != nil {
		return nil, err
	}
	if !m.switched() && !m.readWhenRun(t.dir, s.pkg) {
		binary = t.binary
		if err := t.build(ctx, s.pkg, binary); err != nil {
			return nil, err
		}
	}
	var env []string
	if m.switched() {
		env = []string{switchVariable + "=" + m.new}
	}
	out, err := t.run(ctx, 4*time.Minute, binary, s.pkg, s.tests, env...)
	if err == nil {
		return nil, errUnnoticed
	}
	var noticed []string
	for _, hit := range failed.FindAllSubmatch(out, 4) {
		noticed = append(noticed, string(hit[1]))
	}
	if len(noticed) == 0 {
		return nil, fmt.Errorf("no test failed, though their run did (%v):\n%s", err, tail(out))
	}
	return noticed, nil
}

var failed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// readWhenRun reports whether the tests read the mutant as they run, so that
// nothing needs to be built: it is SQL, and storetest reads that from the tree.
func (m mutant) readWhenRun(dir, pkg string) bool {
	if !strings.HasPrefix(m.file, "migrations/") {
		return false
	}
	files, _ := filepath.Glob(filepath.Join(dir, pkg, "*_test.go"))
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil && bytes.Contains(b, []byte("storetest.Main(")) {
			return true
		}
	}
	return false
}

// build compiles the tests of pkg into a binary. Trees of different names give the
// same binaries, and share what the compiler keeps.
func (t *tree) build(ctx context.Context, pkg, binary string) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-trimpath", "-vet=off", "-ldflags=-s -w", "-o", binary, pkg)
	cmd.Dir = t.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("it does not build: %w\n%s", err, tail(out))
	}
	return nil
}

// run runs tests of pkg until one fails, for at most a time.
func (t *tree) run(ctx context.Context, most time.Duration, binary, pkg, tests string, env ...string) ([]byte, error) {
	if err := t.prepareServer(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, most+time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "-test.run="+tests, "-test.failfast", "-test.timeout="+most.String(), "-test.paniconexit0")
	cmd.Dir = filepath.Join(t.dir, pkg)
	cmd.Env = append(os.Environ(), "GOFLAGS=-trimpath", // the tests build too
		storetest.ServerVariable+"="+t.server.AdminURL("postgres"),
		storetest.MigrationsVariable+"="+filepath.Join(t.dir, "migrations"))
	cmd.Env = append(cmd.Env, env...)
	cmd.WaitDelay = 10 * time.Second
	return cmd.CombinedOutput()
}

// prepareServer leaves a server that is as new: the one of before, unless it cannot
// be cleared.
func (t *tree) prepareServer(ctx context.Context) (err error) {
	if t.server != nil {
		if t.server.Clear(ctx) == nil {
			return nil
		}
		_ = t.server.Stop()
	}
	if t.server, err = stack.StartPostgres(ctx, stack.PostgresOptions{}); err != nil {
		return err
	}
	return t.server.Clear(ctx)
}

func tail(out []byte) []byte {
	const most = 1500
	return out[max(0, len(out)-most):]
}
