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
		return errDraftExists
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
	if !f.Valid() {
		return store.InvalidError(f.Errors)
	}
	people, err := s.publish(r, me, f, int(number), note, leaveOut)
	if errors.Is(err, store.ErrConflict) {
		return s.notPublished(w, r, me, int(number), f.Raw("note"), err)
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
		id, err := uuid.Parse(text)
		if err != nil || len(ids) == store.MaxFiles {
			return nil, store.ErrNotFound
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// publish publishes the version without the files that are left out, and removes what
// has arrived of those. It returns how many people can see it.
func (s *Server) publish(r *http.Request, me store.Member, f *web.Form, number int, note string, leaveOut []uuid.UUID) (people store.PeopleCount, err error) {
	var removed []store.RemovableFile
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) (err error) {
		if err := tx.Read(r.Context(), store.CountPeople("", &people)); err != nil {
			return err
		}
		expect(tx, f)
		removed, err = tx.PublishWithout(r.Context(), web.PathID(r), number, note, leaveOut)
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
// form again. A version that is published already has no form.
func (s *Server) notPublished(w http.ResponseWriter, r *http.Request, me store.Member, number int, note string, why error) error {
	return s.deliverablePage(w, r, me, http.StatusConflict, func(p *views.DeliverableShowProps) {
		switch {
		case p.Version == nil || p.Version.Number != number || !p.Version.PublishedAt.IsZero():
			p.Refused, p.CanPublish = "Nothing was published now: somebody published this version meanwhile.", false
			return
		case errors.Is(why, store.ErrFilesPending):
			p.Refused = "Nothing is published yet: a file isn't here."
		case errors.Is(why, store.ErrChanged):
			p.Refused = "Nothing is published yet: its files changed while you were reading. Look at them, then publish."
		default:
			p.Refused = "Nothing is published yet: there is no file to publish."
		}
		p.Version.Note = note
	})
}
