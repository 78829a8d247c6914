package views_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/a-h/templ"

	"portico/views"
)

// answer renders a page for a request with these two headers.
func answer(t *testing.T, page templ.Component, method, site, encoding string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "/", nil)
	if site != "" {
		r.Header.Set("Sec-Fetch-Site", site)
	}
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	w.Header().Set("Vary", "Cookie")
	w.Header().Set("Cache-Control", "private, no-store")
	if err := views.Render(w, r, http.StatusNotFound, page); err != nil {
		t.Fatal(err)
	}
	return w.Result()
}

// Pages go out compressed to requests of our own pages and of typed addresses. What another site makes a browser request is
// never compressed, so its length tells nothing of the page. Status and cache headers stay.
func TestOnlyOwnRequestsAreCompressed(t *testing.T) {
	t.Parallel()
	page := fiftyDeliverables(client())
	var plain bytes.Buffer
	if err := page.Render(t.Context(), &plain); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		site, encoding string
		compressed     bool
	}{
		{"same-origin", "gzip, br", true}, {"none", "gzip", true}, {"same-origin", "br;q=1, *", true},
		{"same-origin", "", false}, {"same-origin", "br", false}, {"same-origin", "gzip;q=0", false},
		{"cross-site", "gzip", false}, {"same-site", "gzip", false}, {"", "gzip", false}, {"Same-Origin?", "gzip", false},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r := answer(t, page, method, c.site, c.encoding)
			sent, err := io.ReadAll(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Header.Get("Content-Encoding") == "gzip"; got != c.compressed {
				t.Errorf("%q, %q: compressed is %t", c.site, c.encoding, got)
			}
			if r.Header.Get("Content-Length") != strconv.Itoa(len(sent)) || r.StatusCode != http.StatusNotFound {
				t.Errorf("%q, %q: %d, %s bytes said, %d sent", c.site, c.encoding, r.StatusCode, r.Header.Get("Content-Length"), len(sent))
			}
			if vary := r.Header.Values("Vary"); len(vary) != 2 || vary[0] != "Cookie" || vary[1] != "Accept-Encoding, Sec-Fetch-Site" || r.Header.Get("Cache-Control") != "private, no-store" {
				t.Errorf("%q, %q: headers %v", c.site, c.encoding, r.Header)
			}
			if c.compressed {
				from, err := gzip.NewReader(bytes.NewReader(sent))
				if err != nil {
					t.Fatal(err)
				}
				if sent, err = io.ReadAll(from); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(sent, plain.Bytes()) {
				t.Errorf("%q, %q: another page", c.site, c.encoding)
			}
		}
	}
}

// A page that fits one packet is not worth the work.
func TestSmallPagesStayPlain(t *testing.T) {
	t.Parallel()
	if r := answer(t, templ.Raw("<p>Short</p>"), http.MethodGet, "same-origin", "gzip"); r.Header.Get("Content-Encoding") != "" {
		t.Error("compressed")
	}
}

// BenchmarkRender sends the two real pages plain and compressed.
func BenchmarkRender(b *testing.B) {
	for name, c := range map[string]views.Chrome{"client": client(), "staff": staff()} {
		for how, site := range map[string]string{"plain": "cross-site", "gzip": "same-origin"} {
			b.Run(name+"/"+how, func(b *testing.B) {
				page := fiftyDeliverables(c)
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.Header.Set("Sec-Fetch-Site", site)
				r.Header.Set("Accept-Encoding", "gzip")
				length := ""
				for b.Loop() {
					w := httptest.NewRecorder()
					if err := views.Render(w, r, http.StatusOK, page); err != nil {
						b.Fatal(err)
					}
					length = w.Header().Get("Content-Length")
				}
				n, _ := strconv.ParseFloat(length, 64)
				b.ReportMetric(n, "bytes/page")
			})
		}
	}
}
