package signin_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/handlers/signin"
	"portico/store"
	"portico/store/queue"
)

// Case 24: an attacker plants their own session in somebody's browser. Signing in there
// starts another session and ends the planted one.
func TestPlantedSessionEndsAtSignIn(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	attacker := h.browser(t).signIn(a.Leo)
	planted := attacker.cookie(signin.SessionCookie)

	victim := h.browser(t)
	victim.plant(signin.SessionCookie, planted)
	victim.signIn(a.Dana)
	if victim.cookie(signin.SessionCookie) == planted {
		t.Fatal("the session id did not change at sign-in")
	}
	if page := victim.want(victim.get("/account"), http.StatusOK); !strings.Contains(page.body, a.Dana) {
		t.Error("the victim is not signed in as themselves")
	}
	if attacker.signedIn() {
		t.Error("the planted session is still valid")
	}
}

// Case 24: a cookie copied before a step-up or a sign-out is invalid after it.
func TestCopiedCookieEndsAtStepUpAndSignOut(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b := h.browser(t).signIn(a.Dana)
	copied := func() *browser {
		c := h.browser(t)
		c.plant(signin.SessionCookie, b.cookie(signin.SessionCookie))
		if !c.signedIn() {
			t.Fatal("the copy does not work at all")
		}
		return c
	}

	thief := copied()
	b.want(b.post("/step-up", "return_to", "/account"), http.StatusSeeOther)
	b.want(b.post("/step-up/code", "code", mailed(t, a.Dana).code), http.StatusSeeOther)
	if thief.signedIn() {
		t.Error("a cookie from before the step-up still works")
	}

	thief = copied()
	out := b.want(b.post("/logout"), http.StatusSeeOther)
	if out.location != "/signed-out" || out.header.Get("Clear-Site-Data") != `"cache"` {
		t.Errorf("sign-out leads to %q, clears %q", out.location, out.header.Get("Clear-Site-Data"))
	}
	if b.cookie(signin.SessionCookie) != "" || b.signedIn() || thief.signedIn() {
		t.Error("still signed in after sign-out")
	}
	b.want(b.get(out.location), http.StatusOK)
	b.want(b.post("/logout"), http.StatusSeeOther) // a second sign-out succeeds too
}

// Case 25: people see only their own browsers and can sign them out one by one.
func TestPeopleSeeOnlyTheirOwnBrowsers(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	laptop, phone, mia := h.browser(t).signIn(a.Dana), h.browser(t).signIn(a.Dana), h.browser(t).signIn(a.Mia)

	page := laptop.want(laptop.get("/account"), http.StatusOK)
	mine := sessionIDs(t, a.Dana)
	others := sessionIDs(t, a.Mia)
	for _, id := range others {
		if strings.Contains(page.body, id) {
			t.Error("the list shows somebody else's browser")
		}
		laptop.want(laptop.post("/account/browsers/"+id+"/sign-out"), http.StatusNotFound)
	}
	laptop.want(laptop.post("/account/browsers/"+store.NewID().String()+"/sign-out"), http.StatusNotFound)
	laptop.want(laptop.post("/account/browsers/x/sign-out"), http.StatusNotFound)
	if !mia.signedIn() {
		t.Error("somebody else was signed out")
	}
	if !strings.Contains(page.body, "Firefox on Linux") || !strings.Contains(page.body, "This browser") {
		t.Error("browsers have no names")
	}
	var offered []string
	for _, id := range mine {
		if strings.Contains(page.body, "/account/browsers/"+id+"/sign-out") {
			offered = append(offered, id)
		}
	}
	if len(offered) == 0 {
		t.Fatalf("no other browser of %d is offered for sign-out", len(mine))
	}
	for _, id := range offered {
		laptop.want(laptop.post("/account/browsers/"+id+"/sign-out"), http.StatusSeeOther)
	}
	if phone.signedIn() || !laptop.signedIn() {
		t.Error("the wrong browser was signed out")
	}
}

// Case 25: signing out everywhere ends all sessions of the person and no others.
func TestSignOutEverywhere(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	laptop, phone, mia := h.browser(t).signIn(a.Dana), h.browser(t).signIn(a.Dana), h.browser(t).signIn(a.Mia)
	out := laptop.want(laptop.post("/account/sign-out-everywhere"), http.StatusSeeOther)
	if page := laptop.get(out.location); !strings.Contains(page.body, "in every browser") {
		t.Error("the page does not say that every browser is signed out")
	}
	if laptop.signedIn() || phone.signedIn() {
		t.Error("a browser is still signed in")
	}
	if !mia.signedIn() {
		t.Error("somebody else was signed out")
	}
}

// Case 25: a disabled person is signed out at their next request and cannot sign in.
func TestDisabledPeopleAreSignedOut(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	b := h.browser(t).signIn(a.Leo)
	mail := h.browser(t).requestMail(a.Leo)
	age(t, `update users set disabled_at = now() where email = $1`, a.Leo)
	if b.signedIn() {
		t.Error("still signed in")
	}
	b.want(b.post(mail.link), http.StatusGone)
	age(t, `update users set disabled_at = null where email = $1`, a.Leo)
	if !b.signedIn() {
		t.Error("not signed in again once enabled")
	}
}

