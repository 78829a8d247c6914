package store_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"portico/migrations"
	"portico/store"
)

// composed are the ends of verbs that the code builds from a kind and a word.
var composed = []string{".moved", ".archived", ".unarchived", ".binned", ".restored", ".purged"}

var (
	quotedVerb = regexp.MustCompile("[\"'`]" + `([a-z_]+\.[a-z_]+)` + "[\"'`]")
	insertOf   = regexp.MustCompile(`(?s)insert into public\.audit_events .*?;`)
)

// Every verb that the code writes is in store/kinds.go, and the code writes every
// verb there.
func TestEveryVerbIsWritten(t *testing.T) {
	t.Parallel()
	var all []string
	for kind, verbs := range store.Verbs() {
		for _, verb := range verbs {
			if slices.Contains(all, verb) {
				t.Errorf("%s is in two rows, one is that of %s", verb, kind)
			}
			all = append(all, verb)
		}
	}
	written := map[string]bool{}
	err := fs.WalkDir(migrations.Lookup, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		source, err := fs.ReadFile(migrations.Lookup, name)
		for _, insert := range insertOf.FindAllString(string(source), -1) {
			for _, m := range quotedVerb.FindAllStringSubmatch(insert, -1) {
				if strings.HasPrefix(m[1], "app.") {
					continue
				}
				written[m[1]] = true
				if !slices.Contains(all, m[1]) {
					t.Errorf("migrations/%s writes %s, which is in no row", name, m[1])
				}
			}
		}
		return err
	})
	must(t, err)
	for _, dir := range []string{".", "../handlers"} {
		must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || path == "kinds.go" {
				return err
			}
			source, err := os.ReadFile(path)
			for _, m := range quotedVerb.FindAllStringSubmatch(string(source), -1) {
				written[m[1]] = true
			}
			return err
		}))
	}
	for _, verb := range all {
		ending := verb[strings.Index(verb, "."):]
		if !written[verb] && !slices.Contains(composed, ending) {
			t.Errorf("%s is in a row, and nothing writes it", verb)
		}
	}
}
