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
func viewsAs(me store.Member) bool {
	return me.May(store.ViewAs) && me.Support == nil && me.Tenant.Kind == store.TenantClient
}

// viewAsStart has staff see their workspace as one of the client's people.
func (s *Server) viewAsStart(w http.ResponseWriter, r *http.Request, me store.Member) error {
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
		http.Redirect(w, r, baseOf(r, me).Home(), http.StatusSeeOther)
		return nil
	case errors.Is(err, store.ErrConflict):
		return views.Render(w, r, http.StatusConflict, views.ViewAsOver(views.ViewAsOverProps{
			Title:    "You are already viewing as a client",
			Sentence: "Stop that session first. It may be open in another browser.",
			Button:   "Stop viewing",
		}))
	case invalid:
		return s.supportPage(w, r, me, http.StatusUnprocessableEntity, supportForms{
			viewAs: views.ViewAsForm{Person: f.Raw("person"), Errors: ui.Errors(wrong)}})
	}
	return err
}

// viewAsStop makes staff themselves again, wherever they press it and however often.
func (s *Server) viewAsStop(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if err := s.db.StopSupport(r.Context(), me); err != nil {
		return err
	}
	s.metrics.Support("stopped")
	to := views.PathHome
	if addressOf(r).host == "" && me.SupportSlug != "" {
		to = views.PathBase(me.SupportSlug).Home()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// viewAsOver stands between what staff saw as somebody else and what they do as
// themselves: a page left open must not become a deed in their own name.
func (s *Server) viewAsOver(w http.ResponseWriter, r *http.Request, how store.SupportEnd) error {
	if wantsJSON(r) {
		return &web.Problem{Status: http.StatusConflict, Sentence: "Viewing as a client has ended."}
	}
	return views.Render(w, r, http.StatusConflict, views.ViewAsOver(views.ViewAsOverProps{
		Title:    "You no longer view as a client",
		Sentence: viewAsEnds[how] + " From here on you act as yourself.",
		Button:   "Continue as yourself",
	}))
}

var viewAsEnds = map[store.SupportEnd]string{
	store.SupportStopped:    "It was stopped in another browser.",
	store.SupportExpired:    "The hour is over.",
	store.SupportRevoked:    "An owner or admin ended it.",
	store.SupportActorGone:  "You are no longer allowed to do that here.",
	store.SupportTargetGone: "The person no longer has access.",
}

// viewAsPeople are whom staff may look as.
func viewAsPeople(people []store.SupportTarget, chosen string) []ui.Option {
	options := make([]ui.Option, len(people))
	for i, p := range people {
		id := p.UserID.String()
		options[i] = ui.Option{Value: id, Label: p.Name + ", " + strings.ToLower(roleWords[p.Role]), Selected: id == chosen}
	}
	return options
}
