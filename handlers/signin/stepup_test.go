package signin_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/handlers/signin"
)

// A person steps up with a mailed code and returns to the page they wanted. The session
// gets a new id.
func TestStepUp(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b := h.browser(t).signIn(a.Dana)
	before := b.cookie(signin.SessionCookie)

	if page := b.want(b.get("/step-up?return_to=/account"), http.StatusOK); !strings.Contains(page.body, "Send the code") || strings.Contains(page.body, `name="code"`) {
		t.Error("the first page does not offer to send a code")
	}
	sent := b.want(b.post("/step-up", "return_to", "/account"), http.StatusSeeOther)
	if page := b.want(b.get(sent.location), http.StatusOK); !strings.Contains(page.body, `name="code"`) {
		t.Error("the second page does not ask for the code")
	}
	mail := mailed(t, a.Dana)
	if mail.link != "" {
		t.Error("the mail of a step-up has a link")
	}
	wrong := b.want(b.post("/step-up/code", "code", wrongCode(mail.code), "return_to", "/account"), http.StatusUnprocessableEntity)
	if !strings.Contains(wrong.body, "4 tries left") || b.cookie(signin.SessionCookie) != before {
		t.Error("a wrong code: no tries left to read, or another session")
	}
	b.want(b.post("/step-up/code", "code", "123"), http.StatusUnprocessableEntity)
	done := b.want(b.post("/step-up/code", "code", mail.code), http.StatusSeeOther)
	if done.location != "/account" || b.cookie(signin.SessionCookie) == before || !b.signedIn() {
		t.Errorf("sent on to %q, signed in: %v", done.location, b.signedIn())
	}
	if ids := sessionIDs(t, a.Dana); len(ids) == 0 {
		t.Error("no session is left")
	}
	after := b.cookie(signin.SessionCookie)
	if again := b.want(b.post("/step-up/code", "code", mail.code), http.StatusSeeOther); again.location != "/account" || b.cookie(signin.SessionCookie) != after {
		t.Errorf("the same code again leads to %q, or stepped up again", again.location)
	}
}

// "Not now" leads back to the page that the person came from, also after the code was sent
// and a wrong one typed. A page that would ask again is none to go back to.
func TestStepUpNotNowLeadsBack(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b := h.browser(t).signIn(a.Dana)
	notNow := func(page answer) string {
		t.Helper()
		link := regexp.MustCompile(`<a href="([^"]*)">Not now</a>`).FindStringSubmatch(page.body)
		if link == nil {
			t.Fatalf("no way back:\n%s", page.body)
		}
		return html.UnescapeString(link[1])
	}
	for _, c := range []struct{ to, from, want string }{
		{"/support/write", h.url + "/w/acme/projects?sort=new", "/w/acme/projects?sort=new"},
		{"/support/write", h.url + "/support/write", "/support"},
		{"/support?minutes=30&tenant=acme", h.url + "/support?tenant=acme", "/support"},
		{"/support?tenant=acme", h.url + "/support?q=acme", "/support?q=acme"},
		{"/account/forget", h.url + "/account/forget", "/account"},
		{"/w/acme/domains", h.url + "/w/acme/domains", "/w/acme/domains"},
		{"/w/acme/invites/new?role=owner", "https://acme.portals.test/members", "/w/acme/invites/new"},
		{"/account", "https://evil.test/account", "/account"},
		{"", "", "/"},
	} {
		b.extra = http.Header{"Referer": {c.from}}
		if got := notNow(b.want(b.get("/step-up?return_to="+url.QueryEscape(c.to)), http.StatusOK)); got != c.want {
			t.Errorf("to %s from %s: not now leads to %q, not %q", c.to, c.from, got, c.want)
		}
	}
	b.extra = http.Header{"Referer": {h.url + "/step-up?return_to=%2Faccount"}}
	sent := b.want(b.post("/step-up", "return_to", "/account", "from", "/w/acme/projects"), http.StatusSeeOther)
	if got := notNow(b.want(b.get(sent.location), http.StatusOK)); got != "/w/acme/projects" {
		t.Errorf("after the code was sent, not now leads to %q", got)
	}
	code := mailed(t, a.Dana).code
	wrong := b.want(b.post("/step-up/code", "code", wrongCode(code), "return_to", "/account", "from", "/w/acme/projects"), http.StatusUnprocessableEntity)
	if got := notNow(wrong); got != "/w/acme/projects" {
		t.Errorf("after a wrong code, not now leads to %q", got)
	}
	if got := notNow(b.get("/step-up?return_to=/account&from=//evil.test/")); got != "/" {
		t.Errorf("not now leads to %q", got)
	}
}

