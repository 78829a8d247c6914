package handlers

import (
	"errors"
	"net/http"
	"strconv"

	"portico/store"
)

var (
	errNotReady = &statusError{status: http.StatusConflict, sentence: "A version can be published once all its files have arrived, and only once."}
	errDrafting = &statusError{status: http.StatusConflict, sentence: "There is already a draft version. Publish it before you start the next."}
)

func (s *Server) versionCreate(w http.ResponseWriter, r *http.Request, me store.Member) error {
	err := s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		_, err := tx.AddVersion(r.Context(), pathID(r))
		return err
	})
	if errors.Is(err, store.ErrConflict) {
		return errDrafting
	}
	if err != nil {
		return err
	}
	return done(w, r, baseOf(r, me).Deliverable(pathID(r).String()), "version.created", "")
}

func (s *Server) versionPublish(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := newForm(r)
	if err != nil {
		return err
	}
	number, err := strconv.ParseInt(r.PathValue("number"), 10, 32)
	if err != nil {
		return store.ErrNotFound
	}
	note := f.prose("note", 2000)
	if !f.valid() {
		return f.errors
	}
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		return tx.Publish(r.Context(), pathID(r), int(number), note)
	})
	if errors.Is(err, store.ErrConflict) {
		return errNotReady
	}
	if err != nil {
		return err
	}
	return done(w, r, baseOf(r, me).Deliverable(pathID(r).String()), "version.published", "")
}
