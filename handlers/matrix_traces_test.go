package handlers_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// checkLeaks checks what the matrix leaves behind: no canary in the log, only ids in
// jobs, and in object storage each tenant's bytes only under its own prefix.
func (w *world) checkLeaks(t *testing.T) {
	t.Helper()
	if at := strings.Index(w.logs.String(), canary); at >= 0 {
		w.tally.leaks.Add(1)
		t.Errorf("LEAK in the log: %.200s", w.logs.String()[max(0, at-100):])
	}
	fixtures := []*fixture{w.own, w.sister, w.other}
	for _, e := range fixtures {
		w.jobsOf(t, e, fixtures)
		w.objectsOf(t, e)
	}
}

func (w *world) jobsOf(t *testing.T, e *fixture, fixtures []*fixture) {
	t.Helper()
	rows, err := w.admin.Query(t.Context(), `select args::text from river.river_job where args ->> 'tenant' = $1`, e.tenant.String())
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, job := range jobs {
		names := strings.Contains(job, canary)
		for _, other := range fixtures {
			for _, id := range other.things {
				names = names || (other != e && strings.Contains(job, id.String()))
			}
		}
		if names {
			w.tally.leaks.Add(1)
			t.Errorf("LEAK in a job of %s: %s", e.slug, job)
		}
	}
	if len(jobs) == 0 {
		t.Errorf("%s has no jobs, so the check proves nothing", e.slug)
	}
}

func (w *world) objectsOf(t *testing.T, e *fixture) {
	t.Helper()
	store, err := gateway()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	err = filepath.WalkDir(store.ObjectPath("tenants/"+e.tenant.String()), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for rest := string(content); err == nil; {
			_, after, found := strings.Cut(rest, canary)
			if !found {
				break
			}
			if rest = after; !strings.HasPrefix(rest, e.key) {
				w.tally.leaks.Add(1)
				t.Errorf("LEAK in an object of %s: %.60s", e.slug, rest)
			}
			seen++
		}
		return err
	})
	if err != nil || seen == 0 {
		t.Errorf("objects of %s: %d canaries seen, %v", e.slug, seen, err)
	}
}
