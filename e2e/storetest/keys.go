package storetest

import (
	"testing"

	"github.com/google/uuid"

	"portico/store"
)

// APIKey makes an API key "… Render farm" of a person in the tenant with that slug, and returns the secret
// and the id.
func APIKey(t testing.TB, email, slug string, scopes ...store.KeyScope) (store.TenantToken, uuid.UUID) {
	t.Helper()
	me, ok := Visit(t, StepUp(t, SignIn(t, email)), slug).Member()
	if !ok {
		t.Fatalf("%s is no member of %s", email, slug)
	}
	var token store.TenantToken
	var id uuid.UUID
	check(t, DB().Write(t.Context(), me, func(tx *store.Tx) (err error) {
		token, id, err = tx.MakeAPIKey(t.Context(), store.NewAPIKey{Name: store.NewID().String()[24:] + " Render farm", Scopes: scopes, Days: 30})
		return err
	}))
	return token, id
}
