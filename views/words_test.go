package views_test

import (
	"strings"
	"testing"

	"portico/views"
	"portico/views/ui"
)

// Any agency's accent has enough contrast with the page as a line, and with its text as a
// button, in light and dark. On a light page the button has the very colour.
func TestAccentsCanBeRead(t *testing.T) {
	t.Parallel()
	for accent, name := range map[string]string{"#000000": "black", "#ffffff": "white", "#facc15": "yellow", "#bef264": "lime", "#fbcfe8": "pale pink", "#c2410c": "orange",
		"#15505c": "teal", "#777777": "mid-grey", "#808080": "grey", "#00ff00": "green", "#0000ff": "blue", "#2563eb": "light blue", "nonsense": "", "": ""} {
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
		if len(found) != 8 {
			t.Fatalf("%q gives %d colours: %s", accent, len(found), css)
		}
		if name != "" && found[2].String() != accent {
			t.Errorf("a %s button is %s", name, found[2])
		}
		for i, surface := range []string{"#ffffff", "#1c1e22"} {
			line, fill, hover, ink := found[i], found[2+i], found[4+i], found[6+i]
			around, _ := ui.ParseColor(surface)
			if ratio := ui.Contrast(line, around); ratio < 3 {
				t.Errorf("a line of %q %s on %s: %.1f", accent, name, surface, ratio)
			}
			for what, under := range map[string]ui.Color{"": fill, " hovered": hover} {
				if ratio := ui.Contrast(ink, under); ratio < 4.5 {
					t.Errorf("text on %q %s%s: %.1f", accent, name, what, ratio)
				}
			}
		}
	}
	for grey := range 256 {
		c := ui.Color{R: float64(grey) / 255, G: float64(grey) / 255, B: float64(grey) / 255}
		if ratio := ui.Contrast(c, c.Ink()); ratio < 4.5 {
			t.Errorf("text on %s: %.2f", c, ratio)
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
