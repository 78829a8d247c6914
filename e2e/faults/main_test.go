// Package faults injects faults into the built binary and its dependencies, and checks
// what people are told and what is left behind.
package faults

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"portico/e2e/stack"
)

// binary is the portico binary that all tests use.
var binary string

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, remove, err := stack.TempDir("faults")
	if err != nil {
		return 1, err
	}
	defer remove()
	binary = filepath.Join(dir, "portico")
	if err := stack.Build(context.Background(), "./cmd/portico", binary); err != nil {
		return 1, err
	}
	return m.Run(), nil
}
