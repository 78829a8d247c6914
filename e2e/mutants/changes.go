package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// list are the files that know the guards.
const list = "e2e/mutants/list*.go"

// changes are what differs between a revision and the files here.
type changes struct {
	files   map[string]bool
	dirs    map[string]bool     // directories with a change that is not a test's
	tests   map[string][]string // by directory: names of tests in changed files
	entries string              // what was added to the list of guards
}

// baseOf returns the revision to compare with.
func baseOf(ctx context.Context, wanted string) (string, error) {
	if wanted != "" {
		return wanted, exists(ctx, wanted)
	}
	if exists(ctx, "origin/main") == nil {
		return "origin/main", nil
	}
	fmt.Fprintln(os.Stderr, "mutants: there is no origin/main here, so main it is")
	return "main", exists(ctx, "main")
}

func exists(ctx context.Context, revision string) error {
	_, err := git(ctx, "rev-parse", "--verify", "--quiet", revision+"^{commit}")
	if err != nil {
		return fmt.Errorf("there is no revision %q; say BASE=, or ALL=1", revision)
	}
	return nil
}

// changesSince finds what changed since the revision that base and HEAD share:
// committed or not, files that git does not know yet included.
func changesSince(ctx context.Context, base string) (*changes, error) {
	fork, err := git(ctx, "merge-base", base, "HEAD")
	if err != nil {
		return nil, err
	}
	fork = strings.TrimSpace(fork)
	known, err := git(ctx, "diff", "--name-only", "--no-renames", "-z", fork)
	if err != nil {
		return nil, err
	}
	unknown, err := git(ctx, "ls-files", "--others", "--exclude-standard", "-z")
	if err != nil {
		return nil, err
	}
	c := &changes{files: map[string]bool{}, dirs: map[string]bool{}, tests: map[string][]string{}}
	for name := range strings.SplitSeq(known+unknown, "\x00") {
		if name != "" {
			c.add(name)
		}
	}
	c.entries, err = git(ctx, "diff", "--unified=0", fork, "--", list)
	return c, err
}

var testName = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

func (c *changes) add(name string) {
	c.files[name] = true
	if !strings.HasSuffix(name, "_test.go") {
		c.dirs[path.Dir(name)] = true
		return
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return // deleted
	}
	for _, hit := range testName.FindAllSubmatch(b, -1) {
		c.tests[path.Dir(name)] = append(c.tests[path.Dir(name)], string(hit[1]))
	}
}

// touch reports whether the change can have touched the guard: its file, another
// one beside it, its tests, or its line in the list.
func (c *changes) touch(m mutant) bool {
	if c.files[m.file] || c.dirs[path.Dir(m.file)] {
		return true
	}
	noticing := regexp.MustCompile(strings.Split(m.tests, "/")[0])
	for _, name := range c.tests[path.Clean(m.pkg)] {
		if noticing.MatchString(name) {
			return true
		}
	}
	return strings.Contains(c.entries, "\n+\t{"+strconv.Quote(m.guard)+",")
}

func git(ctx context.Context, args ...string) (string, error) {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(said.Bytes()))
	}
	return string(out), err
}
