package signin_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/handlers/signin"
	"portico/store"
)

// providerSite is a site with a real OpenID provider.
type providerSite struct {
	*site
	*storetest.Tenants
	idp    *stack.OIDC
	signUp store.SignUpRule
}

// newProviderSite has Dana and Mia at the provider with verified addresses, Leo with an
// unverified one, and somebody who was never invited.
func newProviderSite(t *testing.T) *providerSite {
	t.Helper()
	o := &providerSite{Tenants: storetest.Agency(t)}
	return o.at(t,
		stack.Persona{Email: o.Dana, Name: "Dana", Subject: "d-1", EmailVerified: true},
		stack.Persona{Email: o.Mia, Name: "Mia", Subject: "m-1", EmailVerified: true},
		stack.Persona{Email: o.Leo, Name: "Leo", Subject: "l-1", EmailVerified: false},
		stack.Persona{Email: "new@" + o.Suffix + ".test", Name: "New", Subject: "n-1", EmailVerified: true},
		stack.Persona{Email: o.elsewhere(), Name: "Elsewhere", Subject: "e-1", EmailVerified: true},
	)
}

// at starts the provider with these people, and the site with that provider.
func (o *providerSite) at(t *testing.T, people ...stack.Persona) *providerSite {
	t.Helper()
	o.site = open(t, signin.Config{DB: storetest.DB(), Keys: testKeys, AgentCodes: true, SignUp: o.signUp}, func(origin string) signin.Provider {
		callback := origin + "/auth/office/callback"
		idp, err := stack.StartOIDC(t.Context(), stack.OIDCOptions{RedirectURIs: []string{callback}, Personas: people})
		check(t, err)
		t.Cleanup(func() { _ = idp.Stop() })
		o.idp = idp
		providers, err := signin.NewProviders(signin.ProviderConfig{
			Name: "office", Kind: signin.KindOIDC, Issuer: idp.Issuer(), RedirectURL: callback,
			ClientID: idp.ClientID(), ClientSecret: idp.ClientSecret(),
		})
		check(t, err)
		return providers[0]
	})
	return o
}

// elsewhere returns an address at the provider that is unknown here.
func (o *providerSite) elsewhere() string { return "me-" + o.Suffix + "@elsewhere.test" }

// approve sends the browser to the provider, approves the sign-in as email, and returns
// the callback path without opening it.
func (o *providerSite) approve(b *browser, email, returnTo string) string {
	b.t.Helper()
	there := b.want(b.get("/auth/office?return_to="+url.QueryEscape(returnTo)), http.StatusSeeOther)
	back, err := o.idp.Approve(b.t.Context(), there.location, email)
	check(b.t, err)
	if !strings.HasPrefix(back.String(), o.url) {
		b.t.Fatalf("the provider sends the browser to %s", back)
	}
	return back.RequestURI()
}

// A person signs in at a provider. The first time their verified address identifies them,
// later the account at the provider does.
func TestSignInByProvider(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	b := o.browser(t)
	if page := b.want(b.get("/login?return_to=%2Faccount"), http.StatusOK); !strings.Contains(page.body, "Continue with Office") {
		t.Error("the sign-in page does not offer the provider")
	}
	in := b.want(b.get(o.approve(b, o.Mia, "/account?a=b")), http.StatusSeeOther)
	if in.location != "/account?a=b" {
		t.Errorf("sent on to %q", in.location)
	}
	page := b.want(b.get("/account"), http.StatusOK)
	if !strings.Contains(page.body, o.Mia) || !strings.Contains(page.body, "Signed in through a provider") {
		t.Error("not signed in as Mia")
	}

	// Her address at the provider changes; she is still signed in as herself.
	o.idp.Forge(o.Mia, stack.Forgery{Claims: func(c map[string]any) { c["email"], c["email_verified"] = o.Gus, true }})
	again := o.browser(t)
	again.want(again.get(o.approve(again, o.Mia, "/")), http.StatusSeeOther)
	if page := again.get("/account"); !strings.Contains(page.body, o.Mia) || strings.Contains(page.body, o.Gus) {
		t.Error("a changed address signed her in as another person")
	}
}

