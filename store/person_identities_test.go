package store_test

import (
	"crypto/rand"
	"errors"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// unknownIdentity returns a provider account with an address that is unknown here.
func unknownIdentity() store.Identity {
	return store.Identity{Issuer: "https://idp.test", Subject: rand.Text(), Email: rand.Text() + "@elsewhere.test", EmailVerified: true}
}

func proved(t *testing.T, email string) store.Token {
	t.Helper()
	return storetest.StepUp(t, storetest.SignIn(t, email))
}

// link links an identity to the person of a session and returns its row.
func link(t *testing.T, token store.Token, who store.Identity) store.LinkedIdentity {
	t.Helper()
	me := storetest.Person(t, token)
	must(t, storetest.DB().LinkIdentity(t.Context(), me, storetest.SpentOIDC(t, store.OIDCLink, token), who))
	all := linked(t, me)
	return all[len(all)-1]
}

func linked(t *testing.T, me store.Person) (all []store.LinkedIdentity) {
	t.Helper()
	must(t, storetest.DB().ReadOwn(t.Context(), me, store.ListIdentities(&all)))
	return all
}

// signsIn says whether an identity opens a session.
func signsIn(t *testing.T, who store.Identity) bool {
	t.Helper()
	_, err := storetest.DB().SignInByIdentity(t.Context(), spentFlow(t), who, newSession())
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// An identity is linked by a provider's answer in the session that asked, once, and
// right after the answer. It then signs its person in, whatever its address. Nobody
// else can see or remove it.
func TestIdentityIsLinkedByItsSession(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	mine, other, leos := proved(t, a.Mia), proved(t, a.Mia), proved(t, a.Leo)
	me, leo, who := storetest.Person(t, mine), storetest.Person(t, leos), unknownIdentity()
	flow, late := storetest.SpentOIDC(t, store.OIDCLink, mine), storetest.SpentOIDC(t, store.OIDCLink, mine)
	for name, session := range map[string]store.Token{"another session of hers": other, "another person": leos} {
		wantErr(t, name, db.LinkIdentity(t.Context(), storetest.Person(t, session), flow, who), store.ErrNotFound)
	}
	if _, err := storetest.Admin(t).Exec(t.Context(), `update sign_in_flows set spent_at = spent_at - interval '2 minutes 1 second' where id = $1`, late); err != nil {
		t.Fatal(err)
	}
	wantErr(t, "long after its answer", db.LinkIdentity(t.Context(), me, late, who), store.ErrNotFound)
	if signsIn(t, who) {
		t.Error("it signs in before it is linked")
	}
	must(t, db.LinkIdentity(t.Context(), me, flow, who))
	wantErr(t, "twice", db.LinkIdentity(t.Context(), me, flow, unknownIdentity()), store.ErrNotFound)
	if !signsIn(t, who) {
		t.Error("it does not sign in")
	}
	own := linked(t, me)
	if len(own) != 1 || own[0].Email != who.Email || own[0].LastUsedAt == nil {
		t.Fatalf("her identities: %+v", own)
	}
	if theirs := linked(t, leo); len(theirs) != 0 {
		t.Errorf("another person lists %d", len(theirs))
	}
	for name, id := range map[string]uuid.UUID{"another person's": own[0].ID, "one that never was": store.NewID()} {
		wantErr(t, name, db.UnlinkIdentity(t.Context(), leo, id), store.ErrNotFound)
	}
	must(t, db.UnlinkIdentity(t.Context(), me, own[0].ID))
	if signsIn(t, who) || len(linked(t, me)) != 0 {
		t.Error("it is still there")
	}
}

// Linking and unlinking need a step-up in this session in the last five minutes.
// Agents can't link accounts or step up with one.
func TestLinkingNeedsAStepUp(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	begin := func(token store.Token, purpose store.OIDCPurpose) error {
		return db.BeginOwnOIDCFlow(t.Context(), storetest.Person(t, token), store.Secret(rand.Text()),
			store.OIDCFlow{Purpose: purpose, Provider: "idp", State: store.Secret(rand.Text()), ReturnTo: "/"})
	}
	stale, fresh, sam := storetest.SignIn(t, a.Mia), proved(t, a.Mia), proved(t, storetest.Agent(t))
	wantErr(t, "without a proof", begin(stale, store.OIDCLink), store.ErrStepUp)
	must(t, begin(stale, store.OIDCStepUp))
	must(t, begin(fresh, store.OIDCLink))
	row, me := link(t, fresh, unknownIdentity()), storetest.Person(t, fresh)
	wantErr(t, "unlinking without a proof", db.UnlinkIdentity(t.Context(), storetest.Person(t, stale), row.ID), store.ErrStepUp)
	if _, err := storetest.Admin(t).Exec(t.Context(), `update sessions set stepped_up_at = now() - interval '5 minutes' where id = $1`, me.SessionID); err != nil {
		t.Fatal(err)
	}
	wantErr(t, "with a proof five minutes old", begin(fresh, store.OIDCLink), store.ErrStepUp)
	wantErr(t, "unlinking so", db.UnlinkIdentity(t.Context(), me, row.ID), store.ErrStepUp)
	for _, purpose := range []store.OIDCPurpose{store.OIDCLink, store.OIDCStepUp} {
		wantErr(t, "an agent, "+string(purpose), begin(sam, purpose), store.ErrForbidden)
	}
	must(t, db.UnlinkIdentity(t.Context(), storetest.Person(t, storetest.StepUp(t, fresh)), row.ID))
	storetest.Person(t, stale)
}

// A provider's answer counts only for the purpose it was requested for.
func TestOIDCPurposesAreNotConfused(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	token, who := proved(t, a.Mia), unknownIdentity()
	me := storetest.Person(t, token)
	link(t, token, who)
	deeds := map[store.OIDCPurpose]func(flow uuid.UUID) error{
		store.OIDCSignIn: func(flow uuid.UUID) error {
			return errOf(db.SignInByIdentity(t.Context(), flow, who, newSession()))
		},
		store.OIDCLink:   func(flow uuid.UUID) error { return db.LinkIdentity(t.Context(), me, flow, unknownIdentity()) },
		store.OIDCStepUp: func(flow uuid.UUID) error { return db.StepUpByIdentity(t.Context(), me, flow, who, token) },
	}
	for asked := range deeds {
		for done, deed := range deeds {
			flow := storetest.SpentOIDC(t, asked, token)
			if err := deed(flow); asked == done && err != nil || asked != done && !errors.Is(err, store.ErrNotFound) {
				t.Errorf("asked for %s, %s: %v", asked, done, err)
			}
		}
	}
}

// An answer counts only in its own session, except for a sign-in, and counts there
// once.
func TestProviderAnswerCountsInItsSession(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	mine, other, leos := proved(t, a.Mia), proved(t, a.Mia), proved(t, a.Leo)
	cookie := store.Secret(rand.Text())
	for _, purpose := range []store.OIDCPurpose{store.OIDCLink, store.OIDCStepUp} {
		f := store.OIDCFlow{Purpose: purpose, Provider: "idp", State: store.Secret(rand.Text()), ReturnTo: "/"}
		must(t, db.BeginOwnOIDCFlow(t.Context(), storetest.Person(t, mine), cookie, f))
		for name, token := range map[string]*store.Token{"nobody": nil, "another session of hers": &other, "another person": &leos} {
			wantErr(t, name, errOf(db.SpendState(t.Context(), token, cookie, f.State, "idp")), store.ErrNotFound)
		}
		wantErr(t, "another browser", errOf(db.SpendState(t.Context(), &mine, store.Secret("another"), f.State, "idp")), store.ErrNotFound)
		wantErr(t, "another provider", errOf(db.SpendState(t.Context(), &mine, cookie, f.State, "other")), store.ErrNotFound)
		spent, err := db.SpendState(t.Context(), &mine, cookie, f.State, "idp")
		if err != nil || spent.Purpose != purpose || spent.BegunAt.IsZero() {
			t.Errorf("its own: %+v, %v", spent, err)
		}
		wantErr(t, "twice", errOf(db.SpendState(t.Context(), &mine, cookie, f.State, "idp")), store.ErrNotFound)
	}
}

// Another person's identity can't be linked. Once they unlink it, whoever signs in to
// that account can.
func TestOtherPersonsIdentityIsRefused(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	mias, leos, who := proved(t, a.Mia), proved(t, a.Leo), unknownIdentity()
	row, leo := link(t, mias, who), storetest.Person(t, leos)
	wantErr(t, "hers", db.LinkIdentity(t.Context(), leo, storetest.SpentOIDC(t, store.OIDCLink, leos), who), store.ErrConflict)
	if len(linked(t, leo)) != 0 || !signsIn(t, who) {
		t.Error("it belongs to another person now")
	}
	link(t, mias, who) // again
	if n := len(linked(t, storetest.Person(t, mias))); n != 1 {
		t.Errorf("linked twice: %d", n)
	}
	must(t, db.UnlinkIdentity(t.Context(), storetest.Person(t, mias), row.ID))
	link(t, leos, who)
}

// A step-up takes an identity of the person in this session and changes the token.
func TestStepUpByIdentity(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	mine, other, leos := proved(t, a.Mia), storetest.SignIn(t, a.Mia), proved(t, a.Leo)
	who, theirs := unknownIdentity(), unknownIdentity()
	link(t, mine, who)
	link(t, leos, theirs)
	token := storetest.SignIn(t, a.Mia)
	me, renewed := storetest.Person(t, token), newSession().Token
	for name, another := range map[string]store.Identity{"another person's": theirs, "nobody's": unknownIdentity(), "the subject elsewhere": {Issuer: "https://evil.test", Subject: who.Subject}} {
		wantErr(t, name, db.StepUpByIdentity(t.Context(), me, storetest.SpentOIDC(t, store.OIDCStepUp, token), another, renewed), store.ErrForbidden)
	}
	flow := storetest.SpentOIDC(t, store.OIDCStepUp, token)
	wantErr(t, "another session of hers", db.StepUpByIdentity(t.Context(), storetest.Person(t, other), flow, who, renewed), store.ErrNotFound)
	if storetest.Person(t, token).SteppedUpAt != nil {
		t.Fatal("a refused answer counted as a step-up")
	}
	must(t, db.StepUpByIdentity(t.Context(), me, flow, who, renewed))
	if p := storetest.Person(t, renewed); p.SessionID != me.SessionID || p.SteppedUpAt == nil {
		t.Error("the step-up is not of this session")
	}
	if _, ok := storetest.Visit(t, token, "").Person(); ok {
		t.Error("the token before it is still good")
	}
	wantErr(t, "twice", db.StepUpByIdentity(t.Context(), storetest.Person(t, renewed), flow, who, newSession().Token), store.ErrNotFound)
}

// After a person unlinks an account, no verified address links one automatically: not
// that account and not another. Other people's accounts still link by address.
func TestUnlinkedStaysUnlinked(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	at := func(subject, email string) store.Identity {
		return store.Identity{Issuer: "https://idp.test/" + a.Suffix, Subject: subject, Email: email, EmailVerified: true}
	}
	if !signsIn(t, at("m", a.Mia)) {
		t.Fatal("her address does not link at first")
	}
	token := proved(t, a.Mia)
	me := storetest.Person(t, token)
	must(t, db.UnlinkIdentity(t.Context(), me, linked(t, me)[0].ID))
	for _, who := range []store.Identity{at("m", a.Mia), at("m2", a.Mia), {Issuer: "https://other.test", Subject: a.Suffix, Email: a.Mia, EmailVerified: true}} {
		if signsIn(t, who) {
			t.Errorf("%s of %s is linked again", who.Subject, who.Issuer)
		}
	}
	link(t, token, at("m", a.Mia))
	if !signsIn(t, at("m", a.Mia)) || !signsIn(t, at("g", a.Gus)) {
		t.Error("linked by hand, or by another's address, it does not sign in")
	}
}

// A person with an address can sign in by mail. The only way to sign in can't be
// removed.
func TestLastSignInMethodStays(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	token := proved(t, a.Mia)
	key := newPasskey(t, token)
	row, me := link(t, token, unknownIdentity()), storetest.Person(t, token)
	if _, err := storetest.Admin(t).Exec(t.Context(), `update users set email = null where id = $1`, me.ID()); err != nil {
		t.Fatal(err)
	}
	wantErr(t, "the last one", db.UnlinkIdentity(t.Context(), me, row.ID), store.ErrConflict)
	must(t, db.AddPasskey(t.Context(), me, key))
	must(t, db.UnlinkIdentity(t.Context(), me, row.ID))
	var keys []store.Passkey
	must(t, db.ReadOwn(t.Context(), me, store.ListPasskeys(&keys)))
	wantErr(t, "the last passkey", db.RemovePasskey(t.Context(), me, keys[0].ID), store.ErrConflict)
	link(t, token, unknownIdentity())
	must(t, db.RemovePasskey(t.Context(), me, keys[0].ID))
}

// In raw SQL as the app nobody can read, add, change or remove another person's
// identity. Their own change only through the functions that require a step-up. In a
// support session there are none, and no link begins.
func TestIdentitiesBelongToTheirPerson(t *testing.T) {
	t.Parallel()
	a, conn := storetest.Agency(t), storetest.App(t)
	mias, gus := proved(t, a.Mia), proved(t, a.Gus)
	mine, theirs := link(t, mias, unknownIdentity()), link(t, gus, unknownIdentity())
	mia := a.Member(t, a.Mia, a.Acme)
	if n, err := try(t, conn, &mia, "select 1 from identities where id = $1", theirs.ID); n != 0 || err != nil {
		t.Errorf("another's: %d rows, %v", n, err)
	}
	if n, err := try(t, conn, &mia, "select 1 from identities where user_id <> $1", mia.ID()); n != 0 || err != nil {
		t.Errorf("of others: %d rows, %v", n, err)
	}
	if n, err := try(t, conn, &mia, "select 1 from identities where id = $1", mine.ID); n != 1 || err != nil {
		t.Errorf("her own: %d rows, %v", n, err)
	}
	for _, id := range []uuid.UUID{mine.ID, theirs.ID} {
		for _, sql := range []string{
			"delete from identities where id = $1",
			"update identities set user_id = user_id where id = $1",
			"select subject from identities where id = $1",
			"insert into identities (issuer, subject, user_id, id) values ('https://evil.test', 'x', current_setting('app.user_id')::uuid, $1)",
		} {
			if _, err := try(t, conn, &mia, sql, id); sqlState(err) != insufficientPrivilege {
				t.Errorf("%s: %v", sql, err)
			}
		}
	}
	if _, err := try(t, conn, &mia, "update users set links_by_address = true where id = $1", mia.ID()); sqlState(err) != insufficientPrivilege {
		t.Errorf("linking by address is the app's to allow: %v", err)
	}
	begins := "select 1 where lookup.flow_begin($2, 'oidc_link', sha256('x'), null, $1, '/', 'idp', sha256('x'), '', '')"
	session, other := storetest.Person(t, mias).SessionID, storetest.Person(t, gus).SessionID
	if n, err := try(t, conn, &mia, begins, session, store.NewID()); n != 1 || err != nil {
		t.Errorf("in person: %d, %v", n, err)
	}
	if n, err := try(t, conn, &mia, begins, other, store.NewID()); n != 0 || err != nil {
		t.Errorf("a link of another's session: %d, %v", n, err)
	}
	if n, err := trySession(t, conn, mia, begins, session, store.NewID()); n != 0 || err != nil {
		t.Errorf("in a support session a link begins: %d, %v", n, err)
	}
	if n, err := trySession(t, conn, mia, "select 1 from identities"); n != 0 || err != nil {
		t.Errorf("in a support session: %d rows, %v", n, err)
	}
}

// A person can link at most twenty accounts.
func TestAtMostTwentyIdentities(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	token := proved(t, a.Mia)
	me := storetest.Person(t, token)
	for range 20 {
		must(t, db.LinkIdentity(t.Context(), me, storetest.SpentOIDC(t, store.OIDCLink, token), unknownIdentity()))
	}
	wantErr(t, "the twenty-first", db.LinkIdentity(t.Context(), me, storetest.SpentOIDC(t, store.OIDCLink, token), unknownIdentity()), store.ErrInvalid)
}
