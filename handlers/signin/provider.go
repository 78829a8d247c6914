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

// Provider says who somebody is, so that they can sign in without mail. It keeps
// nothing between Begin and Finish; the [Service] does.
type Provider interface {
	Name() string   // as in /auth/{provider}
	Label() string  // as in "Continue with …"
	Issuer() string // the first half of every identity it names
	StepsUp() bool  // it can say when somebody signed in there
	// Begin returns the provider's page that the browser is sent to.
	Begin(ctx context.Context, c Challenge) (string, error)
	// Finish turns the query of the provider's answer, whose state fitted, into
	// who the person is. It fails with [ErrProviderUnavailable] if the provider does
	// not answer. Any other error is an answer that proves nothing.
	Finish(ctx context.Context, answer url.Values, c Challenge) (store.Identity, error)
}

// Challenge is what the answer of a provider must fit. Each is random, for one
// flow only.
type Challenge struct {
	State    string
	Nonce    string
	Verifier string // of PKCE; the provider gets its S256 hash
	// Since, unless zero, has the person sign in at the provider anew, and is when
	// they were sent there to; the answer has to prove that they did.
	Since time.Time
	// Pick has the person see there which account it is, so that nobody links one
	// that somebody else signed their browser in with.
	Pick bool
}

// ErrProviderUnavailable is a provider that cannot be reached or does not answer in
// time.
var ErrProviderUnavailable = errors.New("sign-in provider away")

// reasonDeclined is in the address of the sign-in page after a provider sent
// somebody back without a proof.
const reasonDeclined = "declined"

// ProviderLinks are the providers as pages show them.
func (s *Service) ProviderLinks() []views.Provider {
	list := make([]views.Provider, len(s.providers))
	for i, provider := range s.providers {
		list[i] = views.Provider{Name: provider.Name(), Label: provider.Label()}
	}
	return list
}

// provider finds the provider of a request. Routes for GET also take HEAD, which
// must neither begin nor spend anything.
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

// ProviderBegin sends the browser to a provider, with a challenge that is bound
// to this browser by a cookie.
func (s *Service) ProviderBegin(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	provider, err := s.provider(r)
	if err != nil {
		return err
	}
	there, err := s.beginAt(w, r, provider, Challenge{}, func(cookie store.Secret, f store.OIDCFlow) error {
		f.ReturnTo = web.LocalPath(r.URL.Query().Get("return_to"))
		return s.db.BeginOIDCFlow(r.Context(), cookie, f)
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, there, http.StatusSeeOther)
	return nil
}

// beginAt begins a flow, with a challenge that is bound to this browser by a cookie,
// and returns the provider's page for it.
func (s *Service) beginAt(w http.ResponseWriter, r *http.Request, provider Provider, c Challenge, begin func(store.Secret, store.OIDCFlow) error) (string, error) {
	if err := s.countAttempt(r.Context(), providerVisit, web.Network(r)); err != nil {
		return "", err
	}
	c.State, c.Nonce, c.Verifier = randomText(), randomText(), randomText()
	there, err := provider.Begin(r.Context(), c)
	// What we know of a provider is remembered, so its absence does not show here.
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

// ProviderReturn takes a provider's answer: only in the browser that was sent
// there, only once, only for ten minutes. It is one of the two GETs that spend
// something, and can be, because the cookie binds it to that browser. What it is the
// answer to is what was asked; a link and a step-up are their session's too.
func (s *Service) ProviderReturn(w http.ResponseWriter, r *http.Request, v store.Visitor) error {
	provider, err := s.provider(r)
	if err != nil {
		return err
	}
	f, err := s.spendState(r, provider, r.URL.Query())
	if err != nil {
		return err
	}
	me, signedIn := v.Person()
	switch {
	case f.Purpose == store.OIDCSignIn:
		return s.signInAt(w, r, provider, f)
	case !signedIn: // the session ran out meanwhile
		return &web.Problem{Status: http.StatusBadRequest}
	case f.Purpose == store.OIDCLink:
		return s.linkAt(w, r, me, provider, f)
	}
	return s.stepUpAt(w, r, me, provider, f)
}

// signInAt opens a session for the person the provider names.
func (s *Service) signInAt(w http.ResponseWriter, r *http.Request, provider Provider, f store.OIDCFlow) error {
	if r.URL.Query().Has("error") {
		s.metrics.SignIn(provider.Name(), "declined")
		http.Redirect(w, r, views.LoginBecause(reasonDeclined, f.ReturnTo), http.StatusSeeOther)
		return nil
	}
	who, err := s.identityFrom(r, provider, f, time.Time{})
	if err != nil {
		return err
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
	return s.opened(w, r, session.Token, providerCookie, f.ReturnTo)
}

// identityFrom turns a provider's answer into who it is, signed in there since then.
func (s *Service) identityFrom(r *http.Request, provider Provider, f store.OIDCFlow, since time.Time) (store.Identity, error) {
	answer := r.URL.Query()
	c := Challenge{State: answer.Get("state"), Nonce: f.Nonce, Verifier: f.Verifier, Since: since}
	who, err := provider.Finish(r.Context(), answer, c)
	if err != nil {
		s.metrics.SignIn(provider.Name(), outcome(err))
		return who, s.providerProblem(r, provider, err)
	}
	// The records keep addresses folded. One that cannot be folded fits nobody.
	email, ok := FoldEmail(who.Email)
	who.Email, who.EmailVerified = email, who.EmailVerified && ok
	return who, nil
}

// spendState finds the flow that an answer belongs to. One that fits none is a
// bad request.
func (s *Service) spendState(r *http.Request, provider Provider, answer url.Values) (store.OIDCFlow, error) {
	browser, ok := s.cookies.readFlow(r, providerCookie)
	if !ok || len(answer["state"]) != 1 {
		return store.OIDCFlow{}, &web.Problem{Status: http.StatusBadRequest}
	}
	token, _ := s.cookies.Read(r)
	f, err := s.db.SpendState(r.Context(), token, browser.Secret, store.Secret(answer.Get("state")), provider.Name())
	if errors.Is(err, store.ErrNotFound) {
		return f, &web.Problem{Status: http.StatusBadRequest}
	}
	return f, err
}

// noAccount tells somebody whom the provider knows that they have no account here.
// It makes none: people are invited.
func (s *Service) noAccount(w http.ResponseWriter, r *http.Request, to string) error {
	return s.signInPage(w, r, http.StatusForbidden, views.SignInProps{
		ReturnTo: web.LocalPath(to),
		Notice:   "That account has no invitation here, or it was unlinked. Request a link by email to the address your contact knows. You can then link the account on your account page.",
	})
}

// providerProblem answers a failure of a provider. An answer that proves nothing is
// logged with its provider and the reason, in our own words: an error of a library
// may quote what it was given.
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

// randomText is 32 random bytes as text.
func randomText() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
