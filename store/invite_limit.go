package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// mailsToAddress is how many invitation mails one address may get in an hour from an
// agency's staff, in all its clients together, or from the people of one client.
const mailsToAddress = 5

// spendMail counts an invitation mail to an address. The deed fails with a
// [*TooManyActsError] if there were too many. A client's people count for themselves, so that they can't learn
// whom the agency or its other clients invite, nor use up what those may send.
func (tx *Tx) spendMail(ctx context.Context, email string) error {
	of, id := "client", tx.scope.Tenant
	if Party(tx.scope.Party) == PartyAgency {
		of = "agency"
		if err := tx.get(ctx, value("agency", &id, `
select coalesce(agency_id, id)
from tenants
where id = @tenant_id`, nil)); err != nil {
			return err
		}
	}
	// Lists that have the same addresses in another order would wait for each other.
	tx.later("one list at a time", `select pg_advisory_xact_lock(hashtextextended('invitations of ' || @id::text, 0))`,
		pgx.StrictNamedArgs{"id": id.String()})
	tx.countAct(actInvite+act(" to "+email), of, id, func() int { return mailsToAddress })
	return nil
}
