package storetest

import (
	"crypto/rand"
	"testing"

	"github.com/google/uuid"

	"portico/store"
)

// Identity gives somebody an account at a provider and returns its id. It stands there
// without a flow, for agents of support cannot link one; what signs them in by address
// would do so once.
func Identity(t testing.TB, email string) (id uuid.UUID) {
	t.Helper()
	check(t, AdminPool().QueryRow(t.Context(), `
insert into identities (issuer, subject, user_id)
select 'https://idp.test', $2, id from users where email = $1
returning id`, email, rand.Text()).Scan(&id))
	return id
}

// SpentOIDC is a flow of that session, or a sign-in, whose provider has just answered.
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
