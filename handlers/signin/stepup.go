package signin

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// StepUp shows the step-up page: first a button to send a code, then a form for the code.
func (s *Service) StepUp(w http.ResponseWriter, r *http.Request, me store.Person) error {
	_, sent := s.stepUpFlow(r, me)
	p := views.StepUpProps{Sent: sent, ReturnTo: web.LocalPath(r.URL.Query().Get("return_to"))}
	if r.URL.Query().Has("sent") && lostCookie(r, flowCookie) {
		p.Errors = ui.Errors{"": noCookie}
	}
	return s.stepUpPage(w, r, http.StatusOK, me, p)
}

// StepUpBegin mails a code for this session.
func (s *Service) StepUpBegin(w http.ResponseWriter, r *http.Request, me store.Person) error {
	posted, err := parseForm(r)
	if err != nil {
		return err
	}
	to := web.LocalPath(posted.Raw("return_to"))
	if refused, err := s.onlyByPasskey(w, r, me, to); refused {
		return err
	}
	if !s.available(r.Context(), "smtp") {
		w.Header().Set("Retry-After", retryMail)
		return s.stepUpPage(w, r, http.StatusServiceUnavailable, me, views.StepUpProps{ReturnTo: to, Errors: ui.Errors{"": mailUnavailable}})
	}
	if err := s.countAttempt(r.Context(), mailStepUp, me.ID().String()); err != nil {
		return err
	}
	f := newFlow()
	id, err := s.db.BeginStepUp(r.Context(), me, f.Secret, to)
	if err != nil {
		return err
	}
	f.ID, f.Session = id, me.SessionID
	if err := s.cookies.writeFlow(w, flowCookie, f); err != nil {
		return err
	}
	http.Redirect(w, r, views.StepUpSent(to, stepUpFrom(r)), http.StatusSeeOther)
	return nil
}

// StepUpCode checks the code and records the step-up. The session gets a new token.
func (s *Service) StepUpCode(w http.ResponseWriter, r *http.Request, me store.Person) error {
	posted, err := parseForm(r)
	if err != nil {
		return err
	}
	to := web.LocalPath(posted.Raw("return_to"))
	if refused, err := s.onlyByPasskey(w, r, me, to); refused {
		return err
	}
	f, ok := s.stepUpFlow(r, me)
	if !ok {
		if on, used := s.usedCode(r, proofStepUp, posted.Raw("code")); used {
			http.Redirect(w, r, on, http.StatusSeeOther)
			return nil
		}
		return s.stepUpExpired(w, r, me, to, store.EndedGone)
	}
	if err := s.countCode(r, f.ID); err != nil {
		return err
	}
	code, ok := readCode(posted.Raw("code"))
	if !ok {
		return s.stepUpPage(w, r, http.StatusUnprocessableEntity, me, views.StepUpProps{Sent: true, ReturnTo: to, Errors: notACode})
	}
	if err := s.countAttempt(r.Context(), wrongStepUp, me.ID().String()); err != nil {
		return err
	}
	renewed := newToken()
	arrival, err := s.db.StepUpByCode(r.Context(), me, f.mailedCode(s.keys, code), renewed)
	s.metrics.SignIn(byStepUp, outcome(err))
	to = arrival.ReturnTo
	var wrong store.WrongCodeError
	var over store.EndedError
	switch {
	case errors.As(err, &wrong):
		return s.stepUpPage(w, r, http.StatusUnprocessableEntity, me, views.StepUpProps{
			Sent: true, ReturnTo: web.LocalPath(to), TriesLeft: wrong.TriesLeft, Errors: wrongCode})
	case errors.As(err, &over):
		s.cookies.clearFlow(w, flowCookie)
		if on, used := s.usedCode(r, proofStepUp, code); used {
			http.Redirect(w, r, on, http.StatusSeeOther)
			return nil
		}
		return s.stepUpExpired(w, r, me, web.LocalPath(to), over.Why)
	case err != nil:
		return err
	}
	s.refundTries(r, arrival.Tries, wrongStepUp, me.ID().String())
	return s.finishSignIn(w, r, renewed, flowCookie, to)
}

// MustAddPasskey reports whether a support agent must add a passkey before they may start
// a session.
func (s *Service) MustAddPasskey(ctx context.Context, me store.Person) (bool, error) {
	if !me.Agent || s.agentCodes {
		return false, nil
	}
	var keys []store.Passkey
	err := s.db.ReadOwn(ctx, me, store.ListPasskeys(&keys))
	return len(keys) == 0, err
}

