package store_test

import (
	"crypto/sha256"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// A session on a tenant's host is of that tenant, even if the request names another one in
// which the person works too.
func TestHostSessionIsOfOneTenant(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	host := a.Acme + ".portals.test"
	token := storetest.SignInAt(t, a.Dana, host)
	for slug, signedIn := range map[string]bool{a.Acme: true, a.Globex: false, a.Agency: false, "nobody-" + a.Suffix: false} {
		v, err := storetest.DB().Identify(t.Context(), store.Credentials{Token: &token, Host: host, Slug: slug})
		must(t, err)
		if _, ok := v.Person(); ok != signedIn {
			t.Errorf("at the host of Acme, for %s, she is signed in: %v", slug, ok)
		}
	}
}

// While staff view as a client in one session, they are no members of anything in the
// browser's other sessions.
func TestViewingElsewhereEndsMembership(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	host := a.Globex + ".portals.test"
	main, child := storetest.SignIn(t, a.Dana), storetest.SignInAt(t, a.Dana, host)
	sum := sha256.Sum256(child[:])
	if _, err := storetest.AdminPool().Exec(t.Context(), `update sessions set parent_id = $2 where token_hash = $1`, sum[:], storetest.Person(t, main).SessionID); err != nil {
		t.Fatal(err)
	}
	atHost, atMain := store.Credentials{Token: &child, Host: host, Slug: a.Globex}, store.Credentials{Token: &main, Slug: a.Acme}
	isMember := func(c store.Credentials) bool {
		t.Helper()
		v, err := storetest.DB().Identify(t.Context(), c)
		must(t, err)
		if _, ok := v.Person(); !ok {
			t.Fatal("she is signed out")
		}
		_, ok := v.Member()
		opened, _, err := storetest.DB().OpenForTest(t.Context(), c, uuid.New())
		must(t, err)
		if opened != ok {
			t.Errorf("she is a member: %v, and a page is opened: %v", ok, opened)
		}
		return ok
	}
	for _, c := range []struct{ views, acts store.Credentials }{{atMain, atHost}, {atHost, atMain}} {
		if !isMember(c.acts) {
			t.Fatal("she is no member before")
		}
		v, err := storetest.DB().Identify(t.Context(), c.views)
		must(t, err)
		dana, _ := v.Member()
		client := a.Mia
		if c.views.Slug == a.Globex {
			client = a.Gus
		}
		must(t, storetest.DB().ViewAs(t.Context(), dana, a.Member(t, client, c.views.Slug).ID()))
		if isMember(c.acts) {
			t.Errorf("she acts as herself in %s while she views as a client of %s", c.acts.Slug, c.views.Slug)
		}
		v, err = storetest.DB().Identify(t.Context(), c.views)
		must(t, err)
		person, _ := v.Person()
		must(t, storetest.DB().StopSupport(t.Context(), person))
		if !isMember(c.acts) {
			t.Error("she is no member afterwards")
		}
	}
}
