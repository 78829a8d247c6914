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

// gitHub is a server that speaks GitHub's dialect; the real one cannot be had for tests. It gives its token for the
// code and the verifier that fit the challenge it was shown.
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

// answer is that of somebody who agreed.
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

// Somebody signs in with GitHub: they are a number, and their address is the primary verified one and not the one they
// show the world.
func TestGitHubSignIn(t *testing.T) {
	t.Parallel()
	g, c := newGitHub(t), challenge()
	p := ours(t, g.config(), providerTimeout)
	got, err := p.Finish(t.Context(), g.answer(t, p, c), c)
	want := store.Identity{Issuer: g.URL, Subject: "583231", Email: "mia@acme.test", EmailVerified: true}
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

// GitHub itself is known by its address, its API by another.
func TestGitHubItself(t *testing.T) {
	t.Parallel()
	p := ours(t, ProviderConfig{Name: "github", Kind: KindGitHub, ClientID: "c", ClientSecret: "s", RedirectURL: ourCallback}, providerTimeout)
	there, err := p.Begin(t.Context(), challenge())
	if err != nil || !strings.HasPrefix(there, "https://github.com/login/oauth/authorize?") {
		t.Error(there, err)
	}
	api := p.identifier.(*gitHubIdentifier).emails
	if p.Issuer() != "https://github.com" || api != "https://api.github.com/user/emails" || p.Label() != "GitHub" {
		t.Error(p.Issuer(), api, p.Label())
	}
}

// Without a primary address that is verified there is no address: the person may still be known by their number.
func TestGitHubUnverifiedEmail(t *testing.T) {
	t.Parallel()
	for _, emails := range []string{
		`[]`,
		`[{"email":"mia@acme.test","primary":true,"verified":false}]`,
		`[{"email":"mia@acme.test","primary":false,"verified":true}]`,
	} {
		g, c := newGitHub(t), challenge()
		g.emails = emails
		p := ours(t, g.config(), providerTimeout)
		got, err := p.Finish(t.Context(), g.answer(t, p, c), c)
		if err != nil || got.Email != "" || got.EmailVerified || got.Subject != "583231" {
			t.Errorf("%s: %+v, %v", emails, got, err)
		}
	}
}

// Answers that prove nothing are refused; an API that fails is away.
func TestGitHubRefusedOrAway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		harm func(*gitHub, url.Values, *Challenge)
		want error
	}{
		"another code":     {func(_ *gitHub, a url.Values, _ *Challenge) { a.Set("code", "bad") }, ErrProviderRefused},
		"another state":    {func(_ *gitHub, a url.Values, _ *Challenge) { a.Set("state", randomText()) }, ErrProviderRefused},
		"another verifier": {func(_ *gitHub, _ url.Values, c *Challenge) { c.Verifier = randomText() }, ErrProviderRefused},
		"no id":            {func(g *gitHub, _ url.Values, _ *Challenge) { g.profile = `{"login":"mia"}` }, ErrProviderRefused},
		"a step-up":        {func(_ *gitHub, _ url.Values, c *Challenge) { c.Since = time.Now() }, ErrProviderRefused},
		"status 500":       {func(g *gitHub, _ url.Values, _ *Challenge) { g.status = 500 }, ErrProviderUnavailable},
		"status 403":       {func(g *gitHub, _ url.Values, _ *Challenge) { g.status = 403 }, ErrProviderUnavailable},
		"gone":             {func(g *gitHub, _ url.Values, _ *Challenge) { g.CloseClientConnections(); g.Close() }, ErrProviderUnavailable},
	} {
		g, asked := newGitHub(t), challenge()
		p := ours(t, g.config(), providerTimeout)
		answer := g.answer(t, p, asked)
		c.harm(g, answer, &asked)
		if got, err := p.Finish(t.Context(), answer, asked); !errors.Is(err, c.want) || got != (store.Identity{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	wrong := newGitHub(t)
	config, asked := wrong.config(), challenge()
	config.ClientSecret = "another"
	p := ours(t, config, providerTimeout)
	if _, err := p.Finish(t.Context(), wrong.answer(t, p, asked), asked); !errors.Is(err, ErrProviderUnavailable) {
		t.Errorf("wrong client secret: %v", err)
	}
}
