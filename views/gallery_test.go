package views_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"portico/static"
	"portico/views"
)

// TestGallery writes every sample page with its assets to the folder that PORTICO_GALLERY names. Any file server can
// then show the product without a database.
func TestGallery(t *testing.T) {
	t.Parallel()
	files, err := gallery()
	if err != nil {
		t.Fatal(err)
	}
	dir := os.Getenv("PORTICO_GALLERY")
	if dir == "" {
		dir = t.TempDir()
	}
	for name, body := range files {
		put(t, dir, name, body)
	}
}

// gallery is every sample page and its assets, by path.
var gallery = sync.OnceValues(func() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, s := range samples() {
		var b bytes.Buffer
		if err := s.page.Render(context.Background(), &b); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		files["/"+s.name+".html"] = b.Bytes()
	}
	for _, name := range []string{"app.css", "app.js", "notes.js", "upload.js", "icons.svg", "marks.svg", "favicon.svg", "inter.woff2"} {
		w := httptest.NewRecorder()
		static.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, static.Path(name), nil))
		files[static.Path(name)] = w.Body.Bytes()
	}
	files[acme.BrandStylesheet(views.BrandHash("#c2410c"))] = []byte(views.BrandCSS("#c2410c"))
	files["/sample/logo.svg"] = []byte(sampleLogo)
	files["/sample/poster.svg"] = []byte(samplePoster)
	return files, nil
})

// serveGallery serves the gallery. The server ends with this process.
var serveGallery = sync.OnceValues(func() (string, error) {
	files, err := gallery()
	if err != nil {
		return "", err
	}
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := files[r.URL.Path]
		if !ok && r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		if path.Ext(r.URL.Path) != ".html" {
			w.Header().Set("Cache-Control", "public, max-age=3600, immutable") // as the product says
		}
		http.ServeContent(w, r, r.URL.Path, time.Time{}, bytes.NewReader(body))
	})).URL, nil
})

// galleryURL is where all tests here find the gallery.
func galleryURL(t *testing.T) string {
	t.Helper()
	url, err := serveGallery()
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func put(t *testing.T, dir, name string, body []byte) {
	t.Helper()
	to := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, body, 0o600); err != nil {
		t.Fatal(err)
	}
}

const sampleLogo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1200 760" width="1200" height="760"><rect width="1200" height="760" fill="#fdf6ec"/><g fill="#c2410c"><path d="M300 520 460 200l160 320h-90l-70-150-70 150z"/><circle cx="460" cy="470" r="34"/></g><text x="660" y="440" font-family="Inter,sans-serif" font-size="150" font-weight="700" fill="#1c1917" letter-spacing="-6">acme</text><text x="668" y="505" font-family="Inter,sans-serif" font-size="34" fill="#78716c">tools for makers</text></svg>`

const samplePoster = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 800" width="600" height="800"><rect width="600" height="800" fill="#1e3a34"/><circle cx="300" cy="330" r="190" fill="#f2c14e"/><path d="M0 560q150-120 300 0t300 0v240H0z" fill="#e4572e"/><path d="M0 640q150-120 300 0t300 0v160H0z" fill="#17301f"/><text x="40" y="100" font-family="Inter,sans-serif" font-size="72" font-weight="700" fill="#fdf6ec">spring</text></svg>`
