package signin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/markbates/goth"
	"golang.org/x/oauth2"

	"portico/handlers/web"
	"portico/store"
)

// Kinds of providers.
const (
	KindOIDC   = "oidc"   // OpenID Connect, such as Google and Microsoft
	KindGitHub = "github" // GitHub, which supports only OAuth 2
)

// ProviderConfig is one provider, as AUTH_<NAME>_* configure it.
type ProviderConfig struct {
	Name         string // lower case, as in /auth/{provider}
	Kind         string // KindOIDC or KindGitHub
	Issuer       string // exactly as the provider writes it; for GitHub "" or the URL of an Enterprise Server
	ClientID     string
	ClientSecret string
	RedirectURL  string // ours, as registered with the provider
	// TrustEmail takes an address for verified if the provider doesn't say. Whoever can
	// make an account there with any address can then sign in as its owner.
	TrustEmail bool
	// Domains are the domains of addresses that it may vouch for, in lower case; none is
	// every domain. Accounts linked by hand sign in with any address.
	Domains []string
}

// vouchesFor reports whether the provider may prove that its person has the address, in
// whichever spelling the provider and the configuration have it.
func (c ProviderConfig) vouchesFor(email string) bool {
	kept, err := web.ParseEmail(email)
	_, domain, _ := web.SplitEmail(kept)
	return err == nil && (len(c.Domains) == 0 || slices.ContainsFunc(c.Domains, func(d string) bool {
		of, err := web.ParseEmail("x@" + d)
		return err == nil && of == "x@"+domain
	}))
}

// ErrProviderRefused is returned for an invalid answer of a provider: forged, expired, or
// meant for somebody else. Without an answer the error is [ErrProviderUnavailable].
var ErrProviderRefused = errors.New("sign-in provider's answer refused")

// identifier is what differs between kinds of providers. The context carries the HTTP
// client and a deadline.
type identifier interface {
	// prepare returns the endpoints and the extra parameters of the authorization
	// request.
	prepare(context.Context, Challenge) (oauth2.Config, []oauth2.AuthCodeOption, error)
	// identify returns the user of the token. The user's email is verified or empty.
	identify(context.Context, *oauth2.Token, Challenge, goth.Params) (goth.User, error)
	// stepsUp reports whether an answer can prove a recent sign-in.
	stepsUp() bool
}

// errNoAuthTime is the error of a provider that does not say when somebody signed in.
var errNoAuthTime = refusal("it does not say when somebody signed in")

// OAuthProvider is a [Provider] for OpenID Connect and for GitHub's OAuth 2. It is a
// [goth.Provider] as well, so that code written for goth can use it.
//
// It uses goth's Provider, Session and User, and its GitHub provider for the profile. It
// does not use goth's gothic package, which accepts a state from the request, keeps it
// in a cookie of its own and has neither PKCE nor a nonce; nor goth's OpenID Connect
// provider, which verifies no signature.
type OAuthProvider struct {
	config ProviderConfig
	name   string // goth can change it
	client *http.Client
	limit  time.Duration // for a whole Begin or Finish
	ping   lastPing
	identifier
}

var (
	_ Provider      = (*OAuthProvider)(nil)
	_ goth.Provider = (*OAuthProvider)(nil)
)

// providerTimeout is the longest that a provider may keep a browser waiting.
const providerTimeout = 10 * time.Second

// NewProviders checks the configurations, reports all mistakes together, and returns the
// providers. It contacts none of them, so a provider that is down when the server
// starts works once it is up.
func NewProviders(configs ...ProviderConfig) ([]Provider, error) {
	var providers []Provider
	var errs []error
	seen := map[string]bool{}
	for _, c := range configs {
		p, err := newProvider(c, providerTimeout)
		if seen[c.Name] {
			err = errors.Join(err, errors.New("named twice"))
		}
		seen[c.Name] = true
		if err != nil {
			errs = append(errs, fmt.Errorf("sign-in provider %q: %w", c.Name, err))
			continue
		}
		providers = append(providers, p)
	}
	return providers, errors.Join(errs...)
}

