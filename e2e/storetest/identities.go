package storetest

import (
	"crypto/rand"
	"testing"

	"github.com/google/uuid"

	"portico/store"
)

// Identity gives a person an account at a provider and returns its id. It inserts the
// row directly: support agents can't link an account, and signing in by address would
// link it only once.
func Identity(t testing.TB, email string) (id uuid.UUID) {
	t.Helper()
	check(t, AdminPool().QueryRow(t.Context(), `
insert into identities (issuer, subject, user_id)
select 'https://idp.test', $2, id from users where email = $1
returning id`, email, rand.Text()).Scan(&id))
	return id
}

// SpentOIDC returns a provider flow that was just answered. It belongs to the session
// of token, or to a sign-in.
func SpentOIDC(t testing.TB, purpose store.OIDCPurpose, token store.Token) uuid.UUID {
	t.Helper()
	cookie, f := secret(), store.OIDCFlow{Purpose: purpose, Provider: "idp", State: secret(), ReturnTo: "/"}
	if purpose == store.OIDCSignIn {
		check(t, DB().BeginOIDCFlow(t.Context(), cookie, f))
	} else {
		check(t, DB().BeginOwnOIDCFlow(t.Context(), Person(t, token), cookie, f))
	}
	spent, err := DB().SpendState(t.Context(), &token, cookie, f.State, "idp")
	check(t, err)
	return spent.ID
}
