package handlers

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

var errDraftExists = &web.Problem{Status: http.StatusConflict, Sentence: "There is already a draft version. Publish it before you start the next."}

func (s *Server) versionCreate(w http.ResponseWriter, r *http.Request, me store.Member) error {
	err := s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		_, err := tx.AddVersion(r.Context(), web.PathID(r))
		return err
	})
	if errors.Is(err, store.ErrConflict) {
		p := *errDraftExists
		p.Link = web.Link{URL: frame.Base(r, me).Deliverable(web.PathID(r).String()), Label: "Go to the draft"}
		return &p
	}
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Deliverable(web.PathID(r).String()), "version.created", "")
}

func (s *Server) versionPublish(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	number, err := strconv.ParseInt(r.PathValue("number"), 10, 32)
	if err != nil {
		return store.ErrNotFound
	}
	note := f.Prose("note", 2000)
	leaveOut, err := leftOut(r)
	if err != nil {
		return err
	}
	ask, err := readAsk(r, me, f)
	if err != nil {
		return err
	}
	if !f.Valid() {
		return s.notPublished(w, r, me, int(number), f, nil)
	}
	people, err := s.publish(r, me, f, int(number), note, leaveOut, ask)
	if invalid(f, err) {
		return s.notPublished(w, r, me, int(number), f, nil)
	}
	if errors.Is(err, store.ErrConflict) {
		var before bool
		if err := s.db.Read(r.Context(), me, store.PublishedBefore(web.PathID(r), int(number), note, &before)); err != nil {
			return err
		}
		if !before {
			return s.notPublished(w, r, me, int(number), f, err)
		}
		err = nil // the button was pressed twice
	}
	if err != nil {
		return err
	}
	said := "version.published"
	if people.Client == 0 {
		said = "version.published_unseen"
	}
	return frame.Done(w, r, frame.Base(r, me).Deliverable(web.PathID(r).String()), said, "")
}

// leftOut reads the ids of the pending files to publish without.
func leftOut(r *http.Request) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	for _, text := range r.PostForm["leave_out"] {
		id, ok := web.ParseID(text)
		if !ok || len(ids) == store.MaxFiles {
			return nil, store.ErrNotFound
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// publish publishes the version without the files that are left out, and removes what
// has arrived of those. It returns how many people can see it.
func (s *Server) publish(r *http.Request, me store.Member, f *web.Form, number int, note string, leaveOut []uuid.UUID, ask store.Ask) (people store.PeopleCount, err error) {
	var removed []store.RemovableFile
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) (err error) {
		if err := tx.Read(r.Context(), store.CountPeople("", &people)); err != nil {
			return err
		}
		expect(tx, f)
		removed, err = tx.PublishWithout(r.Context(), web.PathID(r), number, note, leaveOut, ask)
		return err
	})
	if err != nil {
		return people, err
	}
	for _, left := range removed {
		s.uploads.RemoveCancelled(r.Context(), me, left)
	}
	return people, nil
}

// notPublished shows the deliverable with the reason why it was not published, and the
// form again. A version that is published already has no form, and the note is shown.
func (s *Server) notPublished(w http.ResponseWriter, r *http.Request, me store.Member, number int, f *web.Form, why error) error {
	status := http.StatusConflict
	if !f.Valid() {
		status = http.StatusUnprocessableEntity
	}
	return s.showPage(w, r, me, s.deliverablePage(r, status, func(p *views.DeliverableShowProps) {
		switch {
		case p.Version == nil || p.Version.Number != number || !p.Version.PublishedAt.IsZero():
			p.Refused, p.CanPublish = "Not published: someone already published this version.", false
		case f.Errors["note"] != "":
			p.Refused = "Nothing is published yet: the note doesn't fit."
		case !f.Valid():
			p.Refused = "Nothing is published yet: check whom you ask to decide."
		case errors.Is(why, store.ErrFilesPending):
			p.Refused = "Not published: a file hasn't finished uploading."
		case errors.Is(why, store.ErrChanged):
			p.Refused = "Not published: its files changed while you were reading. Check them, then publish."
		default:
			p.Refused = "Not published: there is no file."
		}
		if !p.CanPublish {
			p.Kept = views.KeptTexts(r.PostForm)
			return
		}
		p.Version.Note, p.NoteError = f.Raw("note"), f.Errors["note"]
		showTypedAsk(p.Ask, r, f)
	}))
}
