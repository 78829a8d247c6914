package views_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// No word runs into a time ("Last lookjust now"), and amounts are in decimal units
// everywhere, as the usage page and the upload messages count them.
func TestTimesAndUnitsAreWrittenAlike(t *testing.T) {
	t.Parallel()
	joined, binary := regexp.MustCompile(`[\p{L}\d,.;:]<time\b|</time>[\p{L}\d]`), regexp.MustCompile(`\b[KMGT]iB\b`)
	for _, s := range samples() {
		page, _ := render(t, s)
		for what, wrong := range map[string]*regexp.Regexp{"a time without a space": joined, "a binary unit": binary} {
			if at := wrong.FindIndex(page); at != nil {
				t.Errorf("%s: %s: …%s…", s.name, what, page[max(0, at[0]-40):min(len(page), at[1]+40)])
			}
		}
	}
	scripts, err := filepath.Glob("../static/js/*.js")
	if err != nil || len(scripts) == 0 {
		t.Fatal(scripts, err)
	}
	for _, name := range scripts {
		script, err := os.ReadFile(name)
		if at := binary.Find(script); at != nil || err != nil {
			t.Errorf("%s: %s, %v", name, at, err)
		}
	}
}
