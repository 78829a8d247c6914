package signin

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"portico/store"
)

// gitHub is a server with GitHub's API, because tests cannot use the real one. It gives a
// token only for the right code and a verifier that matches the challenge.
type gitHub struct {
	*httptest.Server
	profile, emails string // JSON
	challenge       string
	status          int // of the API
}

func newGitHub(t *testing.T) *gitHub {
	t.Helper()
	g := &gitHub{
		profile: `{"id":583231,"login":"mia","name":"Mia","email":"public@evil.test"}`,
		emails:  `[{"email":"old@acme.test","primary":false,"verified":true},{"email":"mia@acme.test","primary":true,"verified":true}]`,
		status:  http.StatusOK,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login/oauth/access_token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer := map[string]string{"error": "bad_verification_code"} // with status 200, as GitHub does
		switch {
		case r.PostFormValue("client_secret") != "hush":
			answer["error"] = "incorrect_client_credentials"
		case r.PostFormValue("code") == "good" && oauth2.S256ChallengeFromVerifier(r.PostFormValue("code_verifier")) == g.challenge:
			answer = map[string]string{"access_token": "token", "token_type": "bearer"}
		}
		_ = json.NewEncoder(w).Encode(answer)
	})
	for path, body := range map[string]*string{"GET /api/v3/user": &g.profile, "GET /api/v3/user/emails": &g.emails} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer token" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.WriteHeader(g.status)
			_, _ = w.Write([]byte(*body))
		})
	}
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	return g
}

func (g *gitHub) config() ProviderConfig {
	return ProviderConfig{Name: "github", Kind: KindGitHub, Issuer: g.URL, ClientID: "c", ClientSecret: "hush", RedirectURL: ourCallback}
}

// answer returns the provider's answer for somebody who agreed.
func (g *gitHub) answer(t *testing.T, p *OAuthProvider, c Challenge) url.Values {
	t.Helper()
	there, err := p.Begin(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(there)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("scope") != "user:email" || strings.Contains(there, c.Verifier) {
		t.Errorf("asked for %v", q)
	}
	g.challenge = q.Get("code_challenge")
	return url.Values{"code": {"good"}, "state": {q.Get("state")}}
}

// A GitHub sign-in returns the numeric id and the primary verified address, not the public
// one.
func TestGitHubSignIn(t *testing.T) {
	t.Parallel()
	g, c := newGitHub(t), challenge()
	p := newTestProvider(t, g.config(), providerTimeout)
	got, err := p.Finish(t.Context(), g.answer(t, p, c), c)
	want := store.Identity{Issuer: g.URL, Subject: "583231", Email: "mia@acme.test", EmailVerified: true}
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

// Without an issuer, the addresses are github.com's and api.github.com's.
func TestGitHubAddresses(t *testing.T) {
	t.Parallel()
	p := newTestProvider(t, ProviderConfig{Name: "github", Kind: KindGitHub, ClientID: "c", ClientSecret: "s", RedirectURL: ourCallback}, providerTimeout)
	there, err := p.Begin(t.Context(), challenge())
	if err != nil || !strings.HasPrefix(there, "https://github.com/login/oauth/authorize?") {
		t.Error(there, err)
	}
	api := p.identifier.(*gitHubIdentifier).emails
	if p.Issuer() != "https://github.com" || api != "https://api.github.com/user/emails" || p.Label() != "GitHub" {
		t.Error(p.Issuer(), api, p.Label())
	}
}

// Without a verified primary address, the identity has no address, only the numeric id.
func TestGitHubUnverifiedEmail(t *testing.T) {
	t.Parallel()
	for _, emails := range []string{
		`[]`,
		`[{"email":"mia@acme.test","primary":true,"verified":false}]`,
		`[{"email":"mia@acme.test","primary":false,"verified":true}]`,
	} {
		g, c := newGitHub(t), challenge()
		g.emails = emails
		p := newTestProvider(t, g.config(), providerTimeout)
		got, err := p.Finish(t.Context(), g.answer(t, p, c), c)
		if err != nil || got.Email != "" || got.EmailVerified || got.Subject != "583231" {
			t.Errorf("%s: %+v, %v", emails, got, err)
		}
	}
}

// Invalid answers are refused. An API that fails is unavailable.
func TestGitHubRefusedOrUnavailable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		harm func(*gitHub, url.Values, *Challenge)
		want error
	}{
		"another code":     {func(_ *gitHub, a url.Values, _ *Challenge) { a.Set("code", "bad") }, ErrProviderRefused},
		"another state":    {func(_ *gitHub, a url.Values, _ *Challenge) { a.Set("state", randomText()) }, ErrProviderRefused},
		"another verifier": {func(_ *gitHub, _ url.Values, c *Challenge) { c.Verifier = randomText() }, ErrProviderRefused},
		"no id":            {func(g *gitHub, _ url.Values, _ *Challenge) { g.profile = `{"login":"mia"}` }, ErrProviderRefused},
		"a step-up":        {func(_ *gitHub, _ url.Values, c *Challenge) { c.SignedInSince = time.Now() }, ErrProviderRefused},
		"status 500":       {func(g *gitHub, _ url.Values, _ *Challenge) { g.status = 500 }, ErrProviderUnavailable},
		"status 403":       {func(g *gitHub, _ url.Values, _ *Challenge) { g.status = 403 }, ErrProviderUnavailable},
		"gone":             {func(g *gitHub, _ url.Values, _ *Challenge) { g.CloseClientConnections(); g.Close() }, ErrProviderUnavailable},
	} {
		g, sent := newGitHub(t), challenge()
		p := newTestProvider(t, g.config(), providerTimeout)
		answer := g.answer(t, p, sent)
		c.harm(g, answer, &sent)
		if got, err := p.Finish(t.Context(), answer, sent); !errors.Is(err, c.want) || got != (store.Identity{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	wrong := newGitHub(t)
	config, sent := wrong.config(), challenge()
	config.ClientSecret = "another"
	p := newTestProvider(t, config, providerTimeout)
	if _, err := p.Finish(t.Context(), wrong.answer(t, p, sent), sent); !errors.Is(err, ErrProviderUnavailable) {
		t.Errorf("wrong client secret: %v", err)
	}
}
