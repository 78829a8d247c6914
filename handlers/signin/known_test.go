package signin_test

import (
	"net/http"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/handlers/signin"
)

const knownCookie = "__Host-portico-known"

// exhaust asks for mails to an address from several networks until every stranger
// is refused.
func (h *house) exhaust(t *testing.T, email string) {
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
		mailed(t, email) // out of the way of the person's own
	}
}

// Case 34: two networks that use up what an address may be sent do not shut out a
// browser that has signed in as it before, wherever that is now; and it too has a
// measure of its own.
func TestKnownBrowserIsNotLockedOut(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
	dana, leo := h.browser(t).signIn(a.Dana), h.browser(t).signIn(a.Leo)
	for _, b := range []*browser{dana, leo} {
		b.want(b.post("/logout"), http.StatusSeeOther)
	}
	h.exhaust(t, a.Dana)

	dana.from = newAddress()
	for range 7 { // what is answered does not count
		dana.signIn(a.Dana)
		dana.want(dana.post("/logout"), http.StatusSeeOther)
	}
	for range 5 {
		dana.want(dana.post("/login", "email", a.Dana), http.StatusSeeOther)
	}
	dana.want(dana.post("/login", "email", a.Dana), http.StatusTooManyRequests)
	leo.want(leo.post("/login", "email", a.Dana), http.StatusTooManyRequests) // known as somebody else
}

// Case 34: with the cookie or without, an address that nobody has is answered
// like any other.
func TestUnknownAddressIsExhaustedAlike(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
	b := h.browser(t).signIn(a.Dana)
	nobody := "nobody" + strings.TrimPrefix(a.Dana, "dana")
	h.exhaust(t, nobody)
	b.want(b.post("/login", "email", nobody), http.StatusTooManyRequests)
}

// The cookie is one of ours, lasts a year, tells nothing, and is worth nothing
// when it is forged; one made under an older key still counts.
func TestKnownCookie(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
	b := h.browser(t)
	got := b.want(b.post("/login/code", "code", b.askMail(a.Gus).code), http.StatusSeeOther)
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
	h.exhaust(t, a.Gus)
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

// wrongOf is a code that the mail does not have.
func wrongOf(m mail) string {
	if m.code == "000000" {
		return "000001"
	}
	return "000000"
}

// Guessing over many flows ends with fifty wrong codes a day: then even the right
// one is refused, while the link of the same mail, and a browser that has signed
// in as the address before, go on.
func TestGuessesOverManyFlows(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
	mia := h.browser(t).signIn(a.Mia)
	for range 10 {
		b := h.browser(t)
		m := b.askMail(a.Mia)
		for range 4 {
			b.want(b.post("/login/code", "code", wrongOf(m)), http.StatusUnprocessableEntity)
		}
		b.want(b.post("/login/code", "code", wrongOf(m)), http.StatusGone)
	}
	guesser := h.browser(t)
	m := guesser.askMail(a.Mia)
	refused := guesser.want(guesser.post("/login/code", "code", m.code), http.StatusGone)
	if !strings.Contains(refused.body, "Too many attempts") {
		t.Error("the page does not say why")
	}
	guesser.want(guesser.post(m.link), http.StatusSeeOther)
	mia.want(mia.post("/logout"), http.StatusSeeOther)
	mia.signIn(a.Mia)
	h.browser(t).signIn(a.Gus)
}

// Whoever mistypes and then reads again may do so every day of the year.
func TestRightCodeTakesItsTriesBack(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
	for range 16 {
		b := h.browser(t)
		m := b.askMail(a.Ravi)
		for range 4 {
			b.want(b.post("/login/code", "code", wrongOf(m)), http.StatusUnprocessableEntity)
		}
		b.want(b.post("/login/code", "code", m.code), http.StatusSeeOther)
	}
}
