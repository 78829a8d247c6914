package signin

import (
	"errors"
	"net/http"

	"portico/store"
	"portico/views"
)

// SignOut ends the session of this browser, on the main host and on the hosts that it was
// handed over to. It clears the cookie even if there is no session.
func (s *Service) SignOut(w http.ResponseWriter, r *http.Request, v store.Visitor) error {
	if me, ok := v.Person(); ok {
		if err := s.db.SignOut(r.Context(), me, me.SessionID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	s.endSession(w, r, views.PathSignedOut)
	return nil
}

// SignOutEverywhere ends every session of the person.
func (s *Service) SignOutEverywhere(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if err := s.db.SignOutEverywhere(r.Context(), me); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	s.endSession(w, r, views.SignedOutEverywhere())
	return nil
}

// endSession removes the person's cookies and cached pages from the browser and redirects
// to to.
func (s *Service) endSession(w http.ResponseWriter, r *http.Request, to string) {
	s.cookies.Clear(w)
	s.cookies.clearFlow(w, flowCookie)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// SignedOut shows the page after a sign-out.
func (s *Service) SignedOut(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	return views.Render(w, r, http.StatusOK, views.SignedOut(views.SignedOutProps{
		Everywhere: r.URL.Query().Has("everywhere"),
		Erased:     r.URL.Query().Has("erased"),
	}))
}
