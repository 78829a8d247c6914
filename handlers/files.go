package handlers

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"portico/files"
	"portico/handlers/frame"
	"portico/handlers/upload"
	"portico/handlers/web"
	"portico/store"
)

var (
	errFileGone             = &web.Problem{Status: http.StatusNotFound, Sentence: "The file is missing from our storage. Please tell the people who shared it with you."}
	errPublishedWithoutFile = &web.Problem{Status: http.StatusConflict, Sentence: "This version was published without the file and can't be changed. Add the file to the next version."}
	errDecidedOnFile        = &web.Problem{Status: http.StatusConflict, Sentence: "Somebody decided on this file. It can't be removed from this version."}
	errDecidedWithoutFile   = &web.Problem{Status: http.StatusConflict, Sentence: "Somebody decided on this version without the file. Add it to the next version."}
	errDownloadsWait        = &web.Problem{Status: http.StatusForbidden, Title: "You can't download this yet", Sentence: "It unlocks when this version is approved. You can look at it on its page until then."}
	errStillUploading       = &web.Problem{Status: http.StatusConflict, Sentence: "The file is still being uploaded."}
	errNoneChosen           = &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: "Choose at least one file first."}
	errNoForm               = &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: "That is not an upload form."}
	errFieldTooBig          = &web.Problem{Status: http.StatusRequestEntityTooLarge, Sentence: "A field of the form is too large."}
)

func (s *Server) fileDownload(r *http.Request) page {
	return s.sendFile(r, func(*files.Download) {})
}

// fileInline shows a file in the page if its type is harmless, and downloads it
// otherwise. The name at the end of the address is for the title of the tab. It decides nothing.
func (s *Server) fileInline(r *http.Request) page {
	return s.sendFile(r, func(d *files.Download) { d.Inline = true })
}

// fileDrawing serves a drawing for an img element of our pages. A file of another type is
// downloaded.
func (s *Server) fileDrawing(r *http.Request) page {
	return s.sendFile(r, func(d *files.Download) { d.Drawing = true })
}

// sendFile authorises every request, ranges too, and records it in the trail before the
// first byte is sent. A HEAD request is not recorded, because it sends no bytes.
func (s *Server) sendFile(r *http.Request, how func(*files.Download)) page {
	var f store.File
	return page{always(store.GetFile(web.PathID(r), &f)), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		web.LiftDeadlines(w, r)
		download := files.Download{
			Key:         upload.Key(me, f.ID),
			Name:        f.Name,
			ContentType: f.ContentType,
			Size:        f.Size,
			Digest:      files.Digest(f.SHA256),
			Stored:      f.CreatedAt,
			CRC32:       crcOf(f),
		}
		how(&download)
		event := store.Event{Verb: "file.downloaded", TargetKind: store.KindFile, TargetID: f.ID}
		switch {
		case download.Drawing && files.TypeOf(f.ContentType).ImageOnly:
			event.Verb = "file.viewed"
		case download.Inline && files.Inline(f.ContentType):
			event.Verb = "file.viewed"
			// Our own pages show it in a frame.
			w.Header().Set("X-Frame-Options", "SAMEORIGIN")
		}
		if f.Waits && event.Verb == "file.downloaded" {
			return errDownloadsWait
		}
		if r.Method != http.MethodHead {
			if err := s.db.RecordDownload(r.Context(), me, event, download.IsContinuation(r)); err != nil {
				return errors.Join(store.ErrUnavailable, err)
			}
		}
		return s.sendObject(w, r, me, download)
	}}
}

// crcOf is the checksum of a file as storage compares it, nil if it was not kept.
func crcOf(f store.File) *uint32 {
	if f.CRC32 == nil {
		return nil
	}
	crc := uint32(*f.CRC32)
	return &crc
}

// filePreview serves the small picture of a file to everybody who may download the
// file. In a support session it is recorded once for each file, because a row for each view of
// a list would bury the trail.
func (s *Server) filePreview(r *http.Request) page {
	var p store.FilePreview
	return page{always(store.GetPreview(web.PathID(r), &p)), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		return s.sendObject(w, r, me, files.Download{
			Key:         files.NewKey(me.TenantID(), files.KindPreview, p.FileID),
			Name:        "preview." + strings.TrimPrefix(p.ContentType, "image/"),
			ContentType: p.ContentType,
			Size:        p.Size,
			Digest:      files.Digest(p.SHA256),
			Inline:      true,
		})
	}}
}

// filePage serves the picture of a page to everybody who may download the document. In a
// support session it is recorded as a preview is.
func (s *Server) filePage(r *http.Request) page {
	var p store.Rendition
	number, err := strconv.ParseInt(r.PathValue("n"), 10, 16)
	if err != nil {
		number = 0 // no page
	}
	return page{always(store.GetRendition(web.PathID(r), int(number), &p)), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		return s.sendObject(w, r, me, files.Download{
			Key:         files.NewKey(me.TenantID(), files.KindRendition, p.ID),
			Name:        "page-" + strconv.Itoa(p.Page) + "." + strings.TrimPrefix(p.ContentType, "image/"),
			ContentType: p.ContentType,
			Size:        p.Size,
			Digest:      files.Digest(p.SHA256),
			Inline:      true,
		})
	}}
}

