package stack

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// Persona is a person whom the provider knows. There are no passwords: on the
// sign-in page, the visitor picks a persona.
type Persona struct {
	Email, Name string
	// Subject is the provider's permanent identifier of the person. If empty, it is
	// the address.
	Subject string
	// EmailVerified is what the provider claims about the address.
	EmailVerified bool
	// About is a line for the sign-in page, such as "owner of Acme".
	About string
}

// OIDCOptions configures a provider. Only RedirectURIs is required for a sign-in.
type OIDCOptions struct {
	// Port is used if it is free. Zero means any. The issuer contains it, and
	// people's identities contain the issuer.
	Port int
	// Issuer is the provider's address if a proxy stands in front of it.
	Issuer string
	// ClientID and ClientSecret are generated if empty.
	ClientID, ClientSecret string
	// RedirectURIs are the exact addresses a sign-in may return to.
	RedirectURIs []string
	// Personas are listed on the sign-in page in this order.
	Personas []Persona
}

// OIDC is an OpenID Connect provider on loopback. It has one client, supports only
// the code flow, and requires PKCE with S256 and a nonce.
type OIDC struct {
	opts     OIDCOptions
	issuer   string
	port     int
	provider *op.Provider
	storage  *oidcStorage

	mu        sync.Mutex
	server    *http.Server // nil while stopped
	personas  []Persona
	forgeries map[string]Forgery // by subject
	faults    OIDCFaults
	release   chan struct{} // closed to release hanging requests
}

// OIDCFaults is how the provider misbehaves towards all clients. The zero value is
// a healthy provider.
type OIDCFaults struct {
	// Path limits the faults to paths that start with it, for example
	// "/oauth/token", "/keys" or "/.well-known". Empty means all.
	Path string
	// Hang accepts requests and answers none until the fault ends.
	Hang bool
	// Status is the response to every request, unless it is zero.
	Status int
}

// StartOIDC starts a provider. It runs until Stop or the end of ctx.
func StartOIDC(ctx context.Context, opts OIDCOptions) (*OIDC, error) {
	opts.ClientID = cmp.Or(opts.ClientID, "portico")
	opts.ClientSecret = cmp.Or(opts.ClientSecret, randomText())
	o := &OIDC{opts: opts, forgeries: map[string]Forgery{}, release: make(chan struct{})}
	for _, p := range opts.Personas {
		o.AddPersona(p)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("oidc: %w", err)
	}
	o.storage = newOIDCStorage(o, key)
	err = onFreePort(opts.Port, func(port int) error {
		if err := o.provideAt(port); err != nil {
			return err
		}
		return o.Start()
	})
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = o.Stop() })
	return o, nil
}

// provideAt creates the provider whose issuer contains port.
func (o *OIDC) provideAt(port int) error {
	o.port, o.issuer = port, cmp.Or(o.opts.Issuer, "http://"+loopback(port))
	config := &op.Config{CodeMethodS256: true, AuthMethodPost: true}
	rand.Read(config.CryptoKey[:])
	var err error
	o.provider, err = op.NewProvider(config, o.storage, op.StaticIssuer(o.issuer), op.WithAllowInsecure(),
		op.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return fmt.Errorf("oidc: %w", err)
	}
	return nil
}

// Start starts the stopped provider on the same port. It does nothing if the
// provider is running.
func (o *OIDC) Start() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.server != nil {
		return nil
	}
	listener, err := net.Listen("tcp4", loopback(o.port))
	if err != nil {
		return fmt.Errorf("oidc: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sign-in", o.showSignIn)
	mux.HandleFunc("POST /sign-in", o.signIn)
	mux.Handle("/", o.forging(o.provider))
	o.server = &http.Server{
		Handler:           o.misbehaving(mux),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	server := o.server
	go func() { _ = server.Serve(listener) }()
	return nil
}

// Stop closes every connection and refuses new ones until Start.
func (o *OIDC) Stop() error {
	o.Misbehave(OIDCFaults{})
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.server == nil {
		return nil
	}
	err := o.server.Close()
	o.server = nil
	return err
}

// Misbehave replaces the faults of the provider; the zero value ends them.
func (o *OIDC) Misbehave(f OIDCFaults) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.faults = f
	if !f.Hang {
		close(o.release)
		o.release = make(chan struct{})
	}
}

