package main

import (
	"os"
	"path/filepath"
	"testing"
)

// A guard is tried again when its file, a file of the same package, one of its tests
// or its line in the list changed, and not otherwise.
func TestTouchedGuards(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"store/people_test.go", "store/clients_test.go"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("package store\n\nfunc TestEndStaff(t *testing.T) {}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := mutant{guard: "staff end", file: "handlers/clients.go", pkg: "./store", tests: "TestEndStaff/of_a_client|TestLeave"}
	for _, c := range []struct {
		changed, entries string
		want             bool
	}{
		{"handlers/clients.go", "", true},
		{"handlers/people.go", "", true},
		{"store/people_test.go", "", true},
		{"handlers/people_test.go", "", false},
		{"handlers/signin/people.go", "", false},
		{"store/people.go", "", false},
		{"docs/cases.md", "@@ -1 +1 @@\n+\t{\"staff end\", work,", true},
		{"docs/cases.md", "@@ -1 +1 @@\n-\t{\"staff end\", work,", false},
	} {
		change := &changes{files: map[string]bool{}, dirs: map[string]bool{}, tests: map[string][]string{}, entries: c.entries}
		change.add(c.changed)
		if got := change.touch(m); got != c.want {
			t.Errorf("%s changed, %q added to the list: %t", c.changed, c.entries, got)
		}
	}
}
