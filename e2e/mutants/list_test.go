package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every guard is still where the list says, so that taking it away takes it away.
// Whether a test then notices is for make mutants to see.
func TestGuardsAreThere(t *testing.T) {
	t.Parallel()
	for _, m := range mutants {
		was, err := os.ReadFile(filepath.Join("..", "..", m.file))
		if err != nil || !strings.Contains(string(was), m.old) {
			t.Errorf("%s: not in %s as e2e/mutants/list.go knows it (%v)", m.guard, m.file, err)
		}
	}
}
