package jobs

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// extra is an additional file for this package, with one registration in it.
const extra = `package jobs

import (
	"context"

	"github.com/riverqueue/river"

	"portico/store"
	"portico/store/queue"
)

var _ queue.Signature

type plain struct{ Tenant string }

func (plain) Kind() string { return "plain" }

type signed struct{ queue.Signature }

func (signed) Kind() string { return "signed" }

type placeless struct{ queue.Platform }

func (placeless) Kind() string { return "placeless" }

// claims has what a tenant job needs, except the signature itself.
type claims struct{ plain }

func (*claims) JobSignature() *queue.Signature { return &queue.Signature{} }

func more(w *river.Workers, r *Runner) { REGISTRATION }

func tenant[T any](context.Context, store.Job, T) error { return nil }
func nowhere[T any](context.Context, T) error { return nil }
`

// Registering a worker for arguments without a signature, or with the wrong adapter,
// does not compile. The two intended pairs do.
func TestOnlyTenantAndPlatformJobsCompile(t *testing.T) {
	t.Parallel()
	for registration, want := range map[string]bool{
		`tenantJob(w, r, store.JobPolicy{}, tenant[signed])`:    true,
		`platformJob(w, r, nowhere[placeless])`:                 true,
		`tenantJob(w, r, store.JobPolicy{}, tenant[plain])`:     false,
		`tenantJob(w, r, store.JobPolicy{}, tenant[claims])`:    false,
		`platformJob(w, r, nowhere[plain])`:                     false,
		`platformJob(w, r, nowhere[signed])`:                    false,
		`tenantJob(w, r, store.JobPolicy{}, tenant[placeless])`: false,
	} {
		here, err := filepath.Abs(".")
		check(t, err)
		dir := t.TempDir()
		source, overlay := filepath.Join(dir, "more.go"), filepath.Join(dir, "overlay.json")
		check(t, os.WriteFile(source, []byte(strings.Replace(extra, "REGISTRATION", registration, 1)), 0o600))
		replace, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(here, "more_kinds.go"): source}})
		check(t, err)
		check(t, os.WriteFile(overlay, replace, 0o600))
		out, err := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-o", os.DevNull, ".").CombinedOutput()
		if compiles := err == nil; compiles != want {
			t.Errorf("%s compiles: %t\n%s", registration, compiles, out)
		}
		if err != nil && !strings.Contains(string(out), "does not satisfy") && !strings.Contains(string(out), "missing method") {
			t.Errorf("%s fails for another reason:\n%s", registration, out)
		}
	}
}

// Only the adapters register workers with River.
func TestOnlyAdaptersRegisterWorkers(t *testing.T) {
	t.Parallel()
	found := false
	check(t, filepath.WalkDir("../..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() && strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2 {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !strings.Contains(string(source), "river.AddWorker") && !strings.Contains(string(source), "river.WorkFunc") {
			return nil
		}
		if filepath.Base(path) != "adapters.go" {
			t.Errorf("%s registers a worker without an adapter", path)
		}
		found = true
		return nil
	}))
	if !found {
		t.Error("the walk did not find adapters.go")
	}
}
