package views_test

import (
	"strings"
	"testing"

	"portico/views"
	"portico/views/ui"
)

// Any agency's accent has enough contrast with the page and with its text, in light
// and dark.
func TestAccentsCanBeRead(t *testing.T) {
	t.Parallel()
	for _, accent := range []string{"#000000", "#ffffff", "#facc15", "#c2410c", "#15505c", "#808080", "#00ff00", "#0000ff", "nonsense", ""} {
		css := views.BrandCSS(accent)
		if strings.ContainsAny(css, "<>\"'\\") || !strings.HasPrefix(css, ":root{--accent:light-dark(#") {
			t.Fatalf("%q gives %q", accent, css)
		}
		var found []ui.Color
		for i := range len(css) - 6 {
			if c, ok := ui.ParseColor(css[i : i+7]); ok {
				found = append(found, c)
			}
		}
		if len(found) != 4 {
			t.Fatalf("%q gives %d colours: %s", accent, len(found), css)
		}
		for i, surface := range []string{"#ffffff", "#1c1e22"} {
			around, _ := ui.ParseColor(surface)
			if ratio := ui.Contrast(found[i], around); ratio < 3 {
				t.Errorf("%q on %s: %.1f", accent, surface, ratio)
			}
			if ratio := ui.Contrast(found[i], found[i+2]); ratio < 4.5 {
				t.Errorf("text on %q: %.1f", accent, ratio)
			}
		}
	}
}

// Sizes, counts, initials and lists of names are written as people write them.
func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{ui.Size(0), "0 B"},
		{ui.Size(999), "999 B"},
		{ui.Size(2400), "2 kB"},
		{ui.Size(999_499), "999 kB"},
		{ui.Size(999_500), "1 MB"},
		{ui.Size(999_949_999), "999.9 MB"},
		{ui.Size(999_950_000), "1 GB"},
		{ui.Size(85_899_345_920), "85.9 GB"},
		{ui.Count(1, "file", "files"), "1 file"},
		{ui.Count(0, "file", "files"), "0 files"},
		{ui.Initials("Mia Chen"), "MC"},
		{ui.Initials("acme"), "A"},
		{ui.Initials("Mia Chen (Acme)"), "MC"},
		{ui.Initials("(Acme)"), "?"},
		{ui.Initials("  "), "?"},
		{ui.Initials("<script>"), "S"},
		{ui.Names(nil), "no one"},
		{ui.Names([]string{"Mia"}), "Mia"},
		{ui.Names([]string{"Mia", "Leo", "Gus"}), "Mia, Leo and Gus"},
	} {
		if c.got != c.want {
			t.Errorf("%q, not %q", c.got, c.want)
		}
	}
}
