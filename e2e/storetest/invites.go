package storetest

import (
	"testing"

	"github.com/google/uuid"

	"portico/store"
	"portico/store/queue"
)

// InviteToken does what the mail job does for an invitation, without sending the
// mail, and returns the token of its link.
func InviteToken(t testing.TB, tenant, invite uuid.UUID) store.TenantToken {
	t.Helper()
	job := &queue.InviteMail{Signature: queue.Signature{Tenant: tenant}, Invite: invite}
	check(t, AdminPool().QueryRow(t.Context(), `select sendings from invites where id = $1`, invite).Scan(&job.Sending))
	check(t, queue.NewSigner(SigningKey).Sign(job))
	j, err := DB().VerifyJob(job, store.JobPolicy{IgnoreRequester: true})
	check(t, err)
	token := store.NewTenantToken(tenant)
	check(t, DB().Work(t.Context(), j, func(tx *store.Tx) error {
		_, err := tx.InviteLetter(t.Context(), invite, job.Sending, token)
		return err
	}))
	return token
}
