package views

import (
	"bytes"
	"net/http"
	"sync"

	"github.com/klauspost/compress/gzip"

	"portico/static"
)

// leastCompressed is the size from which a page is compressed. A smaller one travels in one packet anyway.
const leastCompressed = 1400

// mayCompress reports whether a page may go out compressed. The length of a compressed page tells what of the request is
// repeated in it, to whoever listens to the encrypted connection and can make the browser request what they like (BREACH).
// So only requests of our own pages, and of people who typed the address or followed a bookmark, are answered compressed.
// Browsers tell us which these are, and other sites can't change what they say.
func mayCompress(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return static.AcceptsGzip(r.Header.Get("Accept-Encoding"))
	}
	return false
}

// compressor holds what compressing a page needs, for the next page.
type compressor struct {
	to  *gzip.Writer
	out bytes.Buffer
}

// Level 1: level 4 takes half as long again for a twentieth of the bytes.
var compressors = sync.Pool{New: func() any {
	to, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return &compressor{to: to}
}}

// compress returns the compressed page. It is overwritten by the next one.
func (z *compressor) compress(page []byte) []byte {
	z.out.Reset()
	z.to.Reset(&z.out)
	_, _ = z.to.Write(page) // a buffer returns no errors
	_ = z.to.Close()
	return z.out.Bytes()
}
