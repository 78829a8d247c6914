package handlers

import (
	"errors"
	"net/http"
	"strconv"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
)

var (
	errNotReady    = &web.Problem{Status: http.StatusConflict, Sentence: "A version can be published once all its files have arrived, and only once."}
	errDraftExists = &web.Problem{Status: http.StatusConflict, Sentence: "There is already a draft version. Publish it before you start the next."}
)

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
	if !f.Valid() {
		return store.InvalidError(f.Errors)
	}
	var people store.PeopleCount
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		if err := tx.Read(r.Context(), store.CountPeople("", &people)); err != nil {
			return err
		}
		return tx.Publish(r.Context(), web.PathID(r), int(number), note)
	})
	if errors.Is(err, store.ErrConflict) {
		return errNotReady
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
