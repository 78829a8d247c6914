package signin

import (
	"errors"
	"net/http"

	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// resendSeconds is how long the page waits before it offers another mail.
const resendSeconds = 30

// Show is the sign-in page. Who is signed in already goes on.
func (room *Room) Show(w http.ResponseWriter, r *http.Request, v store.Visitor) error {
	to := LocalPath(r.URL.Query().Get("return_to"))
	if _, ok := v.Person(); ok {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	}
	return room.signInPage(w, r, http.StatusOK, views.SignInProps{
		ReturnTo: to,
		Notice:   notice(r.URL.Query().Get("why"), to),
	})
}

func (room *Room) signInPage(w http.ResponseWriter, r *http.Request, status int, p views.SignInProps) error {
	p.Providers = room.Providers()
	p.Passkeys = room.passkeys != nil
	p.Brand = room.brand(r, p.ReturnTo)
	return views.Render(w, r, status, views.SignIn(p))
}

// notice says why somebody stands at the door; the address only names the
// sentence.
func notice(why, to string) string {
	switch {
	case why == whyDeclined:
		return "You cancelled signing in. Try again, or request a link by email."
	case to != views.PathHome:
		return "Sign in to continue to the page you requested."
	}
	return ""
}

// Begin sends the mail of a sign-in, or does just the same without one when the
// address is nobody's.
func (room *Room) Begin(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	if err := readForm(r); err != nil {
		return err
	}
	typed, to := r.PostForm.Get("email"), LocalPath(r.PostForm.Get("return_to"))
	email, ok := FoldEmail(typed)
	if !ok {
		return room.badAddress(w, r, typed, to)
	}
	if !room.up(r.Context(), "smtp") {
		w.Header().Set("Retry-After", retryMail)
		return room.signInPage(w, r, http.StatusServiceUnavailable, views.SignInProps{
			Email: typed, ReturnTo: to, Errors: ui.Errors{"email": mailAway}})
	}
	if err := room.hitMail(r, email); err != nil {
		return err
	}
	f := newFlow()
	id, err := room.db.BeginMailFlow(r.Context(), f.Secret, email, to)
	if errors.Is(err, store.ErrInvalid) {
		return room.badAddress(w, r, typed, to)
	}
	if err != nil {
		return err
	}
	f.ID, f.Email = id, email
	if err := room.cookies.writeFlow(w, flowCookie, f); err != nil {
		return err
	}
	http.Redirect(w, r, views.LoginSentTo(to), http.StatusSeeOther)
	return nil
}

func (room *Room) badAddress(w http.ResponseWriter, r *http.Request, typed, to string) error {
	return room.signInPage(w, r, http.StatusUnprocessableEntity, views.SignInProps{
		Email: typed, ReturnTo: to,
		Errors: ui.Errors{"email": "Enter an email address, such as name@company.com."},
	})
}

// Sent asks for the mailed code, in the browser that asked for the mail.
func (room *Room) Sent(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	to := LocalPath(r.URL.Query().Get("return_to"))
	f, ok := room.cookies.readFlow(r, flowCookie)
	if !ok || f.Email == "" {
		http.Redirect(w, r, views.LoginTo(to), http.StatusSeeOther)
		return nil
	}
	return room.sentPage(w, r, http.StatusOK, views.SignInSentProps{Email: f.Email, ReturnTo: to})
}

func (room *Room) sentPage(w http.ResponseWriter, r *http.Request, status int, p views.SignInSentProps) error {
	p.ResendSeconds = resendSeconds
	p.Brand = room.brand(r, p.ReturnTo)
	return views.Render(w, r, status, views.SignInSent(p))
}

// Code spends a typed code: one of five tries, and only in the browser that asked.
func (room *Room) Code(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	if err := readForm(r); err != nil {
		return err
	}
	to := LocalPath(r.PostForm.Get("return_to"))
	f, ok := room.cookies.readFlow(r, flowCookie)
	if !ok || f.Email == "" {
		return room.refuseProof(w, r, store.EndedGone, to)
	}
	if err := room.hitCode(r, f.ID); err != nil {
		return err
	}
	code, ok := readCode(r.PostForm.Get("code"))
	if !ok {
		return room.sentPage(w, r, http.StatusUnprocessableEntity, views.SignInSentProps{Email: f.Email, ReturnTo: to, Errors: notACode})
	}
	counted, of := room.wrongOf(r, f.Email)
	if err := room.hit(r.Context(), counted, of); err != nil {
		room.watch.SignIn(byCode, outcome(err))
		return room.noMoreCodes(w, r, f.Email, to, err)
	}
	s := room.newSession(w, r)
	arrival, err := room.db.SignInByCode(r.Context(), f.mailedCode(room.keys, code), s)
	room.watch.SignIn(byCode, outcome(err))
	var wrong store.WrongCodeError
	var over store.EndedError
	switch {
	case errors.As(err, &wrong):
		return room.sentPage(w, r, http.StatusUnprocessableEntity, views.SignInSentProps{
			Email: f.Email, ReturnTo: to, TriesLeft: wrong.TriesLeft, Errors: wrongCode})
	case errors.As(err, &over):
		return room.overPage(w, r, views.SignInExpiredProps{Reason: codeReason(over.Why), Email: f.Email, ReturnTo: to})
	case err != nil:
		return err
	}
	room.refundTries(r, arrival.Tries, counted, of)
	return room.answered(w, r, f.Email, s.Token, arrival.ReturnTo)
}

// noMoreCodes refuses the codes of an address that too many were guessed for. Its
// links and providers still work.
func (room *Room) noMoreCodes(w http.ResponseWriter, r *http.Request, email, to string, err error) error {
	if tooMany := (tooManyError{}); !errors.As(err, &tooMany) {
		return err
	}
	return room.overPage(w, r, views.SignInExpiredProps{Reason: views.ReasonTooMany, Email: email, ReturnTo: to})
}

var (
	notACode  = ui.Errors{"code": "Enter the six digits of the code."}
	wrongCode = ui.Errors{"code": "That code is not correct. Use the code in the latest email."}
)

// answered ends a sign-in by mail: whoever answers their mail is no burden to
// anybody, so it is not counted.
func (room *Room) answered(w http.ResponseWriter, r *http.Request, email string, token store.Token, to string) error {
	// A count that stays is a nuisance at worst; the person is signed in.
	_ = room.refundMail(r, email)
	room.remember(w, r, email)
	return room.opened(w, r, token, flowCookie, to)
}

// Link is the page behind a mailed link: a button. Mail scanners open links, so
// looking spends nothing.
func (room *Room) Link(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	_, peek, err := room.peek(r)
	if err != nil {
		return err
	}
	if peek.Over != "" {
		return room.refuseProof(w, r, peek.Over, peek.ReturnTo)
	}
	return views.Render(w, r, http.StatusOK, views.SignInLink(views.SignInLinkProps{
		Brand:       room.brand(r, peek.ReturnTo),
		MaskedEmail: maskEmail(peek.Email),
		ActionURL:   views.LoginLink(r.PathValue("token")),
	}))
}

// SpendLink spends a mailed link, in any browser.
func (room *Room) SpendLink(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	link, peek, err := room.peek(r)
	if err != nil {
		return err
	}
	if peek.Over != "" {
		return room.refuseProof(w, r, peek.Over, peek.ReturnTo)
	}
	s := room.newSession(w, r)
	arrival, err := room.db.SignInByLink(r.Context(), link, s)
	room.watch.SignIn(byLink, outcome(err))
	if errors.Is(err, store.ErrNotFound) {
		return room.refuseProof(w, r, store.EndedUsed, peek.ReturnTo)
	}
	if err != nil {
		return err
	}
	return room.answered(w, r, peek.Email, s.Token, arrival.ReturnTo)
}

func (room *Room) peek(r *http.Request) (store.Secret, store.Peek, error) {
	link, ok := readLink(r.PathValue("token"))
	if !ok {
		return nil, store.Peek{Over: store.EndedGone}, nil
	}
	peek, err := room.db.PeekFlow(r.Context(), link)
	return link, peek, err
}

// refuseProof meets a link or code that fits nothing with a new one.
func (room *Room) refuseProof(w http.ResponseWriter, r *http.Request, why store.EndReason, to string) error {
	if err := room.stray(r); err != nil {
		return err
	}
	p := views.SignInExpiredProps{Reason: linkReason(why), ReturnTo: LocalPath(to)}
	if r.PathValue("token") == "" {
		p.Reason = codeReason(why)
	}
	if f, ok := room.cookies.readFlow(r, flowCookie); ok {
		p.Email = f.Email
	}
	return room.overPage(w, r, p)
}

func (room *Room) overPage(w http.ResponseWriter, r *http.Request, p views.SignInExpiredProps) error {
	p.Brand = room.brand(r, p.ReturnTo)
	return views.Render(w, r, http.StatusGone, views.SignInExpired(p))
}

func linkReason(why store.EndReason) views.ExpiredReason {
	switch why {
	case store.EndedUsed:
		return views.ReasonUsed
	case store.EndedExpired:
		return views.ReasonExpired
	}
	return ""
}

func codeReason(why store.EndReason) views.ExpiredReason {
	switch why {
	case store.EndedTries:
		return views.ReasonTooMany
	case store.EndedGone:
		return views.ReasonOtherFlow
	}
	return linkReason(why)
}
