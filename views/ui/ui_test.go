package ui_test

import (
	"context"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"portico/views/ui"
)

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := c.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Text escapes what templ escapes and loses nothing around it.
func TestMarkupText(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "plain", `<b a="1" c='2'>&amp;</b>`, "حملة & <ربيع>", "a\x00b", "\xff\xfe", `">`, "'"} {
		got := render(t, ui.Write(func(m *ui.Markup) { m.Text(s) }))
		if want := strings.ReplaceAll(templ.EscapeString(s), "\x00", "\uFFFD"); got != want {
			t.Errorf("%q becomes %q, not %q", s, got, want)
		}
	}
}

// URL replaces an address that runs a script, and writes our own addresses
// unchanged.
func TestMarkupURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"/w/acme/projects?a=1&b=2": "/w/acme/projects?a=1&amp;b=2", "https://portico.example/": "https://portico.example/",
		`/"><script>`: "/&#34;&gt;&lt;script&gt;",
	} {
		if got := render(t, ui.Write(func(m *ui.Markup) { m.URL(url) })); got != want {
			t.Errorf("%q becomes %q", url, got)
		}
	}
	for _, url := range []string{"javascript:alert(1)", "JaVaScript:alert(1)", " javascript:alert(1)", "data:text/html,x", "vbscript:x"} {
		if got := render(t, ui.Write(func(m *ui.Markup) { m.URL(url) })); strings.Contains(strings.ToLower(got), "script:") || strings.Contains(got, "data:") {
			t.Errorf("%q becomes %q", url, got)
		}
	}
}

// Concurrent renders share buffers, but each one gets its own rows.
func TestMarkupAtOnce(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"acme", "globex", "initech", "umbra"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 200 {
				if got := render(t, ui.Write(func(m *ui.Markup) { m.Text(name); m.Int(7) })); got != name+"7" {
					t.Fatalf("%s got %q", name, got)
				}
			}
		})
	}
}
