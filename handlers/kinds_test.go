package handlers_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"portico/store"
	"portico/views"
)

// Every kind has a row in store/kinds.go and one in views/kinds.go, with the same verbs:
// each verb has a sentence, and each sentence has a verb.
func TestEveryVerbHasASentence(t *testing.T) {
	t.Parallel()
	words := views.TrailVerbs()
	for kind, verbs := range store.Verbs() {
		known, ok := words[string(kind)]
		if !ok {
			t.Errorf("%s has no row in views/kinds.go", kind)
		}
		for _, verb := range verbs {
			if !slices.Contains(known, verb) {
				t.Errorf("%s has no sentence in the row of %s in views/kinds.go", verb, kind)
			}
		}
		for _, verb := range known {
			if !slices.Contains(verbs, verb) {
				t.Errorf("%s has a sentence, and no row of store/kinds.go writes it", verb)
			}
		}
		delete(words, string(kind))
	}
	for kind := range words {
		t.Errorf("%s is in views/kinds.go and not in store/kinds.go", kind)
	}
	for _, kind := range store.BinKinds() {
		if views.RestoreURL("/w/acme", string(kind), "1") == "" || views.KindName(string(kind)) == "" {
			t.Errorf("%s can be in the bin, and the bin has no name or no way back for it", kind)
		}
	}
}

var flashed = regexp.MustCompile(`"([a-z]+\.[a-z_]+)"`)

// Every verb that a redirect carries has a flash.
func TestEveryDeedHasAFlash(t *testing.T) {
	t.Parallel()
	found := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && path != "." || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			if d != nil && d.IsDir() && path != "." {
				return fs.SkipDir
			}
			return err
		}
		source, err := os.ReadFile(path)
		for line := range strings.Lines(string(source)) {
			if !strings.Contains(line, "frame.Done(") && !strings.Contains(line, "Done(") && !strings.Contains(line, "Deed(") && !strings.Contains(line, "Act(") && !strings.Contains(line, "answerAsk(") {
				continue
			}
			for _, m := range flashed.FindAllStringSubmatch(line, -1) {
				found++
				if views.FlashFor("/w/acme", m[1], "1").Text == "" {
					t.Errorf("%s: %s has no flash in views/kinds.go", path, m[1])
				}
			}
		}
		return err
	})
	if err != nil || found < 30 {
		t.Errorf("%d deeds were found, %v", found, err)
	}
}
