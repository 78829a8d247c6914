package store_test

import (
	"crypto/rand"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// A mailed link opens one session. The database enforces it.
func TestLinkIsSpentOnce(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	link, cookie := store.Secret(rand.Text()), store.Secret(rand.Text())
	flow, err := storetest.DB().BeginMailFlow(t.Context(), cookie, a.Mia, "/")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := storetest.DB().MintFlow(t.Context(), flow, link, store.Secret(rand.Text())); err != nil {
		t.Fatal(err)
	}
	spend := func() error {
		var token store.Token
		_, _ = rand.Read(token[:])
		_, err := storetest.DB().SignInByLink(t.Context(), link, store.NewSession{Token: token})
		return err
	}
	if err := spend(); err != nil {
		t.Fatalf("the first time: %v", err)
	}
	if err := spend(); err == nil {
		t.Error("the link opened a second session")
	}
}
