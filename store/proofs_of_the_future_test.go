package store_test

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// While the clock is set back, a proof may be dated in the future. It counts for nothing
// until its time has come: proofs are compared with both ends of their time.
func TestProofsOfTheFutureCountForNothing(t *testing.T) {
	t.Parallel()
	// Each prepares something and returns what a proof lets somebody do, whose step-up it
	// is, and the error without a proof.
	stepUps := map[string]func(t *testing.T, b *supportBundle) (deed func() error, of uuid.UUID){
		"starting a support session": func(t *testing.T, b *supportBundle) (func() error, uuid.UUID) {
			me := storetest.Person(t, b.token)
			return func() error { return errOf(b.db.StartSupport(t.Context(), me, b.ask(b.Acme, b.mia.ID()))) }, me.SessionID
		},
		"listing people": func(t *testing.T, b *supportBundle) (func() error, uuid.UUID) {
			me := storetest.Person(t, b.token)
			return func() error { return errOf(b.db.ListSupportTargets(t.Context(), me, b.ask(b.Acme, uuid.Nil))) }, me.SessionID
		},
		"switching to writing": func(t *testing.T, b *supportBundle) (func() error, uuid.UUID) {
			id := b.startAs(t, b.mia.ID())
			b.exec(t, `update support_sessions set started_at = started_at - interval '1 minute' where id = $1`, id)
			b.token = storetest.StepUp(t, b.token)
			me := storetest.Person(t, b.token)
			return func() error { return errOf(b.db.RequestWrite(t.Context(), me, false)) }, me.SessionID
		},
		"confirming another agent's writing": func(t *testing.T, b *supportBundle) (func() error, uuid.UUID) {
			id := b.startAs(t, b.mia.ID())
			_, err := b.writes(t, true)
			must(t, err)
			me := storetest.Person(t, storetest.StepUp(t, storetest.SignIn(t, storetest.Agent(t))))
			return func() error { return b.db.ConfirmWrite(t.Context(), me, id) }, me.SessionID
		},
		"claiming a domain": func(t *testing.T, b *supportBundle) (func() error, uuid.UUID) {
			me := b.SteppedUp(t, b.Mia, b.Acme)
			return func() error {
				return b.write(t, me, func(tx *store.Tx) error { return tx.AddDomain(t.Context(), me, "new-"+b.Suffix+".example.org") })
			}, me.Person.SessionID
		},
		"inviting an owner": func(t *testing.T, b *supportBundle) (func() error, uuid.UUID) {
			me := b.SteppedUp(t, b.Mia, b.Acme)
			return func() error {
				return b.write(t, me, func(tx *store.Tx) error {
					return errOf(tx.InvitePerson(t.Context(), client("Nina", "nina@"+b.Suffix+".test", store.RoleOwner)))
				})
			}, me.Person.SessionID
		},
		"erasing an account": func(t *testing.T, b *supportBundle) (func() error, uuid.UUID) {
			me := b.SteppedUp(t, b.Leo, b.Acme)
			return func() error { return b.db.ForgetMe(t.Context(), me.Person) }, me.Person.SessionID
		},
		"removing a passkey": func(t *testing.T, b *supportBundle) (func() error, uuid.UUID) {
			id := storetest.Passkey(t, storetest.SignIn(t, b.Leo))
			me := b.SteppedUp(t, b.Leo, b.Acme)
			return func() error { return b.db.RemovePasskey(t.Context(), me.Person, id) }, me.Person.SessionID
		},
		"adding a passkey": func(t *testing.T, b *supportBundle) (func() error, uuid.UUID) {
			token := storetest.StepUp(t, storetest.SignIn(t, b.Leo))
			me := storetest.Person(t, token)
			k := store.NewPasskey{Flow: storetest.SpentCeremony(t, store.PasskeyAdd, &token, nil),
				CredentialID: []byte(rand.Text()), PublicKey: []byte(rand.Text()), Name: "Key"}
			return func() error { return b.db.AddPasskey(t.Context(), me, k) }, me.SessionID
		},
		"unlinking an account": func(t *testing.T, b *supportBundle) (func() error, uuid.UUID) {
			id := storetest.Identity(t, b.Leo)
			me := b.SteppedUp(t, b.Leo, b.Acme)
			return func() error { return b.db.UnlinkIdentity(t.Context(), me.Person, id) }, me.Person.SessionID
		},
		"linking an account": func(t *testing.T, b *supportBundle) (func() error, uuid.UUID) {
			me := b.SteppedUp(t, b.Leo, b.Acme)
			return func() error {
				return b.db.BeginOwnOIDCFlow(t.Context(), me.Person, store.Secret(rand.Text()),
					store.OIDCFlow{Purpose: store.OIDCLink, Provider: "idp", State: store.Secret(rand.Text()), ReturnTo: "/"})
			}, me.Person.SessionID
		},
	}
	for what, prepare := range stepUps {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			b := setupSupport(t).grantWriteAccess(t)
			deed, session := prepare(t, b)
			b.exec(t, `update sessions set stepped_up_at = now() + interval '1 hour' where id = $1`, session)
			wantErr(t, "with a step-up of the future", deed(), store.ErrStepUp)
			b.exec(t, `update sessions set stepped_up_at = now() where id = $1`, session)
			must(t, deed())
		})
	}
}

