package signin

import (
	"errors"
	"net/http"

	"portico/store"
	"portico/views"
)

// SignOut ends the session of this browser, on the main host and on those it was
// handed over to, and its cookie even when there is no session any more.
func (room *Room) SignOut(w http.ResponseWriter, r *http.Request, v store.Visitor) error {
	if me, ok := v.Person(); ok {
		if err := room.db.SignOut(r.Context(), me, me.SessionID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	room.leave(w, r, views.PathSignedOut)
	return nil
}

// SignOutEverywhere ends every session of the person.
func (room *Room) SignOutEverywhere(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if err := room.db.SignOutEverywhere(r.Context(), me); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	room.leave(w, r, views.SignedOutEverywhere())
	return nil
}

// leave takes what is the person's out of the browser.
func (room *Room) leave(w http.ResponseWriter, r *http.Request, to string) {
	room.cookies.Clear(w)
	room.cookies.clearFlow(w, flowCookie)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// SignedOut confirms the end of a session.
func (room *Room) SignedOut(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	return views.Render(w, r, http.StatusOK, views.SignedOut(views.SignedOutProps{
		Everywhere: r.URL.Query().Has("everywhere"),
		Erased:     r.URL.Query().Has("erased"),
	}))
}
