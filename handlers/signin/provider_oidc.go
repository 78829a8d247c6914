package signin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/markbates/goth"
	"golang.org/x/oauth2"
)

// oidcIdentifier speaks OpenID Connect: the authorization code flow with PKCE and
// a nonce, and nothing believed that the ID token's signature does not cover.
type oidcIdentifier struct {
	config ProviderConfig
	client *http.Client
	found  atomic.Pointer[discovery]
}

// discovery is what the issuer says of itself.
type discovery struct {
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	endpoint oauth2.Endpoint
	namesIss bool // it puts iss into its answers (RFC 9207)
	timeless bool // by its own list of claims it does not say when somebody signed in
}

// signatures are the algorithms an ID token may be signed with: with a private
// key, which rules out "none" and HMAC with a key that is public.
var signatures = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512,
	oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA,
}

// discover asks the issuer once and remembers the answer; a failure is not
// remembered. Two visitors at once may both ask, which is better than one waiting
// for the other's timeout.
func (o *oidcIdentifier) discover(ctx context.Context) (*discovery, error) {
	if d := o.found.Load(); d != nil {
		return d, nil
	}
	provider, err := oidc.NewProvider(ctx, o.config.Issuer)
	if err != nil {
		if isUnreachable(err) {
			return nil, err
		}
		return nil, unavailableError{err} // it answers, but not as this issuer
	}
	var metadata struct {
		AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
		NamesIssuer bool     `json:"authorization_response_iss_parameter_supported"`
		JWKS        string   `json:"jwks_uri"`
		Claims      []string `json:"claims_supported"`
	}
	if err := provider.Claims(&metadata); err != nil {
		return nil, unavailableError{err}
	}
	d := &discovery{provider: provider, endpoint: provider.Endpoint(), namesIss: metadata.NamesIssuer}
	d.timeless = len(metadata.Claims) > 0 && !slices.Contains(metadata.Claims, "auth_time")
	for _, address := range []string{d.endpoint.AuthURL, d.endpoint.TokenURL, metadata.JWKS} {
		if !isSafeEndpoint(address) {
			return nil, unavailableError{errors.New("its metadata names an address without TLS")}
		}
	}
	// Said outright, because trying both would spend the code on the first.
	d.endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if len(metadata.AuthMethods) > 0 && !slices.Contains(metadata.AuthMethods, "client_secret_basic") {
		d.endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	keys := oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), o.client), metadata.JWKS)
	d.verifier = oidc.NewVerifier(o.config.Issuer, keySet{keys}, &oidc.Config{
		ClientID:             o.config.ClientID,
		SupportedSigningAlgs: signatures,
	})
	o.found.Store(d)
	return d, nil
}

// keySet keeps apart a wrong signature and keys that could not be fetched, which
// the library makes one text of.
type keySet struct{ oidc.KeySet }

type keysKey struct{}

func (k keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.KeySet.VerifySignature(ctx, token)
	if missing, ok := ctx.Value(keysKey{}).(*error); ok && err != nil && isUnreachable(err) {
		*missing = err
	}
	return payload, err
}

func (o *oidcIdentifier) prepare(ctx context.Context, c Challenge) (oauth2.Config, []oauth2.AuthCodeOption, error) {
	d, err := o.discover(ctx)
	if err != nil {
		return oauth2.Config{}, nil, err
	}
	config := oauth2.Config{
		ClientID:     o.config.ClientID,
		ClientSecret: o.config.ClientSecret,
		RedirectURL:  o.config.RedirectURL,
		Endpoint:     d.endpoint,
		Scopes:       []string{oidc.ScopeOpenID, "profile", "email"},
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(c.Nonce)}
	switch {
	case !c.Since.IsZero() && d.timeless:
		return oauth2.Config{}, nil, errTimeless
	case !c.Since.IsZero(): // some heed the one, some the other
		options = append(options, oauth2.SetAuthURLParam("max_age", "0"), oauth2.SetAuthURLParam("prompt", "login"))
	case c.Pick && d.timeless: // such as Google, which takes "login" for a mistake
		options = append(options, oauth2.SetAuthURLParam("prompt", "select_account"))
	case c.Pick:
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	return config, options, nil
}

// stepsUp is true until its metadata says otherwise.
func (o *oidcIdentifier) stepsUp() bool {
	d := o.found.Load()
	return d == nil || !d.timeless
}

// claims are what we read of an ID token beyond what the library checks.
type claims struct {
	Email         string          `json:"email"`
	EmailVerified json.RawMessage `json:"email_verified"`
	Name          string          `json:"name"`
	Party         string          `json:"azp"`
	AuthTime      float64         `json:"auth_time"` // may be written 1.8e9
}

// verifiedEmail is the address if the provider vouches for it. Some say "true"
// in quotes; nothing else counts.
func (c claims) verifiedEmail() string {
	if v := string(c.EmailVerified); v == `true` || v == `"true"` {
		return c.Email
	}
	return ""
}

func (o *oidcIdentifier) identify(
	ctx context.Context, token *oauth2.Token, c Challenge, answer goth.Params,
) (goth.User, error) {
	d, err := o.discover(ctx)
	if err != nil {
		return goth.User{}, err
	}
	if iss := answer.Get("iss"); (iss != "" || d.namesIss) && iss != o.config.Issuer {
		return goth.User{}, refusal("an answer of another issuer")
	}
	raw, _ := token.Extra("id_token").(string)
	var missing error
	id, err := d.verifier.Verify(context.WithValue(ctx, keysKey{}, &missing), raw)
	if missing != nil {
		return goth.User{}, missing
	}
	if err != nil {
		return goth.User{}, err
	}
	var said claims
	if err := id.Claims(&said); err != nil {
		return goth.User{}, refusal("unreadable claims")
	}
	if err := o.check(id, said, token, c); err != nil {
		return goth.User{}, err
	}
	return goth.User{UserID: id.Subject, Email: said.verifiedEmail(), Name: said.Name, ExpiresAt: id.Expiry}, nil
}

// check is what the library leaves to its caller.
func (o *oidcIdentifier) check(id *oidc.IDToken, said claims, token *oauth2.Token, c Challenge) error {
	switch {
	case len(c.Nonce) < minSecret || !same(id.Nonce, c.Nonce):
		return refusal("another nonce")
	case said.Party != "" && said.Party != o.config.ClientID:
		return refusal("made out to another client")
	case said.Party == "" && len(id.Audience) > 1:
		return refusal("several audiences and nobody named")
	case id.AccessTokenHash != "" && id.VerifyAccessToken(token.AccessToken) != nil:
		return refusal("another access token")
	case !c.Since.IsZero() && time.Unix(int64(said.AuthTime), 0).Before(c.Since.Add(-clockSkew)):
		return refusal("signed in too long ago")
	}
	return nil
}

// clockSkew is how far the provider's clock may be behind ours.
const clockSkew = time.Minute

// isSafeEndpoint is isSafeAddress for addresses that may have a query.
func isSafeEndpoint(address string) bool {
	for i := range address {
		if address[i] == '?' {
			address = address[:i]
			break
		}
	}
	return isSafeAddress(address)
}
