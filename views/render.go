package views

import (
	"bytes"
	"net/http"
	"strconv"
	"sync"

	"github.com/a-h/templ"
)

// A page is about 20 kB. Don't return a buffer that grew far larger to the pool.
const keptBuffer = 256 << 10

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Render writes a whole page or nothing. If rendering fails, nothing was sent, so
// the caller can still answer with an error page.
func Render(w http.ResponseWriter, r *http.Request, status int, page templ.Component) error {
	buf := buffers.Get().(*bytes.Buffer)
	buf.Reset()
	defer func() {
		if buf.Cap() <= keptBuffer {
			buffers.Put(buf)
		}
	}()
	if err := page.Render(r.Context(), buf); err != nil {
		return err
	}
	body := buf.Bytes()
	h := w.Header()
	h.Add("Vary", "Accept-Encoding, Sec-Fetch-Site")
	if len(body) >= leastCompressed && h.Get("Content-Encoding") == "" && mayCompress(r) {
		z := compressors.Get().(*compressor)
		defer compressors.Put(z)
		body = z.compress(body)
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the visitor has disconnected, so there is nobody to tell
	return nil
}
