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

// A name of 2 kB is cut to a length that file systems accept, between characters, and keeps its extension.
func TestDispositionLong(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		strings.Repeat("a", 2048) + ".pdf",
		strings.Repeat("ü", 1024) + ".pdf",
		strings.Repeat("日", 700) + ".pdf",
	} {
		safe := safeName(name)
		if len(safe) > maxNameLength || len(safe) < maxNameLength-4 || !utf8.ValidString(safe) ||
			!strings.HasSuffix(safe, ".pdf") {
			t.Errorf("%d bytes: %s", len(safe), safe)
		}
	}
	if got := safeName("x." + strings.Repeat("e", 2048)); len(got) != maxNameLength {
		t.Errorf("long extension: %d bytes", len(got))
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
