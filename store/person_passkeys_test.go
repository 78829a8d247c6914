package store_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// newPasskey returns a passkey as a device creates it in a ceremony of that session.
func newPasskey(t *testing.T, token store.Token) store.NewPasskey {
	t.Helper()
	return store.NewPasskey{
		Flow:         storetest.SpentCeremony(t, store.PasskeyAdd, &token, nil),
		CredentialID: []byte(rand.Text()), PublicKey: []byte("key"), SignCount: 1, Name: "Laptop",
	}
}

// provedPasskey adds a passkey for the person and returns it with the session.
func provedPasskey(t *testing.T, email string) (store.Token, store.NewPasskey) {
	t.Helper()
	token := storetest.StepUp(t, storetest.SignIn(t, email))
	k := newPasskey(t, token)
	if err := storetest.DB().AddPasskey(t.Context(), storetest.Person(t, token), k); err != nil {
		t.Fatal(err)
	}
	return token, k
}

// A passkey is added by a ceremony of the same session, once, right after its answer,
// with a step-up in the last five minutes by the database's clock.
func TestPasskeyIsAddedByItsSession(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	mine := storetest.StepUp(t, storetest.SignIn(t, a.Mia))
	other := storetest.StepUp(t, storetest.SignIn(t, a.Mia))
	leos := storetest.StepUp(t, storetest.SignIn(t, a.Leo))
	k := newPasskey(t, mine)
	for name, token := range map[string]store.Token{"another session of hers": other, "another person": leos} {
		if err := db.AddPasskey(t.Context(), storetest.Person(t, token), k); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	old := newPasskey(t, mine)
	if _, err := storetest.Admin(t).Exec(t.Context(), `update sign_in_flows set spent_at = spent_at - interval '2 minutes 1 second' where id = $1`, old.Flow); err != nil {
		t.Fatal(err)
	}
	me := storetest.Person(t, mine)
	if err := db.AddPasskey(t.Context(), me, old); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("long after its answer: %v", err)
	}
	if err := db.AddPasskey(t.Context(), me, k); err != nil {
		t.Fatal(err)
	}
	if err := db.AddPasskey(t.Context(), me, k); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
	late := newPasskey(t, mine)
	if _, err := storetest.Admin(t).Exec(t.Context(), `update sessions set stepped_up_at = now() - interval '5 minutes' where id = $1`, me.SessionID); err != nil {
		t.Fatal(err)
	}
	if err := db.AddPasskey(t.Context(), me, late); !errors.Is(err, store.ErrStepUp) {
		t.Errorf("with a proof five minutes old: %v", err)
	}
	var own []store.Passkey
	if err := db.ReadOwn(t.Context(), me, store.ListPasskeys(&own)); err != nil || len(own) != 1 || !bytes.Equal(own[0].CredentialID, k.CredentialID) {
		t.Errorf("her passkeys: %d, %v", len(own), err)
	}
	var theirs []store.Passkey
	if err := db.ReadOwn(t.Context(), storetest.Person(t, leos), store.ListPasskeys(&theirs)); err != nil || len(theirs) != 0 {
		t.Errorf("another person lists %d, %v", len(theirs), err)
	}
	if err := db.RemovePasskey(t.Context(), storetest.Person(t, leos), own[0].ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another person removes it: %v", err)
	}
}

// A ceremony's answer counts only in the browser that asked.
func TestCeremonyNeedsItsBrowser(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	_, k := provedPasskey(t, a.Mia)
	mine, other := store.Secret(rand.Text()), store.Secret(rand.Text())
	flow, err := db.BeginCeremony(t.Context(), store.PasskeySignIn, nil, mine, "/", "{}")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := db.SpendCeremony(t.Context(), store.PasskeySignIn, nil, flow, other, k.CredentialID); !errors.Is(err, store.ErrNotFound) || got.PublicKey != nil {
		t.Errorf("in another browser: %v", err)
	}
	if got, err := db.SpendCeremony(t.Context(), store.PasskeySignIn, nil, flow, mine, k.CredentialID); err != nil || got.Owner == nil {
		t.Errorf("in the one that asked: %v", err)
	}
}

