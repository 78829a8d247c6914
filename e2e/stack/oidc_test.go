package stack

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const callback = "http://localhost:8080/auth/demo"

var mia = Persona{Email: "mia@acme.test", Name: "Mia", Subject: "mia-1", EmailVerified: true}

// relyingParty is a client of the provider, as strict as Portico must be.
type relyingParty struct {
	oidc     *OIDC
	provider *oidc.Provider
	config   oauth2.Config
	verifier string
}

func newRelyingParty(t *testing.T) *relyingParty {
	t.Helper()
	o, err := StartOIDC(t.Context(), OIDCOptions{RedirectURIs: []string{callback}, Personas: []Persona{mia}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Stop() })
	provider, err := oidc.NewProvider(t.Context(), o.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	return &relyingParty{
		oidc: o, provider: provider, verifier: oauth2.GenerateVerifier(),
		config: oauth2.Config{
			ClientID: o.ClientID(), ClientSecret: o.ClientSecret(), RedirectURL: callback,
			Endpoint: provider.Endpoint(), Scopes: []string{"openid", "profile", "email"},
		},
	}
}

// signIn runs a whole sign-in and returns the verified ID token.
func (rp *relyingParty) signIn(ctx context.Context, email string) (*oidc.IDToken, error) {
	address := rp.config.AuthCodeURL("the state", oidc.Nonce("the nonce"), oauth2.S256ChallengeOption(rp.verifier))
	back, err := rp.oidc.Approve(ctx, address, email)
	if err != nil {
		return nil, err
	}
	query := back.Query()
	if !strings.HasPrefix(back.String(), callback) || query.Get("state") != "the state" {
		return nil, errors.New("sent back to " + back.String())
	}
	token, err := rp.config.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(rp.verifier))
	if err != nil {
		return nil, err
	}
	raw, _ := token.Extra("id_token").(string)
	verified, err := rp.provider.Verifier(&oidc.Config{ClientID: rp.config.ClientID}).Verify(ctx, raw)
	if err == nil && verified.Nonce != "the nonce" {
		err = errors.New("wrong nonce")
	}
	return verified, err
}

// A code flow with PKCE and a nonce returns the persona, with a signature and the
// time of the sign-in.
func TestOIDCSignsIn(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t)
	token, err := rp.signIn(t.Context(), mia.Email)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
		Name     string `json:"name"`
		AuthTime int64  `json:"auth_time"`
	}
	if err := token.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if token.Subject != "mia-1" || claims.Email != mia.Email || claims.Name != "Mia" || !claims.Verified {
		t.Errorf("subject %q, claims %+v", token.Subject, claims)
	}
	if age := time.Since(time.Unix(claims.AuthTime, 0)); age < 0 || age > time.Minute {
		t.Errorf("auth_time is %s old", age)
	}
}

// A persona added later can sign in, and is unverified if declared so.
func TestOIDCAddsPersona(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t)
	rp.oidc.AddPersona(Persona{Email: "new@acme.test", Name: "New"})
	token, err := rp.signIn(t.Context(), "new@acme.test")
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Verified bool `json:"email_verified"`
	}
	if err := token.Claims(&claims); err != nil || claims.Verified || token.Subject != "new@acme.test" {
		t.Errorf("subject %q, verified %t, %v", token.Subject, claims.Verified, err)
	}
}

// The provider refuses a request without S256, without a nonce, or with another
// return address. It refuses a code with the wrong verifier and a code used twice.
func TestOIDCRefuses(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t)
	nonce, pkce := oidc.Nonce("n"), oauth2.S256ChallengeOption(rp.verifier)
	elsewhere := rp.config
	elsewhere.RedirectURL = "http://localhost:8080/elsewhere"
	for name, address := range map[string]string{
		"no challenge":    rp.config.AuthCodeURL("s", nonce),
		"plain challenge": rp.config.AuthCodeURL("s", nonce, oauth2.SetAuthURLParam("code_challenge", rp.verifier), oauth2.SetAuthURLParam("code_challenge_method", "plain")),
		"no nonce":        rp.config.AuthCodeURL("s", pkce),
		"other return":    elsewhere.AuthCodeURL("s", nonce, pkce),
	} {
		back, err := rp.oidc.Approve(t.Context(), address, mia.Email)
		if err == nil && back.Query().Get("error") == "" {
			t.Errorf("%s: sent back to %s", name, back)
		}
	}
	back, err := rp.oidc.Approve(t.Context(), rp.config.AuthCodeURL("s", nonce, pkce), mia.Email)
	if err != nil {
		t.Fatal(err)
	}
	code := back.Query().Get("code")
	if _, err := rp.config.Exchange(t.Context(), code, oauth2.VerifierOption("wrong")); err == nil {
		t.Error("the wrong verifier was taken")
	}
	if _, err := rp.config.Exchange(t.Context(), code, oauth2.VerifierOption(rp.verifier)); err != nil {
		t.Errorf("the right verifier: %v", err)
	}
	if _, err := rp.config.Exchange(t.Context(), code, oauth2.VerifierOption(rp.verifier)); err == nil {
		t.Error("a code was taken twice")
	}
}

// A strict client detects every forgery. Without the forgery, the same sign-in
// works again.
func TestOIDCForges(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t)
	set := func(name string, value any) Forgery {
		return Forgery{Claims: func(claims map[string]any) { claims[name] = value }}
	}
	for name, forgery := range map[string]Forgery{
		"audience":    set("aud", "somebody-else"),
		"issuer":      set("iss", "http://127.0.0.1:1"),
		"nonce":       set("nonce", "another"),
		"expiry":      set("exp", time.Now().Add(-time.Hour).Unix()),
		"foreign key": {ForeignKey: true},
		"unsigned":    {Unsigned: true},
	} {
		rp.oidc.Forge(mia.Email, forgery)
		if _, err := rp.signIn(t.Context(), mia.Email); err == nil {
			t.Errorf("%s: the forged token was taken", name)
		}
	}
	rp.oidc.Forge(mia.Email, set("sub", "mia-2"))
	if token, err := rp.signIn(t.Context(), mia.Email); err != nil || token.Subject != "mia-2" {
		t.Errorf("a forged subject is well signed, got %v", err)
	}
	rp.oidc.Forge(mia.Email, Forgery{})
	if _, err := rp.signIn(t.Context(), mia.Email); err != nil {
		t.Error(err)
	}
}

// Faults affect only the paths they are set for, and end when they are removed.
func TestOIDCMisbehaves(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t)
	rp.oidc.Misbehave(OIDCFaults{Path: "/oauth/token", Status: http.StatusInternalServerError})
	if _, err := rp.signIn(t.Context(), mia.Email); err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("token endpoint failing: %v", err)
	}
	rp.oidc.Misbehave(OIDCFaults{Hang: true})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := rp.signIn(ctx, mia.Email); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hanging: %v", err)
	}
	if err := rp.oidc.Stop(); err != nil {
		t.Fatal(err)
	}
	var refused *url.Error
	if _, err := rp.signIn(t.Context(), mia.Email); !errors.As(err, &refused) {
		t.Errorf("stopped: %v", err)
	}
	if err := rp.oidc.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := rp.signIn(t.Context(), mia.Email); err != nil {
		t.Error(err)
	}
}
