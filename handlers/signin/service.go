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

// Config configures a [Service]. DB, Keys and URL are required.
type Config struct {
	DB   *store.DB
	Keys Keys
	// URL is the main host's address, to which passkeys are bound. If its host is an IP
	// address, there are no passkeys.
	URL *url.URL
	// TenantDomain is the parent domain of tenants' hosts; "" for none.
	TenantDomain string
	// Providers are the sign-in providers, in the order in which pages show them.
	Providers []Provider
	// AgentCodes lets support agents step up with a mailed code. Without it they need a
	// passkey, and a code only lets them add their first one.
	AgentCodes bool
	// SignUp says who may create an agency by themselves.
	SignUp store.SignUpRule
	// Available reports whether a dependency answers, by its name in /readyz. Nil means
	// that all of them always do.
	Available func(ctx context.Context, dependency string) bool
	Metrics   *metrics.Recorder // nil counts nothing
	Log       *slog.Logger      // nil logs nothing
}

// Service has the handlers of sign-in and account. Make one with [New].
type Service struct {
	db           *store.DB
	mainHost     string
	cookies      *Cookies
	keys         Keys
	rateKey      []byte
	providers    []Provider
	passkeys     *webauthn.WebAuthn // nil where there are none
	tenantDomain string
	agentCodes   bool
	signUp       store.SignUpRule
	available    func(ctx context.Context, dependency string) bool
	metrics      *metrics.Recorder
	log          *slog.Logger
}

// New returns a service. It fails if Keys or URL are missing or passkeys cannot be bound
// to URL.
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
		db: cfg.DB, mainHost: cfg.URL.Host, cookies: NewCookies(cfg.Keys), keys: cfg.Keys, rateKey: rateKeys[0],
		providers: cfg.Providers, passkeys: passkeys, tenantDomain: cfg.TenantDomain, agentCodes: cfg.AgentCodes, signUp: cfg.SignUp,
		available: cfg.Available, metrics: cfg.Metrics, log: cfg.Log,
	}, nil
}

// mailUnavailable is the same for every address, so it reveals nothing about any.
const mailUnavailable = "We can't send email at the moment. Try again in a minute."

// retryMail is the Retry-After while mail is unavailable, in seconds.
const retryMail = "30"

// Token returns the token in the request's session cookie, or nil. It writes a cookie
// again that was signed with an older key.
func (s *Service) Token(w http.ResponseWriter, r *http.Request) *store.Token {
	token, renew := s.cookies.Read(r)
	if renew {
		_ = s.cookies.Write(w, *token) // on failure the old cookie stays valid until its key is removed
	}
	return token
}

// finishSignIn ends a successful sign-in: it sets the session cookie, clears the flow's
// cookie and redirects to a local path.
func (s *Service) finishSignIn(w http.ResponseWriter, r *http.Request, token store.Token, flowName, to string) error {
	if err := s.cookies.Write(w, token); err != nil {
		return err
	}
	s.cookies.clearFlow(w, flowName)
	http.Redirect(w, r, web.LocalPath(to), http.StatusSeeOther)
	return nil
}

// newSession returns the session that a valid proof in this request will start. It always
// has a new token, so that an attacker cannot plant a session cookie before a sign-in.
func (s *Service) newSession(r *http.Request) store.NewSession {
	old, _ := s.cookies.Read(r)
	return store.NewSession{Token: newToken(), UserAgent: userAgent(r), Old: old, RequestID: web.RequestID(r), SignUp: s.signUp}
}

func newToken() (token store.Token) {
	_, _ = rand.Read(token[:])
	return token
}

// userAgent returns the User-Agent as valid UTF-8, which the database requires.
func userAgent(r *http.Request) string { return strings.ToValidUTF8(r.UserAgent(), "?") }

// parseForm parses the body of a form. A malformed one is a 400 here.
func parseForm(r *http.Request) (*web.Form, error) {
	f, err := web.NewForm(r)
	if errors.Is(err, web.ErrMalformedForm) {
		return nil, &web.Problem{Status: http.StatusBadRequest}
	}
	return f, err
}
