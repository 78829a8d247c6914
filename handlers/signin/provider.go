package signin

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// Provider identifies people, so that they can sign in without mail. It is stateless:
// the [Service] stores the challenge between Begin and Finish.
type Provider interface {
	Name() string   // as in /auth/{provider}
	Label() string  // as in "Continue with …"
	Issuer() string // with the subject, it identifies a person
	StepsUp() bool  // it can prove a recent sign-in
	// Begin returns the URL at the provider to send the browser to.
	Begin(ctx context.Context, c Challenge) (string, error)
	// Finish verifies the query of the provider's answer, whose state was checked, and
	// returns the person's identity. It fails with [ErrProviderUnavailable] if the
	// provider does not answer, and with [ErrProviderRefused] if the answer is invalid.
	Finish(ctx context.Context, answer url.Values, c Challenge) (store.Identity, error)
}

// Challenge is what the answer of a provider must match. State, Nonce and Verifier are
// random, for one flow only.
type Challenge struct {
	State    string
	Nonce    string
	Verifier string // of PKCE; the provider gets its S256 hash
	// SignedInSince is zero, except for a step-up: then it is the time at which the person
	// was sent to the provider, and the answer must prove a sign-in after it.
	SignedInSince time.Time
	// SelectAccount makes the provider show which account it is, so that nobody links an
	// account that somebody else is signed in with in their browser.
	SelectAccount bool
}

// ErrProviderUnavailable is returned if a provider cannot be reached or does not answer
// in time.
var ErrProviderUnavailable = errors.New("sign-in provider unavailable")

// reasonDeclined is in the URL of the sign-in page after somebody declined at a
// provider.
const reasonDeclined = "declined"

// ReasonEnded is in the URL of the sign-in page after somebody sent a form without a
// session.
const ReasonEnded = "ended"

// ProviderLinks returns the providers as pages show them.
func (s *Service) ProviderLinks() []views.Provider {
	list := make([]views.Provider, len(s.providers))
	for i, provider := range s.providers {
		list[i] = views.Provider{Name: provider.Name(), Label: provider.Label()}
	}
	return list
}

// provider returns the provider of a request. It refuses HEAD, which GET routes accept
// too, because HEAD must neither begin nor spend a flow.
func (s *Service) provider(r *http.Request) (Provider, error) {
	if r.Method == http.MethodHead {
		return nil, &web.Problem{Status: http.StatusMethodNotAllowed}
	}
	i := slices.IndexFunc(s.providers, func(provider Provider) bool { return provider.Name() == r.PathValue("provider") })
	if i < 0 {
		return nil, store.ErrNotFound
	}
	return s.providers[i], nil
}

