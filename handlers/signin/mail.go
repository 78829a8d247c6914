package signin

import (
	"errors"
	"net/http"

	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// resendSeconds is how many seconds the page waits before it offers another mail.
const resendSeconds = 30

// Show shows the sign-in page, or redirects people who are signed in already.
func (s *Service) Show(w http.ResponseWriter, r *http.Request, v store.Visitor) error {
	to := web.LocalPath(r.URL.Query().Get("return_to"))
	if _, ok := v.Person(); ok {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	}
	return s.signInPage(w, r, http.StatusOK, views.SignInProps{
		ReturnTo: to,
		Notice:   notice(r.URL.Query().Get("why"), to),
	})
}

// signInPage shows the sign-in page, or that of sign-up if it leads to a new agency.
func (s *Service) signInPage(w http.ResponseWriter, r *http.Request, status int, p views.SignInProps) error {
	p.Providers = s.ProviderLinks()
	if s.signsUp(p.ReturnTo) {
		return views.Render(w, r, status, views.SignUp(views.SignUpProps{
			Email: p.Email, Providers: p.Providers, Invited: s.signUp == store.SignUpByInvite, Notice: p.Notice, Errors: p.Errors}))
	}
	p.SignUp = s.signUp == store.SignUpOpen
	p.Passkeys = s.passkeys != nil
	p.Brand = s.brand(r, p.ReturnTo)
	return views.Render(w, r, status, views.SignIn(p))
}

// notice returns the sentence that explains why the person has to sign in. The query
// only selects it.
func notice(why, to string) string {
	switch {
	case why == ReasonEnded:
		return "Your session has ended, so nothing was saved. Sign in again: this browser keeps what you typed and fills in the form."
	case why == reasonDeclined:
		return "You cancelled signing in. Try again, or request a link by email."
	case why == reasonNoCookie:
		return noCookie
	case to != views.PathHome && to != views.PathSignUpAgency:
		return "Sign in to continue to the page you requested."
	}
	return ""
}

// Begin sends a sign-in mail. For an unknown address it does the same work and gives the
// same answer, without a mail. If the proof leads to a new agency and sign-up is on, an
// unknown address that may sign up gets a mail too.
func (s *Service) Begin(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	posted, err := parseForm(r)
	if err != nil {
		return err
	}
	typed, to := posted.Raw("email"), web.LocalPath(posted.Raw("return_to"))
	email, err := web.ParseEmail(typed)
	if err != nil {
		return s.badAddress(w, r, typed, to, err)
	}
	if !s.available(r.Context(), "smtp") {
		w.Header().Set("Retry-After", retryMail)
		return s.signInPage(w, r, http.StatusServiceUnavailable, views.SignInProps{
			Email: typed, ReturnTo: to, Errors: ui.Errors{"email": mailUnavailable}})
	}
	if err := s.countMailTo(r, email, to); err != nil {
		return err
	}
	f := newFlow()
	id, err := s.db.BeginSignUpFlow(r.Context(), f.Secret, email, to, s.ruleFor(to))
	if errors.Is(err, store.ErrInvalid) {
		return s.badAddress(w, r, typed, to, err)
	}
	if err != nil {
		return err
	}
	f.ID, f.Email = id, email
	if err := s.cookies.writeFlow(w, flowCookie, f); err != nil {
		return err
	}
	http.Redirect(w, r, views.LoginSentTo(to), http.StatusSeeOther)
	return nil
}

func (s *Service) badAddress(w http.ResponseWriter, r *http.Request, typed, to string, why error) error {
	return s.signInPage(w, r, http.StatusUnprocessableEntity, views.SignInProps{
		Email: typed, ReturnTo: to,
		Errors: ui.Errors{"email": web.EmailSentence(why)},
	})
}

// Sent shows the form for the mailed code, in the browser that requested the mail. Whoever
// is signed in by now and comes back to it goes on.
func (s *Service) Sent(w http.ResponseWriter, r *http.Request, v store.Visitor) error {
	to := web.LocalPath(r.URL.Query().Get("return_to"))
	f, ok := s.cookies.readFlow(r, flowCookie)
	if _, signedIn := v.Person(); signedIn && !ok {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	}
	if !ok || f.Email == "" {
		http.Redirect(w, r, views.LoginBecause(reasonNoCookie, to), http.StatusSeeOther)
		return nil
	}
	return s.sentPage(w, r, http.StatusOK, views.SignInSentProps{Email: f.Email, ReturnTo: to})
}

func (s *Service) sentPage(w http.ResponseWriter, r *http.Request, status int, p views.SignInSentProps) error {
	p.ResendSeconds = resendSeconds
	p.SignUp, p.MaySignUp = s.signsUp(p.ReturnTo), s.signUp == store.SignUpOpen
	p.Brand = s.brand(r, p.ReturnTo)
	return views.Render(w, r, status, views.SignInSent(p))
}

// Code checks a typed code: at most five tries, and only in the browser that requested
// the mail.
func (s *Service) Code(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	posted, err := parseForm(r)
	if err != nil {
		return err
	}
	to := web.LocalPath(posted.Raw("return_to"))
	f, ok := s.cookies.readFlow(r, flowCookie)
	if !ok || f.Email == "" {
		if on, used := s.usedCode(r, proofMail, posted.Raw("code")); used {
			http.Redirect(w, r, on, http.StatusSeeOther)
			return nil
		}
		return s.refuseProof(w, r, store.EndedGone, to)
	}
	if err := s.countCode(r, f.ID); err != nil {
		return err
	}
	code, ok := readCode(posted.Raw("code"))
	if !ok {
		return s.sentPage(w, r, http.StatusUnprocessableEntity, views.SignInSentProps{Email: f.Email, ReturnTo: to, Errors: notACode})
	}
	counted, of := s.wrongCodeCounter(r, f.Email)
	if err := s.countAttempt(r.Context(), counted, of); err != nil {
		s.metrics.SignIn(byCode, outcome(err))
		return s.tooManyCodes(w, r, f.Email, to, err)
	}
	session := s.newSession(r)
	arrival, err := s.db.SignInByCode(r.Context(), f.mailedCode(s.keys, code), session)
	s.metrics.SignIn(byCode, outcome(err))
	var wrong store.WrongCodeError
	var over store.EndedError
	switch {
	case errors.As(err, &wrong):
		return s.sentPage(w, r, http.StatusUnprocessableEntity, views.SignInSentProps{
			Email: f.Email, ReturnTo: to, TriesLeft: wrong.TriesLeft, Errors: wrongCode})
	case errors.As(err, &over):
		if on, used := s.usedCode(r, proofMail, code); used {
			http.Redirect(w, r, on, http.StatusSeeOther)
			return nil
		}
		return s.expiredPage(w, r, views.SignInExpiredProps{Reason: codeReason(over.Why), Email: f.Email, ReturnTo: to})
	case err != nil:
		return err
	}
	s.refundTries(r, arrival.Tries, counted, of)
	return s.finishMailSignIn(w, r, f.Email, session.Token, arrival.ReturnTo)
}

// tooManyCodes refuses codes for an address after too many wrong ones. Links and
// providers still work.
func (s *Service) tooManyCodes(w http.ResponseWriter, r *http.Request, email, to string, err error) error {
	if !web.HasStatus(err, http.StatusTooManyRequests) {
		return err
	}
	return s.expiredPage(w, r, views.SignInExpiredProps{Reason: views.ReasonTooMany, Email: email, ReturnTo: to})
}

var (
	notACode  = ui.Errors{"code": "Enter the six digits of the code."}
	wrongCode = ui.Errors{"code": "That code is not correct. Use the code in the latest email."}
)

// finishMailSignIn ends a sign-in by mail. The mail reached its reader, so it no longer
// counts against the limits.
func (s *Service) finishMailSignIn(w http.ResponseWriter, r *http.Request, email string, token store.Token, to string) error {
	// The person is signed in, so an error here must not fail the request.
	_ = s.refundMail(r, email, to)
	s.remember(w, r, email)
	return s.finishSignIn(w, r, token, flowCookie, to)
}

// Link shows the page behind a mailed link, which has a button. Mail scanners open
// links, so a GET does not spend it.
func (s *Service) Link(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	link, peek, err := s.peek(r)
	if err != nil {
		return err
	}
	if peek.EndReason != "" {
		return s.refuseLink(w, r, link, peek)
	}
	s.cookies.tryOut(w)
	return views.Render(w, r, http.StatusOK, views.SignInLink(views.SignInLinkProps{
		Brand:       s.linkBrand(r, peek),
		MaskedEmail: maskEmail(peek.Email),
		ActionURL:   views.LoginLink(r.PathValue("token")),
		SignUp:      s.signsUp(peek.ReturnTo),
	}))
}

// SpendLink signs in with a mailed link, in any browser.
func (s *Service) SpendLink(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	link, peek, err := s.peek(r)
	if err != nil {
		return err
	}
	if peek.EndReason != "" {
		return s.refuseLink(w, r, link, peek)
	}
	if !keepsCookies(r) {
		return &web.Problem{Status: http.StatusBadRequest, Title: "This browser keeps no cookies", Sentence: noCookie + " The link still works."}
	}
	session := s.newSession(r)
	arrival, err := s.db.SignInByLink(r.Context(), link, session)
	s.metrics.SignIn(byLink, outcome(err))
	if errors.Is(err, store.ErrNotFound) {
		return s.refuseProof(w, r, store.EndedUsed, peek.ReturnTo)
	}
	if err != nil {
		return err
	}
	return s.finishMailSignIn(w, r, peek.Email, session.Token, arrival.ReturnTo)
}

func (s *Service) peek(r *http.Request) (store.Secret, store.MailedLink, error) {
	link, ok := readLink(r.PathValue("token"))
	if !ok {
		return nil, store.MailedLink{EndReason: store.EndedGone}, nil
	}
	peek, err := s.db.PeekFlow(r.Context(), link)
	return link, peek, err
}

// refuseLink refuses a link that can't be used. Whoever signed in by it in this browser
// goes on.
func (s *Service) refuseLink(w http.ResponseWriter, r *http.Request, link store.Secret, peek store.MailedLink) error {
	if peek.EndReason == store.EndedUsed {
		if to, used := s.usedLink(r, link); used {
			http.Redirect(w, r, to, http.StatusSeeOther)
			return nil
		}
	}
	return s.refuseProof(w, r, peek.EndReason, peek.ReturnTo)
}

// refuseProof refuses an invalid link or code and offers a new one.
func (s *Service) refuseProof(w http.ResponseWriter, r *http.Request, why store.EndReason, to string) error {
	if err := s.countInvalidProof(r); err != nil {
		return err
	}
	p := views.SignInExpiredProps{Reason: linkReason(why), ReturnTo: web.LocalPath(to)}
	if r.PathValue("token") == "" {
		p.Reason = views.ReasonOtherFlow
		if lostCookie(r, flowCookie) {
			p.Notice = noCookie
		}
	}
	if f, ok := s.cookies.readFlow(r, flowCookie); ok {
		p.Email = f.Email
	}
	return s.expiredPage(w, r, p)
}

func (s *Service) expiredPage(w http.ResponseWriter, r *http.Request, p views.SignInExpiredProps) error {
	p.Brand = s.brand(r, p.ReturnTo)
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

// codeReason says why a code can't be used in the browser that asked for it. There a flow
// that is gone was deleted after it had expired.
func codeReason(why store.EndReason) views.ExpiredReason {
	switch why {
	case store.EndedTries:
		return views.ReasonTooMany
	case store.EndedUsed:
		return views.ReasonCodeUsed
	}
	return views.ReasonCodeExpired
}