// Case 26: the database, not the cookie, decides how long a session lasts.
func TestSessionExpiryIsDecidedByTheDatabase(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	idle, old := h.browser(t).signIn(a.Gus), h.browser(t).signIn(a.Mia)
	const ofPerson = ` where user_id = (select id from users where email = $1)`
	age(t, `update sessions set last_used_at = now() - interval '11 hours 50 minutes'`+ofPerson, a.Gus)
	if !idle.signedIn() {
		t.Error("signed out before twelve idle hours")
	}
	age(t, `update sessions set last_used_at = now() - interval '12 hours 1 minute'`+ofPerson, a.Gus)
	if idle.signedIn() {
		t.Error("signed in after twelve idle hours")
	}
	age(t, `update sessions set expires_at = now() + interval '1 hour'`+ofPerson, a.Mia)
	if !old.signedIn() {
		t.Error("signed out before its end")
	}
	age(t, `update sessions set expires_at = now() - interval '1 second'`+ofPerson, a.Mia)
	if old.signedIn() {
		t.Error("signed in after its end")
	}
}

// Case 27: a session survives a key rotation if its browser sends a request before the old
// key is removed.
func TestSessionSurvivesKeyRotation(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	older := []byte("the one session key of these tests")
	newer := []byte("the session key that comes after it!")
	both, err := signin.NewKeys(newer, older)
	check(t, err)
	later, err := signin.NewKeys(newer)
	check(t, err)
	before, during, after := newSite(t), build(t, storetest.DB(), both), build(t, storetest.DB(), later)

	b, absent := before.browser(t).signIn(a.Mia), before.browser(t).signIn(a.Mia)
	old := b.cookie(signin.SessionCookie)
	b.url, b.http.Transport = during.url, during.transport
	b.plant(signin.SessionCookie, old)
	if !b.signedIn() {
		t.Fatal("a cookie of the old key is refused")
	}
	renewed := b.cookie(signin.SessionCookie)
	if renewed == old {
		t.Fatal("the cookie was not renewed")
	}
	next := after.browser(t)
	next.plant(signin.SessionCookie, renewed)
	if !next.signedIn() {
		t.Error("the renewed cookie is refused")
	}
	next.plant(signin.SessionCookie, absent.cookie(signin.SessionCookie))
	if next.signedIn() {
		t.Error("a cookie signed with a removed key is valid")
	}
	mail := before.browser(t).requestMail(a.Leo) // its code was made with the old key
	b.want(b.post(mail.link), http.StatusSeeOther)
}

// Case 27: with any invalid session cookie, the visitor can sign in.
func TestForgedCookieGetsACleanSignIn(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	good := h.browser(t).signIn(a.Mia).cookie(signin.SessionCookie)
	for _, value := range []string{"x", good[:len(good)-2], good + "A", "A" + good, strings.Repeat("A", 60_000), "|||", "%00"} {
		b := h.browser(t)
		b.plant(signin.SessionCookie, value)
		if got := b.want(b.get("/"), http.StatusFound); !strings.HasPrefix(got.location, "/login") {
			t.Errorf("%.20q leads to %q", value, got.location)
		}
		b.want(b.get("/login"), http.StatusOK)
		b.signIn(a.Leo)
	}
}

// Case 28: while PostgreSQL is down, a signed-in person gets a 503. They are not treated
// as signed out, and are still signed in once it is up.
func TestDatabaseOutageSignsNobodyOut(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	pg, err := stack.StartPostgres(ctx, stack.PostgresOptions{Durable: true})
	check(t, err)
	t.Cleanup(func() { _ = pg.Stop() })
	url := pg.AppURL(stack.DatabaseName)
	check(t, store.Bootstrap(ctx, pg.AdminURL("postgres"), pg.OwnerURL(stack.DatabaseName), url))
	_, err = store.Migrate(ctx, pg.OwnerURL(stack.DatabaseName))
	check(t, err)
	op, err := store.OpenOperator(ctx, pg.OwnerURL(stack.DatabaseName))
	check(t, err)
	_, err = op.CreateAgency(ctx, "northwind", "Northwind", "dana@northwind.test", "Dana", "starter")
	check(t, err)
	op.Close(ctx)
	db, err := store.Open(ctx, store.Config{URL: url, Signer: queue.NewSigner(storetest.SigningKey)})
	check(t, err)
	t.Cleanup(db.Close)

	b := build(t, db, testKeys).browser(t)
	b.want(b.post("/login", "email", "dana@northwind.test"), http.StatusSeeOther)
	var flow uuid.UUID
	flow, err = newestFlow(ctx, pg.AdminURL(stack.DatabaseName))
	check(t, err)
	proof := signin.NewProof(testKeys, flow)
	_, err = db.MintFlow(ctx, flow, proof.Link, proof.CodeSecret)
	check(t, err)
	b.want(b.post("/login/code", "code", proof.Code), http.StatusSeeOther)

	check(t, pg.StopImmediate())
	for _, path := range []string{"/account", "/", "/w/northwind/", "/login"} {
		got := b.want(b.get(path), http.StatusServiceUnavailable)
		if got.header.Get("Retry-After") == "" {
			t.Errorf("%s does not say when to try again", path)
		}
	}
	check(t, pg.Start(ctx))
	if !b.signedIn() {
		t.Error("not signed in any more once the database is back")
	}
}
