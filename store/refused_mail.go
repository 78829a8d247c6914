package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
	"portico/store/queue"
)

// InviteRefused records that a mail server will never accept the mail of an invitation,
// and queues a mail about it to whoever invited, if they are a member here.
func (tx *Tx) InviteRefused(ctx context.Context, id uuid.UUID, sending, code int) error {
	n, err := tx.exec(ctx, "invite refused", `
update invites
set mail_refused_at = now(),
    mail_refused_code = @code
where tenant_id = @tenant_id
  and id = @id
  and sendings = @sending
  and mail_refused_at is null`, pgx.StrictNamedArgs{"id": id, "sending": sending, "code": code})
	if err != nil || n == 0 {
		return err
	}
	var inviter *uuid.UUID
	err = tx.get(ctx, value("inviter", &inviter, `
select (
    select m.user_id
    from invites i
    join memberships m on m.tenant_id = i.tenant_id and m.user_id = i.invited_by and m.ended_at is null
    where i.tenant_id = @tenant_id
      and i.id = @id
)`, pgx.StrictNamedArgs{"id": id}))
	if err != nil {
		return err
	}
	if inviter != nil {
		if err := tx.Enqueue(ctx, &queue.InviteRefusedMail{Invite: id, Sending: sending, To: *inviter}); err != nil {
			return err
		}
	}
	return tx.audit(Event{Verb: "member.mail_refused", TargetKind: KindInvite, TargetID: id, Detail: map[string]any{"code": code}})
}

// RefusedInvite is an invitation whose mail was refused, as the mail about it shows it.
type RefusedInvite struct {
	Name  string
	Email string
	Code  int
}

// GetRefusedInvite reads an open invitation whose mail was refused.
func GetRefusedInvite(id uuid.UUID, dst *RefusedInvite) Read {
	return Read{one("refused invite", dst, `
select name, email, mail_refused_code as code
from invites
where tenant_id = @tenant_id
  and id = @id
  and mail_refused_at is not null
  and accepted_at is null
  and revoked_at is null`, pgx.StrictNamedArgs{"id": id})}
}

// RefusedInviteKey returns the effect key of the mail about one refused sending.
func RefusedInviteKey(id uuid.UUID, sending int) string {
	return fmt.Sprintf("invite_refused_mail:%s:%d", id, sending)
}

// MailRefused records that a mail server will never accept mail to a person.
func (tx *Tx) MailRefused(ctx context.Context, person uuid.UUID, code int) error {
	_, err := tx.exec(ctx, "mail refused", `
update memberships
set mail_refused_at = now(),
    mail_refused_code = @code
where tenant_id = @tenant_id
  and user_id = @id
  and ended_at is null`, pgx.StrictNamedArgs{"id": person, "code": code})
	return err
}

// FlowMailRefused records on the rows of whoever the mail of a sign-in or step-up went to
// that the mail server refuses their address, in every tenant.
func (db *DB) FlowMailRefused(ctx context.Context, flow uuid.UUID, code int) error {
	return db.engine.OutsideTenant(ctx, "flow mail refused", engine.Nothing, `select lookup.flow_mail_result($1, $2)`, flow, code)
}

// FlowMailAccepted forgets that mail to them was refused before.
func (db *DB) FlowMailAccepted(ctx context.Context, flow uuid.UUID) error {
	return db.engine.OutsideTenant(ctx, "flow mail accepted", engine.Nothing, `select lookup.flow_mail_result($1, null)`, flow)
}

// MailAccepted forgets that mail to a person was refused before.
func (tx *Tx) MailAccepted(ctx context.Context, person uuid.UUID) error {
	_, err := tx.exec(ctx, "mail accepted", `
update memberships
set mail_refused_at = null,
    mail_refused_code = null
where tenant_id = @tenant_id
  and user_id = @id
  and mail_refused_at is not null`, pgx.StrictNamedArgs{"id": person})
	return err
}
