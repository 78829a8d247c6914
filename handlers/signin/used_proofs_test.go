package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/handlers/signin"
)

// use sends the same request each time.
type use func(b *browser) answer

// secondUse is something of Mia's that is used twice.
type secondUse struct {
	// first uses the thing once in b. It returns how to use it again, and how to use one
	// like it that never existed.
	first func(o *providerSite, b *browser) (again, unknown use)
	to    string // where the second use leads
	out   bool   // b is signed out before and after the first use, as when the person declines
	open  bool   // whoever is signed in is led there
}

const secondTo = "/account?second=use"

// mailed begins a sign-in of Mia in b that leads to secondTo.
func (o *providerSite) mailed(b *browser) mail {
	b.t.Helper()
	b.want(b.post("/login", "email", o.Mia, "return_to", secondTo), http.StatusSeeOther)
	return mailed(b.t, o.Mia)
}

func posts(path string, pairs ...string) use {
	return func(b *browser) answer { return b.post(path, pairs...) }
}

func gets(path string) use { return func(b *browser) answer { return b.get(path) } }

func sends(path, body string) use { return func(b *browser) answer { return b.sendJSON(path, body) } }

// otherCode is a code of six digits that is not this one.
func otherCode(code string) string {
	if code == "123456" {
		return "654321"
	}
	return "123456"
}

var (
	noLink   = "/login/" + strings.Repeat("a", 43)
	noAnswer = "/auth/office/callback?code=x&state=" + strings.Repeat("a", 43)
)

// once is a first use that leads on.
func once(b *browser, got answer) {
	b.t.Helper()
	if got.status != http.StatusSeeOther && got.status != http.StatusOK {
		b.t.Fatalf("the first use: %d", got.status)
	}
}

