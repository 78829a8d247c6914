package files

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Download describes a stored file to send. The caller has already checked that the visitor may have it.
type Download struct {
	Key         Key
	Name        string // as uploaded; may be hostile
	ContentType string // from Sniff
	Size        int64
	Digest      Digest
	CRC32       *uint32   // checked in place of Digest; nil for files from before it was kept
	Stored      time.Time // upload time; if zero, Last-Modified is omitted
	Inline      bool      // show the file in the browser if its type is safe, instead of saving it
	Drawing     bool      // serve a drawing for an img element, where it runs no scripts
}

// tag is the entity tag. Objects never change, so the object's id identifies the content.
func (d Download) tag() string { return `"` + d.Key.ID().String() + `"` }

// IsContinuation reports whether Serve will not send the beginning of the file: the range starts later or is invalid.
func (d Download) IsContinuation(r *http.Request) bool {
	span, ok := requestedRange(r, d.tag(), d.Size, d.Stored)
	return !ok || span.Start > 0
}

// writeTimeout limits one write of 256 kB to a visitor. Two minutes allow for very slow connections.
const writeTimeout = 2 * time.Minute

// Serve answers a GET or HEAD request with the whole file or the requested range. If it returns an error, it has written
// nothing and the caller must answer.
//
// After the first byte the status can't change. If the object then ends early or its digest is wrong, Serve logs it and
// panics with http.ErrAbortHandler. That closes the connection, so the client doesn't mistake a part for the whole file.
func (v Vault) Serve(w http.ResponseWriter, r *http.Request, d Download) error {
	if err := v.checkTenant("serve", d.Key); err != nil {
		return err
	}
	tag := d.tag()
	span, ok := requestedRange(r, tag, d.Size, d.Stored)
	if !ok {
		d.writeHeader(w.Header(), tag)
		w.Header().Set("Content-Range", "bytes */"+strconv.FormatInt(d.Size, 10))
		w.Header().Del("Content-Disposition")
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		return nil
	}
	if r.Method == http.MethodHead {
		return v.serveHead(w, r, d, tag)
	}
	object, err := v.Get(r.Context(), d.Key, ReadOptions{Range: span, Size: d.Size, Digest: &d.Digest, CRC32: d.CRC32})
	if err != nil {
		return err
	}
	defer object.Body.Close()
	d.writeHeader(w.Header(), tag)
	w.Header().Set("Content-Length", strconv.FormatInt(object.Length, 10))
	if span.whole() {
		w.WriteHeader(http.StatusOK)
	} else {
		w.Header().Set("Content-Range", span.contentRange(d.Size))
		w.WriteHeader(http.StatusPartialContent)
	}
	if err := stream(w, object.Body); err != nil {
		if r.Context().Err() == nil {
			slog.WarnContext(r.Context(), "download aborted", "object", d.Key.ID(), "error", err)
		}
		panic(http.ErrAbortHandler)
	}
	return nil
}

// serveHead also asks S3, so HEAD doesn't promise a file that GET can't deliver.
func (v Vault) serveHead(w http.ResponseWriter, r *http.Request, d Download, tag string) error {
	info, err := v.Head(r.Context(), d.Key)
	if err != nil {
		return err
	}
	if info.Size != d.Size {
		return &Error{op: "serve", kind: ErrSize, cause: "the stored object has another size"}
	}
	d.writeHeader(w.Header(), tag)
	w.Header().Set("Content-Length", strconv.FormatInt(d.Size, 10))
	w.WriteHeader(http.StatusOK)
	return nil
}

// The content security policies of downloads. They add to nosniff and to the list of safe types: the browser shows a file
// without scripts, forms or connections, in an opaque origin. The exceptions are what viewers need. Images and text work
// in the plain sandbox, alone or in a frame. Video and audio don't: Chromium's viewer page loads them with CORS, and an
// opaque origin never matches. So they keep their origin, which is harmless without scripts. A PDF has no sandbox, because
// WebKit's viewer shows nothing in one (decision 0024). It is safe without: the bytes begin as a PDF, nosniff forbids to
// read them as a page, and every engine's viewer has an origin of its own. The viewer styles its own page, and
// so do the browsers' own pages of a picture, which has no markup of its own to style.
const (
	sandboxPolicy = "sandbox; default-src 'none'; " + drawingPolicy
	picturePolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; " + drawingPolicy
	mediaPolicy   = "sandbox allow-same-origin; default-src 'none'; " + drawingPolicy
	pdfPolicy     = "script-src 'none'; object-src 'none'; connect-src 'none'; frame-src 'none'; font-src 'none'; " + drawingPolicy
	drawingPolicy = "img-src 'self' data:; media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

// opening returns the disposition, type and policy of an answer.
func (d Download) opening() (disposition, contentType, policy string) {
	t := TypeOf(d.ContentType)
	switch {
	case t.Serve == "" || t.ImageOnly && !d.Drawing:
		// No browser opens this type, even if it ignores the other headers.
		return "attachment", "application/octet-stream", sandboxPolicy
	case t.ImageOnly:
		return "attachment", t.Serve, sandboxPolicy // saved when it is opened as a document
	case !d.Inline:
		return "attachment", d.ContentType, sandboxPolicy
	case t.Display == DisplayVideo, t.Display == DisplayAudio:
		return "inline", t.Serve, mediaPolicy
	case t.Display == DisplayPDF:
		return "inline", t.Serve, pdfPolicy
	case t.Display == DisplayImage:
		return "inline", t.Serve, picturePolicy
	}
	return "inline", t.Serve, sandboxPolicy
}

func (d Download) writeHeader(h http.Header, tag string) {
	kind, contentType, policy := d.opening()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", disposition(kind, d.Name))
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "private, no-store")
	h.Set("Accept-Ranges", "bytes")
	h.Set("ETag", tag)
	if !d.Stored.IsZero() {
		h.Set("Last-Modified", d.Stored.UTC().Format(http.TimeFormat))
	}
}

var buffers = sync.Pool{New: func() any { return new([256 << 10]byte) }}

// stream copies the body to the visitor with a deadline for each write. A deadline for the whole download would cut off
// large files, and none would let stalled connections stay open.
func stream(w http.ResponseWriter, body io.Reader) error {
	buffer := buffers.Get().(*[256 << 10]byte)
	defer buffers.Put(buffer)
	control := http.NewResponseController(w)
	for {
		n, err := body.Read(buffer[:])
		if n > 0 {
			deadline := control.SetWriteDeadline(time.Now().Add(writeTimeout))
			if deadline != nil && !errors.Is(deadline, http.ErrNotSupported) {
				return deadline
			}
			if _, err := w.Write(buffer[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
