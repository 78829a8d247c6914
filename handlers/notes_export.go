package handlers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"portico/files"
	"portico/handlers/frame"
	"portico/handlers/noteexport"
	"portico/handlers/thumbnail"
	"portico/handlers/timecode"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// noteFormat is a kind of file that notes are exported to.
type noteFormat struct {
	name        string // the end of the file's name
	contentType string
	write       func(context.Context, exportedNotes, io.Writer) error
}

// The kinds. Markers are for one recording: the file that the query names.
var (
	notesAsCSV    = noteFormat{"csv", "text/csv; charset=utf-8", func(_ context.Context, x exportedNotes, w io.Writer) error { return x.CSV(w) }}
	notesAsPDF    = noteFormat{"pdf", "application/pdf", func(ctx context.Context, x exportedNotes, w io.Writer) error { return x.PDF(ctx, w, x.picture, x.when) }}
	notesAsEDL    = noteFormat{"edl", "text/plain; charset=utf-8", func(_ context.Context, x exportedNotes, w io.Writer) error { return x.EDL(w, x.recording) }}
	notesAsFCPXML = noteFormat{"fcpxml", "application/xml; charset=utf-8", func(_ context.Context, x exportedNotes, w io.Writer) error { return x.FCPXML(w, x.recording) }}
)

// exportedNotes are the notes on a version and what a file of them needs.
type exportedNotes struct {
	noteexport.Notes
	recording noteexport.Recording
	picture   func(noteexport.Place) (*noteexport.Picture, error)
	when      func(noteexport.Comment) string
}

var errExportingNotes = web.TooMany(time.Minute, errors.New("another export of notes"))

// exportTimeout bounds the making and the sending of an export.
const exportTimeout = 2 * time.Minute

// noteExport sends the notes on a version as a file, with the reader's own eyes: what the
// database hides from them is not in it. It is recorded before the first byte. A tenant
// exports one file at a time, because pictures take memory.
func (s *Server) noteExport(format noteFormat) memberHandler {
	return func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		web.LiftDeadlines(w, r)
		ctx, cancel := context.WithTimeout(r.Context(), exportTimeout)
		defer cancel()
		end, err := s.exportSlots.Acquire(ctx, me.TenantID().String())
		if err != nil {
			return errExportingNotes
		}
		defer end()
		x, v, err := s.exportNotes(ctx, r, me)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := format.write(ctx, x, &out); err != nil {
			return err
		}
		if r.Method != http.MethodHead {
			event := store.Event{Verb: "note.exported", TargetKind: store.KindDeliverable, TargetID: v.DeliverableID, Detail: map[string]any{"format": format.name, "version": v.Number}}
			if err := s.db.Record(ctx, me, event); err != nil {
				return errors.Join(store.ErrUnavailable, err)
			}
		}
		w.Header().Set("Content-Type", format.contentType)
		w.Header().Set("Content-Disposition", `attachment; filename="notes-v`+strconv.Itoa(v.Number)+"."+format.name+`"`)
		w.Header().Set("Content-Length", strconv.Itoa(out.Len()))
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportTimeout))
		_, _ = out.WriteTo(w) // the visitor may be gone
		return nil
	}
}

// exportNotes reads what an export has.
func (s *Server) exportNotes(ctx context.Context, r *http.Request, me store.Member) (x exportedNotes, v store.Version, err error) {
	n, err := versionNumber(r)
	if err != nil {
		return x, v, store.ErrNotFound
	}
	var (
		d        store.Deliverable
		list     []store.File
		notes    []store.Note
		comments []store.ExportedComment
		places   []store.NotePlace
	)
	id := web.PathID(r)
	err = s.db.Read(ctx, me, store.GetDeliverable(id, &d), store.GetVersionNumber(id, n, &v), store.ListFilesOf(id, &list),
		store.ExportNotes(id, n, &notes), store.ExportComments(id, n, &comments), store.ListNotePlaces(id, n, &places))
	if err != nil {
		return x, v, err
	}
	list = filesOf(list, v.ID)
	if x.recording, err = recordingOf(list, r.URL.Query().Get("file")); err != nil {
		return x, v, err
	}
	c := frame.Tenant(r, me)
	x.Notes = noteexport.Notes{
		Title: d.Title, Version: v.Number, Client: me.Tenant.Name, Reader: me.Name, At: time.Now(), Staff: c.Staff,
		Cut: len(comments) > 0 && comments[0].Cut, List: exportList(notes, comments, list),
	}
	x.when = func(k noteexport.Comment) string { return c.Dates.Exact(k.At) }
	x.picture = func(at noteexport.Place) (*noteexport.Picture, error) { return s.notePicture(ctx, r, me, places, at) }
	return x, v, nil
}