// The same holds for everything else that is good for a time.
func TestOtherProofsOfTheFuture(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t).allowRequests(t)
	// date moves the time in a column of one row to now, or to an hour later.
	date := func(when, table, column, which string, arg any) {
		t.Helper()
		b.exec(t, `update `+table+` set `+column+` = now() + $2::interval where `+which+` = $1`, arg, when)
	}
	const present, future = "0", "1 hour"
	tenant := b.mia.TenantID()

	b.exec(t, `update support_grants set ends_at = now() + interval '2 hours' where tenant_id = $1`, tenant)
	date(future, "support_grants", "created_at", "tenant_id", tenant)
	_, err := b.start(t, b.ask(b.Acme, b.mia.ID()))
	wantErr(t, "a consent of the future", err, store.ErrForbidden)
	date(present, "support_grants", "created_at", "tenant_id", tenant)

	must(t, b.asks(t, nil))
	ask := b.openRequests(t, b.mia)[0].ID
	grant := func() error {
		return b.write(t, b.mia, func(tx *store.Tx) error { return tx.ApproveAccessRequest(t.Context(), ask, "write", time.Hour) })
	}
	date(future, "support_asks", "created_at", "id", ask)
	wantErr(t, "an access request of the future", grant(), store.ErrConflict)
	date(present, "support_asks", "created_at", "id", ask)
	must(t, grant())

	id := b.startAs(t, b.mia.ID())
	_, err = b.writes(t, true)
	must(t, err)
	tess := storetest.Person(t, storetest.StepUp(t, storetest.SignIn(t, storetest.Agent(t))))
	date(future, "support_sessions", "write_asked_at", "id", id)
	wantErr(t, "a request to write of the future", b.db.ConfirmWrite(t.Context(), tess, id), store.ErrConflict)
	date(present, "support_sessions", "write_asked_at", "id", id)
	must(t, b.db.ConfirmWrite(t.Context(), tess, id))

	email := "nina@" + b.Suffix + ".test"
	_, token := invite(t, b.mia, client("Nina", email, store.RoleViewer))
	nina := storetest.Person(t, storetest.SignIn(t, email))
	date(future, "invites", "created_at", "email", email)
	var over store.EndedError
	if _, err := b.db.AcceptInvite(t.Context(), nina, token, "Nina"); !errors.As(err, &over) {
		t.Errorf("an invitation of the future: %v", err)
	}
	date(present, "invites", "created_at", "email", email)
	must(t, errOf(b.db.AcceptInvite(t.Context(), nina, token, "Nina")))

	leo := storetest.SignIn(t, b.Leo)
	me := storetest.Person(t, leo)
	date(future, "sessions", "last_used_at", "id", me.SessionID)
	if _, in := storetest.Visit(t, leo, b.Acme).Person(); in {
		t.Error("a session used in the future is alive")
	}
	date(present, "sessions", "last_used_at", "id", me.SessionID)
	storetest.Person(t, leo)

	browser := store.Secret(rand.Text())
	sum := sha256.Sum256(browser)
	spend := func(when string) error {
		h := store.Handover{Token: store.Secret(rand.Text()), Host: b.Acme + ".portals.test", Slug: b.Acme, Browser: sum[:], ReturnTo: "/"}
		must(t, errOf(b.db.BeginHandover(t.Context(), me, h)))
		b.exec(t, `update handovers set created_at = now() + $2::interval where session_id = $1 and spent_at is null`, me.SessionID, when)
		var s store.NewSession
		_, _ = rand.Read(s.Token[:])
		s.Host = h.Host
		return errOf(b.db.SpendHandover(t.Context(), h.Token, browser, s))
	}
	wantErr(t, "a hand-over of the future", spend(future), store.ErrNotFound)
	must(t, spend(present))
}
