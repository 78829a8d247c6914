package signin_test

import (
	"context"
	"html"
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

const providerFlow = "__Host-portico-provider"

// startAt posts a form that begins a flow, approves it at the provider as email, and
// returns the callback path without opening it.
func (o *providerSite) startAt(b *browser, form, email string) string {
	b.t.Helper()
	page := b.want(b.post(form, "return_to", "/account"), http.StatusOK)
	_, address, found := strings.Cut(page.header.Get("Refresh"), "url=")
	if !found || !strings.Contains(page.body, html.EscapeString(address)) {
		b.t.Fatalf("%s leads nowhere", form)
	}
	if queryParam(b.t, address, "prompt") != "login" {
		b.t.Errorf("%s does not make the provider ask who the person is", form)
	}
	back, err := o.idp.Approve(b.t.Context(), address, email)
	check(b.t, err)
	return back.RequestURI()
}

func (o *providerSite) startLink(b *browser, email string) string {
	return o.startAt(b, "/auth/office/link", email)
}
func (o *providerSite) startStepUp(b *browser, email string) string {
	return o.startAt(b, "/auth/office/step-up", email)
}

// link steps the person up and links an account at the provider to theirs.
func (o *providerSite) link(b *browser, me, email string) *browser {
	b.t.Helper()
	b.stepUp(me)
	b.want(b.get(o.startLink(b, email)), http.StatusSeeOther)
	return b
}

// unlinkPath returns the path that unlinks the first linked account, or "" for none.
func (b *browser) unlinkPath() string {
	b.t.Helper()
	_, after, found := strings.Cut(b.want(b.get("/account"), http.StatusOK).body, `action="/account/identities/`)
	if !found {
		return ""
	}
	id, _, _ := strings.Cut(after, "/")
	return "/account/identities/" + id + "/unlink"
}

const longAgo = `update sessions set stepped_up_at = now() - interval '5 minutes 1 second' where user_id = (select id from users where email = $1)`

// A person links an account with another address, signs in with it in another browser,
// steps up with it, each time with a new session id, and unlinks it. Then it cannot sign
// in, even with the person's own address, until they link it again. Unlinking ends no
// session.
func TestLinkedAccount(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	b, other := o.browser(t).signIn(o.Mia), o.browser(t)
	if page := b.get("/account").body; !strings.Contains(page, "Link Office") || !strings.Contains(page, "a link and a code, always available") || b.unlinkPath() != "" {
		t.Error("the page does not offer the provider, or shows an account")
	}
	if got := b.want(b.post("/auth/office/link"), http.StatusSeeOther); got.location != "/step-up?return_to=%2Faccount" {
		t.Errorf("without a proof: sent to %q", got.location)
	}
	b.stepUp(o.Mia)
	in := b.want(b.get(o.startLink(b, o.elsewhere())), http.StatusSeeOther)
	page := b.want(b.get(in.location), http.StatusOK).body
	for _, part := range []string{"Account linked.", "Office", o.elsewhere(), "not used yet", "Linked an account to sign in with"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	other.want(other.get(o.approve(other, o.elsewhere(), "/account")), http.StatusSeeOther)
	if page := other.get("/account").body; !strings.Contains(page, o.Mia) || strings.Contains(page, "not used yet") || strings.Contains(page, "Link Office") {
		t.Error("it does not sign Mia in, or the page does not say so")
	}
	unlink := other.unlinkPath()
	if got := other.want(other.post(unlink), http.StatusSeeOther); got.location != "/step-up?return_to=%2Faccount" {
		t.Errorf("unlinking without a step-up: sent to %q", got.location)
	}
	if page := other.get("/step-up?return_to=%2Faccount").body; !strings.Contains(page, "Confirm with Office") {
		t.Error("the step-up page does not offer the account")
	}
	before := other.cookie(signin.SessionCookie)
	if got := other.want(other.get(o.startStepUp(other, o.elsewhere())), http.StatusSeeOther); got.location != "/account" || other.cookie(signin.SessionCookie) == before {
		t.Errorf("after the step-up: sent to %q", got.location)
	}
	gone := other.want(other.post(unlink), http.StatusSeeOther)
	if page := other.get(gone.location).body; !strings.Contains(page, "Account unlinked.") || !strings.Contains(page, "Confirmed at a provider") || other.unlinkPath() != "" {
		t.Error("it is still linked")
	}
	for _, email := range []string{o.elsewhere(), o.Mia} {
		late := o.browser(t)
		if got := late.want(late.get(o.approve(late, email, "/")), http.StatusForbidden); !strings.Contains(got.body, "or it was unlinked") || late.signedIn() {
			t.Errorf("%s signs in after it was unlinked", email)
		}
	}
	if !b.signedIn() || !other.signedIn() {
		t.Error("unlinking ended a session")
	}
	o.link(b, o.Mia, o.Mia)
	again := o.browser(t)
	again.want(again.get(o.approve(again, o.Mia, "/")), http.StatusSeeOther)
}

// An answer links an account once, and only in the browser and session that began the
// flow, even if the flow's cookie is copied. So an attacker cannot link their own account
// to a victim.
func TestLinkIsBoundToItsSession(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	b, phone, victim, nobody := o.browser(t).signIn(o.Leo), o.browser(t).signIn(o.Leo), o.browser(t).signIn(o.Gus), o.browser(t)
	b.stepUp(o.Leo)
	phone.stepUp(o.Leo)
	victim.stepUp(o.Gus)
	back, flow := o.startLink(b, o.elsewhere()), b.cookie(providerFlow)
	for name, other := range map[string]*browser{"another session of his": phone, "a victim": victim, "nobody": nobody} {
		for _, planted := range []string{"", flow} {
			other.plant(providerFlow, planted)
			if got := other.get(back); got.status != http.StatusBadRequest {
				t.Errorf("%s, with the cookie %v: %d", name, planted != "", got.status)
			}
		}
	}
	if victim.unlinkPath() != "" || b.unlinkPath() != "" || nobody.signedIn() {
		t.Fatal("it was linked, or signed somebody in")
	}
	b.want(b.get(back), http.StatusSeeOther)
	b.want(b.get(back), http.StatusSeeOther) // the same page again goes on, and links nothing more
	if b.unlinkPath() == "" {
		t.Error("the genuine answer is refused")
	}

	// A flow ends with its session, whoever signs in next in the same browser.
	left := o.startLink(phone, "new@"+o.Suffix+".test")
	flow = phone.cookie(providerFlow)
	phone.want(phone.post("/logout"), http.StatusSeeOther)
	for _, next := range []string{"", o.Gus, o.Leo} {
		if next != "" {
			phone.signIn(next)
		}
		phone.plant(providerFlow, flow)
		phone.want(phone.get(left), http.StatusBadRequest)
	}
	if page := phone.get("/account").body; strings.Contains(page, "new@"+o.Suffix) {
		t.Error("a link outlived its session")
	}
}

// Only a form on our own pages can begin a link: a GET or a cross-site POST cannot.
func TestLinkingRequiresAForm(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	b := o.browser(t).signIn(o.Leo)
	b.stepUp(o.Leo)
	for _, path := range []string{"/auth/office/link", "/auth/office/step-up"} {
		if got := b.get(path); got.status != http.StatusNotFound && got.status != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", path, got.status)
		}
		b.extra = http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.test"}}
		b.want(b.post(path), http.StatusForbidden)
		b.extra = nil
	}
	if b.cookie(providerFlow) != "" {
		t.Error("a flow has begun")
	}
	b.want(b.post("/auth/nobody/link"), http.StatusNotFound)
	b.want(b.post("/auth/nobody/step-up"), http.StatusNotFound)
	b.want(b.post("/auth/office/link"), http.StatusOK)
}

// A flow does only what it was begun for: a sign-in links nothing to the person who is
// signed in already, and a step-up or a link signs nobody in.
func TestAnswerServesItsPurposeOnly(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	b := o.browser(t).signIn(o.Leo)
	o.link(b, o.Leo, o.elsewhere())
	b.want(b.get(o.approve(b, "new@"+o.Suffix+".test", "/")), http.StatusForbidden)
	if page := b.get("/account").body; strings.Contains(page, "new@"+o.Suffix) || !strings.Contains(page, o.Leo) {
		t.Error("a sign-in linked an account")
	}
	for _, start := range []func(*browser, string) string{o.startStepUp, o.startLink} {
		back := start(b, o.elsewhere())
		thief := o.browser(t)
		thief.plant(providerFlow, b.cookie(providerFlow))
		thief.want(thief.get(back), http.StatusBadRequest)
		if thief.signedIn() {
			t.Error("the answer of a step-up or a link signed somebody in")
		}
		b.want(b.get(back), http.StatusSeeOther)
	}
	// A sign-in does not count as a step-up.
	age(t, longAgo, o.Leo)
	b.want(b.get(o.approve(b, o.elsewhere(), "/")), http.StatusSeeOther)
	if got := b.want(b.post("/auth/office/link"), http.StatusSeeOther); !strings.HasPrefix(got.location, "/step-up") {
		t.Errorf("a sign-in counted as a step-up: %q", got.location)
	}
}

// A step-up at a provider needs a token that says the person signed in there just now,
// with one of their linked accounts. Anything else leaves the session unchanged.
func TestStepUpAtProvider(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	b := o.browser(t).signIn(o.Leo)
	if page := b.get("/step-up").body; strings.Contains(page, "Confirm with") {
		t.Error("a provider is offered although Leo has no linked account")
	}
	o.link(b, o.Leo, o.elsewhere())
	o.link(o.browser(t).signIn(o.Dana), o.Dana, o.Dana)
	age(t, longAgo, o.Leo)
	before := b.cookie(signin.SessionCookie)
	refused := func(name string, got answer, status int, words string) {
		t.Helper()
		if got.status != status || !strings.Contains(got.body, words) || !strings.Contains(got.body, `href="/step-up?return_to=%2Faccount"`) {
			t.Errorf("%s: %d, or the page lacks the reason or the link", name, got.status)
		}
		if b.cookie(signin.SessionCookie) != before || !strings.HasPrefix(b.post("/auth/office/link").location, "/step-up") {
			t.Errorf("%s: it counted as a step-up", name)
		}
	}
	for name, at := range map[string]any{"an hour ago": time.Now().Add(-time.Hour).Unix(), "two minutes ago": time.Now().Add(-2 * time.Minute).Unix(), "never": nil, "at no time": 0} {
		o.idp.Forge(o.elsewhere(), stack.Forgery{Claims: func(c map[string]any) {
			c["auth_time"] = at
			if at == nil {
				delete(c, "auth_time")
			}
		}})
		refused(name, b.get(o.startStepUp(b, o.elsewhere())), http.StatusBadRequest, "confirm that you signed in there just now")
	}
	o.idp.Forge(o.elsewhere(), stack.Forgery{})
	for _, another := range []string{o.Dana, "new@" + o.Suffix + ".test"} {
		refused(another, b.get(o.startStepUp(b, another)), http.StatusForbidden, "linked to yours. Use the linked account")
	}
	there := b.want(b.post("/auth/office/step-up", "return_to", "/account"), http.StatusOK)
	_, address, _ := strings.Cut(there.header.Get("Refresh"), "url=")
	if queryParam(t, address, "max_age") != "0" || queryParam(t, address, "prompt") != "login" {
		t.Errorf("the provider is not asked for a new sign-in: %s", address)
	}
	declined := "/auth/office/callback?error=login_required&state=" + url.QueryEscape(queryParam(t, address, "state"))
	if got := b.want(b.get(declined), http.StatusSeeOther); got.location != "/step-up?return_to=%2Faccount" {
		t.Errorf("declining there leads to %q", got.location)
	}
	phone := o.browser(t).signIn(o.Leo)
	back := o.startStepUp(b, o.elsewhere())
	phone.plant(providerFlow, b.cookie(providerFlow))
	phone.want(phone.get(back), http.StatusBadRequest)
	b.want(b.get(back), http.StatusSeeOther)
	if b.cookie(signin.SessionCookie) == before || b.post("/auth/office/link").status != http.StatusOK {
		t.Error("the genuine answer did not count")
	}
	copied := o.browser(t)
	copied.plant(signin.SessionCookie, before)
	if copied.signedIn() {
		t.Error("the session's old id is still good")
	}
}

// An account that another person has linked stays theirs, and the answer names nobody.
func TestTakenAccountIsNotLinked(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	mia, leo := o.browser(t).signIn(o.Mia), o.browser(t).signIn(o.Leo)
	o.link(mia, o.Mia, o.elsewhere())
	leo.stepUp(o.Leo)
	got := leo.want(leo.get(o.startLink(leo, o.elsewhere())), http.StatusConflict)
	if !strings.Contains(got.body, "Someone else signs in with that account") || !strings.Contains(got.body, `href="/account"`) {
		t.Error("the page does not say why, or has no link")
	}
	for _, name := range []string{o.Mia, "Mia", o.elsewhere()} {
		if strings.Contains(got.body, name) {
			t.Errorf("the page names %s", name)
		}
	}
	theirs := mia.unlinkPath()
	if leo.unlinkPath() != "" {
		t.Error("it was linked anyway")
	}
	for range 2 {
		leo.want(leo.post(theirs), http.StatusNotFound)
		leo.want(leo.post("/account/identities/"+store.NewID().String()+"/unlink"), http.StatusNotFound)
		leo.stepUp(o.Leo)
	}
	if mia.unlinkPath() != theirs {
		t.Error("Leo unlinked Mia's account")
	}
	mia.want(mia.post(theirs), http.StatusSeeOther)
	o.link(leo, o.Leo, o.elsewhere())
}

// Declining at the provider returns to the account page. While the provider is down, its
// answer is a 503, and linking works again once it is up.
func TestLinkDeclinedOrUnavailable(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	b := o.browser(t).signIn(o.Leo)
	b.stepUp(o.Leo)
	page := b.want(b.post("/auth/office/link"), http.StatusOK)
	_, address, _ := strings.Cut(page.header.Get("Refresh"), "url=")
	got := b.want(b.get("/auth/office/callback?error=access_denied&state="+url.QueryEscape(queryParam(t, address, "state"))), http.StatusSeeOther)
	if page := b.get(got.location); !strings.Contains(page.body, "Nothing was linked.") {
		t.Error("the page does not say that nothing was linked")
	}
	back := o.startLink(b, o.elsewhere())
	check(t, o.idp.Stop())
	b.want(b.get(back), http.StatusServiceUnavailable)
	check(t, o.idp.Start())
	b.want(b.get(o.startLink(b, o.elsewhere())), http.StatusSeeOther)
}

// A person's last sign-in method cannot be removed, and the page says why. For people
// with an address, mail is a method too.
func TestLastSignInMethodCannotBeRemoved(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	b := o.link(o.browser(t).signIn(o.Leo), o.Leo, o.elsewhere())
	age(t, `update users set email = null where email = $1`, o.Leo)
	if got := b.want(b.post(b.unlinkPath()), http.StatusConflict); !strings.Contains(got.body, "your only way to sign in") {
		t.Error("the page does not say why")
	}
	age(t, `update users set email = $1 where id = (select user_id from identities where email = $2)`, o.Leo, o.elsewhere())
	b.want(b.post(b.unlinkPath()), http.StatusSeeOther)
}

// Support agents cannot link accounts or step up at a provider. They can unlink an
// account that signed them in by their address.
func TestAgentsCannotLinkAccounts(t *testing.T) {
	t.Parallel()
	o, sam := newProviderSite(t), storetest.Agent(t)
	o.idp.AddPersona(stack.Persona{Email: sam, Name: "Sam", Subject: sam, EmailVerified: true})
	b := o.browser(t)
	b.want(b.get(o.approve(b, sam, "/account")), http.StatusSeeOther)
	b.stepUp(sam)
	if page := b.get("/account").body; strings.Contains(page, "Link Office") || strings.Contains(b.get("/step-up").body, "Confirm with Office") {
		t.Error("a provider is offered")
	}
	b.want(b.post("/auth/office/link"), http.StatusNotFound)
	b.want(b.post("/auth/office/step-up"), http.StatusNotFound)
	b.want(b.post(b.unlinkPath()), http.StatusSeeOther)
}

// Neither support nor staff who view as a person can link or unlink that person's
// accounts: the account page is always their own.
func TestNoLinkingAsAnotherPerson(t *testing.T) {
	t.Parallel()
	o, sam := newProviderSite(t), storetest.Agent(t)
	mia := o.Member(t, o.Mia, o.Acme)
	storetest.GrantSupport(t, mia)
	hers := o.link(o.browser(t).signIn(o.Mia), o.Mia, o.elsewhere()).unlinkPath()
	agent, dana := o.browser(t).signIn(sam), o.browser(t).signIn(o.Dana)
	agent.stepUp(sam)
	dana.stepUp(o.Dana) // first, because the session sends Dana mail too
	agent.want(agent.post("/support/sessions", "tenant", o.Acme, "person", mia.ID().String(), "reason", "Look", "ticket", "T-1", "minutes", "5"), http.StatusSeeOther)
	dana.want(dana.post("/w/"+o.Acme+"/view-as", "person", mia.ID().String()), http.StatusSeeOther)
	for name, b := range map[string]*browser{"support": agent, "staff": dana} {
		if b.get("/w/"+o.Acme+"/").status != http.StatusOK {
			t.Fatalf("%s has no session there", name)
		}
		if page := b.get("/account").body; strings.Contains(page, o.elsewhere()) || strings.Contains(page, o.Mia) {
			t.Errorf("%s sees Mia's account", name)
		}
		b.want(b.post(hers), http.StatusNotFound)
		for _, path := range []string{"/w/" + o.Acme + hers, "/w/" + o.Acme + "/auth/office/link"} {
			b.want(b.post(path), http.StatusForbidden) // no such route in a tenant
		}
	}
	// What Dana links meanwhile is linked to Dana.
	dana.want(dana.get(o.startLink(dana, "new@"+o.Suffix+".test")), http.StatusSeeOther)
	if whose := linkedTo(t, "new@"+o.Suffix+".test"); whose != o.Dana {
		t.Errorf("it is linked to %s", whose)
	}
	if whose := linkedTo(t, o.elsewhere()); whose != o.Mia {
		t.Errorf("Mia's account is linked to %s", whose)
	}
}

// linkedTo returns the address of the person to whom an account is linked.
func linkedTo(t testing.TB, email string) (whose string) {
	t.Helper()
	asAdmin(t, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `select u.email from identities i join users u on u.id = i.user_id where i.email = $1`, email).Scan(&whose)
	})
	return whose
}