// Case 29: an answer opens a session once, in the browser that began the flow and with its
// state. Anything else is a 400 without a session, and does not invalidate the genuine
// answer.
func TestProviderAnswerIsBoundToItsBrowser(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	b, other, victim := o.browser(t), o.browser(t), o.browser(t)
	back := o.approve(b, o.Dana, "/account")
	code, state := queryParam(t, back, "code"), queryParam(t, back, "state")
	theirs := queryParam(t, o.approve(other, o.Mia, "/"), "state")

	for name, attempt := range map[string]struct {
		who   *browser
		query string
	}{
		"no cookie":              {victim, "code=" + code + "&state=" + state},
		"another browser":        {other, "code=" + code + "&state=" + state},
		"no state":               {b, "code=" + code},
		"empty state":            {b, "code=" + code + "&state="},
		"chosen state":           {b, "code=" + code + "&state=chosen"},
		"another browser's":      {b, "code=" + code + "&state=" + theirs},
		"two states":             {b, "code=" + code + "&state=chosen&state=" + state},
		"two states, ours first": {b, "code=" + code + "&state=" + state + "&state=chosen"},
		"nothing":                {b, ""},
		"an error without state": {b, "error=access_denied"},
	} {
		if got := attempt.who.get("/auth/office/callback?" + attempt.query); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, got.status)
		}
		if attempt.who.signedIn() {
			t.Errorf("%s: signed in", name)
		}
	}
	b.want(b.send(http.MethodHead, back, nil), http.StatusMethodNotAllowed)
	b.want(b.get(back), http.StatusSeeOther)
	if !b.signedIn() {
		t.Error("the genuine answer is refused")
	}
	copied := o.browser(t)
	copied.want(copied.get(back), http.StatusBadRequest)
}

// The same answer twice, as when a browser loads the page again, goes on to where it led
// the first time. It opens no session: another browser, and the same one after signing
// out, get a 400.
func TestProviderAnswerTwiceGoesOn(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	b, other := o.browser(t), o.browser(t)
	back := o.approve(b, o.Mia, "/account?a=b")
	sessions := func() (n int) {
		check(t, storetest.Admin(t).QueryRow(t.Context(), `select count(*) from sessions s join users u on u.id = s.user_id where u.email = $1`, o.Mia).Scan(&n))
		return n
	}
	b.want(b.get(back), http.StatusSeeOther)
	before := sessions()
	for range 3 {
		if again := b.want(b.get(back), http.StatusSeeOther); again.location != "/account?a=b" || !b.signedIn() {
			t.Errorf("the second time leads to %q", again.location)
		}
	}
	if n := sessions(); n != before {
		t.Errorf("%d sessions, before %d", n, before)
	}
	other.want(other.get(back), http.StatusBadRequest)
	o.approve(other, o.Dana, "/")
	other.want(other.get(back), http.StatusBadRequest)
	if other.signedIn() {
		t.Error("signed in by somebody else's answer")
	}
	b.want(b.post("/logout"), http.StatusSeeOther)
	b.want(b.get(back), http.StatusBadRequest)
}

// Case 29: an answer expires after ten minutes, by the database's clock.
func TestProviderAnswerExpires(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	b := o.browser(t)
	back := o.approve(b, o.Dana, "/only-here-"+o.Suffix)
	age(t, `update sign_in_flows set expires_at = expires_at - interval '10 minutes 1 second' where return_to = $1`, "/only-here-"+o.Suffix)
	b.want(b.get(back), http.StatusBadRequest)
	if b.signedIn() {
		t.Error("signed in")
	}
	b.want(b.get(o.approve(b, o.Dana, "/")), http.StatusSeeOther)
}

// Two tabs begin a flow in the same browser; both can finish.
func TestTwoTabsAtTheProvider(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	b := o.browser(t)
	mail := b.requestMail(o.Leo) // and a mail is waiting in a third
	one, two := o.approve(b, o.Dana, "/account?tab=1"), o.approve(b, o.Dana, "/account?tab=2")
	saved := b.cookie("__Host-portico-provider")
	if got := b.want(b.get(two), http.StatusSeeOther); got.location != "/account?tab=2" {
		t.Errorf("the second tab leads to %q", got.location)
	}
	b.plant("__Host-portico-provider", saved) // as if both answered at once
	if got := b.want(b.get(one), http.StatusSeeOther); got.location != "/account?tab=1" {
		t.Errorf("the first tab leads to %q", got.location)
	}
	b.want(b.post("/login/code", "code", mail.code), http.StatusSeeOther)
}

// Case 30: an unverified address and one that was never invited get no session and no
// account, and the page says what to do.
func TestUnknownIdentityGetsNoAccount(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	before := countPeople(t, o.Suffix)
	for _, email := range []string{o.Leo, "new@" + o.Suffix + ".test"} {
		b := o.browser(t)
		got := b.want(b.get(o.approve(b, email, "/account")), http.StatusForbidden)
		if !strings.Contains(got.body, "That account has no invitation here") || b.signedIn() {
			t.Errorf("%s: signed in %v", email, b.signedIn())
		}
	}
	if after := countPeople(t, o.Suffix); after != before {
		t.Errorf("%d people with identities, before %d", after, before)
	}
	// The same person can sign in once the provider has verified the address.
	o.idp.Forge(o.Leo, stack.Forgery{Claims: func(c map[string]any) { c["email_verified"] = true }})
	b := o.browser(t)
	b.want(b.get(o.approve(b, o.Leo, "/")), http.StatusSeeOther)
}

