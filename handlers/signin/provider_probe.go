package signin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// ProbeError is the reason why sign-in with a provider does not work. Its text is safe to
// print.
type ProbeError struct {
	// Client means that the provider answers but refuses our client id or secret.
	Client bool
	err    error
}

func (e *ProbeError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *ProbeError) Unwrap() error { return e.err }

// Probe checks everything of a sign-in that needs no person: the provider's metadata, its
// keys, and our client id and secret. An error is a [*ProbeError].
func (p *OAuthProvider) Probe(ctx context.Context) error {
	within, cancel := p.requestContext(ctx)
	defer cancel()
	var m metadata
	if p.config.Kind == KindOIDC {
		var err error
		if m, err = p.probeKeys(within); err != nil {
			return &ProbeError{err: providerError(p.name, unavailableError{err})}
		}
	}
	c := Challenge{State: randomText(), Nonce: randomText(), Verifier: randomText()}
	config, _, err := p.prepare(within, c)
	if err == nil {
		err = p.probeClient(within, config, m, c)
	}
	if err != nil {
		return &ProbeError{Client: errors.As(err, new(clientError)), err: providerError(p.name, err)}
	}
	return nil
}

type metadata struct {
	Keys       string `json:"jwks_uri"`
	Revocation string `json:"revocation_endpoint"`
}

// probeKeys checks that the provider has at least one key to sign ID tokens with, and
// returns its metadata.
func (p *OAuthProvider) probeKeys(ctx context.Context) (m metadata, err error) {
	provider, err := oidc.NewProvider(ctx, p.config.Issuer)
	if err != nil {
		return m, err
	}
	if err := provider.Claims(&m); err != nil {
		return m, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.Keys, nil)
	if err != nil {
		return m, errors.New("its metadata names no keys")
	}
	response, err := p.client.Do(request)
	if err != nil {
		return m, stripURL(err)
	}
	defer response.Body.Close()
	var set struct {
		Keys []struct {
			Type string `json:"kty"`
			Use  string `json:"use"`
		} `json:"keys"`
	}
	if err := json.NewDecoder(response.Body).Decode(&set); err != nil {
		return m, errors.New("its keys cannot be read")
	}
	for _, key := range set.Keys {
		if key.Type != "oct" && key.Use != "enc" {
			return m, nil
		}
	}
	return m, errors.New("it has no key to sign with")
}

// probeClient checks our client id and secret. It revokes a token that does not exist,
// which is harmless, because the provider checks the client first (RFC 7009). If the
// provider has no revocation endpoint, it exchanges a code that does not exist.
func (p *OAuthProvider) probeClient(ctx context.Context, config oauth2.Config, m metadata, c Challenge) error {
	if !isSafeEndpoint(m.Revocation) {
		_, err := config.Exchange(ctx, "portico-doctor", oauth2.VerifierOption(c.Verifier))
		if err = exchangeError(err); isUnreachable(err) {
			return err
		}
		return nil
	}
	form := url.Values{"token": {"portico-doctor"}}
	if config.Endpoint.AuthStyle == oauth2.AuthStyleInParams {
		form.Set("client_id", config.ClientID)
		form.Set("client_secret", config.ClientSecret)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.Revocation, strings.NewReader(form.Encode()))
	if err != nil {
		return unavailableError{errors.New("its metadata names no address to revoke at")}
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if config.Endpoint.AuthStyle != oauth2.AuthStyleInParams {
		request.SetBasicAuth(url.QueryEscape(config.ClientID), url.QueryEscape(config.ClientSecret))
	}
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer struct {
		Error string `json:"error"`
	}
	_ = json.NewDecoder(response.Body).Decode(&answer) // a success has no body
	if slices.Contains(clientFaults, answer.Error) {
		return unavailableError{clientError(answer.Error)}
	}
	return nil
}