func (o *OIDC) misbehaving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		faults, release := o.faults, o.release
		o.mu.Unlock()
		if !strings.HasPrefix(r.URL.Path, faults.Path) {
			faults = OIDCFaults{}
		}
		if faults.Hang {
			select {
			case <-release:
			case <-r.Context().Done():
				return
			}
		}
		if faults.Status != 0 {
			http.Error(w, "the provider was told to fail", faults.Status)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// AddPersona adds p to the provider, replacing a persona with the same address.
func (o *OIDC) AddPersona(p Persona) {
	p.Subject = cmp.Or(p.Subject, p.Email)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.personas = slices.DeleteFunc(o.personas, func(old Persona) bool { return old.Email == p.Email })
	o.personas = append(o.personas, p)
}

// Issuer returns the provider's address, below which it publishes its metadata.
func (o *OIDC) Issuer() string { return o.issuer }

// ClientID returns the identifier of the only client.
func (o *OIDC) ClientID() string { return o.opts.ClientID }

// ClientSecret returns the client's secret.
func (o *OIDC) ClientSecret() string { return o.opts.ClientSecret }

func (o *OIDC) persona(match func(Persona) bool) (Persona, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.personas, match)
	if i < 0 {
		return Persona{}, false
	}
	return o.personas[i], true
}

// Approve does what a person does in a browser: it opens authorizeURL, picks the
// persona with that address, and returns the address that the provider sends the
// browser back to. It does not open that address.
func (o *OIDC) Approve(ctx context.Context, authorizeURL, email string) (*url.URL, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Jar: jar, CheckRedirect: o.stayHere}
	res, err := send(ctx, client, http.MethodGet, authorizeURL, nil)
	if err != nil {
		return nil, err
	}
	if back, err := res.Location(); err == nil {
		return back, nil // the provider refused, and back tells the client so
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("oidc: %s: %s", authorizeURL, res.Status)
	}
	p, ok := o.persona(func(p Persona) bool { return p.Email == email })
	if !ok {
		return nil, fmt.Errorf("oidc: no persona %s", email)
	}
	form := url.Values{"id": {res.Request.URL.Query().Get("id")}, "subject": {p.Subject}}
	res, err = send(ctx, client, http.MethodPost, o.issuer+"/sign-in", form)
	if err != nil {
		return nil, err
	}
	return res.Location()
}

// stayHere follows redirects only within the provider.
func (o *OIDC) stayHere(next *http.Request, _ []*http.Request) error {
	if "http://"+next.URL.Host == o.issuer {
		return nil
	}
	return http.ErrUseLastResponse
}

// oidcClient is the provider's only client.
type oidcClient struct{ opts OIDCOptions }

func (c oidcClient) GetID() string                       { return c.opts.ClientID }
func (c oidcClient) RedirectURIs() []string              { return c.opts.RedirectURIs }
func (c oidcClient) PostLogoutRedirectURIs() []string    { return nil }
func (c oidcClient) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (c oidcClient) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodBasic }
func (c oidcClient) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c oidcClient) GrantTypes() []oidc.GrantType         { return []oidc.GrantType{oidc.GrantTypeCode} }
func (c oidcClient) LoginURL(id string) string            { return "/sign-in?id=" + url.QueryEscape(id) }
func (c oidcClient) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeBearer }
func (c oidcClient) IDTokenLifetime() time.Duration       { return time.Hour }
func (c oidcClient) DevMode() bool                        { return false }
func (c oidcClient) IsScopeAllowed(string) bool           { return false }
func (c oidcClient) IDTokenUserinfoClaimsAssertion() bool { return true }
func (c oidcClient) ClockSkew() time.Duration             { return 0 }
func (c oidcClient) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}
func (c oidcClient) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}
