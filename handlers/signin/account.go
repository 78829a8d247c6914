package signin

import (
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// eventsShown is the number of events on the account page.
const eventsShown = 30

// Account shows a person's account page.
func (s *Service) Account(w http.ResponseWriter, r *http.Request, me store.Person) error {
	return s.accountPage(w, r, http.StatusOK, me, savedForm(me))
}

// savedForm returns the forms filled with the saved values.
func savedForm(me store.Person) views.AccountForm {
	return views.AccountForm{Name: me.Name, NameSeen: me.Name, TimeZone: me.TimeZone, Locale: me.Locale}
}

func (s *Service) accountPage(w http.ResponseWriter, r *http.Request, status int, me store.Person, form views.AccountForm) error {
	var sessions []store.Session
	var events []store.AccountEvent
	var keys []store.Passkey
	var linked []store.LinkedIdentity
	err := s.db.ReadOwn(r.Context(), me, store.ListSessions(&sessions),
		store.ListAccountEvents(eventsShown, &events), store.ListPasskeys(&keys), store.ListIdentities(&linked))
	if err != nil {
		return err
	}
	chrome := frame.Branded(r.Context(), s.db, me)
	chrome.Flash = views.Flash{Text: accountFlashes[r.URL.Query().Get("did")]}
	props := views.AccountProps{
		Email:    me.Email,
		Form:     form,
		Browsers: browserRows(sessions, me.SessionID),
		Events:   eventRows(events, me.Agent),
		Forgets:  !me.Agent,
	}
	if s.passkeys != nil {
		props.Passkeys = &views.PasskeysProps{Rows: passkeyRows(keys), Suggested: browserName(r.UserAgent()), Fresh: frame.SteppedUp(me)}
	}
	props.Ways.Fresh = frame.SteppedUp(me)
	props.Ways.Linked, props.Ways.More = s.linkedRows(linked)
	if me.Agent { // customers' audit trails show the name
		props.FixedAs, props.Ways.More = me.Name, nil
	}
	return views.Render(w, r, status, views.Account(chrome, props))
}

// accountFlashes are the messages after a change, by the value of ?did.
var accountFlashes = map[string]string{
	"account.renamed":   "Name saved.",
	"account.dates_set": "Saved. Dates are now shown this way.",
	"session.ended":     "That browser is signed out.",
	"identity.linked":   "Account linked. You can sign in with it from now on.",
	"identity.unlinked": "Account unlinked. You can no longer sign in with it.",
	"identity.declined": "Cancelled. Nothing was linked.",
	"passkey.added":     "Passkey added. You can sign in with it from now on.",
	"passkey.removed":   "Passkey removed. You can delete it from your device as well.",
}

// AccountName changes the person's name.
func (s *Service) AccountName(w http.ResponseWriter, r *http.Request, me store.Person) error {
	posted, err := parseForm(r)
	if err != nil {
		return err
	}
	name := posted.Raw("name")
	err = s.db.Rename(r.Context(), me, name, store.Seen(posted.Raw("seen")))
	var invalid store.InvalidError
	switch {
	case errors.Is(err, store.ErrChanged) && strings.TrimSpace(name) != me.Name:
		form := savedForm(me)
		form.Name, form.Theirs = name, []ui.Saved{{Label: "Name", Value: me.Name, Yours: true}} // nobody else can
		return s.accountPage(w, r, http.StatusConflict, me, form)
	case errors.Is(err, store.ErrChanged): // to the same name
	case errors.As(err, &invalid):
		form := savedForm(me)
		form.Name, form.Errors = name, ui.Errors(invalid)
		return s.accountPage(w, r, http.StatusUnprocessableEntity, me, form)
	case err != nil:
		return err
	}
	http.Redirect(w, r, views.AccountDid("account.renamed"), http.StatusSeeOther)
	return nil
}

// AccountDates changes the time zone and the language of the person's dates.
func (s *Service) AccountDates(w http.ResponseWriter, r *http.Request, me store.Person) error {
	posted, err := parseForm(r)
	if err != nil {
		return err
	}
	form := savedForm(me)
	form.TimeZone, form.Locale = posted.Raw("time_zone"), posted.Raw("locale")
	if form.Errors = ui.CheckDates(form.TimeZone, form.Locale); len(form.Errors) > 0 {
		return s.accountPage(w, r, http.StatusUnprocessableEntity, me, form)
	}
	if err := s.db.SetDates(r.Context(), me, form.TimeZone, form.Locale); err != nil {
		return err
	}
	http.Redirect(w, r, views.AccountDid("account.dates_set"), http.StatusSeeOther)
	return nil
}

// SignOutBrowser ends one of the person's own sessions. Another person's session is
// [store.ErrNotFound].
func (s *Service) SignOutBrowser(w http.ResponseWriter, r *http.Request, me store.Person) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := s.db.SignOut(r.Context(), me, id); err != nil {
		return err
	}
	if id == me.SessionID {
		s.endSession(w, r, views.PathSignedOut)
		return nil
	}
	http.Redirect(w, r, views.AccountDid("session.ended"), http.StatusSeeOther)
	return nil
}

