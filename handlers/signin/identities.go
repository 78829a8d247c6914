package signin

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"portico/store"
	"portico/views"
)

// LinkBegin sends the person to a provider whose account is to sign them in from now
// on. What they are about to add is a way in, so they prove themselves first.
func (room *Room) LinkBegin(w http.ResponseWriter, r *http.Request, me store.Person) error {
	way, err := room.way(r)
	if err != nil {
		return err
	}
	if !fresh(me) {
		return proveFirst(w, r)
	}
	there, err := room.sendTo(w, r, way, Challenge{Pick: true}, func(cookie store.Secret, f store.OIDCFlow) error {
		f.Purpose, f.ReturnTo = store.OIDCLink, views.PathAccount
		return room.db.BeginOwnOIDCFlow(r.Context(), me, cookie, f)
	})
	if errors.Is(err, store.ErrStepUp) {
		return proveFirst(w, r)
	}
	if err != nil {
		return err
	}
	return leaveTo(w, r, way, there)
}

// StepUpAtProvider sends the person to a provider to sign in there anew.
func (room *Room) StepUpAtProvider(w http.ResponseWriter, r *http.Request, me store.Person) error {
	way, err := room.way(r)
	if err != nil {
		return err
	}
	if !way.StepsUp() {
		return store.ErrNotFound
	}
	if err := readForm(r); err != nil {
		return err
	}
	there, err := room.sendTo(w, r, way, Challenge{Since: time.Now()}, func(cookie store.Secret, f store.OIDCFlow) error {
		f.Purpose, f.ReturnTo = store.OIDCStepUp, LocalPath(r.PostForm.Get("return_to"))
		return room.db.BeginOwnOIDCFlow(r.Context(), me, cookie, f)
	})
	if errors.Is(err, ErrWayRefused) {
		return notConfirmed(err, way, views.StepUpTo(LocalPath(r.PostForm.Get("return_to"))))
	}
	if err != nil {
		return err
	}
	return leaveTo(w, r, way, there)
}

// leaveTo shows a page that leads on to a provider. A redirect would be refused by
// the form-action of our content security policy, and the begin is a form, so that no
// other site can have a browser link what it likes.
func leaveTo(w http.ResponseWriter, r *http.Request, way Way, there string) error {
	w.Header().Set("Refresh", "0; url="+there)
	return views.Render(w, r, http.StatusOK, views.ToProvider(views.ToProviderProps{Label: way.Label(), URL: there}))
}

func proveFirst(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, views.StepUpTo(views.PathAccount), http.StatusSeeOther)
	return nil
}

// linkTo attaches the account that the provider names to the person whose session
// asked for it. Whose it is otherwise is nobody's business.
func (room *Room) linkTo(w http.ResponseWriter, r *http.Request, me store.Person, way Way, f store.OIDCFlow) error {
	if r.URL.Query().Has("error") {
		http.Redirect(w, r, views.AccountDid("identity.declined"), http.StatusSeeOther)
		return nil
	}
	who, err := room.whoSays(r, way, f, time.Time{})
	if err == nil {
		err = room.db.LinkIdentity(r.Context(), me, f.ID, who)
	}
	full, tooMany := errors.AsType[store.InvalidError](err)
	switch {
	case errors.Is(err, store.ErrConflict):
		return toAccount("That account is taken", "Someone else signs in with that account at "+way.Label()+", so it wasn't linked to yours. Link another account.")
	case tooMany:
		return toAccount("That account wasn't linked", full[""])
	case err != nil:
		return err
	}
	room.cookies.clearFlow(w, providerCookie)
	http.Redirect(w, r, views.AccountDid("identity.linked"), http.StatusSeeOther)
	return nil
}