// ProviderBegin begins a sign-in at a provider and sends the browser there.
func (s *Service) ProviderBegin(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	provider, err := s.provider(r)
	if err != nil {
		return err
	}
	there, err := s.beginProviderFlow(w, r, provider, Challenge{}, func(cookie store.Secret, f store.OIDCFlow) error {
		f.ReturnTo = web.LocalPath(r.URL.Query().Get("return_to"))
		f.SignUp = s.ruleFor(f.ReturnTo)
		return s.db.BeginOIDCFlow(r.Context(), cookie, f)
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, there, http.StatusSeeOther)
	return nil
}

// beginProviderFlow begins a flow, binds its challenge to this browser by a cookie, and
// returns the URL at the provider.
func (s *Service) beginProviderFlow(w http.ResponseWriter, r *http.Request, provider Provider, c Challenge, begin func(store.Secret, store.OIDCFlow) error) (string, error) {
	if err := s.countAttempt(r.Context(), providerVisit, web.Network(r)); err != nil {
		return "", err
	}
	c.State, c.Nonce, c.Verifier = randomText(), randomText(), randomText()
	there, err := provider.Begin(r.Context(), c)
	// Begin may use cached metadata, so it can succeed while the provider is down.
	if err == nil && !s.available(r.Context(), "auth:"+provider.Name()) {
		err = ErrProviderUnavailable
	}
	if err != nil {
		s.metrics.SignIn(provider.Name(), outcome(err))
		return "", s.providerProblem(r, provider, err)
	}
	// A second tab shares the cookie of the first, so that both can finish.
	f, ok := s.cookies.readFlow(r, providerCookie)
	if !ok {
		f = newFlow()
	}
	err = begin(f.Secret, store.OIDCFlow{Provider: provider.Name(), State: store.Secret(c.State), Nonce: c.Nonce, Verifier: c.Verifier})
	if err != nil {
		return "", err
	}
	return there, s.cookies.writeFlow(w, providerCookie, f)
}

// ProviderReturn accepts a provider's answer once, within ten minutes, and only in the
// browser that was sent there. It is one of the two GETs that spend something, which is
// safe because a cookie binds it to the browser. The flow, not the answer, decides
// whether it is a sign-in, a link or a step-up; the latter two are bound to their
// session as well.
func (s *Service) ProviderReturn(w http.ResponseWriter, r *http.Request, v store.Visitor) error {
	provider, err := s.provider(r)
	if err != nil {
		return err
	}
	f, err := s.spendState(r, provider, r.URL.Query())
	if _, none := errors.AsType[*web.Problem](err); none {
		if to, done := s.answeredBefore(r, provider); done {
			http.Redirect(w, r, to, http.StatusSeeOther)
			return nil
		}
	}
	if err != nil {
		return err
	}
	me, signedIn := v.Person()
	switch {
	case f.Purpose == store.OIDCSignIn:
		return s.signInAt(w, r, provider, f)
	case !signedIn: // the session ended meanwhile
		return &web.Problem{Status: http.StatusBadRequest}
	case f.Purpose == store.OIDCLink:
		return s.linkAt(w, r, me, provider, f)
	}
	return s.stepUpAt(w, r, me, provider, f)
}

// signInAt starts a session for the person that the provider identifies.
func (s *Service) signInAt(w http.ResponseWriter, r *http.Request, provider Provider, f store.OIDCFlow) error {
	if r.URL.Query().Has("error") {
		s.metrics.SignIn(provider.Name(), "declined")
		http.Redirect(w, r, declinedTo(f.Purpose, f.ReturnTo), http.StatusSeeOther)
		return nil
	}
	who, err := s.identityFrom(r, provider, f, time.Time{})
	if err != nil {
		return err
	}
	if s.signsUp(f.ReturnTo) && who.EmailVerified {
		if err := s.countAll(r, s.accountLimits(r, who.Email)...); err != nil {
			return err
		}
	}
	session := s.newSession(r)
	_, err = s.db.SignInByIdentity(r.Context(), f.ID, who, session)
	if errors.Is(err, store.ErrNotFound) {
		s.metrics.SignIn(provider.Name(), "unknown")
		return s.noAccount(w, r, f.ReturnTo)
	}
	s.metrics.SignIn(provider.Name(), outcome(err))
	if err != nil {
		return err
	}
	return s.finishSignIn(w, r, session.Token, providerCookie, f.ReturnTo)
}

// identityFrom verifies a provider's answer and returns the identity. If since is not
// zero, the sign-in at the provider must be later.
func (s *Service) identityFrom(r *http.Request, provider Provider, f store.OIDCFlow, since time.Time) (store.Identity, error) {
	answer := r.URL.Query()
	c := Challenge{State: answer.Get("state"), Nonce: f.Nonce, Verifier: f.Verifier, SignedInSince: since}
	who, err := provider.Finish(r.Context(), answer, c)
	if err != nil {
		s.metrics.SignIn(provider.Name(), outcome(err))
		return who, s.providerProblem(r, provider, err)
	}
	// The database stores one spelling of an address. A text that is none matches nobody.
	email, err := web.ParseEmail(who.Email)
	who.Email, who.EmailVerified = email, who.EmailVerified && err == nil
	return who, nil
}

// spendState returns and spends the flow that an answer belongs to. If there is none, the
// error is a 400.
func (s *Service) spendState(r *http.Request, provider Provider, answer url.Values) (store.OIDCFlow, error) {
	browser, ok := s.cookies.readFlow(r, providerCookie)
	if !ok {
		return store.OIDCFlow{}, &web.Problem{Status: http.StatusBadRequest, Title: ErrNoCookie.Title, Sentence: noCookie}
	}
	if len(answer["state"]) != 1 {
		return store.OIDCFlow{}, &web.Problem{Status: http.StatusBadRequest}
	}
	token, _ := s.cookies.Read(r)
	f, err := s.db.SpendState(r.Context(), token, browser.Secret, store.Secret(answer.Get("state")), provider.Name())
	if errors.Is(err, store.ErrNotFound) {
		return f, &web.Problem{Status: http.StatusBadRequest}
	}
	return f, err
}

// noAccount tells a person who signed in at a provider that they have no account here.
// It creates none, because people are invited, or may not sign up with that account.
func (s *Service) noAccount(w http.ResponseWriter, r *http.Request, to string) error {
	p := views.SignInProps{
		ReturnTo: web.LocalPath(to),
		Notice:   "That account has no invitation here, or it was unlinked. Request a link by email to the address your contact knows. You can then link the account on your account page.",
	}
	if s.signsUp(p.ReturnTo) {
		p.Notice = "You can't create an agency with that account. Confirm your address by email instead."
	}
	return s.signInPage(w, r, http.StatusForbidden, p)
}

// providerProblem returns the error page for a failure at a provider. It logs an invalid
// answer with the provider and a reason of our own, because a library's error may quote
// secrets.
func (s *Service) providerProblem(r *http.Request, provider Provider, err error) error {
	if errors.Is(err, ErrProviderUnavailable) {
		return &web.Problem{Status: http.StatusServiceUnavailable, Cause: err}
	}
	reason := "an answer that proves nothing"
	if ours, ok := errors.AsType[refusal](err); ok {
		reason = string(ours)
	}
	s.log.WarnContext(r.Context(), "sign-in provider's answer refused",
		"request_id", web.RequestID(r), "provider", provider.Name(), "reason", reason)
	return &web.Problem{Status: http.StatusBadRequest, Cause: err}
}

// randomText returns 32 random bytes as text.
func randomText() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
