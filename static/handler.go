package static

import (
	"net/http"
	"strconv"
	"strings"
)

// Handler serves the assets under /static/, only by their hashed names. Any other path, including a folder, is 404.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		a, ok := served[strings.TrimPrefix(r.URL.Path, "/static/")]
		if !ok {
			// A missing file may exist after the next deployment, so a cache must not remember this answer.
			h.Set("Cache-Control", "no-store")
			h.Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte("not found\n"))
			return
		}
		body := a.plain
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Content-Type", a.mime)
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if a.gzip != nil {
			h.Set("Vary", "Accept-Encoding")
			if AcceptsGzip(r.Header.Get("Accept-Encoding")) {
				h.Set("Content-Encoding", "gzip")
				body = a.gzip
			}
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method != http.MethodHead {
			// The visitor may have disconnected, so the error can't be reported.
			_, _ = w.Write(body)
		}
	})
}

// AcceptsGzip reports whether an Accept-Encoding header allows gzip: it lists gzip or *, not with q=0.
func AcceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding != "gzip" && coding != "*" {
			continue
		}
		q, found := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		if !found {
			return true
		}
		weight, err := strconv.ParseFloat(q, 64)
		return err == nil && weight > 0
	}
	return false
}
