// Command mutants takes the product's guards away, one at a time in each of a few
// copies of the tree, and runs the tests that should notice. A guard whose removal no test
// notices is a guard that may be gone already.
//
// It ends with a count, and with 1 unless every mutant was red.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	only := flag.String("only", "", "regular expression of the mutants to run")
	trees := flag.Int("trees", min(runtime.NumCPU(), 4), "copies of the tree to work in at the same time")
	flag.Parse()
	if err := run(ctx, *only, max(*trees, 1), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, trees int, out io.Writer) error {
	pick, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	var picked []mutant
	for _, m := range mutants {
		if pick.MatchString(m.guard) {
			picked = append(picked, m)
		}
	}
	next, tried := make(chan mutant), make(chan trial)
	for range min(trees, len(picked)) {
		tree, err := copyTree(ctx)
		defer os.RemoveAll(tree)
		if err != nil {
			return err
		}
		go func() {
			for m := range next {
				noticed, err := m.try(ctx, tree)
				tried <- trial{m, noticed, err}
			}
		}()
	}
	go func() {
		for _, m := range picked {
			next <- m
		}
		close(next)
	}()
	red := 0
	for range picked {
		t := <-tried
		if t.err != nil {
			fmt.Fprintf(out, "NOT RED  %s: %v\n", t.guard, t.err)
			continue
		}
		red++
		fmt.Fprintf(out, "red      %s: %s\n", t.guard, strings.Join(t.noticed, ", "))
	}
	fmt.Fprintf(out, "%d guards taken away, %d noticed\n", len(picked), red)
	if red != len(picked) {
		return errors.New("a guard can go unnoticed")
	}
	return ctx.Err()
}

// trial is what came of a mutant.
type trial struct {
	mutant
	noticed []string
	err     error
}

// copyTree copies what git tracks into a directory of its own, so that nobody's
// work is touched. Tools that the tests need are lent to it.
func copyTree(ctx context.Context) (string, error) {
	tree, err := os.MkdirTemp("", "portico-mutants-")
	if err != nil {
		return "", err
	}
	list, err := exec.CommandContext(ctx, "git", "ls-files", "-z").Output()
	if err != nil {
		return tree, fmt.Errorf("git ls-files: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		b, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted and not committed yet
		}
		if err != nil {
			return tree, err
		}
		to := filepath.Join(tree, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, b, 0o644)); err != nil {
			return tree, err
		}
	}
	tools, err := filepath.Abs(".tools")
	if err != nil {
		return tree, err
	}
	// Servers that do not run as root read there too.
	return tree, errors.Join(os.Chmod(tree, 0o755), os.Symlink(tools, filepath.Join(tree, ".tools")))
}

// mutant is a guard and how it is taken away.
type mutant struct {
	guard    string
	file     string
	old, new string // every occurrence of old; "" in new removes it
	pkg      string
	tests    string // regular expression of the tests that should notice
}

var failed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// try returns the tests that noticed. That nothing noticed, or that the mutant
// does not build, is an error.
func (m mutant) try(ctx context.Context, tree string) ([]string, error) {
	path := filepath.Join(tree, m.file)
	was, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(was, []byte(m.old)) {
		return nil, fmt.Errorf("the guard is no longer in %s as e2e/mutants/list.go knows it", m.file)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	defer func() { _ = os.WriteFile(path, was, 0o644) }()
	if err := os.WriteFile(path, bytes.ReplaceAll(was, []byte(m.old), []byte(m.new)), 0o644); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-run", m.tests, m.pkg)
	cmd.Dir = tree
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil, errors.New("no test noticed")
	}
	var noticed []string
	for _, hit := range failed.FindAllSubmatch(out, 4) {
		noticed = append(noticed, string(hit[1]))
	}
	if len(noticed) == 0 {
		return nil, fmt.Errorf("no test failed, though go test did:\n%s", tail(out))
	}
	return noticed, nil
}

func tail(out []byte) []byte {
	const most = 1500
	return out[max(0, len(out)-most):]
}
