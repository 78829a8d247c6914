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
	"portico/views/ui"
)

func (s *Server) deliverableNew(r *http.Request) page {
	return deliverableNewForm(r, http.StatusOK, views.DeliverableForm{})
}

func deliverableNewForm(r *http.Request, status int, typed views.DeliverableForm) page {
	var p store.Project
	return page{always(store.GetProject(web.PathID(r), &p)), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		return views.Render(w, r, status, views.DeliverableEdit(frame.Tenant(r, me), views.DeliverableFormProps{
			ProjectID:     p.ID.String(),
			ProjectName:   p.Name,
			ProjectHidden: p.SharedAt == nil,
			Form:          typed,
		}))
	}}
}

func (s *Server) deliverableCreate(w http.ResponseWriter, r *http.Request, me store.Member) error {
	in, typed, err := deliverableForm(r)
	if err != nil {
		return err
	}
	if len(typed.Errors) > 0 {
		return s.showPage(w, r, me, deliverableNewForm(r, http.StatusUnprocessableEntity, typed))
	}
	var id uuid.UUID
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) (err error) {
		id, err = tx.CreateDeliverable(r.Context(), web.PathID(r), in)
		return err
	})
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Deliverable(id.String()), "deliverable.created", "")
}

func deliverableForm(r *http.Request) (store.DeliverableInput, views.DeliverableForm, error) {
	f, err := web.NewForm(r)
	if err != nil {
		return store.DeliverableInput{}, views.DeliverableForm{}, err
	}
	in := store.DeliverableInput{
		Title: f.Text("title", "a title", 160),
		Brief: f.Prose("brief", 4000),
		DueOn: f.Date("due"),

		DownloadsWait: f.Checked("downloads_wait"),
		Rounds:        f.Number("rounds", 1, 99, "a number of rounds from 1 to 99"),
	}
	return in, views.DeliverableForm{
		Title:  f.Raw("title"),
		Brief:  f.Raw("brief"),
		Due:    f.Raw("due"),
		Seen:   f.Raw("seen"),
		Wait:   in.DownloadsWait,
		Rounds: f.Raw("rounds"),
		Errors: ui.Errors(f.Errors),
	}, nil
}

// roundsWord is the agreed number of rounds, or "" for none.
func roundsWord(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// downloadWords says when clients can download files.
func downloadWords(wait bool) string {
	if wait {
		return "Only after approval"
	}
	return "At any time"
}

func (s *Server) deliverableEdit(r *http.Request) page {
	var d store.Deliverable
	return page{always(store.GetDeliverable(web.PathID(r), &d)), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		return s.deliverableEditForm(w, r, me, http.StatusOK, d, views.DeliverableForm{Title: d.Title, Brief: d.Brief, Due: day(d.DueOn), Wait: d.DownloadsWait, Rounds: roundsWord(d.Rounds), Seen: string(d.Seen)})
	}}
}

func (s *Server) deliverableEditForm(w http.ResponseWriter, r *http.Request, me store.Member, status int, d store.Deliverable, typed views.DeliverableForm) error {
	return views.Render(w, r, status, views.DeliverableEdit(frame.Tenant(r, me), views.DeliverableFormProps{
		ID:          d.ID.String(),
		Title:       d.Title,
		ProjectID:   d.ProjectID.String(),
		ProjectName: d.ProjectName,
		Form:        typed,
	}))
}

func (s *Server) deliverableUpdate(w http.ResponseWriter, r *http.Request, me store.Member) error {
	in, typed, err := deliverableForm(r)
	if err != nil {
		return err
	}
	id := web.PathID(r)
	if len(typed.Errors) > 0 {
		var d store.Deliverable
		if err := s.db.Read(r.Context(), me, store.GetDeliverable(id, &d)); err != nil {
			return err
		}
		return s.deliverableEditForm(w, r, me, http.StatusUnprocessableEntity, d, typed)
	}
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		tx.Expect(store.Seen(typed.Seen))
		return tx.UpdateDeliverable(r.Context(), id, in)
	})
	if errors.Is(err, store.ErrChanged) {
		return s.deliverableConflict(w, r, me, in, typed)
	}
	if err != nil {
		return err
	}
	return s.deliverableUpdated(w, r, me)
}

func (s *Server) deliverableUpdated(w http.ResponseWriter, r *http.Request, me store.Member) error {
	return frame.Done(w, r, frame.Base(r, me).Deliverable(web.PathID(r).String()), "deliverable.updated", "")
}

// deliverableConflict shows the form as it was typed, and what somebody else saved
// meanwhile.
func (s *Server) deliverableConflict(w http.ResponseWriter, r *http.Request, me store.Member, in store.DeliverableInput, typed views.DeliverableForm) error {
	var d store.Deliverable
	if err := s.db.Read(r.Context(), me, store.GetDeliverable(web.PathID(r), &d)); err != nil {
		return err
	}
	typed.Seen = string(d.Seen)
	typed.Theirs = differences(
		field{"Title", in.Title, d.Title},
		field{"What to review", in.Brief, d.Brief},
		field{"Due date", day(in.DueOn), day(d.DueOn)},
		field{"Agreed rounds", roundsWord(in.Rounds), roundsWord(d.Rounds)},
		field{"Downloads", downloadWords(in.DownloadsWait), downloadWords(d.DownloadsWait)},
	)
	if len(typed.Theirs) == 0 {
		return s.deliverableUpdated(w, r, me)
	}
	frame.MarkOwn(r.Context(), s.db, me, typed.Theirs, d.ID, "deliverable.updated")
	return s.deliverableEditForm(w, r, me, http.StatusConflict, d, typed)
}