var secondUses = map[string]secondUse{
	"the mailed link is opened again": {func(o *providerSite, b *browser) (again, unknown use) {
		m := o.mailed(b)
		once(b, b.post(m.link))
		return gets(m.link), gets(noLink)
	}, secondTo, false, false},
	"its button is pressed twice": {func(o *providerSite, b *browser) (again, unknown use) {
		m := o.mailed(b)
		once(b, b.post(m.link))
		return posts(m.link), posts(noLink)
	}, secondTo, false, false},
	"the link after the code": {func(o *providerSite, b *browser) (again, unknown use) {
		m := o.mailed(b)
		once(b, b.post("/login/code", "code", m.code))
		return gets(m.link), gets(noLink)
	}, secondTo, false, false},
	"the code is sent twice": {func(o *providerSite, b *browser) (again, unknown use) {
		m := o.mailed(b)
		once(b, b.post("/login/code", "code", m.code))
		return posts("/login/code", "code", m.code), posts("/login/code", "code", otherCode(m.code))
	}, secondTo, false, false},
	"the code is sent twice with the cookie it had": {func(o *providerSite, b *browser) (again, unknown use) {
		m := o.mailed(b)
		flow := b.cookie("__Host-portico-flow")
		once(b, b.post("/login/code", "code", m.code))
		b.plant("__Host-portico-flow", flow)
		return posts("/login/code", "code", m.code), posts("/login/code", "code", otherCode(m.code))
	}, secondTo, false, false},
	"the code after the link": {func(o *providerSite, b *browser) (again, unknown use) {
		m := o.mailed(b)
		once(b, b.post(m.link))
		return posts("/login/code", "code", m.code), posts("/login/code", "code", otherCode(m.code))
	}, secondTo, false, false},
	"the code of a step-up": {func(o *providerSite, b *browser) (again, unknown use) {
		b.signIn(o.Mia)
		once(b, b.post("/step-up", "return_to", secondTo))
		code := mailed(b.t, o.Mia).code
		once(b, b.post("/step-up/code", "code", code))
		return posts("/step-up/code", "code", code), posts("/step-up/code", "code", otherCode(code))
	}, secondTo, false, false},
	"the answer of a provider": {func(o *providerSite, b *browser) (again, unknown use) {
		back := o.approve(b, o.Mia, secondTo)
		once(b, b.get(back))
		return gets(back), gets(noAnswer)
	}, secondTo, false, false},
	"the answer of a provider to a step-up": {func(o *providerSite, b *browser) (again, unknown use) {
		b.want(b.get(o.approve(b, o.Mia, "/")), http.StatusSeeOther)
		back := o.startStepUp(b, o.Mia)
		once(b, b.get(back))
		return gets(back), gets(noAnswer)
	}, "/account", false, false},
	"the answer of a provider to a link": {func(o *providerSite, b *browser) (again, unknown use) {
		b.signIn(o.Mia).stepUp(o.Mia)
		back := o.startLink(b, o.elsewhere())
		once(b, b.get(back))
		return gets(back), gets(noAnswer)
	}, "/account", false, false},
	"declined while linking": {func(o *providerSite, b *browser) (again, unknown use) {
		b.signIn(o.Mia).stepUp(o.Mia)
		back := declined(b, o.startLink(b, o.elsewhere()))
		once(b, b.get(back))
		return gets(back), gets(noAnswer + "&error=access_denied")
	}, "/account?did=identity.declined", false, false},
	"declined while signing in": {func(o *providerSite, b *browser) (again, unknown use) {
		back := declined(b, o.approve(b, o.Mia, secondTo))
		once(b, b.get(back))
		return gets(back), gets(noAnswer + "&error=access_denied")
	}, "/login?return_to=" + url.QueryEscape(secondTo) + "&why=declined", true, false},
	"the answer of a passkey": {func(o *providerSite, b *browser) (again, unknown use) {
		device := o.device()
		o.browser(b.t).signIn(o.Mia).addPasskey(o.Mia, device)
		request := b.want(b.sendJSON("/login/passkey?return_to="+url.QueryEscape(secondTo), "{}"), http.StatusOK)
		response := device.answer(b.t, request.body)
		never := o.browser(b.t)
		other := device.answer(b.t, never.want(never.sendJSON("/login/passkey", "{}"), http.StatusOK).body)
		once(b, b.sendJSON("/login/passkey/answer", response))
		return sends("/login/passkey/answer", response), sends("/login/passkey/answer", other)
	}, secondTo, false, false},
	"the answer of a passkey to a step-up": {func(o *providerSite, b *browser) (again, unknown use) {
		device := o.device()
		b.signIn(o.Mia).addPasskey(o.Mia, device)
		other := device.answer(b.t, b.want(b.sendJSON("/step-up/passkey", "{}"), http.StatusOK).body)
		request := b.want(b.sendJSON("/step-up/passkey?return_to="+url.QueryEscape(secondTo), "{}"), http.StatusOK)
		response := device.answer(b.t, request.body)
		once(b, b.sendJSON("/step-up/passkey/answer", response))
		return sends("/step-up/passkey/answer", response), sends("/step-up/passkey/answer", other)
	}, secondTo, false, false},
	"a passkey that is added": {func(o *providerSite, b *browser) (again, unknown use) {
		device := o.device()
		b.signIn(o.Mia).stepUp(o.Mia)
		request := b.want(b.sendJSON("/account/passkeys/begin", "{}"), http.StatusOK)
		made := namedPasskey("Laptop", device.make(b.t, request.body))
		never := o.browser(b.t).signIn(o.Gus).stepUp(o.Gus)
		other := namedPasskey("Phone", o.device().make(b.t, never.want(never.sendJSON("/account/passkeys/begin", "{}"), http.StatusOK).body))
		once(b, b.sendJSON("/account/passkeys", made))
		return sends("/account/passkeys", made), sends("/account/passkeys", other)
	}, "/account", false, false},
	"the page of the code after signing in": {func(o *providerSite, b *browser) (again, unknown use) {
		m := o.mailed(b)
		once(b, b.post("/login/code", "code", m.code))
		sent := gets("/login/sent?return_to=" + url.QueryEscape(secondTo))
		return sent, sent
	}, secondTo, false, true},
}

