package signin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/markbates/goth"
	"golang.org/x/oauth2"

	"portico/store"
)

// Kinds of providers.
const (
	KindOIDC   = "oidc"   // OpenID Connect, found by its issuer; Google and Microsoft too
	KindGitHub = "github" // GitHub, which speaks OAuth 2 only
)

// ProviderConfig is one provider, as AUTH_<NAME>_* say.
type ProviderConfig struct {
	Name         string // lower case, as in /auth/{provider}
	Kind         string // KindOIDC or KindGitHub
	Issuer       string // exactly as the provider spells it; for GitHub empty, or the address of a server of one's own
	ClientID     string
	ClientSecret string
	RedirectURL  string // ours, as registered with the provider
}

// ErrProviderRefused is an answer of a provider that proves nothing: forged, stale,
// meant for somebody else, or simply wrong. Without any answer it is
// [ErrProviderUnavailable].
var ErrProviderRefused = errors.New("sign-in provider's answer refused")

// identifier is what differs between kinds of providers. The context carries the
// HTTP client and ends in time.
type identifier interface {
	// prepare returns where to send the browser and the code, and what to add to
	// the question.
	prepare(context.Context, Challenge) (oauth2.Config, []oauth2.AuthCodeOption, error)
	// identify says whose token it is. The user's e-mail is verified or empty.
	identify(context.Context, *oauth2.Token, Challenge, goth.Params) (goth.User, error)
	// stepsUp says whether an answer can prove a sign-in anew.
	stepsUp() bool
}

// errTimeless is a provider that does not say when somebody signed in.
var errTimeless = refusal("it does not say when somebody signed in")

// OAuthProvider is a [Provider] that speaks OAuth 2, with OpenID Connect or as
// GitHub does. It is a [goth.Provider] as well, so that code written for goth can
// use it.
//
// Of goth these are used: its Provider, Session and User, and its GitHub provider
// for the profile. Two things of it are not. Its gothic package takes the state
// from whoever sends one, keeps it in a cookie of its own, and knows neither PKCE
// nor nonce. And its OpenID Connect provider verifies no signature.
type OAuthProvider struct {
	config ProviderConfig
	name   string // goth lets it be changed
	client *http.Client
	limit  time.Duration // of a whole Begin or Finish
	ping   lastPing
	identifier
}

var (
	_ Provider      = (*OAuthProvider)(nil)
	_ goth.Provider = (*OAuthProvider)(nil)
)

// providerTimeout is how long a provider may keep a browser waiting.
const providerTimeout = 10 * time.Second

// NewProviders checks the configurations, reporting all mistakes together, and
// returns them. No provider is asked anything yet: one that is
// away when this server starts is only away until it is back.
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

// isSafeAddress wants TLS, except on this machine.
func isSafeAddress(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
	return u.Scheme == "https" || (u.Scheme == "http" && local)
}

// labels are names that write themselves in their own way.
var labels = map[string]string{
	"github": "GitHub", "gitlab": "GitLab", "linkedin": "LinkedIn", "okta": "Okta", "sso": "single sign-on",
}

// Label is how people know the provider.
func (p *OAuthProvider) Label() string {
	if label, ok := labels[p.config.Name]; ok {
		return label
	}
	name := strings.ReplaceAll(p.config.Name, "_", " ")
	return strings.ToUpper(name[:1]) + name[1:]
}

// Begin returns the provider's page for this challenge.
func (p *OAuthProvider) Begin(ctx context.Context, c Challenge) (string, error) {
	session, err := p.begin(ctx, c)
	if err != nil {
		return "", err
	}
	return session.GetAuthURL()
}

// Finish turns the provider's answer into who the person is. What the challenge
// holds must come from our own records of this browser, never from the answer.
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
		EmailVerified: user.Email != "",
	}, nil
}

// StepsUp is false for a provider that does not say when somebody signed in, such as
// GitHub and Google. That of another is known only once it was asked.
func (p *OAuthProvider) StepsUp() bool { return p.stepsUp() }

// Issuer is the first half of an identity. It is the one we were configured with,
// so that no answer can speak for another provider.
func (p *OAuthProvider) Issuer() string {
	if p.config.Kind == KindGitHub && p.config.Issuer == "" {
		return gitHubIssuer
	}
	return p.config.Issuer
}

// within bounds one visit to the provider and lends it our HTTP client.
func (p *OAuthProvider) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, p.limit)
	return context.WithValue(ctx, oauth2.HTTPClient, p.client), cancel
}
