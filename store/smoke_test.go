package store_test

import (
	"os/exec"
	"strings"
	"testing"

	"portico/e2e/stack"
	"portico/store/storetest"
)

// The operators' smoke test, run as they would: green on a healthy database, red
// on one whose policy was loosened.
func TestOperatorsSmokeTest(t *testing.T) {
	t.Parallel()
	psql := func(database string) (string, error) {
		out, err := exec.Command("psql", "-X", "-v", "ON_ERROR_STOP=1", "-f", "../migrations/rls_smoke.sql",
			storetest.Server().AdminURL(database)).CombinedOutput()
		return string(out), err
	}
	out, err := psql(stack.DatabaseName)
	if err != nil || !strings.HasSuffix(strings.TrimSpace(out), "the boundary holds") {
		t.Errorf("on a healthy database: %v, %s", err, out)
	}
	for name, mutant := range map[string]string{
		"smoke_open":    "alter policy tenant on projects using (true)",
		"smoke_unforce": "alter table files no force row level security",
		"smoke_draft":   "drop policy party on projects",
	} {
		db, err := storetest.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		db.Close()
		if out, err := exec.Command("psql", "-X", "-c", mutant, storetest.Server().AdminURL(name)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if out, err := psql(name); err == nil {
			t.Errorf("%s: the smoke test is green: %s", mutant, out)
		}
	}
}
