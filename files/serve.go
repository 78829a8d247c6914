package files

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Download is a stored file about to be sent to somebody who may have it.
type Download struct {
	Key         Key
	Name        string // as it was uploaded; it may be hostile
	ContentType string // from Sniff
	Size        int64
	Digest      Digest
	Stored      time.Time // when it was uploaded; zero leaves out Last-Modified
	Inline      bool      // show it if its type may be shown, rather than save it
}

// tag is the entity tag: an object never changes, so its id says which bytes these are.
func (d Download) tag() string { return `"` + d.Key.ID().String() + `"` }

// IsPiece says that Serve will not answer with the beginning of the file: a later range, or one that is not there.
func (d Download) IsPiece(r *http.Request) bool {
	span, ok := requestedRange(r, d.tag(), d)
	return !ok || span.Start > 0
}

// patience is how long one write to a visitor may block: 256 kB in two minutes is a very slow line that still moves.
const patience = 2 * time.Minute

// Serve answers a GET or HEAD request with the file: all of it, or the one range asked for. An error means that nothing
// has been written yet and the caller still has the say.
//
// Once bytes flow there is no way to say sorry. When the object breaks off or its digest turns out wrong then, Serve
// logs it and panics with http.ErrAbortHandler, which cuts the connection, so that no client takes a part for the whole.
func (v Vault) Serve(w http.ResponseWriter, r *http.Request, d Download) error {
	if err := v.own("serve", d.Key); err != nil {
		return err
	}
	tag := d.tag()
	span, ok := requestedRange(r, tag, d)
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
	object, err := v.Get(r.Context(), d.Key, Wanted{Range: span, Size: d.Size, Digest: &d.Digest})
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

// serveHead asks S3 as well: a HEAD that promises what a GET cannot give is a lie.
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

// The policies of a download, on top of nosniff and of types that run nothing: whatever the bytes are, they are drawn
// without script, forms or connections, in an origin of their own. The rest is what Chromium's own viewers need, as
// tried in Chromium 156: its page around a lone image or video loads the file again as its medium. An image, a text and
// a PDF, alone or in a frame, show in the bare sandbox. A video does not, because its page loads it with CORS and "null"
// is never its origin; so videos keep the origin, which without script nobody can use. The viewer of PDFs styles its own
// page, so its policy names what is forbidden instead of what is not: all but styles.
const (
	sandboxPolicy = "sandbox; default-src 'none'; " + drawingPolicy
	videoPolicy   = "sandbox allow-same-origin; default-src 'none'; " + drawingPolicy
	pdfPolicy     = "sandbox; script-src 'none'; object-src 'none'; connect-src 'none'; frame-src 'none'; font-src 'none'; " + drawingPolicy
	drawingPolicy = "img-src 'self' data:; media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

func (d Download) writeHeader(h http.Header, tag string) {
	kind, policy := "attachment", sandboxPolicy
	if d.Inline && Inline(d.ContentType) {
		kind = "inline"
		switch {
		case strings.HasPrefix(d.ContentType, "video/"):
			policy = videoPolicy
		case d.ContentType == "application/pdf":
			policy = pdfPolicy
		}
	}
	h.Set("Content-Type", servedType(d.ContentType))
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

// stream copies to the visitor with a deadline for each write instead of one for all, so that neither a large file is
// cut off nor a connection held for nothing.
func stream(w http.ResponseWriter, body io.Reader) error {
	buffer := buffers.Get().(*[256 << 10]byte)
	defer buffers.Put(buffer)
	control := http.NewResponseController(w)
	for {
		n, err := body.Read(buffer[:])
		if n > 0 {
			deadline := control.SetWriteDeadline(time.Now().Add(patience))
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
