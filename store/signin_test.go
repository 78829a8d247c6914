package store_test

import (
	"crypto/rand"
	"errors"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// spentFlow returns a provider flow that was just answered.
func spentFlow(t *testing.T) uuid.UUID {
	t.Helper()
	cookie, state := store.Secret(rand.Text()), store.Secret(rand.Text())
	err := storetest.DB().BeginOIDCFlow(t.Context(), cookie, store.OIDCFlow{Provider: "idp", State: state, ReturnTo: "/"})
	if err != nil {
		t.Fatal(err)
	}
	f, err := storetest.DB().SpendState(t.Context(), nil, cookie, state, "idp")
	if err != nil {
		t.Fatal(err)
	}
	return f.ID
}

func newSession() (s store.NewSession) {
	_, _ = rand.Read(s.Token[:])
	return s
}

// Case 30: an unverified address links no identity, a verified one links it to its
// person. From then on issuer and subject identify the person, whatever the address.
// Agents sign in the same way: what they may do needs a step-up.
func TestIdentityIsIssuerAndSubject(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	sam := storetest.Agent(t)
	who := func(subject, email string, verified bool) (uuid.UUID, error) {
		return db.SignInByIdentity(t.Context(), spentFlow(t), store.Identity{
			Issuer: "https://idp.test/" + a.Suffix, Subject: subject, Email: email, EmailVerified: verified,
		}, newSession())
	}
	for name, refused := range map[string]func() (uuid.UUID, error){
		"unverified":             func() (uuid.UUID, error) { return who("m", a.Mia, false) },
		"unknown":                func() (uuid.UUID, error) { return who("m", "nobody@"+a.Suffix+".test", true) },
		"without any":            func() (uuid.UUID, error) { return who("m", "", true) },
		"an agent's, unverified": func() (uuid.UUID, error) { return who("s", sam, false) },
	} {
		if _, err := refused(); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := who("s", sam, true); err != nil {
		t.Errorf("an agent's own, verified: %v", err)
	}
	mia, err := who("m", a.Mia, true)
	if err != nil || mia != a.Member(t, a.Mia, a.Acme).ID() {
		t.Fatalf("verified: %v, %v", mia, err)
	}
	for name, email := range map[string]string{"changed": a.Gus, "gone": ""} {
		if again, err := who("m", email, false); err != nil || again != mia {
			t.Errorf("address %s: %v, %v", name, again, err)
		}
	}
	if other, err := who("g", a.Gus, true); err != nil || other == mia {
		t.Errorf("another subject: %v, %v", other, err)
	}
}

// A provider's answer opens one session, and only right after it came.
func TestSpentFlowOpensOneSession(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	mia := store.Identity{Issuer: "https://idp.test/" + a.Suffix, Subject: "m", Email: a.Mia, EmailVerified: true}
	flow, late := spentFlow(t), spentFlow(t)
	if _, err := db.SignInByIdentity(t.Context(), flow, mia, newSession()); err != nil {
		t.Fatal(err)
	}
	if _, err := storetest.Admin(t).Exec(t.Context(), `update sign_in_flows set spent_at = spent_at - interval '3 minutes' where id = $1`, late); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]uuid.UUID{"twice": flow, "late": late, "never begun": store.NewID()} {
		if _, err := db.SignInByIdentity(t.Context(), f, mia, newSession()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A mailed link opens one session, and so does a code. The second use fails, link or
// code.
func TestMailedProofOpensOneSession(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	cookie, link, code := store.Secret(rand.Text()), store.Secret(rand.Text()), store.Secret(rand.Text())
	begin := func() uuid.UUID {
		flow, err := db.BeginMailFlow(t.Context(), cookie, a.Mia, "/")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.MintFlow(t.Context(), flow, link, code); err != nil {
			t.Fatal(err)
		}
		return flow
	}
	flow := begin()
	byCode := store.MailedCode{Flow: flow, Cookie: cookie, Codes: []store.Secret{code}}
	elsewhere := store.MailedCode{Flow: flow, Cookie: store.Secret("another"), Codes: byCode.Codes}
	if _, err := db.SignInByCode(t.Context(), elsewhere, newSession()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("in another browser: %v", err)
	}
	if _, err := db.SignInByLink(t.Context(), link, newSession()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.SignInByLink(t.Context(), link, newSession()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the link again: %v", err)
	}
	if _, err := db.SignInByCode(t.Context(), byCode, newSession()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the code after the link: %v", err)
	}
	link = store.Secret(rand.Text())
	byCode.Flow = begin()
	// The flow id is in the queue and no secret: without the cookie it spends no try.
	elsewhere.Flow = byCode.Flow
	for range 6 {
		if _, err := db.SignInByCode(t.Context(), elsewhere, newSession()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("in another browser: %v", err)
		}
	}
	if _, err := db.SignInByCode(t.Context(), byCode, newSession()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.SignInByLink(t.Context(), link, newSession()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the link after the code: %v", err)
	}
}

// A step-up counts only in the session that began it. With the right code and
// browser, another session of the same person or of anybody else gets nothing and
// spends no try.
func TestStepUpCountsInItsSession(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	mine, alsoMine, theirs := storetest.SignIn(t, a.Mia), storetest.SignIn(t, a.Mia), storetest.SignIn(t, a.Leo)
	cookie, link, code := store.Secret(rand.Text()), store.Secret(rand.Text()), store.Secret(rand.Text())
	flow, err := db.BeginStepUp(t.Context(), storetest.Person(t, mine), cookie, "/account")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.MintFlow(t.Context(), flow, link, code); err != nil {
		t.Fatal(err)
	}
	typed := store.MailedCode{Flow: flow, Cookie: cookie, Codes: []store.Secret{code}}
	for name, session := range map[string]store.Token{"another session of the same person": alsoMine, "another person's": theirs} {
		renewed := newSession().Token
		if _, err := db.StepUpByCode(t.Context(), storetest.Person(t, session), typed, renewed); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v, want refused", name, err)
		}
		if who := storetest.Person(t, session); who.SteppedUpAt != nil {
			t.Errorf("%s is stepped up", name)
		}
		if _, ok := storetest.Visit(t, renewed, "").Person(); ok {
			t.Errorf("%s was renewed", name)
		}
	}
	renewed := newSession().Token
	if got, err := db.StepUpByCode(t.Context(), storetest.Person(t, mine), typed, renewed); err != nil || got.Tries != 1 || got.ReturnTo != "/account" {
		t.Errorf("its own session: %+v, %v", got, err)
	}
	if who := storetest.Person(t, renewed); who.SteppedUpAt == nil {
		t.Error("its own session is not stepped up")
	}
}
