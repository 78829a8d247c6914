package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"portico/e2e/stack"
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

// tree is a copy of the repository, so that nobody's work is touched, and the
// neighbours that its test binaries use one after another.
type tree struct {
	dir       string
	removeDir func()
	binary    string // what is built for one mutant
	tests     *binaries
	server    *stack.Postgres
	clear     bool // nobody has used the server since it was cleared
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
	name := filepath.Join(t.dir, m.file)
	was, err := os.ReadFile(name)
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
	defer func() { _ = os.WriteFile(name, was, 0o644) }()
	// Also where the tests have the mutant already: some of them read the source.
	if err := os.WriteFile(name, bytes.ReplaceAll(was, []byte(m.old), []byte(m.new)), 0o644); err != nil {
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
	if m.switched() {
		return t.noticed(ctx, binary, m, s, m.new)
	}
	if m.readWhenRun(t.dir, s.pkg) {
		return t.noticed(ctx, binary, m, s, "")
	}
	if number := t.tests.shared.number(m); number > 0 {
		noticed, err := t.noticed(ctx, binary, m, s, strconv.Itoa(number))
		if !errors.Is(err, errUnnoticed) {
			return noticed, err
		}
		// Perhaps a process has the guard that the tests start without our variable.
	}
	if err := t.build(ctx, s.pkg, t.binary, ""); err != nil {
		return nil, err
	}
	return t.noticed(ctx, t.binary, m, s, "")
}

// noticed runs a suite with the mutant of that number switched on, and returns the tests
// that failed.
func (t *tree) noticed(ctx context.Context, binary string, m mutant, s suite, number string) ([]string, error) {
	r := testRun{binary: binary, suite: s, most: 4 * time.Minute, template: !m.migrates(), firstFailure: true}
	if number != "" {
		r.env = []string{switchVariable + "=" + number}
	}
	out, err := t.run(ctx, r)
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
	// Without their server all tests fail, whatever the mutant.
	if err := t.clearServer(ctx); err != nil {
		return nil, fmt.Errorf("the server of the tests died: %w", err)
	}
	return noticed, nil
}

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

// migrates reports whether the mutant is in what makes a new database, which a copy of
// a migrated one would not have. Narrow functions are made anew in every copy.
func (m mutant) migrates() bool {
	switch m.file {
	case "store/bootstrap.go", "store/migrate.go":
		return true
	}
	return path.Dir(m.file) == "migrations"
}
