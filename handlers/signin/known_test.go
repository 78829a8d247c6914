package signin_test

import (
	"net/http"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/handlers/signin"
)

const knownCookie = "__Host-portico-known"

// exhaustMailLimit requests mails to an address from several networks until its limit is
// reached for everybody.
func (h *site) exhaustMailLimit(t *testing.T, email string) {
	t.Helper()
	sent := 0
	for range 2 {
		b := h.browser(t)
		for range 10 {
			b.want(b.post("/login", "email", email), http.StatusSeeOther)
			sent++
		}
	}
	stranger := h.browser(t)
	stranger.want(stranger.post("/login", "email", email), http.StatusTooManyRequests)
	if strings.HasPrefix(email, "nobody") {
		return
	}
	for range sent {
		mailed(t, email) // so that later reads get the person's own mail
	}
}

// Case 34: if strangers use up the limit of an address, a browser that has signed in with
// it before still gets mail, from any network. It has a limit of its own.
func TestKnownBrowserIsNotLockedOut(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	dana, leo := h.browser(t).signIn(a.Dana), h.browser(t).signIn(a.Leo)
	for _, b := range []*browser{dana, leo} {
		b.want(b.post("/logout"), http.StatusSeeOther)
	}
	h.exhaustMailLimit(t, a.Dana)

	dana.from = newAddress()
	for range 7 { // used mails don't count
		dana.signIn(a.Dana)
		dana.want(dana.post("/logout"), http.StatusSeeOther)
	}
	for range 5 {
		dana.want(dana.post("/login", "email", a.Dana), http.StatusSeeOther)
	}
	dana.want(dana.post("/login", "email", a.Dana), http.StatusTooManyRequests)
	leo.want(leo.post("/login", "email", a.Dana), http.StatusTooManyRequests) // known for another address
}

// Case 34: an unknown address has the same limit as a known one, with a known browser's
// cookie or without.
func TestUnknownAddressHasTheSameLimit(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b := h.browser(t).signIn(a.Dana)
	nobody := "nobody" + strings.TrimPrefix(a.Dana, "dana")
	h.exhaustMailLimit(t, nobody)
	b.want(b.post("/login", "email", nobody), http.StatusTooManyRequests)
}

// The cookie has our usual attributes and lasts a year. A forged one is ignored; one made
// with an older key is still valid.
func TestKnownBrowserCookie(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b := h.browser(t)
	got := b.want(b.post("/login/code", "code", b.requestMail(a.Gus).code), http.StatusSeeOther)
	line := ""
	for _, c := range got.header["Set-Cookie"] {
		if strings.HasPrefix(c, knownCookie+"=") {
			line = c
		}
	}
	for _, part := range []string{"Path=/", "Max-Age=31536000", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(line, part) {
			t.Errorf("%q lacks %s", line, part)
		}
	}
	value := b.cookie(knownCookie)
	h.exhaustMailLimit(t, a.Gus)
	for what, planted := range map[string]string{"cut": value[:len(value)-4], "another cookie": b.cookie(signin.SessionCookie), "none": ""} {
		stranger := h.browser(t)
		stranger.plant(knownCookie, planted)
		if got := stranger.post("/login", "email", a.Gus); got.status != http.StatusTooManyRequests {
			t.Errorf("%s: %d", what, got.status)
		}
	}
	newer, err := signin.NewKeys([]byte("a newer session key of these tests"), []byte("the one session key of these tests"))
	check(t, err)
	rotated := build(t, storetest.DB(), newer).browser(t)
	rotated.plant(knownCookie, value)
	rotated.want(rotated.post("/login", "email", a.Gus), http.StatusSeeOther)
}

// wrongCodeFor returns a code that the mail does not have.
func wrongCodeFor(m mail) string {
	if m.code == "000000" {
		return "000001"
	}
	return "000000"
}

// Fifty wrong codes a day across flows are the limit. After that even the right code is
// refused, but the mail's link still works, and so does a code in a known browser.
func TestGuessesAcrossFlowsAreLimited(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	mia := h.browser(t).signIn(a.Mia)
	for range 10 {
		b := h.browser(t)
		m := b.requestMail(a.Mia)
		for range 4 {
			b.want(b.post("/login/code", "code", wrongCodeFor(m)), http.StatusUnprocessableEntity)
		}
		b.want(b.post("/login/code", "code", wrongCodeFor(m)), http.StatusGone)
	}
	guesser := h.browser(t)
	m := guesser.requestMail(a.Mia)
	refused := guesser.want(guesser.post("/login/code", "code", m.code), http.StatusGone)
	if !strings.Contains(refused.body, "Too many attempts") {
		t.Error("the page does not say why")
	}
	guesser.want(guesser.post(m.link), http.StatusSeeOther)
	mia.want(mia.post("/logout"), http.StatusSeeOther)
	mia.signIn(a.Mia)
	h.browser(t).signIn(a.Gus)
}

// Wrong codes don't count once the right code is typed.
func TestRightCodeRefundsWrongTries(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	for range 16 {
		b := h.browser(t)
		m := b.requestMail(a.Ravi)
		for range 4 {
			b.want(b.post("/login/code", "code", wrongCodeFor(m)), http.StatusUnprocessableEntity)
		}
		b.want(b.post("/login/code", "code", m.code), http.StatusSeeOther)
	}
}