// A passkey's proof counts once, right after the answer, and for its person only.
func TestUsedPasskeyCountsOnce(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	token, k := provedPasskey(t, a.Mia)
	_, leos := provedPasskey(t, a.Leo)
	me := storetest.Person(t, token)
	use := func(c store.Ceremony, id []byte, count uint32) store.UsedPasskey {
		of := &token
		if c == store.PasskeySignIn {
			of = nil
		}
		return store.UsedPasskey{Flow: storetest.SpentCeremony(t, c, of, id), CredentialID: id, SignCount: count}
	}
	renewed := newSession().Token
	for name, refused := range map[string]error{
		"a step-up as a sign-in":         db.SignInByPasskey(t.Context(), use(store.PasskeyStepUp, k.CredentialID, 9), newSession()),
		"a sign-in as a step-up":         db.StepUpByPasskey(t.Context(), me, use(store.PasskeySignIn, k.CredentialID, 9), renewed),
		"another person's, as a step-up": db.StepUpByPasskey(t.Context(), me, use(store.PasskeyStepUp, leos.CredentialID, 9), renewed),
		"nobody's":                       db.SignInByPasskey(t.Context(), use(store.PasskeySignIn, []byte("none"), 9), newSession()),
		"never begun":                    db.SignInByPasskey(t.Context(), store.UsedPasskey{Flow: uuid.New(), CredentialID: k.CredentialID, SignCount: 9}, newSession()),
	} {
		if !errors.Is(refused, store.ErrNotFound) {
			t.Errorf("%s: %v", name, refused)
		}
	}
	used := use(store.PasskeySignIn, k.CredentialID, 10)
	if err := db.SignInByPasskey(t.Context(), used, newSession()); err != nil {
		t.Fatal(err)
	}
	used.SignCount++
	if err := db.SignInByPasskey(t.Context(), used, newSession()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
	for _, count := range []uint32{10, 9, 0} {
		if err := db.SignInByPasskey(t.Context(), use(store.PasskeySignIn, k.CredentialID, count), newSession()); !errors.Is(err, store.ErrCloned) {
			t.Errorf("the count %d after 10: %v", count, err)
		}
	}
	if err := db.StepUpByPasskey(t.Context(), me, use(store.PasskeyStepUp, k.CredentialID, 11), renewed); err != nil {
		t.Fatal(err)
	}
	if p := storetest.Person(t, renewed); p.SessionID != me.SessionID {
		t.Error("the step-up made another session")
	}
}

// If a passkey is used twice at once with the same counter, one use is refused as a copy.
func TestCopiedPasskeyRaceAdmitsOne(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	_, k := provedPasskey(t, a.Mia)
	for round := range 5 {
		var good, cloned int
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 6 {
			flow := storetest.SpentCeremony(t, store.PasskeySignIn, nil, k.CredentialID)
			all.Go(func() {
				err := db.SignInByPasskey(t.Context(), store.UsedPasskey{Flow: flow, CredentialID: k.CredentialID, SignCount: uint32(round + 2)}, newSession())
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					good++
				case errors.Is(err, store.ErrCloned):
					cloned++
				}
			})
		}
		all.Wait()
		if good != 1 || cloned != 5 {
			t.Fatalf("round %d: %d good, %d cloned", round, good, cloned)
		}
	}
}

// A person has at most twenty passkeys, also if they add two at once with nineteen.
func TestAtMostTwentyPasskeys(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	token := storetest.StepUp(t, storetest.SignIn(t, a.Mia))
	me := storetest.Person(t, token)
	for range 19 {
		must(t, db.AddPasskey(t.Context(), me, newPasskey(t, token)))
	}
	first, second := newPasskey(t, token), newPasskey(t, token)
	admin := storetest.Superuser(t)
	// The second waits for the first.
	hold, err := admin.Begin(t.Context())
	must(t, err)
	_, err = hold.Exec(t.Context(), `
		insert into passkeys (id, user_id, credential_id, public_key, sign_count, backup_eligible, backed_up, name)
		values ($1, $2, $3, 'key', 1, false, false, 'Twin')`, store.NewID(), a.Member(t, a.Leo, a.Acme).ID(), first.CredentialID)
	must(t, err)
	one, other := make(chan error, 1), make(chan error, 1)
	go func() { one <- db.AddPasskey(t.Context(), me, first) }()
	waitBehind(t, admin, nil)
	go func() { other <- db.AddPasskey(t.Context(), me, second) }()
	waitBehind(t, admin, other)
	must(t, hold.Rollback(t.Context()))
	must(t, <-one)
	wantErr(t, "the twenty-first", <-other, store.ErrInvalid)
	var own []store.Passkey
	if err := db.ReadOwn(t.Context(), me, store.ListPasskeys(&own)); err != nil || len(own) != 20 {
		t.Errorf("%d kept, %v", len(own), err)
	}
}