// stepUpBy takes a sign-in at a provider that happened just now, with an account of
// the person's own, as a fresh proof: the session goes on under a new token.
func (room *Room) stepUpBy(w http.ResponseWriter, r *http.Request, me store.Person, way Way, f store.OIDCFlow) error {
	to := views.StepUpTo(LocalPath(f.ReturnTo))
	if r.URL.Query().Has("error") {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	}
	who, err := room.whoSays(r, way, f, f.BegunAt)
	if errors.Is(err, ErrWayRefused) {
		return notConfirmed(err, way, to)
	}
	if err != nil {
		return err
	}
	renewed := newToken()
	err = room.db.StepUpByIdentity(r.Context(), me, f.ID, who, renewed)
	room.watch.SignIn(byProviderStepUp, outcome(err))
	if errors.Is(err, store.ErrForbidden) {
		if err := room.stray(r); err != nil {
			return err
		}
		return wayOn{err, http.StatusForbidden, "That is another account", "The account you signed in with at " + way.Label() + " isn't linked to yours. Use the linked account, or request a code by email.", to, "Try again"}
	}
	if err != nil {
		return err
	}
	return room.opened(w, r, renewed, providerCookie, f.ReturnTo)
}

// Unlink takes an account at a provider from the person, after a fresh step-up.
func (room *Room) Unlink(w http.ResponseWriter, r *http.Request, me store.Person) error {
	id, err := ownID(r)
	if err == nil {
		err = room.db.UnlinkIdentity(r.Context(), me, id)
	}
	switch {
	case errors.Is(err, store.ErrStepUp):
		return proveFirst(w, r)
	case errors.Is(err, store.ErrConflict):
		return errLastWay
	case err != nil:
		return err
	}
	http.Redirect(w, r, views.AccountDid("identity.unlinked"), http.StatusSeeOther)
	return nil
}

// wayOn is a refusal with a page of its own words, and a way on.
type wayOn struct {
	error
	status                       int
	title, sentence, url, called string
}

func (e wayOn) Unwrap() error         { return e.error }
func (e wayOn) HTTPStatus() int       { return e.status }
func (e wayOn) Title() string         { return e.title }
func (e wayOn) Sentence() string      { return e.sentence }
func (e wayOn) Way() (string, string) { return e.url, e.called }

func notConfirmed(err error, way Way, to string) error {
	return wayOn{err, http.StatusBadRequest, "That didn't confirm it's you", way.Label() + " didn't confirm that you signed in there just now. Try again, or request a code by email.", to, "Try again"}
}

func toAccount(title, sentence string) error {
	return wayOn{store.ErrConflict, http.StatusConflict, title, sentence, views.PathAccount, "Go to your account"}
}

var errLastWay = toAccount("You can't remove your only way to sign in", "Without it you couldn't sign in. Add another way to sign in first, then remove this one.")

// linkedRows are the person's accounts at providers, and what else they can link.
func (room *Room) linkedRows(linked []store.LinkedIdentity) (rows []views.LinkedRow, more []views.Provider) {
	for _, l := range linked {
		row := views.LinkedRow{Label: hostOf(l.Issuer), Email: l.Email, AddedAt: l.CreatedAt, UnlinkURL: views.Unlink(l.ID.String())}
		if way, ok := room.wayOf(l.Issuer); ok {
			row.Label = way.Label()
		}
		if l.LastUsedAt != nil {
			row.UsedAt = *l.LastUsedAt
		}
		rows = append(rows, row)
	}
	for _, way := range room.ways {
		if !slices.ContainsFunc(linked, func(l store.LinkedIdentity) bool { return l.Issuer == way.Issuer() }) {
			more = append(more, views.Provider{Name: way.Name(), Label: way.Label()})
		}
	}
	return rows, more
}

// stepUpWays are the providers where the person can prove themselves anew. Agents of
// support have passkeys and mail, which are the platform's own.
func (room *Room) stepUpWays(me store.Person, linked []store.LinkedIdentity) (list []views.Provider) {
	for _, way := range room.ways {
		if !me.Agent && way.StepsUp() && slices.ContainsFunc(linked, func(l store.LinkedIdentity) bool { return l.Issuer == way.Issuer() }) {
			list = append(list, views.Provider{Name: way.Name(), Label: way.Label()})
		}
	}
	return list
}

func (room *Room) wayOf(issuer string) (Way, bool) {
	i := slices.IndexFunc(room.ways, func(way Way) bool { return way.Issuer() == issuer })
	if i < 0 {
		return nil, false
	}
	return room.ways[i], true
}

// hostOf names a provider that is not configured any more.
func hostOf(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" {
		return issuer
	}
	return u.Host
}