// declined is the answer of a provider at which the person declined.
func declined(b *browser, back string) string {
	return "/auth/office/callback?error=access_denied&state=" + url.QueryEscape(queryParam(b.t, back, "state"))
}

// leadsTo is where an answer leads, for a page or for a script.
func (a answer) leadsTo() string {
	if a.location != "" {
		return a.location
	}
	_, to, _ := strings.Cut(a.body, `"to":"`)
	to, _, _ = strings.Cut(to, `"`)
	return strings.ReplaceAll(to, `\u0026`, "&")
}

// Somebody who is signed in and uses the same thing a second time goes on to where it led.
// It opens and proves nothing again. In another browser, signed in as the same person or
// another or not at all, and after signing out, it is refused like one that never existed.
func TestSecondUseGoesOn(t *testing.T) {
	t.Parallel()
	for name, c := range secondUses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newProviderSite(t)
			b := o.browser(t)
			others := map[string]*browser{"nobody": o.browser(t), "somebody else": o.browser(t).signIn(o.Leo), "her phone": o.browser(t).signIn(o.Mia)}
			again, unknown := c.first(o, b)
			if b.signedIn() == c.out {
				t.Fatalf("signed in after the first use: %v", !c.out)
			}
			cookie, sessions, proved := b.cookie(signin.SessionCookie), len(sessionIDs(t, o.Mia)), provedAt(t, o.Mia)
			for range 2 {
				got := again(b)
				if got.leadsTo() != c.to || got.status >= 400 {
					t.Errorf("the second use: %d to %q, want %q", got.status, got.leadsTo(), c.to)
				}
			}
			if never := unknown(b); never.status < 400 && !c.open {
				t.Errorf("one that never existed: %d to %q", never.status, never.leadsTo())
			}
			if b.cookie(signin.SessionCookie) != cookie || len(sessionIDs(t, o.Mia)) != sessions || provedAt(t, o.Mia) != proved {
				t.Error("the second use opened a session or proved something again")
			}
			for who, other := range others {
				before := other.cookie(signin.SessionCookie)
				got, never := again(other), unknown(other)
				if got.status != never.status || got.leadsTo() != never.leadsTo() {
					t.Errorf("%s: %d to %q, and with one that never existed %d to %q", who, got.status, got.leadsTo(), never.status, never.leadsTo())
				}
				if other.cookie(signin.SessionCookie) != before || other.signedIn() == (who == "nobody") {
					t.Errorf("%s: the second use changed who is signed in", who)
				}
			}
			if c.out {
				return
			}
			b.want(b.post("/logout"), http.StatusSeeOther)
			got, never := again(b), unknown(b)
			if got.status != never.status || got.leadsTo() != never.leadsTo() || b.signedIn() {
				t.Errorf("after signing out: %d to %q, and with one that never existed %d to %q", got.status, got.leadsTo(), never.status, never.leadsTo())
			}
		})
	}
}

// provedAt is the latest step-up of a person's sessions, "" for none.
func provedAt(t *testing.T, email string) (at string) {
	t.Helper()
	check(t, storetest.Admin(t).QueryRow(t.Context(), `
select coalesce(max(s.stepped_up_at)::text, '') from sessions s join users u on u.id = s.user_id where u.email = $1`, email).Scan(&at))
	return at
}

// Signing out twice ends on the same page.
func TestSecondSignOutGoesOn(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b := h.browser(t).signIn(a.Mia)
	for range 3 {
		if out := b.want(b.post("/logout"), http.StatusSeeOther); out.location != "/signed-out" || b.signedIn() {
			t.Errorf("leads to %q", out.location)
		}
	}
	b.signIn(a.Mia)
	b.want(b.post("/account/sign-out-everywhere"), http.StatusSeeOther)
	if again := b.want(b.post("/account/sign-out-everywhere"), http.StatusFound); !strings.HasPrefix(again.location, "/login") {
		t.Errorf("signing out everywhere again leads to %q", again.location)
	}
}