func exportList(notes []store.Note, comments []store.ExportedComment, list []store.File) (exported []noteexport.Note) {
	said := map[uuid.UUID][]noteexport.Comment{}
	for _, k := range comments {
		said[k.NoteID] = append(said[k.NoteID], noteexport.Comment{
			Author: k.AuthorName, At: k.CreatedAt, Edited: k.EditedAt != nil, Team: k.Visibility == store.TeamOnly, Words: k.Words,
		})
	}
	for _, n := range notes {
		team := n.Visibility == store.TeamOnly
		note := noteexport.Note{
			Label: views.PinLabel(team, n.Number), Team: team, Done: n.ResolvedAt != nil, DoneBy: n.ResolverName,
			AtMS: n.AtMS, EndMS: n.EndMS, Comments: said[n.ID],
		}
		if n.FileID != nil {
			note.FileID, note.File = n.FileID.String(), "A file that was deleted"
			for _, f := range list {
				if f.ID == *n.FileID {
					note.File = f.Name
					note.Clock, note.ClockKnown = clockOf(f)
				}
			}
		}
		if n.Page != nil {
			note.Page = *n.Page
		}
		if n.X != nil {
			note.Where = views.GridPlace(*n.X, *n.Y)
			note.Pin = &noteexport.Pin{X: *n.X, Y: *n.Y, W: frame.OrZero(n.W), H: frame.OrZero(n.H)}
			for _, s := range strokes(n.Drawing) {
				note.Drawing = append(note.Drawing, noteexport.Stroke(s))
			}
		}
		if note.Clock == (timecode.Clock{}) {
			note.Clock = timecode.NewClock(timecode.Assumed, "")
		}
		exported = append(exported, note)
	}
	return exported
}

// recordingOf is the recording that markers are for: the named one, else the first of the
// version. A version without one gives an empty list.
func recordingOf(list []store.File, named string) (r noteexport.Recording, err error) {
	r.Clock = timecode.NewClock(timecode.Assumed, "")
	for _, f := range list {
		display := files.TypeOf(f.ContentType).Display
		if f.State != store.FileReady || (display != files.DisplayVideo && display != files.DisplayAudio) || (named != "" && f.ID.String() != named) {
			continue
		}
		r = noteexport.Recording{ID: f.ID.String(), Name: f.Name, Sound: display == files.DisplayAudio}
		r.Clock, r.Known = clockOf(f)
		r.DurationMS = frame.OrZero(f.DurationMS)
		return r, nil
	}
	if named != "" {
		return r, store.ErrNotFound
	}
	return r, nil
}

// exportBox fits a picture on a page of the PDF, at 150 dots an inch.
var exportBox = thumbnail.Box{Width: 1040, Height: 1040}

// notePicture loads the picture of a place. One that storage lost or that can't be decoded
// is nil. It is decoded and encoded anew: the PDF takes nothing else.
func (s *Server) notePicture(ctx context.Context, r *http.Request, me store.Member, places []store.NotePlace, at noteexport.Place) (*noteexport.Picture, error) {
	if s.files == nil {
		return nil, nil
	}
	for _, p := range places {
		if p.FileID.String() != at.FileID || p.Page != at.Page {
			continue
		}
		kind := files.KindRendition
		if p.Page == 0 {
			kind = files.KindPreview
		}
		digest := files.Digest(p.SHA256)
		key := files.NewKey(me.TenantID(), kind, p.Object)
		object, err := s.files.For(me.TenantID()).Get(ctx, key, files.ReadOptions{Size: p.Size, Digest: &digest})
		if errors.Is(err, files.ErrNotFound) || errors.Is(err, files.ErrSize) {
			return nil, nil
		}
		if err != nil {
			return nil, s.storageProblem(r, key, err)
		}
		defer object.Body.Close()
		small, err := thumbnail.Shrink(object.Body, p.ContentType, exportBox)
		if _, unfit := errors.AsType[thumbnail.UnfitError](err); unfit {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return &noteexport.Picture{ContentType: small.ContentType, Content: small.Content}, nil
	}
	return nil, nil
}
