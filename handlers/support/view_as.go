package support

import (
	"errors"
	"net/http"
	"strings"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// MayViewAs reports whether this member may view the workspace as one of the
// client's people. Nobody may during another session.
func MayViewAs(me store.Member) bool {
	return me.May(store.ViewAs) && me.Support == nil && me.Tenant.Kind == store.TenantClient
}

// StartViewAs lets staff see their workspace as one of the client's people.
func (s *Service) StartViewAs(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	// The store refuses a malformed id.
	subject, _ := web.ParseID(f.Raw("person"))
	err = s.db.ViewAs(r.Context(), me, subject)
	wrong, invalid := errors.AsType[store.InvalidError](err)
	switch {
	case err == nil:
		s.metrics.Support("view_as")
		http.Redirect(w, r, frame.Base(r, me).Home(), http.StatusSeeOther)
		return nil
	case errors.Is(err, store.ErrConflict):
		return views.Render(w, r, http.StatusConflict, views.ViewAsOver(views.ViewAsOverProps{
			Title:    "You are already viewing as a client",
			Sentence: "Stop that session first. It may be open in another browser.",
			Button:   "Stop viewing",
		}))
	case invalid:
		return s.page(w, r, me, http.StatusUnprocessableEntity, typedForms{
			viewAs: views.ViewAsForm{Person: f.Raw("person"), Errors: ui.Errors(wrong)}})
	}
	return err
}

// StopViewAs ends view as, on any host. Stopping again does nothing.
func (s *Service) StopViewAs(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if err := s.db.StopSupport(r.Context(), me); err != nil {
		return err
	}
	s.metrics.Support("stopped")
	to := views.PathHome
	if frame.AddressOf(r).Host == "" && me.SupportSlug != "" {
		to = views.PathBase(me.SupportSlug).Home()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// ErrViewAsEnded is the response to a JSON request after view as has ended.
var ErrViewAsEnded = &web.Problem{Status: http.StatusConflict, Sentence: "Viewing as a client has ended."}

// ViewAsEnded answers the first request after view as has ended, instead of the
// route's own handler. A page left open must not make a change in the staff
// member's own name.
func ViewAsEnded(w http.ResponseWriter, r *http.Request, how store.SupportEnd) error {
	return views.Render(w, r, http.StatusConflict, views.ViewAsOver(views.ViewAsOverProps{
		Title:    "You no longer view as a client",
		Sentence: viewAsEndings[how] + " From here on you act as yourself.",
		Button:   "Continue as yourself",
	}))
}

// ErrViewsAsElsewhere is the response to a JSON request on a host of a browser that views
// as a client on another.
var ErrViewsAsElsewhere = &web.Problem{Status: http.StatusConflict, Sentence: "You are viewing as a client at another address. Stop that first."}

// ViewsAsElsewhere answers every page of a tenant on the other hosts of a browser that
// views as a client. There they must not act in their own name.
func ViewsAsElsewhere(w http.ResponseWriter, r *http.Request) error {
	return views.Render(w, r, http.StatusConflict, views.ViewAsOver(views.ViewAsOverProps{
		Title:    "You are viewing as a client",
		Sentence: "You are viewing as a client at another address in this browser. Stop that to continue here as yourself.",
		Button:   "Stop viewing",
	}))
}

var viewAsEndings = map[store.SupportEnd]string{
	store.SupportStopped:    "It was stopped in another browser.",
	store.SupportExpired:    "The hour is over.",
	store.SupportRevoked:    "An owner or admin ended it.",
	store.SupportActorGone:  "You are no longer allowed to do that here.",
	store.SupportTargetGone: "The person no longer has access.",
}

// viewAsPeople returns the people whom staff may view the workspace as.
func viewAsPeople(people []store.SupportTarget, chosen string) []ui.Option {
	options := make([]ui.Option, len(people))
	for i, p := range people {
		id := p.UserID.String()
		options[i] = ui.Option{Value: id, Label: frame.Addressed(p.Name+", "+strings.ToLower(frame.RoleNames[p.Role]), p.Email), Selected: id == chosen}
	}
	return options
}