func (s *Server) sendObject(w http.ResponseWriter, r *http.Request, me store.Member, d files.Download) error {
	return s.storageProblem(r, d.Key, s.files.For(me.TenantID()).Serve(w, r, d))
}

// storageProblem turns an error of object storage into what the visitor is told.
func (s *Server) storageProblem(r *http.Request, key files.Key, err error) error {
	switch {
	case errors.Is(err, files.ErrUnavailable):
		return errors.Join(upload.ErrNoFiles, err)
	case errors.Is(err, files.ErrRefused):
		return errors.Join(upload.ErrRefused, err)
	case errors.Is(err, files.ErrNotFound), errors.Is(err, files.ErrSize), errors.Is(err, files.ErrDigest):
		s.log.ErrorContext(r.Context(), "file missing in storage", "error", err.Error(), "request_id", web.RequestID(r),
			"kind", key.Kind().String(), "file", key.ID())
		return errFileGone
	}
	return err
}

// fileDelete moves a file to the bin. One that is still being uploaded has nothing
// to restore: its upload is cancelled.
func (s *Server) fileDelete(w http.ResponseWriter, r *http.Request, me store.Member) error {
	id, deed := web.PathID(r), "file.binned"
	deliverable, err := s.binFile(r, me, id, true)
	if errors.Is(err, store.ErrConflict) {
		id, deed = uuid.Nil, "file.upload_cancelled"
		err = s.uploads.Cancel(r.Context(), me, web.PathID(r))
	}
	if errors.Is(err, store.ErrConflict) {
		return errStillUploading // it has just become ready
	}
	if err != nil {
		return err
	}
	undo := ""
	if id != uuid.Nil {
		undo = id.String()
	}
	return frame.Done(w, r, frame.Base(r, me).Deliverable(deliverable.String()), deed, undo)
}

// fileLead makes a file the one that its version shows first.
func (s *Server) fileLead(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	var deliverable uuid.UUID
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) (err error) {
		expect(tx, f)
		deliverable, err = tx.ChooseLead(r.Context(), web.PathID(r))
		return err
	})
	if errors.Is(err, store.ErrChanged) {
		return s.leadChosenByOther(w, r, me, deliverable)
	}
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Deliverable(deliverable.String()), "file.lead_chosen", "")
}

// leadChosenByOther says which file somebody else chose meanwhile, and leads to the page
// on which the actor can choose again.
func (s *Server) leadChosenByOther(w http.ResponseWriter, r *http.Request, me store.Member, deliverable uuid.UUID) error {
	var mine store.File
	var all []store.File
	if err := s.db.Read(r.Context(), me, store.GetFile(web.PathID(r), &mine), store.ListFilesOf(deliverable, &all)); err != nil {
		return err
	}
	theirs, title := "No file is chosen any more.", "Someone else chose meanwhile"
	for _, f := range all {
		switch {
		case !f.Lead || f.VersionID != mine.VersionID:
		case f.ID == mine.ID:
			return frame.Done(w, r, frame.Base(r, me).Deliverable(deliverable.String()), "file.lead_chosen", "")
		case frame.OwnChange(r.Context(), s.db, me, f.ID, "file.lead_chosen"):
			theirs, title = "There you chose "+f.Name+".", "You chose in another tab or window"
		default:
			theirs = "They chose " + f.Name + "."
		}
	}
	return &web.Problem{Status: http.StatusConflict, Title: title, Cause: store.ErrChanged,
		Sentence: theirs + " Your choice, " + mine.Name + ", is not saved yet. Choose again if you still want it.",
		Link:     web.Link{URL: frame.Base(r, me).Deliverable(deliverable.String()), Label: "See the present choice"}}
}

func (s *Server) fileRestore(w http.ResponseWriter, r *http.Request, me store.Member) error {
	deliverable, err := s.binFile(r, me, web.PathID(r), false)
	if errors.Is(err, store.ErrConflict) {
		return errPublishedWithoutFile
	}
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Deliverable(deliverable.String()), "file.restored", "")
}

func (s *Server) binFile(r *http.Request, me store.Member, id uuid.UUID, binned bool) (deliverable uuid.UUID, err error) {
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) (err error) {
		deliverable, err = tx.BinFile(r.Context(), id, binned)
		return err
	})
	switch {
	case store.IsDecided(err) && binned:
		err = errDecidedOnFile
	case store.IsDecided(err):
		err = errDecidedWithoutFile
	}
	return deliverable, err
}