// A step-up is bound to its session: neither another browser of the same person nor
// another person can finish it, and its code does not sign in.
func TestStepUpIsBoundToItsSession(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b, phone, gus := h.browser(t).signIn(a.Mia), h.browser(t).signIn(a.Mia), h.browser(t).signIn(a.Gus)
	nobody := h.browser(t)
	b.want(b.post("/step-up"), http.StatusSeeOther)
	code := mailed(t, a.Mia).code
	flow := b.cookie("__Host-portico-flow")

	for name, other := range map[string]*browser{"own phone": phone, "somebody else": gus} {
		other.want(other.post("/step-up/code", "code", code), http.StatusGone)
		other.plant("__Host-portico-flow", flow)
		if got := other.post("/step-up/code", "code", code); got.status != http.StatusGone {
			t.Errorf("%s with the flow cookie: %d", name, got.status)
		}
	}
	nobody.plant("__Host-portico-flow", flow)
	nobody.want(nobody.post("/step-up/code", "code", code), http.StatusFound)
	nobody.want(nobody.post("/login/code", "code", code), http.StatusGone)
	if nobody.signedIn() {
		t.Fatal("the code of a step-up signed somebody in")
	}
	b.want(b.post("/step-up/code", "code", code), http.StatusSeeOther)
}

// The code of a sign-in is refused in a step-up.
func TestSignInCodeCannotStepUp(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b := h.browser(t).signIn(a.Leo)
	mail := b.requestMail(a.Leo)
	b.want(b.post("/step-up/code", "code", mail.code), http.StatusGone)
	b.want(b.post("/login/code", "code", mail.code), http.StatusSeeOther)
}

// Five wrong codes end a step-up, and the page offers a new code.
func TestStepUpEndsAfterFiveTries(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b := h.browser(t).signIn(a.Ravi)
	b.want(b.post("/step-up", "return_to", "/account"), http.StatusSeeOther)
	code := mailed(t, a.Ravi).code
	for range 4 {
		b.want(b.post("/step-up/code", "code", wrongCode(code)), http.StatusUnprocessableEntity)
	}
	last := b.want(b.post("/step-up/code", "code", wrongCode(code), "return_to", "/account"), http.StatusGone)
	if !strings.Contains(last.body, "Send the code") || !strings.Contains(last.body, `value="/account"`) {
		t.Error("no new code is offered")
	}
	b.want(b.post("/step-up/code", "code", code), http.StatusGone)
	b.want(b.post("/step-up", "return_to", "/account"), http.StatusSeeOther)
	b.want(b.post("/step-up/code", "code", mailed(t, a.Ravi).code), http.StatusSeeOther)
}

// Cases 42 and 62: cross-site requests change nothing: they neither sign in or out nor
// send mail. The same requests from our own pages work.
func TestCrossSiteRequestsChangeNothing(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b := h.browser(t).signIn(a.Gus)
	mail := h.browser(t).requestMail(a.Mia)
	for _, from := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"null"}}, {"Origin": {"https://evil.test"}},
	} {
		b.extra = from
		for _, path := range []string{mail.link, "/logout", "/login", "/step-up", "/account/name", "/account/sign-out-everywhere",
			"/login/passkey", "/step-up/passkey", "/account/passkeys/begin", "/account/passkeys", "/account/passkeys/" + a.Suffix + "/remove",
			"/auth/office/link", "/auth/office/step-up", "/account/identities/" + a.Suffix + "/unlink"} {
			b.want(b.post(path, "email", a.Mia, "name", "Mallory"), http.StatusForbidden)
		}
	}
	b.extra = nil
	if page := b.get("/account"); !strings.Contains(page.body, a.Gus) || strings.Contains(page.body, "Mallory") {
		t.Error("something changed")
	}
	b.extra = http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {h.url}}
	b.want(b.post(mail.link), http.StatusSeeOther)
}
