package files

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

// ArchiveDownload is an archive to send.
type ArchiveDownload struct {
	Archive *Archive
	Name    string // may be hostile
	// Begin is called before the first byte of each file that is sent, with its place in the archive, and whether its
	// beginning is left out. It authorises and records the download of that file. After an error the transfer ends.
	Begin func(ctx context.Context, entry int, piece bool) error
}

// piece is the part of a segment that is sent.
type piece struct {
	segment
	from, to int64 // within the segment
}

func (p piece) isFile() bool { return p.own == nil }

// ServeArchive answers a GET or HEAD request with an archive or the requested range of it, in constant memory and with one
// object open at a time. If it returns an error, it has written nothing and the caller must answer. After the first byte
// it closes the connection on an error, as [Vault.Serve] does: an archive is whole or visibly broken off, and can be
// continued where it broke off.
func (v Vault) ServeArchive(w http.ResponseWriter, r *http.Request, d ArchiveDownload) error {
	for _, e := range d.Archive.entries {
		if err := v.checkTenant("serve archive", e.Key); err != nil {
			return err
		}
	}
	a := d.Archive
	span, ok := requestedRange(r, a.tag, a.size, time.Time{})
	if !ok {
		d.writeHeader(w.Header())
		w.Header().Set("Content-Range", "bytes */"+strconv.FormatInt(a.size, 10))
		w.Header().Del("Content-Disposition")
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		return nil
	}
	if r.Method == http.MethodHead {
		d.writeHeader(w.Header())
		w.Header().Set("Content-Length", strconv.FormatInt(a.size, 10))
		w.WriteHeader(http.StatusOK)
		return nil
	}
	pieces := a.pieces(span)
	first, err := v.openFirst(r.Context(), d, pieces)
	if err != nil {
		return err
	}
	d.writeHeader(w.Header())
	if span.whole() {
		w.Header().Set("Content-Length", strconv.FormatInt(a.size, 10))
		w.WriteHeader(http.StatusOK)
	} else {
		w.Header().Set("Content-Length", strconv.FormatInt(span.Length, 10))
		w.Header().Set("Content-Range", span.contentRange(a.size))
		w.WriteHeader(http.StatusPartialContent)
	}
	if err := v.sendPieces(w, r, d, pieces, first); err != nil {
		if r.Context().Err() == nil {
			slog.WarnContext(r.Context(), "archive aborted", "error", err)
		}
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (d ArchiveDownload) writeHeader(h http.Header) {
	Download{Name: d.Name, ContentType: "application/zip"}.writeHeader(h, d.Archive.tag)
	h.Set("Content-Type", "application/zip")
}

// pieces are the parts of the segments that lie in the range. An empty file counts if its place does.
func (a *Archive) pieces(span Range) []piece {
	start, end := span.Start, span.Start+span.Length
	if span.whole() {
		end = a.size
	}
	var all []piece
	for _, s := range a.segments {
		if s.end() < start || s.at >= end || (s.end() == start && s.length > 0) {
			continue
		}
		all = append(all, piece{s, max(start-s.at, 0), min(end, s.end()) - s.at})
	}
	return all
}

// openFirst opens the first file of the pieces, so that a refusal or a lost object is still answered with a page. It
// returns nil if the pieces have no file.
func (v Vault) openFirst(ctx context.Context, d ArchiveDownload, pieces []piece) (*Object, error) {
	for _, p := range pieces {
		if p.isFile() {
			return v.openPiece(ctx, d, p)
		}
	}
	return nil, nil
}

func (v Vault) openPiece(ctx context.Context, d ArchiveDownload, p piece) (*Object, error) {
	if err := d.Begin(ctx, p.entry, p.from > 0); err != nil {
		return nil, err
	}
	e := d.Archive.entries[p.entry]
	want := ReadOptions{Size: e.Size, CRC32: &e.CRC32}
	if p.to-p.from < e.Size {
		want.Range = Range{Start: p.from, Length: p.to - p.from}
	}
	return v.Get(ctx, e.Key, want)
}

func (v Vault) sendPieces(w http.ResponseWriter, r *http.Request, d ArchiveDownload, pieces []piece, opened *Object) error {
	defer func() {
		if opened != nil {
			opened.Body.Close()
		}
	}()
	for _, p := range pieces {
		if !p.isFile() {
			if err := stream(w, bytes.NewReader(p.own[p.from:p.to])); err != nil {
				return err
			}
			continue
		}
		if opened == nil {
			var err error
			if opened, err = v.openPiece(r.Context(), d, p); err != nil {
				return err
			}
		}
		err := stream(w, opened.Body)
		opened.Body.Close()
		opened = nil
		if err != nil {
			return err
		}
	}
	return nil
}
