package signin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/markbates/goth"
	"golang.org/x/oauth2"
)

// oidcIdentifier implements OpenID Connect: the authorization code flow with PKCE and a
// nonce. It trusts only what the ID token's signature covers.
type oidcIdentifier struct {
	config ProviderConfig
	client *http.Client
	found  atomic.Pointer[discovery]
}

// discovery is the issuer's metadata.
type discovery struct {
	provider    *oidc.Provider
	verifier    *oidc.IDTokenVerifier
	endpoint    oauth2.Endpoint
	sendsIssuer bool // its answers include iss (RFC 9207)
	noAuthTime  bool // its claims_supported lacks auth_time
}

// signatures are the algorithms allowed for ID tokens. All use a private key, which rules
// out "none" and HMAC with the public key.
var signatures = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512,
	oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA,
}

// discover fetches the issuer's metadata and caches it; failures are not cached. Two
// concurrent requests may both fetch it, which is better than one waiting for the
// other's timeout.
func (o *oidcIdentifier) discover(ctx context.Context) (*discovery, error) {
	if d := o.found.Load(); d != nil {
		return d, nil
	}
	provider, err := oidc.NewProvider(ctx, o.config.Issuer)
	if err != nil {
		if isUnreachable(err) {
			return nil, err
		}
		return nil, unavailableError{err} // it answers, but not with this issuer's metadata
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
	d := &discovery{provider: provider, endpoint: provider.Endpoint(), sendsIssuer: metadata.NamesIssuer}
	d.noAuthTime = len(metadata.Claims) > 0 && !slices.Contains(metadata.Claims, "auth_time")
	for _, address := range []string{d.endpoint.AuthURL, d.endpoint.TokenURL, metadata.JWKS} {
		if !isSafeEndpoint(address) {
			return nil, unavailableError{errors.New("its metadata names an address without TLS")}
		}
	}
	// Set explicitly, because trying both styles would spend the code on the first.
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

// keySet distinguishes a wrong signature from keys that could not be fetched, for which
// the library returns the same kind of error.
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
	case !c.SignedInSince.IsZero() && d.noAuthTime:
		return oauth2.Config{}, nil, errNoAuthTime
	case !c.SignedInSince.IsZero(): // providers support one or the other
		options = append(options, oauth2.SetAuthURLParam("max_age", "0"), oauth2.SetAuthURLParam("prompt", "login"))
	case c.SelectAccount && d.noAuthTime: // such as Google, which rejects "login"
		options = append(options, oauth2.SetAuthURLParam("prompt", "select_account"))
	case c.SelectAccount:
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	return config, options, nil
}

// stepsUp is true until the metadata says otherwise.
func (o *oidcIdentifier) stepsUp() bool {
	d := o.found.Load()
	return d == nil || !d.noAuthTime
}

// claims are the claims that we read in addition to those the library checks.
type claims struct {
	Email           string          `json:"email"`
	EmailVerified   json.RawMessage `json:"email_verified"`
	DomainVerified  json.RawMessage `json:"xms_edov"` // Entra's own: the owner of the domain is verified
	Name            string          `json:"name"`
	AuthorizedParty string          `json:"azp"`
	AuthTime        float64         `json:"auth_time"` // may be written 1.8e9
}

// verifiedEmail returns the address if the provider has verified it, else "". Some
// providers send the text "true" instead of a boolean. If the provider says nothing, as
// Entra does, trust decides; a "no" is always a no.
func (c claims) verifiedEmail(trust bool) string {
	says := c.EmailVerified
	if len(says) == 0 || string(says) == "null" {
		says = c.DomainVerified
	}
	switch strings.Trim(string(says), `"`) {
	case "true", "1":
		return c.Email
	case "", "null":
		if trust {
			return c.Email
		}
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
	if iss := answer.Get("iss"); (iss != "" || d.sendsIssuer) && iss != o.config.Issuer {
		return goth.User{}, refusal("answer of another issuer")
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
	var extra claims
	if err := id.Claims(&extra); err != nil {
		return goth.User{}, refusal("unreadable claims")
	}
	if err := o.checkClaims(id, extra, token, c); err != nil {
		return goth.User{}, err
	}
	return goth.User{UserID: id.Subject, Email: extra.verifiedEmail(o.config.TrustEmail), Name: extra.Name, ExpiresAt: id.Expiry}, nil
}

// checkClaims does the checks that the library leaves to its caller.
func (o *oidcIdentifier) checkClaims(id *oidc.IDToken, extra claims, token *oauth2.Token, c Challenge) error {
	switch {
	case len(c.Nonce) < minSecret || !equalSecrets(id.Nonce, c.Nonce):
		return refusal("wrong nonce")
	case extra.AuthorizedParty != "" && extra.AuthorizedParty != o.config.ClientID:
		return refusal("issued for another client")
	case extra.AuthorizedParty == "" && len(id.Audience) > 1:
		return refusal("several audiences without an authorized party")
	case id.AccessTokenHash != "" && id.VerifyAccessToken(token.AccessToken) != nil:
		return refusal("wrong access token hash")
	case !c.SignedInSince.IsZero() && time.Unix(int64(extra.AuthTime), 0).Before(c.SignedInSince.Add(-clockSkew)):
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
