package signin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/markbates/goth"

	"portico/e2e/stack"
	"portico/handlers/web"
	"portico/store"
)

const ourCallback = "https://portico.test/auth/idp/callback"

// idp is a real OpenID provider and our [OAuthProvider] for it.
type idp struct {
	*stack.OIDC
	provider *OAuthProvider
}

func newIDP(t *testing.T, personas ...stack.Persona) idp {
	t.Helper()
	server, err := stack.StartOIDC(t.Context(), stack.OIDCOptions{RedirectURIs: []string{ourCallback}, Personas: personas})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	return idp{server, newTestProvider(t, configOf(server), providerTimeout)}
}

func configOf(server *stack.OIDC) ProviderConfig {
	return ProviderConfig{
		Name: "idp", Kind: KindOIDC, Issuer: server.Issuer(), RedirectURL: ourCallback,
		ClientID: server.ClientID(), ClientSecret: server.ClientSecret(),
	}
}

func newTestProvider(t *testing.T, c ProviderConfig, limit time.Duration) *OAuthProvider {
	t.Helper()
	p, err := newProvider(c, limit)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func challenge() Challenge {
	return Challenge{State: randomText(), Nonce: randomText(), Verifier: randomText()}
}

// answer returns the provider's answer after somebody signed in there.
func (i idp) answer(t *testing.T, c Challenge, email string) url.Values {
	t.Helper()
	there, err := i.provider.Begin(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	back, err := i.Approve(t.Context(), there, email)
	if err != nil {
		t.Fatal(err)
	}
	return back.Query()
}

var mia = stack.Persona{Email: "mia@acme.test", Name: "Mia", Subject: "subject-of-mia", EmailVerified: true}

// A sign-in at the provider returns the identity: issuer, subject and verified address.
func TestProviderSignIn(t *testing.T) {
	t.Parallel()
	i, c := newIDP(t, mia), challenge()
	got, err := i.provider.Finish(t.Context(), i.answer(t, c, mia.Email), c)
	want := store.Identity{Issuer: i.Issuer(), Subject: mia.Subject, Email: mia.Email, EmailVerified: true}
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

// The URL at the provider has the hash of the verifier, but neither the verifier nor our
// secret.
func TestProviderBeginKeepsSecrets(t *testing.T) {
	t.Parallel()
	i, c := newIDP(t), challenge()
	there, err := i.provider.Begin(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(there)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("state") != c.State || q.Get("nonce") != c.Nonce || q.Get("code_challenge_method") != "S256" ||
		q.Get("redirect_uri") != ourCallback || q.Get("response_type") != "code" || !strings.Contains(q.Get("scope"), "openid") {
		t.Errorf("asked for %v", q)
	}
	for _, secret := range []string{c.Verifier, i.ClientSecret()} {
		if strings.Contains(there, secret) {
			t.Error("the address holds a secret")
		}
	}
}

// Entra doesn't say whether it verified an address. Only an operator who trusts it gets
// one, or Entra's own word for the owner of the domain. A "no" is a no for everybody.
func TestProviderThatSaysNothing(t *testing.T) {
	t.Parallel()
	dana := stack.Persona{Email: "dana@northwind.test", Subject: "d"}
	i := newIDP(t, dana)
	careful := i.provider
	trusting := configOf(i.OIDC)
	trusting.TrustEmail = true
	i.provider = newTestProvider(t, trusting, providerTimeout)
	for what, c := range map[string]struct {
		claims          map[string]any
		careful, trusts bool
	}{
		"nothing":                   {nil, false, true},
		"null":                      {map[string]any{"email_verified": nil}, false, true},
		"yes":                       {map[string]any{"email_verified": true}, true, true},
		"no":                        {map[string]any{"email_verified": false}, false, false},
		"no, in quotes":             {map[string]any{"email_verified": "false"}, false, false},
		"something else":            {map[string]any{"email_verified": "maybe"}, false, false},
		"the domain's owner":        {map[string]any{"xms_edov": true}, true, true},
		"the domain's owner, 1":     {map[string]any{"xms_edov": 1}, true, true},
		"the domain's owner, \"1\"": {map[string]any{"xms_edov": "1"}, true, true},
		"another domain's":          {map[string]any{"xms_edov": false}, false, false},
		"no, whoever owns it":       {map[string]any{"email_verified": false, "xms_edov": true}, false, false},
	} {
		i.Forge(dana.Email, stack.Forgery{Claims: func(claims map[string]any) {
			delete(claims, "email_verified")
			maps.Copy(claims, c.claims)
		}})
		for provider, want := range map[*OAuthProvider]bool{careful: c.careful, i.provider: c.trusts} {
			asked := challenge()
			got, err := provider.Finish(t.Context(), idp{i.OIDC, provider}.answer(t, asked, dana.Email), asked)
			if err != nil || got.EmailVerified != want || (got.Email == dana.Email) != want {
				t.Errorf("%s, trusted %v: %+v, %v", what, provider == i.provider, got, err)
			}
		}
	}
}

// An address that the provider has not verified is dropped.
func TestProviderUnverifiedEmail(t *testing.T) {
	t.Parallel()
	eve := stack.Persona{Email: "dana@northwind.test", Subject: "eve"}
	i := newIDP(t, eve)
	for what, verified := range map[string]any{
		"as the provider says": nil, "no": false, "in words": "yes", "quoted no": "false",
	} {
		i.Forge(eve.Email, stack.Forgery{Claims: func(claims map[string]any) {
			if verified != nil {
				claims["email_verified"] = verified
			}
		}})
		c := challenge()
		got, err := i.provider.Finish(t.Context(), i.answer(t, c, eve.Email), c)
		if err != nil || got.Email != "" || got.EmailVerified || got.Subject != "eve" {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	i.Forge(eve.Email, stack.Forgery{Claims: func(claims map[string]any) { claims["email_verified"] = "true" }})
	c := challenge()
	if got, err := i.provider.Finish(t.Context(), i.answer(t, c, eve.Email), c); err != nil || !got.EmailVerified {
		t.Errorf("true in quotes, as some write it: %+v, %v", got, err)
	}
}

// Forged and expired ID tokens, and those for another client, are refused. The same
// person's genuine one is accepted.
func TestProviderForgedTokens(t *testing.T) {
	t.Parallel()
	i := newIDP(t, mia)
	claim := func(name string, value any) stack.Forgery {
		return stack.Forgery{Claims: func(claims map[string]any) { claims[name] = value }}
	}
	without := func(name string) stack.Forgery {
		return stack.Forgery{Claims: func(claims map[string]any) { delete(claims, name) }}
	}
	for name, forgery := range map[string]stack.Forgery{
		"another audience":     claim("aud", []string{"another"}),
		"no audience":          without("aud"),
		"another issuer":       claim("iss", "https://evil.test"),
		"no issuer":            without("iss"),
		"a slash more":         claim("iss", i.Issuer()+"/"),
		"another nonce":        claim("nonce", randomText()),
		"no nonce":             without("nonce"),
		"expired":              claim("exp", time.Now().Add(-time.Minute).Unix()),
		"no expiry":            without("exp"),
		"not yet valid":        claim("nbf", time.Now().Add(time.Hour).Unix()),
		"no subject":           without("sub"),
		"a very long subject":  claim("sub", strings.Repeat("x", 256)),
		"another party":        claim("azp", "another"),
		"another access token": claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
		"unsigned":             {Unsigned: true},
		"another key":          {ForeignKey: true},
		"two audiences": {Claims: func(claims map[string]any) {
			claims["aud"] = []string{i.ClientID(), "another"}
			delete(claims, "azp")
		}},
	} {
		i.Forge(mia.Email, forgery)
		c := challenge()
		got, err := i.provider.Finish(t.Context(), i.answer(t, c, mia.Email), c)
		if !errors.Is(err, ErrProviderRefused) || errors.Is(err, ErrProviderUnavailable) || got != (store.Identity{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		i.Forge(mia.Email, stack.Forgery{})
		if got, err := i.provider.Finish(t.Context(), i.answer(t, c, mia.Email), c); err != nil || got.Subject != mia.Subject {
			t.Fatalf("after %s: %+v, %v", name, got, err)
		}
	}
}

// Answers that do not match the challenge or were tampered with are refused.
func TestProviderTamperedAnswers(t *testing.T) {
	t.Parallel()
	i := newIDP(t, mia)
	for name, tamper := range map[string]func(url.Values, *Challenge){
		"another state":        func(a url.Values, _ *Challenge) { a.Set("state", randomText()) },
		"no state":             func(a url.Values, _ *Challenge) { a.Del("state") },
		"no state on our side": func(a url.Values, c *Challenge) { a.Set("state", ""); c.State = "" },
		"two states":           func(a url.Values, _ *Challenge) { a.Add("state", "x") },
		"no code":              func(a url.Values, _ *Challenge) { a.Del("code") },
		"another code":         func(a url.Values, _ *Challenge) { a.Set("code", "x") },
		"two codes":            func(a url.Values, _ *Challenge) { a.Add("code", "x") },
		"a code of a megabyte": func(a url.Values, _ *Challenge) { a.Set("code", strings.Repeat("x", 1<<20)) },
		"an error as well":     func(a url.Values, _ *Challenge) { a.Set("error", "access_denied") },
		"of another issuer":    func(a url.Values, _ *Challenge) { a.Set("iss", "https://evil.test") },
		"another verifier":     func(_ url.Values, c *Challenge) { c.Verifier = randomText() },
		"another nonce":        func(_ url.Values, c *Challenge) { c.Nonce = randomText() },
		"no nonce":             func(_ url.Values, c *Challenge) { c.Nonce = "" },
	} {
		c := challenge()
		answer := i.answer(t, c, mia.Email)
		tamper(answer, &c)
		if got, err := i.provider.Finish(t.Context(), answer, c); !errors.Is(err, ErrProviderRefused) || got != (store.Identity{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		} else if code := answer.Get("code"); len(code) > 3 && strings.Contains(err.Error(), code) {
			t.Errorf("%s: %v holds the code", name, err)
		}
	}
}

// A code is accepted once.
func TestProviderCodeWorksOnce(t *testing.T) {
	t.Parallel()
	i, c := newIDP(t, mia), challenge()
	answer := i.answer(t, c, mia.Email)
	if _, err := i.provider.Finish(t.Context(), answer, c); err != nil {
		t.Fatal(err)
	}
	if _, err := i.provider.Finish(t.Context(), answer, c); !errors.Is(err, ErrProviderRefused) {
		t.Errorf("second time: %v", err)
	}
}

// A step-up requests a new sign-in and accepts only a token that proves a recent one.
func TestProviderStepUpRequiresRecentSignIn(t *testing.T) {
	t.Parallel()
	i := newIDP(t, mia)
	for name, c := range map[string]struct {
		authTime any
		want     error
	}{
		"as the provider says": {"", nil},
		"just now":             {time.Now().Unix(), nil},
		"by a slow clock":      {time.Now().Add(-50 * time.Second).Unix(), nil},
		"before":               {time.Now().Add(-70 * time.Second).Unix(), ErrProviderRefused},
		"at no time":           {0, ErrProviderRefused},
		"without auth_time":    {nil, ErrProviderRefused},
		"in words, not a time": {"now", ErrProviderRefused},
	} {
		i.Forge(mia.Email, stack.Forgery{Claims: func(claims map[string]any) {
			switch c.authTime {
			case "":
			case nil:
				delete(claims, "auth_time")
			default:
				claims["auth_time"] = c.authTime
			}
		}})
		sent := challenge()
		sent.SignedInSince = time.Now()
		there, err := i.provider.Begin(t.Context(), sent)
		if err != nil || !strings.Contains(there, "max_age=0") || !strings.Contains(there, "prompt=login") {
			t.Fatal(there, err)
		}
		if _, err := i.provider.Finish(t.Context(), i.answer(t, sent, mia.Email), sent); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A provider whose claims_supported lacks auth_time offers no step-up. When somebody links
// an account, it is asked for select_account, and other providers for login.
func TestProviderWithoutAuthTimeCannotStepUp(t *testing.T) {
	t.Parallel()
	for claims, c := range map[string]struct {
		stepsUp bool
		prompt  string
	}{`["sub","email"]`: {false, "select_account"}, `["sub","auth_time"]`: {true, "login"}, `[]`: {true, "login"}} {
		var server *httptest.Server
		server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"issuer":%[1]q,"authorization_endpoint":"%[1]s/a","token_endpoint":"%[1]s/t","jwks_uri":"%[1]s/k","claims_supported":%[2]s}`, server.URL, claims)
		}))
		t.Cleanup(server.Close)
		p := newTestProvider(t, ProviderConfig{Name: "idp", Kind: KindOIDC, Issuer: server.URL, RedirectURL: ourCallback, ClientID: "c", ClientSecret: "s"}, providerTimeout)
		stepUp, link := challenge(), challenge()
		stepUp.SignedInSince, link.SelectAccount = time.Now(), true
		if _, err := p.Begin(t.Context(), stepUp); errors.Is(err, ErrProviderRefused) == c.stepsUp || p.StepsUp() != c.stepsUp {
			t.Errorf("%s: a step-up begins: %v; offered: %v", claims, err, p.StepsUp())
		}
		if there, err := p.Begin(t.Context(), link); err != nil || !strings.Contains(there, "prompt="+c.prompt) {
			t.Errorf("%s: linking leads to %s, %v", claims, there, err)
		}
	}
}

// Every failure of the provider at every step is ErrProviderUnavailable within the
// timeout. Once the provider works again, so does sign-in.
func TestProviderUnavailable(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/.well-known", "/oauth/token", "/keys"} {
		for name, faults := range map[string]stack.OIDCFaults{
			"hangs":       {Path: path, Hang: true},
			"answers 500": {Path: path, Status: http.StatusInternalServerError},
			"answers 429": {Path: path, Status: http.StatusTooManyRequests},
			"redirects":   {Path: path, Status: http.StatusTemporaryRedirect},
		} {
			t.Run(strings.Trim(path, "/.")+" "+name, func(t *testing.T) {
				t.Parallel()
				i := newIDP(t, mia)
				c := challenge()
				answer := i.answer(t, c, mia.Email)
				// A new OAuthProvider without cached metadata.
				p := newTestProvider(t, configOf(i.OIDC), 10*time.Second)
				if faults.Hang {
					p = newTestProvider(t, configOf(i.OIDC), 300*time.Millisecond)
				}
				i.Misbehave(faults)
				if got, err := p.Finish(t.Context(), answer, c); !errors.Is(err, ErrProviderUnavailable) || errors.Is(err, ErrProviderRefused) {
					t.Errorf("%+v, %v", got, err)
				} else if strings.Contains(err.Error(), answer.Get("code")) {
					t.Errorf("%v holds the code", err)
				}
				i.Misbehave(stack.OIDCFaults{})
				fresh := challenge()
				if _, err := i.provider.Finish(t.Context(), i.answer(t, fresh, mia.Email), fresh); err != nil {
					t.Errorf("available again: %v", err)
				}
			})
		}
	}
}

// The provider is down when we start: Begin fails, and works once it is up, without a
// restart.
func TestProviderDownAtStart(t *testing.T) {
	t.Parallel()
	i := newIDP(t, mia)
	if err := i.Stop(); err != nil {
		t.Fatal(err)
	}
	providers, err := NewProviders(configOf(i.OIDC))
	if err != nil || len(providers) != 1 {
		t.Fatal(providers, err)
	}
	if _, err := providers[0].Begin(t.Context(), challenge()); !errors.Is(err, ErrProviderUnavailable) {
		t.Errorf("down: %v", err)
	}
	if err := i.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := providers[0].Begin(t.Context(), challenge()); err != nil {
		t.Errorf("up: %v", err)
	}
}

// Ping fails while the provider is down and caches its result for a second.
func TestProviderPing(t *testing.T) {
	t.Parallel()
	i := newIDP(t, mia)
	if err := i.provider.Ping(t.Context()); err != nil {
		t.Errorf("up: %v", err)
	}
	if err := i.Stop(); err != nil {
		t.Fatal(err)
	}
	i.provider.ping.at = time.Now().Add(time.Hour) // within the second, however slow this machine is
	if err := i.provider.Ping(t.Context()); err != nil {
		t.Errorf("pinged again within the second: %v", err)
	}
	i.provider.ping.at = time.Time{}
	if err := i.provider.Ping(t.Context()); !errors.Is(err, ErrProviderUnavailable) || strings.Contains(err.Error(), "http") {
		t.Errorf("down: %v", err)
	}
	if err := i.Start(); err != nil {
		t.Fatal(err)
	}
	i.provider.ping.at = time.Time{}
	if err := i.provider.Ping(t.Context()); err != nil {
		t.Errorf("up again: %v", err)
	}
}

// If the provider refuses our client secret, it is unavailable: that is the operator's
// fault, not the visitor's.
func TestProviderWrongClientSecret(t *testing.T) {
	t.Parallel()
	i, c := newIDP(t, mia), challenge()
	wrong := configOf(i.OIDC)
	wrong.ClientSecret = "wrong"
	answer := i.answer(t, c, mia.Email)
	if _, err := newTestProvider(t, wrong, providerTimeout).Finish(t.Context(), answer, c); !errors.Is(err, ErrProviderUnavailable) {
		t.Errorf("got %v", err)
	}
}

// With metadata of another issuer, too large, redirected, without TLS or no JSON, the
// provider is unavailable. Good metadata of the same form is accepted.
func TestProviderBadMetadata(t *testing.T) {
	t.Parallel()
	describe := func(issuer, host, more string) string {
		return `{"issuer":"` + issuer + `","authorization_endpoint":"` + host + `/a","token_endpoint":"` + host +
			`/t","jwks_uri":"` + host + `/k","more":"` + more + `"}`
	}
	for name, c := range map[string]struct {
		metadata func(issuer string) string
		moved    bool
		want     error
	}{
		"good":           {func(issuer string) string { return describe(issuer, issuer, "") }, false, nil},
		"another issuer": {func(string) string { return describe("https://evil.test", "https://evil.test", "") }, false, ErrProviderUnavailable},
		"no json":        {func(string) string { return "<html>" }, false, ErrProviderUnavailable},
		"endless":        {func(issuer string) string { return describe(issuer, issuer, strings.Repeat("x", maxAnswer)) }, false, ErrProviderUnavailable},
		"without TLS":    {func(issuer string) string { return describe(issuer, "http://evil.test", "") }, false, ErrProviderUnavailable},
		"elsewhere":      {func(issuer string) string { return describe(issuer, issuer, "") }, true, ErrProviderUnavailable},
	} {
		var server *httptest.Server
		server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c.moved && !strings.HasPrefix(r.URL.Path, "/moved") {
				http.Redirect(w, r, "/moved", http.StatusFound)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(c.metadata(server.URL)))
		}))
		p := newTestProvider(t, ProviderConfig{
			Name: "x", Kind: KindOIDC, Issuer: server.URL, ClientID: "c", ClientSecret: "s", RedirectURL: ourCallback,
		}, providerTimeout)
		if _, err := p.Begin(t.Context(), challenge()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
	}
}

// It works as a goth.Provider: begin, marshal the session, authorize with the answer,
// fetch the user.
func TestProviderThroughGoth(t *testing.T) {
	t.Parallel()
	i := newIDP(t, mia)
	var provider goth.Provider = i.provider
	begun, err := provider.BeginAuth(randomText())
	if err != nil {
		t.Fatal(err)
	}
	there, err := begun.GetAuthURL()
	if err != nil {
		t.Fatal(err)
	}
	back, err := i.Approve(t.Context(), there, mia.Email)
	if err != nil {
		t.Fatal(err)
	}
	session, err := provider.UnmarshalSession(begun.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.FetchUser(session); err == nil {
		t.Error("a user before the session is authorized")
	}
	if token, err := session.Authorize(provider, back.Query()); err != nil || token != "" {
		t.Fatal(token, err)
	}
	user, err := provider.FetchUser(session)
	if err != nil || user.UserID != mia.Subject || user.Email != mia.Email || user.Provider != "idp" || user.AccessToken != "" {
		t.Errorf("%+v, %v", user, err)
	}
	if _, err := provider.BeginAuth("short"); err == nil {
		t.Error("a state that can be guessed is accepted")
	}
}

// If the visitor cancels the request, Finish returns an error.
func TestProviderCancelled(t *testing.T) {
	t.Parallel()
	i, c := newIDP(t, mia), challenge()
	answer := i.answer(t, c, mia.Email)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := i.provider.Finish(ctx, answer, c); err == nil {
		t.Errorf("got %+v", got)
	}
}

// NewProviders reports all mistakes of all configurations together, without secrets.
func TestNewProvidersReportsAllMistakes(t *testing.T) {
	t.Parallel()
	good := ProviderConfig{Name: "google", Kind: KindOIDC, Issuer: "https://accounts.google.com",
		ClientID: "c", ClientSecret: "hush", RedirectURL: ourCallback}
	if providers, err := NewProviders(good); err != nil || providers[0].Label() != "Google" || providers[0].Name() != "google" {
		t.Fatal(providers, err)
	}
	for want, edit := range map[string]func(*ProviderConfig){
		"name":     func(c *ProviderConfig) { c.Name = "../x" },
		"kind":     func(c *ProviderConfig) { c.Kind = "saml" },
		"issuer":   func(c *ProviderConfig) { c.Issuer = "http://accounts.google.com" },
		"secret":   func(c *ProviderConfig) { c.ClientSecret = "" },
		"redirect": func(c *ProviderConfig) { c.RedirectURL = "/auth" },
	} {
		bad := good
		edit(&bad)
		_, err := NewProviders(good, bad)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := NewProviders(good, good); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("the same name twice: %v", err)
	}
}

func isAddress(text string) bool {
	_, err := web.ParseEmail(text)
	return err == nil
}

// A provider may be limited to the domains it may vouch for. An address of another domain
// counts as unverified, so it opens nobody's account; an account linked by hand still works.
func TestProviderVouchesForItsDomainsOnly(t *testing.T) {
	t.Parallel()
	limited := ProviderConfig{Domains: []string{"acme.test", "acme.example", "xn--bcher-kva.example"}}
	for email, want := range map[string]bool{
		"mia@acme.test": true, "MIA@ACME.TEST": true, "leo@acme.example": true,
		"mia\uff20ａｃｍｅ.test": true, "mia@bücher.example": true, "mia@XN--BCHER-KVA.example": true, "mia@bucher.example": false,
		"gus@globex.test": false, "mia@acme.test.evil.test": false, "mia@evil-acme.test": false, "mia@sub.acme.test": false,
		"acme.test": false, "": false, "mia@": false, "mia@test": false, "mia@acme.test@evil.test": false, "mia@acme.test.": false,
	} {
		if got := limited.vouchesFor(email); got != want {
			t.Errorf("%q: %v", email, got)
		}
		if all := (ProviderConfig{}).vouchesFor(email); all != isAddress(email) {
			t.Errorf("%q without a limit: %v", email, all)
		}
	}
	gus := stack.Persona{Email: "gus@globex.test", Name: "Gus", Subject: "subject-of-gus", EmailVerified: true}
	i := newIDP(t, mia, gus)
	config := configOf(i.OIDC)
	config.Domains = limited.Domains
	i.provider = newTestProvider(t, config, providerTimeout)
	for who, verified := range map[string]bool{mia.Email: true, gus.Email: false} {
		c := challenge()
		got, err := i.provider.Finish(t.Context(), i.answer(t, c, who), c)
		if err != nil || got.Email != who || got.EmailVerified != verified {
			t.Errorf("%s: %+v, %v", who, got, err)
		}
	}
}
