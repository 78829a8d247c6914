package static_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"portico/static"
)

var names = []string{"app.css", "app.js", "notes.js", "upload.js", "icons.svg", "marks.svg", "favicon.svg", "inter.woff2"}

func get(t *testing.T, method, path, encoding string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Every asset is served under its hashed name, with its type, cacheable forever.
func TestServesHashedNames(t *testing.T) {
	t.Parallel()
	types := map[string]string{"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "woff2": "font/woff2"}
	for _, name := range names {
		path := static.Path(name)
		if !regexp.MustCompile(`^/static/[a-z]+\.[0-9a-f]{12}\.[a-z0-9]+$`).MatchString(path) {
			t.Errorf("%s is served as %s", name, path)
		}
		r := get(t, http.MethodGet, path, "")
		_, ext, _ := strings.Cut(name, ".")
		if r.StatusCode != http.StatusOK || !strings.HasPrefix(r.Header.Get("Content-Type"), types[ext]) {
			t.Errorf("%s: %d %s", name, r.StatusCode, r.Header.Get("Content-Type"))
		}
		if r.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", name, r.Header)
		}
		if len(body(t, r)) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
}

// Unknown names, folders, sources, plain names and paths that leave /static/ are 404.
func TestServesNoOtherPath(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"/static/", "/static", "/static/app.css", "/static/app.000000000000.css", "/static/css/tokens.css", "/static/icons-LICENSE.txt",
		"/static/../static.go", "/static/%2e%2e/static.go", "/", strings.ToUpper(static.Path("app.css")),
	} {
		r := get(t, http.MethodGet, path, "")
		if r.StatusCode != http.StatusNotFound || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", path, r.StatusCode, r.Header.Get("Cache-Control"))
		}
	}
}

// Browsers that accept gzip get the same content compressed, others get it plain, and Vary keeps proxies from mixing them.
func TestGzip(t *testing.T) {
	t.Parallel()
	path := static.Path("app.css")
	plain := body(t, get(t, http.MethodGet, path, ""))
	for encoding, squeezed := range map[string]bool{
		"gzip": true, "br, gzip;q=0.5": true, "*": true, "GZIP": true, "": false, "br": false, "gzip;q=0": false, "gzip; q=0.0": false,
	} {
		r := get(t, http.MethodGet, path, encoding)
		if got := r.Header.Get("Content-Encoding") == "gzip"; got != squeezed {
			t.Errorf("%q: gzip is %t", encoding, got)
		}
		if r.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: no Vary", encoding)
		}
		content := body(t, r)
		if squeezed {
			unzip, err := gzip.NewReader(bytes.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			if content, err = io.ReadAll(unzip); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(content, plain) {
			t.Errorf("%q: other content", encoding)
		}
	}
	if r := get(t, http.MethodGet, static.Path("inter.woff2"), "gzip"); r.Header.Get("Content-Encoding") != "" {
		t.Error("the font is compressed twice")
	}
}

// Comments stay in the sources.
func TestServesNoComments(t *testing.T) {
	t.Parallel()
	for name, mark := range map[string]string{"app.css": `/\*`, "app.js": `(?m)^\s*//`, "upload.js": `(?m)^\s*//`, "notes.js": `(?m)^\s*//`} {
		if text := string(body(t, get(t, http.MethodGet, static.Path(name), ""))); regexp.MustCompile(mark).MatchString(text) || len(text) < 5_000 {
			t.Errorf("%s has a comment, or nothing else", name)
		}
	}
}

// HEAD returns the headers of GET without a body.
func TestHead(t *testing.T) {
	t.Parallel()
	r := get(t, http.MethodHead, static.Path("app.js"), "gzip")
	if r.StatusCode != http.StatusOK || r.Header.Get("Content-Length") == "0" || len(body(t, r)) != 0 {
		t.Errorf("%d, %s bytes said", r.StatusCode, r.Header.Get("Content-Length"))
	}
}

// The stylesheet refers to the font and the icons by their hashed names and to no other site.
func TestStylesheetFetchesNoForeignURL(t *testing.T) {
	t.Parallel()
	css := string(body(t, get(t, http.MethodGet, static.Path("app.css"), "")))
	for _, name := range []string{"inter.woff2", "marks.svg"} {
		if !strings.Contains(css, static.Path(name)) || strings.Contains(css, "/static/"+name) {
			t.Errorf("%s is not named by its hash", name)
		}
	}
	if strings.Contains(css, "@import") || strings.Contains(css, "http") {
		t.Error("it fetches from elsewhere")
	}
}

// The icons that the stylesheet draws are those of the sprite, each 24 to the right of the one before.
func TestMarksAreIconsOfTheSprite(t *testing.T) {
	t.Parallel()
	sprite, marks := string(body(t, get(t, http.MethodGet, static.Path("icons.svg"), ""))), string(body(t, get(t, http.MethodGet, static.Path("marks.svg"), "")))
	places := regexp.MustCompile(`<g transform="translate\((\d+)\)">(.*?)</g>`).FindAllStringSubmatch(marks, -1)
	names := []string{"pencil", "eye", "undo-2", "check", "clock", "archive", "eye-off", "layers", "folder"}
	if len(places) != len(names) {
		t.Fatalf("%d icons, want %d", len(places), len(names))
	}
	for i, name := range names {
		if !regexp.MustCompile(`<symbol id="` + name + `" [^>]*>` + regexp.QuoteMeta(places[i][2]) + `</symbol>`).MatchString(sprite) {
			t.Errorf("%s is drawn differently", name)
		}
		if places[i][1] != strconv.Itoa(24*i) {
			t.Errorf("%s is at %s", name, places[i][1])
		}
	}
}

// The content security policy forbids eval and inline code, so the scripts use neither.
func TestScriptsUseNoInlineCode(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"app.js", "notes.js", "upload.js"} {
		js := string(body(t, get(t, http.MethodGet, static.Path(name), "")))
		for _, bad := range []string{"eval(", "new Function", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", ".style.", "setAttribute(\"style\"", "http://", "https://"} {
			if strings.Contains(strings.ReplaceAll(js, "http://www.w3.org/2000/svg", ""), bad) {
				t.Errorf("%s uses %s", name, bad)
			}
		}
	}
}

// Path panics for an asset that doesn't exist, because that is a mistake in a page.
func TestPathPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	static.Path("nothing.css")
}

// Indents are left out of what is served, so no text of a script may go over a line.
func TestNoTextOfAScriptGoesOverALine(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"js/*.js", "js/lib/*.js"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, name := range files {
			body, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for n, line := range strings.Split(string(body), "\n") {
				if strings.Count(line, "`")%2 == 1 {
					t.Errorf("%s:%d begins or ends a text of several lines", name, n+1)
				}
			}
		}
	}
}
