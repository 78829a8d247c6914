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

// there is what a form begins at the provider: the person picks who they are, and
// the path with which they come back is returned. It is not opened.
func (o *office) there(b *browser, form, email string) string {
	b.t.Helper()
	page := b.want(b.post(form, "return_to", "/account"), http.StatusOK)
	_, address, found := strings.Cut(page.header.Get("Refresh"), "url=")
	if !found || !strings.Contains(page.body, html.EscapeString(address)) {
		b.t.Fatalf("%s leads nowhere", form)
	}
	if part(b.t, address, "prompt") != "login" {
		b.t.Errorf("%s does not have the person see at the provider who they are", form)
	}
	back, err := o.idp.Approve(b.t.Context(), address, email)
	check(b.t, err)
	return back.RequestURI()
}

func (o *office) linking(b *browser, email string) string {
	return o.there(b, "/auth/office/link", email)
}
func (o *office) confirming(b *browser, email string) string {
	return o.there(b, "/auth/office/step-up", email)
}

// link steps the person up and links an account at the provider to theirs.
func (o *office) link(b *browser, me, email string) *browser {
	b.t.Helper()
	b.stepUp(me)
	b.want(b.get(o.linking(b, email)), http.StatusSeeOther)
	return b
}

// unlinking is where the first linked account on the account page is unlinked, "" for none.
func (b *browser) unlinking() string {
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
// proves themselves anew with it, each time under a new session id, and unlinks it.
// Then it signs in nobody, also where it has an address of theirs, until they link it
// anew; their sessions stay.
func TestLinkedAccount(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b, other := o.browser(t).signIn(o.Mia), o.browser(t)
	if page := b.get("/account").body; !strings.Contains(page, "Link Office") || !strings.Contains(page, "a link and a code, always available") || b.unlinking() != "" {
		t.Error("the page does not offer the provider, or shows an account")
	}
	if got := b.want(b.post("/auth/office/link"), http.StatusSeeOther); got.location != "/step-up?return_to=%2Faccount" {
		t.Errorf("without a proof: sent to %q", got.location)
	}
	b.stepUp(o.Mia)
	in := b.want(b.get(o.linking(b, o.elsewhere())), http.StatusSeeOther)
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
	unlink := other.unlinking()
	if got := other.want(other.post(unlink), http.StatusSeeOther); got.location != "/step-up?return_to=%2Faccount" {
		t.Errorf("unlinking after a mere sign-in: sent to %q", got.location)
	}
	if page := other.get("/step-up?return_to=%2Faccount").body; !strings.Contains(page, "Confirm with Office") {
		t.Error("the step-up page does not offer the account")
	}
	before := other.cookie(signin.SessionCookie)
	if got := other.want(other.get(o.confirming(other, o.elsewhere())), http.StatusSeeOther); got.location != "/account" || other.cookie(signin.SessionCookie) == before {
		t.Errorf("after the step-up: sent to %q", got.location)
	}
	gone := other.want(other.post(unlink), http.StatusSeeOther)
	if page := other.get(gone.location).body; !strings.Contains(page, "Account unlinked.") || !strings.Contains(page, "Confirmed at a provider") || other.unlinking() != "" {
		t.Error("it is still there")
	}
	for _, email := range []string{o.elsewhere(), o.Mia} {
		late := o.browser(t)
		if got := late.want(late.get(o.approve(late, email, "/")), http.StatusForbidden); !strings.Contains(got.body, "or it was unlinked") || late.signedIn() {
			t.Errorf("%s signs in after all was unlinked", email)
		}
	}
	if !b.signedIn() || !other.signedIn() {
		t.Error("unlinking ended a session")
	}
	o.link(b, o.Mia, o.Mia)
	again := o.browser(t)
	again.want(again.get(o.approve(again, o.Mia, "/")), http.StatusSeeOther)
}

// An answer attaches an account in the browser and session that asked for it, once;
// nowhere else, whoever carries it there and with whatever cookies. Above all nobody
// can have somebody else's browser link an account of theirs.
func TestLinkIsBoundToItsSession(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b, phone, victim, nobody := o.browser(t).signIn(o.Leo), o.browser(t).signIn(o.Leo), o.browser(t).signIn(o.Gus), o.browser(t)
	b.stepUp(o.Leo)
	phone.stepUp(o.Leo)
	victim.stepUp(o.Gus)
	back, flow := o.linking(b, o.elsewhere()), b.cookie(providerFlow)
	for name, other := range map[string]*browser{"another session of his": phone, "a victim": victim, "nobody": nobody} {
		for _, planted := range []string{"", flow} {
			other.plant(providerFlow, planted)
			if got := other.get(back); got.status != http.StatusBadRequest {
				t.Errorf("%s, with the cookie %v: %d", name, planted != "", got.status)
			}
		}
	}
	if victim.unlinking() != "" || b.unlinking() != "" || nobody.signedIn() {
		t.Fatal("it was linked, or signed somebody in")
	}
	b.want(b.get(back), http.StatusSeeOther)
	b.want(b.get(back), http.StatusBadRequest) // reused
	if b.unlinking() == "" {
		t.Error("the rightful answer is refused")
	}

	// Nor does it outlive the session that asked, whoever sits there next.
	left := o.linking(phone, "new@"+o.Suffix+".test")
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

// A form of ours begins a link, and no address that somebody is sent to.
func TestLinkBeginsFromAForm(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
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

// What was asked for is what comes of it: a sign-in in a browser that is signed in
// links nothing to who sits there, a step-up and a link sign nobody in.
func TestPurposeOfAnAnswer(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.browser(t).signIn(o.Leo)
	o.link(b, o.Leo, o.elsewhere())
	b.want(b.get(o.approve(b, "new@"+o.Suffix+".test", "/")), http.StatusForbidden)
	if page := b.get("/account").body; strings.Contains(page, "new@"+o.Suffix) || !strings.Contains(page, o.Leo) {
		t.Error("a sign-in linked an account")
	}
	for _, asked := range []func(*browser, string) string{o.confirming, o.linking} {
		back := asked(b, o.elsewhere())
		thief := o.browser(t)
		thief.plant(providerFlow, b.cookie(providerFlow))
		thief.want(thief.get(back), http.StatusBadRequest)
		if thief.signedIn() {
			t.Error("an answer signed somebody in that was no sign-in's")
		}
		b.want(b.get(back), http.StatusSeeOther)
	}
	// A sign-in is no step-up.
	age(t, longAgo, o.Leo)
	b.want(b.get(o.approve(b, o.elsewhere(), "/")), http.StatusSeeOther)
	if got := b.want(b.post("/auth/office/link"), http.StatusSeeOther); !strings.HasPrefix(got.location, "/step-up") {
		t.Errorf("a sign-in counted as a step-up: %q", got.location)
	}
}

// A step-up at a provider believes a token that says the person signed in there just
// now, with an account of their own; anything else leaves the session as it was.
func TestStepUpAtProvider(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.browser(t).signIn(o.Leo)
	if page := b.get("/step-up").body; strings.Contains(page, "Confirm with") {
		t.Error("a provider is offered that knows nothing of Leo")
	}
	o.link(b, o.Leo, o.elsewhere())
	o.link(o.browser(t).signIn(o.Dana), o.Dana, o.Dana)
	age(t, longAgo, o.Leo)
	before := b.cookie(signin.SessionCookie)
	refused := func(name string, got answer, status int, words string) {
		t.Helper()
		if got.status != status || !strings.Contains(got.body, words) || !strings.Contains(got.body, `href="/step-up?return_to=%2Faccount"`) {
			t.Errorf("%s: %d, or no word of it and no way on", name, got.status)
		}
		if b.cookie(signin.SessionCookie) != before || !strings.HasPrefix(b.post("/auth/office/link").location, "/step-up") {
			t.Errorf("%s: it counted", name)
		}
	}
	for name, at := range map[string]any{"an hour ago": time.Now().Add(-time.Hour).Unix(), "two minutes ago": time.Now().Add(-2 * time.Minute).Unix(), "never": nil, "at no time": 0} {
		o.idp.Forge(o.elsewhere(), stack.Forgery{Claims: func(c map[string]any) {
			c["auth_time"] = at
			if at == nil {
				delete(c, "auth_time")
			}
		}})
		refused(name, b.get(o.confirming(b, o.elsewhere())), http.StatusBadRequest, "confirm that you signed in there just now")
	}
	o.idp.Forge(o.elsewhere(), stack.Forgery{})
	for _, another := range []string{o.Dana, "new@" + o.Suffix + ".test"} {
		refused(another, b.get(o.confirming(b, another)), http.StatusForbidden, "linked to yours. Use the linked account")
	}
	there := b.want(b.post("/auth/office/step-up", "return_to", "/account"), http.StatusOK)
	_, address, _ := strings.Cut(there.header.Get("Refresh"), "url=")
	if part(t, address, "max_age") != "0" || part(t, address, "prompt") != "login" {
		t.Errorf("the provider is not asked for a sign-in anew: %s", address)
	}
	declined := "/auth/office/callback?error=login_required&state=" + url.QueryEscape(part(t, address, "state"))
	if got := b.want(b.get(declined), http.StatusSeeOther); got.location != "/step-up?return_to=%2Faccount" {
		t.Errorf("who says no there is led to %q", got.location)
	}
	phone := o.browser(t).signIn(o.Leo)
	back := o.confirming(b, o.elsewhere())
	phone.plant(providerFlow, b.cookie(providerFlow))
	phone.want(phone.get(back), http.StatusBadRequest)
	b.want(b.get(back), http.StatusSeeOther)
	if b.cookie(signin.SessionCookie) == before || b.post("/auth/office/link").status != http.StatusOK {
		t.Error("the rightful one did not count")
	}
	copied := o.browser(t)
	copied.plant(signin.SessionCookie, before)
	if copied.signedIn() {
		t.Error("the session's old id is still good")
	}
}

// An account that is somebody else's stays theirs, and nobody is named.
func TestAccountOfSomebodyElse(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	mia, leo := o.browser(t).signIn(o.Mia), o.browser(t).signIn(o.Leo)
	o.link(mia, o.Mia, o.elsewhere())
	leo.stepUp(o.Leo)
	got := leo.want(leo.get(o.linking(leo, o.elsewhere())), http.StatusConflict)
	if !strings.Contains(got.body, "Someone else signs in with that account") || !strings.Contains(got.body, `href="/account"`) {
		t.Error("the page does not say what is the matter, or leads nowhere")
	}
	for _, name := range []string{o.Mia, "Mia", o.elsewhere()} {
		if strings.Contains(got.body, name) {
			t.Errorf("the page names %s", name)
		}
	}
	theirs := mia.unlinking()
	if leo.unlinking() != "" {
		t.Error("it was linked all the same")
	}
	for range 2 {
		leo.want(leo.post(theirs), http.StatusNotFound)
		leo.want(leo.post("/account/identities/"+store.NewID().String()+"/unlink"), http.StatusNotFound)
		leo.stepUp(o.Leo)
	}
	if mia.unlinking() != theirs {
		t.Error("Leo unlinked Mia's account")
	}
	mia.want(mia.post(theirs), http.StatusSeeOther)
	o.link(leo, o.Leo, o.elsewhere())
}

// Who says no at the provider is back at their account; one that is away says so, and
// its answer is asked for again.
func TestLinkDeclinedOrAway(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.browser(t).signIn(o.Leo)
	b.stepUp(o.Leo)
	page := b.want(b.post("/auth/office/link"), http.StatusOK)
	_, address, _ := strings.Cut(page.header.Get("Refresh"), "url=")
	got := b.want(b.get("/auth/office/callback?error=access_denied&state="+url.QueryEscape(part(t, address, "state"))), http.StatusSeeOther)
	if page := b.get(got.location); !strings.Contains(page.body, "Nothing was linked.") {
		t.Error("the page does not say that nothing was linked")
	}
	back := o.linking(b, o.elsewhere())
	check(t, o.idp.Stop())
	b.want(b.get(back), http.StatusServiceUnavailable)
	check(t, o.idp.Start())
	b.want(b.get(o.linking(b, o.elsewhere())), http.StatusSeeOther)
}

// The last way in stays, and the page says so. Mail is one for whoever has an address.
func TestLastWayIn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.link(o.browser(t).signIn(o.Leo), o.Leo, o.elsewhere())
	age(t, `update users set email = null where email = $1`, o.Leo)
	if got := b.want(b.post(b.unlinking()), http.StatusConflict); !strings.Contains(got.body, "your only way to sign in") {
		t.Error("the page does not say why")
	}
	age(t, `update users set email = $1 where id = (select user_id from identities where email = $2)`, o.Leo, o.elsewhere())
	b.want(b.post(b.unlinking()), http.StatusSeeOther)
}

// An agent of support proves themselves by passkey and mail, and links nothing; an
// account that signed them in by their address they can take away.
func TestAgentsLinkNothing(t *testing.T) {
	t.Parallel()
	o, sam := newOffice(t), storetest.Agent(t)
	o.idp.AddPersona(stack.Persona{Email: sam, Name: "Sam", Subject: sam, EmailVerified: true})
	b := o.browser(t)
	b.want(b.get(o.approve(b, sam, "/account")), http.StatusSeeOther)
	b.stepUp(sam)
	if page := b.get("/account").body; strings.Contains(page, "Link Office") || strings.Contains(b.get("/step-up").body, "Confirm with Office") {
		t.Error("a provider is offered")
	}
	b.want(b.post("/auth/office/link"), http.StatusNotFound)
	b.want(b.post("/auth/office/step-up"), http.StatusNotFound)
	b.want(b.post(b.unlinking()), http.StatusSeeOther)
}

// Whoever sits somewhere as somebody else, be it support or staff, has no hand on
// that person's ways in: what they see and do there is of their own account.
func TestNobodyLinksAsSomebodyElse(t *testing.T) {
	t.Parallel()
	o, sam := newOffice(t), storetest.Agent(t)
	mia := o.Member(t, o.Mia, o.Acme)
	storetest.GrantSupport(t, mia)
	hers := o.link(o.browser(t).signIn(o.Mia), o.Mia, o.elsewhere()).unlinking()
	agent, dana := o.browser(t).signIn(sam), o.browser(t).signIn(o.Dana)
	agent.stepUp(sam)
	agent.want(agent.post("/support/sessions", "tenant", o.Acme, "person", mia.ID().String(), "reason", "Look", "ticket", "T-1", "minutes", "5"), http.StatusSeeOther)
	dana.stepUp(o.Dana)
	dana.want(dana.post("/w/"+o.Acme+"/view-as", "person", mia.ID().String()), http.StatusSeeOther)
	for name, b := range map[string]*browser{"support": agent, "staff": dana} {
		if b.get("/w/"+o.Acme+"/").status != http.StatusOK {
			t.Fatalf("%s is not in", name)
		}
		if page := b.get("/account").body; strings.Contains(page, o.elsewhere()) || strings.Contains(page, o.Mia) {
			t.Errorf("%s sees Mia's account", name)
		}
		b.want(b.post(hers), http.StatusNotFound)
		for _, path := range []string{"/w/" + o.Acme + hers, "/w/" + o.Acme + "/auth/office/link"} {
			b.want(b.post(path), http.StatusForbidden) // there is no such page in there
		}
	}
	// What Dana links there is hers.
	dana.want(dana.get(o.linking(dana, "new@"+o.Suffix+".test")), http.StatusSeeOther)
	if whose := holder(t, "new@"+o.Suffix+".test"); whose != o.Dana {
		t.Errorf("linked to %s", whose)
	}
	if whose := holder(t, o.elsewhere()); whose != o.Mia {
		t.Errorf("Mia's is %s's", whose)
	}
}

// holder is the address of who signs in with an account at the provider.
func holder(t testing.TB, email string) (whose string) {
	t.Helper()
	asAdmin(t, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `select u.email from identities i join users u on u.id = i.user_id where i.email = $1`, email).Scan(&whose)
	})
	return whose
}