// pathID returns the {id} of the path. A UUID that is malformed or written in another
// form is [store.ErrNotFound].
func pathID(r *http.Request) (uuid.UUID, error) {
	id, ok := web.ParseID(r.PathValue("id"))
	if !ok {
		return uuid.Nil, store.ErrNotFound
	}
	return id, nil
}

func passkeyRows(keys []store.Passkey) []views.PasskeyRow {
	rows := make([]views.PasskeyRow, len(keys))
	for i, k := range keys {
		rows[i] = views.PasskeyRow{Name: k.Name, BackedUp: k.BackedUp, AddedAt: k.CreatedAt, RemoveURL: views.PasskeyRemove(k.ID.String())}
		if k.LastUsedAt != nil {
			rows[i].UsedAt = *k.LastUsedAt
		}
	}
	return rows
}

func browserRows(sessions []store.Session, this uuid.UUID) []views.BrowserRow {
	manyHosts := false
	for _, s := range sessions {
		manyHosts = manyHosts || s.Host != sessions[0].Host
	}
	rows := make([]views.BrowserRow, len(sessions))
	for i, s := range sessions {
		rows[i] = views.BrowserRow{
			Name: browserName(s.UserAgent), LastSeen: s.LastUsedAt, SignedInAt: s.CreatedAt, This: s.ID == this,
		}
		if !rows[i].This {
			rows[i].SignOutURL = views.BrowserSignOut(s.ID.String())
		}
		if manyHosts {
			rows[i].Where = s.Host
		}
	}
	return rows
}

// eventWords are the sentences for account events, by verb.
var eventWords = map[string]string{
	"sign_in.link":             "Signed in with an email link",
	"sign_in.code":             "Signed in with an email code",
	"sign_in.provider":         "Signed in through a provider",
	"sign_in.provider_linked":  "Signed in through a provider for the first time and linked its account",
	"session.step_up":          "Confirmed with an email code",
	"session.step_up_provider": "Confirmed at a provider",
	"identity.linked":          "Linked an account to sign in with",
	"identity.unlinked":        "Unlinked an account",
	"sign_in.passkey":          "Signed in with a passkey",
	"session.step_up_passkey":  "Confirmed with a passkey",
	"passkey.added":            "Added a passkey",
	"passkey.removed":          "Removed a passkey",
	"passkey.cloned":           "A passkey was refused because a copy of it may be in use",
	"session.handed_over":      "Opened a portal at its own address",
	"session.ended":            "Signed a browser out",
	"session.ended_all":        "Signed out everywhere",
	"account.renamed":          "Changed the name",
	"account.dates_set":        "Changed how dates are written",
	"account.forgotten":        "Erased the account",
	"support.started":          "Started a support session",
	"support.stopped":          "Stopped a support session",
	"support.searched":         "Searched as a support agent",
	"invite.refused":           "Opened an invitation that was for someone else or had expired",
	"access.refused":           "Opened a page that is not shared with you",
	"access.refused_often":     "Opened many pages that are not shared with you",
}

func eventRows(events []store.AccountEvent, agent bool) []views.AccountEventRow {
	rows := make([]views.AccountEventRow, len(events))
	for i, e := range events {
		sentence, ok := eventWords[e.Verb]
		if !ok {
			sentence = "Something else: " + strings.NewReplacer(".", " ", "_", " ").Replace(e.Verb)
		}
		if e.Verb == "support.stopped" && !agent {
			sentence = "Stopped viewing as a client"
		}
		rows[i] = views.AccountEventRow{Sentence: sentence, At: e.At, Denied: e.Result == store.ResultDenied}
	}
	return rows
}
