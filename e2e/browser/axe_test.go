package browser

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// page serves one page.
func page(t *testing.T, html string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_, _ = w.Write([]byte(html))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// axe-core finds each violation in the right settings, also under a policy that forbids
// scripts, and none on a sound page.
func TestAxeFindsViolations(t *testing.T) {
	t.Parallel()
	const sound = `<!doctype html><html lang="en"><title>Sound</title><meta name="viewport" content="width=device-width">
<style>:root { color-scheme: light dark }</style><main><h1>Sound</h1><button>Press</button></main>`
	c := shared.browser.Context(t)
	c.WithoutTrace(t)
	found, err := Axe(c.Open(t, page(t, sound)), Settings...)
	if err != nil || len(found) != 0 {
		t.Fatalf("a sound page: %v, %v", found, err)
	}
	for rule, broken := range map[string]struct {
		html     string
		settings int
	}{
		"image-alt":      {strings.Replace(sound, "<button>", `<img src="x"><button>`, 1), 2},
		"label":          {strings.Replace(sound, "<button>", `<input><button>`, 1), 2},
		"html-has-lang":  {strings.Replace(sound, ` lang="en"`, "", 1), 2},
		"heading-order":  {strings.Replace(sound, "<button>", `<h4>Deep</h4><button>`, 1), 2},
		"target-size":    {strings.Replace(sound, "<button>", `<button style="width: 12px; height: 12px; padding: 0; border: 0; font-size: 9px">a</button><button style="width: 12px; height: 12px; padding: 0; border: 0; font-size: 9px">b</button><button>`, 1), 2},
		"color-contrast": {strings.Replace(sound, "<style>", `<style>@media (prefers-color-scheme: dark) { html { background: #111; color: #eee } h1 { color: #333 } } `, 1), 2},
	} {
		found, err := Axe(c.Open(t, page(t, broken.html)), Settings...)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, v := range found {
			if v.Rule == rule {
				n++
			}
		}
		if n != broken.settings {
			t.Errorf("%s: found in %d settings, want %d: %v", rule, n, broken.settings, found)
		}
	}
}
