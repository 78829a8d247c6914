package adopt_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"portico/adopt"
)

var walked = regexp.MustCompile("(?s)```\n(\\$ portico adopt ([a-z]+)([^\n]*)\n)(.*?)```")

// What docs/adopt.md prints is what the commands print, in its order. PORTICO_REVIEWED=1
// writes it anew.
func TestWalkThroughIsAsReviewed(t *testing.T) {
	const path = "../docs/adopt.md"
	page := string(must(os.ReadFile(path)))
	a := begin(t)
	blocks := walked.FindAllStringSubmatch(page, -1)
	if len(blocks) < 12 {
		t.Fatalf("the page has %d commands", len(blocks))
	}
	rewritten := page
	for _, b := range blocks {
		phase, with := b[2], b[3]
		if phase == "finish" {
			continue // there would be no way back
		}
		out, err := a.run(phase, func(o *adopt.Options) {
			if o.Back = strings.Contains(with, "--back"); !strings.Contains(with, "--decisions") {
				o.Decisions = ""
			}
		})
		if err != nil {
			t.Fatalf("%s%s: %v\n%s", phase, with, err, out)
		}
		out = regexp.MustCompile(`(?m) +$`).ReplaceAllString(strings.Trim(out, "\n"), "") + "\n"
		if out != b[4] {
			rewritten = strings.Replace(rewritten, b[0], "```\n"+b[1]+out+"```", 1)
			if os.Getenv("PORTICO_REVIEWED") == "" {
				t.Errorf("%s%s prints\n%s\nand the page says\n%s", phase, with, out, b[4])
			}
		}
	}
	if os.Getenv("PORTICO_REVIEWED") != "" {
		if err := os.WriteFile(path, []byte(rewritten), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