func newProvider(c ProviderConfig, limit time.Duration) (*OAuthProvider, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	p := &OAuthProvider{config: c, name: c.Name, client: newProviderClient(limit), limit: limit}
	switch c.Kind {
	case KindOIDC:
		p.identifier = &oidcIdentifier{config: c, client: p.client}
	case KindGitHub:
		p.identifier = newGitHubIdentifier(c)
	}
	return p, nil
}

var providerName = regexp.MustCompile(`\A[a-z0-9][a-z0-9_-]{0,31}\z`)

func (c ProviderConfig) validate() error {
	var errs []error
	wrong := func(text string) { errs = append(errs, errors.New(text)) }
	if !providerName.MatchString(c.Name) {
		wrong("the name must be lower-case letters, digits, - and _")
	}
	if c.Kind != KindOIDC && c.Kind != KindGitHub {
		wrong("the kind must be oidc or github")
	}
	if (c.Kind == KindOIDC || c.Issuer != "") && !isSafeAddress(c.Issuer) {
		wrong("the issuer must be an https address")
	}
	if c.ClientID == "" || c.ClientSecret == "" {
		wrong("client id and secret must be set")
	}
	if u, err := url.Parse(c.RedirectURL); err != nil || u.Host == "" {
		wrong("the redirect address must be absolute")
	}
	return errors.Join(errs...)
}

// isSafeAddress reports whether an address uses TLS or is on this machine.
func isSafeAddress(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
	return u.Scheme == "https" || (u.Scheme == "http" && local)
}

// labels are the names with a spelling of their own.
var labels = map[string]string{
	"github": "GitHub", "gitlab": "GitLab", "linkedin": "LinkedIn", "okta": "Okta", "sso": "single sign-on",
}

// Label returns the provider's name for people.
func (p *OAuthProvider) Label() string {
	if label, ok := labels[p.config.Name]; ok {
		return label
	}
	name := strings.ReplaceAll(p.config.Name, "_", " ")
	return strings.ToUpper(name[:1]) + name[1:]
}

// Begin returns the URL at the provider for this challenge.
func (p *OAuthProvider) Begin(ctx context.Context, c Challenge) (string, error) {
	session, err := p.begin(ctx, c)
	if err != nil {
		return "", err
	}
	return session.GetAuthURL()
}

// Finish verifies the provider's answer and returns the person's identity. Except for
// State, the challenge must come from our own database, never from the answer.
func (p *OAuthProvider) Finish(ctx context.Context, answer url.Values, c Challenge) (store.Identity, error) {
	session := &Session{Challenge: c, ctx: ctx}
	if _, err := session.Authorize(p, answer); err != nil {
		return store.Identity{}, err
	}
	user, err := p.FetchUser(session)
	if err != nil {
		return store.Identity{}, err
	}
	return store.Identity{
		Issuer:        p.Issuer(),
		Subject:       user.UserID,
		Email:         user.Email,
		EmailVerified: p.config.vouchesFor(user.Email),
	}, nil
}

// StepsUp is false for a provider that does not say when somebody signed in, such as
// GitHub and Google. For OpenID Connect it is known only after the first request.
func (p *OAuthProvider) StepsUp() bool { return p.stepsUp() }

// Issuer returns the configured issuer, so that no answer can name an identity of
// another provider.
func (p *OAuthProvider) Issuer() string {
	if p.config.Kind == KindGitHub && p.config.Issuer == "" {
		return gitHubIssuer
	}
	return p.config.Issuer
}

// requestContext adds the deadline and our HTTP client for requests to the provider.
func (p *OAuthProvider) requestContext(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, p.limit)
	return context.WithValue(ctx, oauth2.HTTPClient, p.client), cancel
}
