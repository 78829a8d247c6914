package storetest

import (
	"crypto/rand"
	"testing"

	"github.com/google/uuid"

	"portico/store"
)

// Passkey adds a passkey for the person of a session and returns its id. No device
// holds it. The session needs a step-up.
func Passkey(t testing.TB, token store.Token) uuid.UUID {
	t.Helper()
	token = StepUp(t, token)
	me := Person(t, token)
	k := store.NewPasskey{
		Flow: SpentCeremony(t, store.PasskeyAdd, &token, nil), CredentialID: secret(), PublicKey: secret(), Name: rand.Text(),
	}
	check(t, DB().AddPasskey(t.Context(), me, k))
	var id uuid.UUID
	err := AdminPool().QueryRow(t.Context(), `select id from passkeys where credential_id = $1`, k.CredentialID).Scan(&id)
	check(t, err)
	return id
}

// SpentCeremony returns a ceremony that was just answered.
func SpentCeremony(t testing.TB, c store.Ceremony, token *store.Token, credential []byte) uuid.UUID {
	t.Helper()
	cookie := secret()
	flow, err := DB().BeginCeremony(t.Context(), c, token, cookie, "/", "{}")
	check(t, err)
	_, err = DB().SpendCeremony(t.Context(), c, token, flow, cookie, credential)
	check(t, err)
	return flow
}
