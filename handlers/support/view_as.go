package handlers

import (
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// viewsAs says whether this visitor may look as one of the client's people:
// nobody goes further from inside a session.
func MayViewAs(me store.Member) bool {
	return me.May(store.ViewAs) && me.Support == nil && me.Tenant.Kind == "client"
}

// viewAsStart has staff see their workspace as one of the client's people.
func (s *Server) StartViewAs(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	// What is no id is nobody: the store says so.
	subject, _ := uuid.Parse(f.Raw("person"))
	err = s.db.ViewAs(r.Context(), me, subject)
	wrong, invalid := errors.AsType[store.InvalidError](err)
	switch {
	case err == nil:
		s.metrics.Support("view_as")
		http.Redirect(w, r, Base(r, me).Home(), http.StatusSeeOther)
		return nil
	case errors.Is(err, store.ErrConflict):
		return views.Render(w, r, http.StatusConflict, views.ViewAsOver(views.ViewAsOverProps{
			Title:    "You are looking as somebody already",
			Sentence: "Stop that first. It may be in another browser of yours.",
			Button:   "Stop looking",
		}))
	case invalid:
		return s.page_(w, r, me, http.StatusUnprocessableEntity, typedForms{
			viewAs: views.ViewAsForm{Person: f.Raw("person"), Errors: ui.Errors(wrong)}})
	}
	return err
}

// viewAsStop makes staff themselves again, wherever they press it and however often.
func (s *Server) StopViewAs(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if err := s.db.StopSupport(r.Context(), me); err != nil {
		return err
	}
	s.metrics.Support("stopped")
	to := views.PathHome
	if AddressOf(r).Host == "" && me.SupportSlug != "" {
		to = views.PathBase(me.SupportSlug).Home()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// viewAsOver stands between what staff saw as somebody else and what they do as
// themselves: a page left open must not become a deed in their own name.
func (s *Server) ViewAsEnded(w http.ResponseWriter, r *http.Request, how string) error {
	if wantsJSON(r) {
		return &web.Problem{Status: http.StatusConflict, Sentence: "Looking as somebody else is over."}
	}
	return views.Render(w, r, http.StatusConflict, views.ViewAsOver(views.ViewAsOverProps{
		Title:    "You no longer look as somebody else",
		Sentence: viewAsEndings[how] + " What you do from here, you do as yourself.",
		Button:   "Go on as myself",
	}))
}

var viewAsEndings = map[string]string{
	"stopped":     "It was stopped in another browser of yours.",
	"expired":     "The hour is over.",
	"revoked":     "An owner or admin ended it.",
	"actor_gone":  "You may no longer do that here.",
	"target_gone": "The person is no longer there.",
}

// viewAsPeople are whom staff may look as.
func viewAsPeople(people []store.SupportTarget, chosen string) []ui.Option {
	options := make([]ui.Option, len(people))
	for i, p := range people {
		id := p.UserID.String()
		options[i] = ui.Option{Value: id, Label: p.Name + ", " + strings.ToLower(RoleNames[p.Role]), Selected: id == chosen}
	}
	return options
}
