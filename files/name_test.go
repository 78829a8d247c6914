package files

import (
	"mime"
	"strings"
	"testing"
	"unicode/utf8"
)

// Ordinary and hostile names give one header line that every client can read, without paths and reversed text.
func TestDisposition(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"report.pdf":              `filename="report.pdf"`,
		"Final report (2).pdf":    `filename="Final report (2).pdf"`,
		"Größe.pdf":               `filename="Gr__e.pdf"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf`,
		"日本.txt":                  `filename="__.txt"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.txt`,
		"../../etc/passwd":        `filename="_.._etc_passwd"`,
		`..\..\boot.ini`:          `filename="_.._boot.ini"`,
		"/":                       `filename="_"`,
		"a/b.txt":                 `filename="a_b.txt"`,
		".htaccess":               `filename="htaccess"`,
		"..":                      `filename="file"`,
		"":                        `filename="file"`,
		" . ":                     `filename="file"`,
		"trailing. ":              `filename="trailing"`,
		"a\"b.txt":                `filename="a_b.txt"; filename*=UTF-8''a%22b.txt`,
		`a\"; filename=evil.exe`:  `filename="a___ filename=evil.exe"; filename*=UTF-8''a_%22%3B%20filename%3Devil.exe`,
		"100%25.txt":              `filename="100_25.txt"; filename*=UTF-8''100%2525.txt`,
		"a\r\nSet-Cookie: x=y":    `filename="aSet-Cookie: x=y"`,
		"a\x00b.txt":              `filename="ab.txt"`,
		"a\u2028b\u0085.txt":      `filename="ab.txt"`,
		"invoice\u202efdp.exe":    `filename="invoicefdp.exe"`,
		"\u2066\u200f\ufeffx.txt": `filename="x.txt"`,
		"a\u00a0b.txt":            `filename="a b.txt"`,
		"bad\xff\xfe.txt":         `filename="bad_.txt"`,
		"it's.txt":                `filename="it's.txt"`,
	} {
		got := disposition("attachment", name)
		if got != "attachment; "+want {
			t.Errorf("%q\n got %s\nwant attachment; %s", name, got, want)
		}
		if _, _, err := mime.ParseMediaType(got); err != nil {
			t.Errorf("%q does not parse: %v", got, err)
		}
	}
}

// A name is kept whole up to the 255 bytes that file systems allow. A longer one loses its middle: its beginning, its
// version and its extension stay, and no character is split.
func TestDispositionLong(t *testing.T) {
	t.Parallel()
	const mark = " 最終版 v12.pdf"
	for name, c := range map[string]struct {
		name  string
		whole bool
		ends  string
	}{
		"247 bytes of CJK":          {strings.Repeat("日", 80) + "v3.pdf" + "x", true, "v3.pdfx"},
		"255 bytes":                 {strings.Repeat("日", 84) + "v.x"[:3], true, "v.x"},
		"255 ASCII bytes":           {strings.Repeat("a", 251) + ".pdf", true, ".pdf"},
		"256 bytes":                 {strings.Repeat("a", 252) + ".pdf", false, ".pdf"},
		"2 kB of ASCII":             {strings.Repeat("a", 2048) + mark, false, mark},
		"2 kB of two bytes":         {strings.Repeat("ü", 1024) + mark, false, mark},
		"2 kB of three bytes":       {strings.Repeat("日", 700) + mark, false, mark},
		"2 kB of four bytes":        {strings.Repeat("😀", 512) + mark, false, mark},
		"a family of emoji":         {strings.Repeat("👩\u200d👩\u200d👧", 100) + mark, false, mark},
		"letters with marks":        {strings.Repeat("e\u0301", 500) + mark, false, mark},
		"Hangul in pieces":          {strings.Repeat("\u1112\u1161\u11ab", 200) + mark, false, mark},
		"a long extension":          {"x." + strings.Repeat("e", 2048), false, "eee"},
		"blanks around the cut":     {strings.Repeat("a ", 500) + mark, false, mark},
		"one long word and version": {strings.Repeat("W", 300) + "_v3_2026-11-29.indd", false, "_v3_2026-11-29.indd"},
	} {
		safe := safeName(c.name)
		switch {
		case c.whole && safe != c.name:
			t.Errorf("%s: %d bytes became %d", name, len(c.name), len(safe))
		case len(safe) > 255, !utf8.ValidString(safe), !strings.HasSuffix(safe, c.ends):
			t.Errorf("%s: %d bytes: %s", name, len(safe), safe)
		case !c.whole && (len(safe) < 220 || !strings.Contains(safe, "...")):
			t.Errorf("%s: %d bytes: %s", name, len(safe), safe)
		}
		if before, after, cut := strings.Cut(safe, "..."); cut && (strings.HasSuffix(before, "\u200d") || strings.HasPrefix(after, "\u200d") || strings.HasPrefix(after, "\u0301")) {
			t.Errorf("%s: cut inside a character: %+q", name, safe)
		}
	}
}

// Any bytes give a header of printable ASCII without a path.
func FuzzDisposition(f *testing.F) {
	f.Add("a/b\"\r\n\x00\u202e")
	f.Fuzz(func(t *testing.T, name string) {
		header := disposition("attachment", name)
		for _, c := range []byte(header) {
			if c < ' ' || c > '~' {
				t.Fatalf("%q in %q", c, header)
			}
		}
		_, params, err := mime.ParseMediaType(header)
		if err != nil || params["filename"] == "" || strings.ContainsAny(params["filename"], "/\\\x00\r\n") {
			t.Fatalf("%q: %v, %v", header, params, err)
		}
	})
}
