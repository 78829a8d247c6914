package handlers

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"portico/files"
	"portico/handlers/upload"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// maxShownText is how much of a text is shown, in bytes. It is enough to read, and keeps
// the page small.
const maxShownText = 64 << 10

// fileText shows the beginning of a text or of source code, escaped in a page of ours, so
// that nothing in it can run. It is recorded like every other view of a file.
func (s *Server) fileText(r *http.Request) page {
	var f store.File
	return page{always(store.GetFile(web.PathID(r), &f)), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		if files.TypeOf(f.ContentType).Display != files.DisplayText {
			return store.ErrNotFound
		}
		if r.Method != http.MethodHead {
			event := store.Event{Verb: "file.viewed", TargetKind: store.KindFile, TargetID: f.ID}
			if err := s.db.RecordDownload(r.Context(), me, event, false); err != nil {
				return errors.Join(store.ErrUnavailable, err)
			}
		}
		text, err := s.readText(r, me, f)
		if err != nil {
			return s.storageProblem(r, upload.Key(me, f.ID), err)
		}
		// The page of its deliverable shows it in a frame.
		w.Header().Set("X-Frame-Options", "SAMEORIGIN")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
		return views.Render(w, r, http.StatusOK, views.FileTextShow(views.FileTextProps{Name: f.Name, Text: text, Cut: f.Size > maxShownText}))
	}}
}

func (s *Server) readText(r *http.Request, me store.Member, f store.File) (string, error) {
	want := files.ReadOptions{Size: f.Size}
	if f.Size > maxShownText {
		want.Range = files.Range{Length: maxShownText}
	}
	object, err := s.files.For(me.TenantID()).Get(r.Context(), upload.Key(me, f.ID), want)
	if err != nil {
		return "", err
	}
	defer object.Body.Close()
	content, err := io.ReadAll(io.LimitReader(object.Body, maxShownText))
	if err != nil {
		return "", err
	}
	return decodeText(content, f.ContentType), nil
}

// decodeText reads a text in the encoding that its byte order mark or its content type
// names, else as UTF-8.
func decodeText(content []byte, contentType string) string {
	named := encoding.Encoding(unicode.UTF8)
	if _, charset, found := strings.Cut(contentType, "charset="); found {
		if e, err := htmlindex.Get(charset); err == nil {
			named = e
		}
	}
	text, _, err := transform.Bytes(unicode.BOMOverride(named.NewDecoder()), content)
	if err != nil {
		text = content
	}
	// A text that is cut may end inside a character.
	return strings.ToValidUTF8(strings.TrimPrefix(string(text), "\ufeff"), "\uFFFD")
}