// onlyByPasskey refuses to mail or check a code for an agent who has a passkey, unless
// PORTICO_AGENT_CODES is on. It reports whether it answered the request.
func (s *Service) onlyByPasskey(w http.ResponseWriter, r *http.Request, me store.Person, to string) (bool, error) {
	if !me.Agent || s.agentCodes {
		return false, nil
	}
	mustAdd, err := s.MustAddPasskey(r.Context(), me)
	if mustAdd || err != nil {
		return err != nil, err
	}
	return true, s.stepUpPage(w, r, http.StatusForbidden, me, views.StepUpProps{
		ReturnTo: to, Errors: ui.Errors{"": "Support agents confirm with a passkey here, not with a code."}})
}

// stepUpFlow returns the step-up flow of this session, or false.
func (s *Service) stepUpFlow(r *http.Request, me store.Person) (flow, bool) {
	f, ok := s.cookies.readFlow(r, flowCookie)
	return f, ok && f.Session == me.SessionID
}

// stepUpExpired offers a new code instead of one that can no longer be used.
func (s *Service) stepUpExpired(w http.ResponseWriter, r *http.Request, me store.Person, to string, why store.EndReason) error {
	sentence := "That code has expired. Request a new one."
	switch {
	case lostCookie(r, flowCookie):
		sentence = noCookie
	case why == store.EndedTries:
		sentence = "A code stops working after five attempts. Request a new one."
	}
	return s.stepUpPage(w, r, http.StatusGone, me, views.StepUpProps{ReturnTo: to, Errors: ui.Errors{"": sentence}})
}

func (s *Service) stepUpPage(w http.ResponseWriter, r *http.Request, status int, me store.Person, p views.StepUpProps) error {
	var keys []store.Passkey
	var linked []store.LinkedIdentity
	if err := s.db.ReadOwn(r.Context(), me, store.ListPasskeys(&keys), store.ListIdentities(&linked)); err != nil {
		return err
	}
	p.Passkeys = s.passkeys != nil && len(keys) > 0
	p.Providers = s.stepUpProviders(me, linked)
	p.NoCodes = me.Agent && !s.agentCodes && len(keys) > 0
	p.MaskedEmail, p.ResendSeconds = maskEmail(me.Email), resendSeconds
	switch {
	case p.ReturnTo == views.PathConsoleWrite:
		p.Purpose, p.OwnProof = "to make changes in a support session", true
	case strings.HasPrefix(p.ReturnTo, views.PathConsole):
		p.Purpose = "to start a support session"
	case p.ReturnTo == views.PathForget:
		p.Purpose = "before you erase your account"
	}
	p.From = stepUpFrom(r)
	p.NotNowURL = declinedStepUp(p.ReturnTo, p.From)
	if status == http.StatusOK { // a refusal looks the same for everybody
		p.Brand = frame.OwnBrand(r.Context(), s.db, me, PlaceOf(p.ReturnTo, s.tenantDomain).Slug)
	}
	return views.Render(w, r, status, views.StepUp(p))
}

// stepUpFrom returns the page that the person came from to the step-up, "" if unknown. The
// forms of the step-up carry it.
func stepUpFrom(r *http.Request) string {
	if from := cmp.Or(r.PostForm.Get("from"), r.URL.Query().Get("from")); from != "" {
		return web.LocalPath(from)
	}
	from := web.CameFrom(r)
	if strings.HasPrefix(from, views.PathStepUp) {
		return ""
	}
	return from
}

// declinedStepUp returns where "Not now" leads: back to the page before, unless that is the
// one that asks for the step-up and would ask again. Then it is the page above that one.
func declinedStepUp(to, from string) string {
	asks, err := url.Parse(to)
	if err != nil {
		return ""
	}
	if from != "" && !isPartOf(from, asks) {
		return from
	}
	switch asks.Path {
	case views.PathForget, views.PathConsoleWrite:
		return path.Dir(asks.Path)
	}
	return asks.Path
}

// isPartOf reports whether a page has the path of the other and no query beyond it.
func isPartOf(page string, other *url.URL) bool {
	u, err := url.Parse(page)
	if err != nil || u.Path != other.Path {
		return false
	}
	has := other.Query()
	for key, values := range u.Query() {
		if !slices.Equal(values, has[key]) {
			return false
		}
	}
	return true
}
