package signin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/webauthn"

	"portico/handlers/metrics"
	"portico/handlers/web"
	"portico/store"
)

// Config is what a [Service] is made of. DB, Keys and URL are needed.
type Config struct {
	DB   *store.DB
	Keys Keys
	// URL is the main host's address, to which passkeys are bound. If it is a bare
	// IP, there are no passkeys.
	URL *url.URL
	// TenantDomain is the domain under which tenants have hosts; "" for none.
	TenantDomain string
	// Providers are the ways to sign in besides mail and passkeys, in the order in
	// which pages show them.
	Providers []Provider
	// AgentCodes lets support agents confirm with a mailed code. Without it they
	// confirm with a passkey only, and a code is good for adding their first one.
	AgentCodes bool
	// Available says whether a neighbour answers, by the name /readyz gives it,
	// before anybody is sent there. Nil: all of them always do.
	Available func(ctx context.Context, neighbour string) bool
	Metrics   *metrics.Recorder // nil counts nothing
	Log       *slog.Logger      // nil logs nothing
}

// Service answers every route of sign-in and account. Make one with [New].
type Service struct {
	db           *store.DB
	cookies      *Cookies
	keys         Keys
	rateKey      []byte
	providers    []Provider
	passkeys     *webauthn.WebAuthn // nil where there are none
	tenantDomain string
	agentCodes   bool
	available    func(ctx context.Context, neighbour string) bool
	metrics      *metrics.Recorder
	log          *slog.Logger
}

// New returns the sign-in of an installation.
func New(cfg Config) (*Service, error) {
	rateKeys := cfg.Keys.For(PurposeRateLimit)
	if len(rateKeys) == 0 {
		return nil, errors.New("signin: there are no session keys")
	}
	if cfg.URL == nil {
		return nil, errors.New("signin: URL is missing")
	}
	passkeys, err := newPasskeys(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("signin: passkeys for %s: %w", cfg.URL.Hostname(), err)
	}
	if cfg.Available == nil {
		cfg.Available = func(context.Context, string) bool { return true }
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{
		db: cfg.DB, cookies: NewCookies(cfg.Keys), keys: cfg.Keys, rateKey: rateKeys[0],
		providers: cfg.Providers, passkeys: passkeys, tenantDomain: cfg.TenantDomain, agentCodes: cfg.AgentCodes,
		available: cfg.Available, metrics: cfg.Metrics, log: cfg.Log,
	}, nil
}

// mailUnavailable is the same for every address, so it says nothing about any.
const mailUnavailable = "We can't send email at the moment. Try again in a minute."

// retryMail is how many seconds to wait for a mail server.
const retryMail = "30"

// Token returns the token in the request's session cookie, or nil. A cookie
// signed with an older key is written anew on the way.
func (s *Service) Token(w http.ResponseWriter, r *http.Request) *store.Token {
	token, renew := s.cookies.Read(r)
	if renew {
		_ = s.cookies.Write(w, *token) // the old cookie is as good until its key goes
	}
	return token
}

// opened ends a sign-in that succeeded: the browser has a new session, nothing of
// the flow is left in it, and it is redirected to a path of ours.
func (s *Service) opened(w http.ResponseWriter, r *http.Request, token store.Token, flowName, to string) error {
	if err := s.cookies.Write(w, token); err != nil {
		return err
	}
	s.cookies.clearFlow(w, flowName)
	http.Redirect(w, r, web.LocalPath(to), http.StatusSeeOther)
	return nil
}

// newSession is what a proof in this request will earn. The token is new every
// time, so a cookie that somebody planted is worth nothing afterwards.
func (s *Service) newSession(r *http.Request) store.NewSession {
	old, _ := s.cookies.Read(r)
	return store.NewSession{Token: newToken(), UserAgent: userAgent(r), Old: old, RequestID: web.RequestID(r)}
}

func newToken() (token store.Token) {
	_, _ = rand.Read(token[:])
	return token
}

// userAgent is what the browser calls itself, as text the database takes.
func userAgent(r *http.Request) string { return strings.ToValidUTF8(r.UserAgent(), "?") }

// parseForm parses the body of a form. A malformed one is a bad request here.
func parseForm(r *http.Request) (*web.Form, error) {
	f, err := web.NewForm(r)
	if errors.Is(err, web.ErrMalformedForm) {
		return nil, &web.Problem{Status: http.StatusBadRequest}
	}
	return f, err
}