// Case 30: an ID token that was not issued for this sign-in is a 400.
func TestForgedTokenIsABadRequest(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	set := func(name string, value any) stack.Forgery {
		return stack.Forgery{Claims: func(c map[string]any) { c[name] = value }}
	}
	for name, forgery := range map[string]stack.Forgery{
		"another audience": set("aud", "somebody-else"),
		"another issuer":   set("iss", "https://evil.test"),
		"another nonce":    set("nonce", "chosen"),
		"expired":          set("exp", time.Now().Add(-time.Hour).Unix()),
		"a foreign key":    {ForeignKey: true},
		"no signature":     {Unsigned: true},
	} {
		o.idp.Forge(o.Dana, forgery)
		b := o.browser(t)
		if got := b.get(o.approve(b, o.Dana, "/")); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, got.status)
		}
		if b.signedIn() {
			t.Errorf("%s: signed in", name)
		}
	}
	o.idp.Forge(o.Dana, stack.Forgery{})
	b := o.browser(t)
	b.want(b.get(o.approve(b, o.Dana, "/")), http.StatusSeeOther)
}

// Declining at the provider leads back to the sign-in page, which says so, and nowhere
// else if the answer is sent once more. In another browser it is refused.
func TestDecliningAtProviderReturnsToSignIn(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	b := o.browser(t)
	there := b.want(b.get("/auth/office?return_to=%2Faccount"), http.StatusSeeOther)
	back := "/auth/office/callback?error=access_denied&state=" + url.QueryEscape(queryParam(t, there.location, "state"))
	signIn := b.want(b.get(back), http.StatusSeeOther)
	page := b.want(b.get(signIn.location), http.StatusOK)
	if !strings.Contains(page.body, "You cancelled signing in") || !strings.Contains(page.body, `value="/account"`) {
		t.Errorf("%s does not say what happened", signIn.location)
	}
	if again := b.want(b.get(back), http.StatusSeeOther); again.location != signIn.location {
		t.Errorf("the answer once more leads to %s", again.location)
	}
	o.browser(t).want(o.browser(t).get(back), http.StatusBadRequest)
}

// Case 68: while the provider is down, signing in there is a 503 and mail still works.
// Once the provider is up, it works again.
func TestProviderUnavailable(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	b := o.browser(t)
	back := o.approve(b, o.Dana, "/")
	check(t, o.idp.Stop())
	got := b.want(b.get(back), http.StatusServiceUnavailable)
	if got.header.Get("Retry-After") == "" || b.signedIn() {
		t.Error("no Retry-After, or signed in")
	}
	b.signIn(o.Leo)
	check(t, o.idp.Start())
	again := o.browser(t)
	again.want(again.get(o.approve(again, o.Dana, "/")), http.StatusSeeOther)
}

// A provider that is not configured is a 404. HEAD begins no flow.
func TestUnknownProvider(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	b := o.browser(t)
	b.want(b.get("/auth/nobody"), http.StatusNotFound)
	b.want(b.get("/auth/nobody/callback?state=x&code=y"), http.StatusNotFound)
	b.want(b.send(http.MethodHead, "/auth/office", nil), http.StatusMethodNotAllowed)
	if b.cookie("__Host-portico-provider") != "" {
		t.Error("a flow has begun")
	}
}

// Case 24 with a provider: the sign-in ends a planted session and starts a new one.
func TestPlantedSessionEndsAtProviderSignIn(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	attacker, victim := o.browser(t).signIn(o.Leo), o.browser(t)
	planted := attacker.cookie(signin.SessionCookie)
	victim.plant(signin.SessionCookie, planted)
	victim.want(victim.get(o.approve(victim, o.Dana, "/")), http.StatusSeeOther)
	if victim.cookie(signin.SessionCookie) == planted || attacker.signedIn() {
		t.Error("the planted session is still valid")
	}
}

func queryParam(t testing.TB, address, name string) string {
	t.Helper()
	u, err := url.Parse(address)
	check(t, err)
	return u.Query().Get(name)
}

// countPeople counts the accounts and identities with a suffix in their address.
func countPeople(t testing.TB, suffix string) (n int) {
	t.Helper()
	asAdmin(t, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `
select (select count(*) from users where email like '%' || $1 || '%')
     + (select count(*) from identities where email like '%' || $1 || '%')`, suffix).Scan(&n)
	})
	return n
}
