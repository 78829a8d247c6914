package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// Invite is an open invitation on the people page.
type Invite struct {
	ID        uuid.UUID
	Name      string
	Email     string
	Party     Party
	Role      Role
	CreatedAt time.Time
	SentAt    *time.Time // when the last mail was sent; nil before
	ExpiresAt time.Time
	Expired   bool
	// MailRefusedCode is the answer of the mail server that refused the mail; 0 means
	// that our own server can't write to the address, nil that nothing was refused.
	MailRefusedCode *int
	inviter
}

// InviterLostRight says that whoever made the invitation may no longer give that
// role, so that a new one is needed. byClient comes from [ClientManagesPeople].
func (i Invite) InviterLostRight(byClient bool) bool {
	return !i.stillAllowed(i.Party, i.Role, byClient)
}

// inviter is the current position of the person who made an invitation.
type inviter struct {
	InviterName       string // "" for staff of the agency who are not in this tenant
	InviterParty      *Party // in this tenant; nil for no current member
	InviterRole       *Role
	InviterAgencyRole *Role // in the agency of this tenant
}

// inviterColumns selects the columns of an [inviter] for an invite i.
const inviterColumns = `coalesce(m.name, '') as inviter_name,
       case when m.ended_at is null then m.party end as inviter_party,
       case when m.ended_at is null then m.role end as inviter_role,
       lookup.inviter_agency_role(i.id) as inviter_agency_role`

// side returns the name of the agency or the client that the inviter is of.
func (i inviter) side(t Tenant) string {
	switch {
	case i.InviterParty != nil && *i.InviterParty == PartyClient, t.AgencyName == "":
		return t.Name
	}
	return t.AgencyName
}

// stillAllowed says whether the inviter may give that role on that side now, by their
// membership here or because they manage the agency's clients.
func (i inviter) stillAllowed(party Party, role Role, byClient bool) bool {
	if i.InviterRole != nil && mayGiveInTenant(*i.InviterParty, *i.InviterRole, party, role, byClient) {
		return true
	}
	return i.InviterAgencyRole != nil && MayGive(PartyAgency, *i.InviterAgencyRole, party, role)
}

// maxInvites is how many open invitations [ListInvites] reads at most.
const maxInvites = 200

// ListInvites reads the tenant's open invitations, newest first, at most 200. Client
// users see those of their own side only.
func ListInvites(dst *[]Invite) Read {
	return Read{many("list invites", dst, `
select i.id, i.name, i.email, i.party, i.role, i.created_at, i.sent_at, i.expires_at, i.expires_at <= now() as expired, i.mail_refused_code,
       `+inviterColumns+`
from invites i
left join memberships m on m.tenant_id = i.tenant_id and m.user_id = i.invited_by
where i.tenant_id = @tenant_id
  and i.accepted_at is null
  and i.revoked_at is null
order by i.created_at desc, i.id desc
limit @limit`, pgx.StrictNamedArgs{"limit": maxInvites})}
}

// InvitePerson invites a person into this tenant by mail and returns the invitation's
// id. The actor must be allowed to give that role. Inviting an owner also needs a
// fresh step-up, else the error is [ErrStepUp]. Too many mails in an hour are a
// [*TooManyActsError]. The address of a member, or one that is already invited, is an
// [InvalidError] of the field "email". Somebody who already works for the agency is added
// at once. Then there is no invitation, and the id is zero.
func (tx *Tx) InvitePerson(ctx context.Context, p NewPerson) (uuid.UUID, error) {
	colleague, err := tx.colleague(ctx, p)
	if err != nil {
		return uuid.Nil, err
	}
	if err := tx.mayGive(ctx, p.Party, p.Role); err != nil {
		return uuid.Nil, err
	}
	// An agency invites a client's first owner while it creates the client, without a
	// step-up.
	if p.Role == RoleOwner && !tx.entered {
		if err := tx.requireStepUp(ctx); err != nil {
			return uuid.Nil, err
		}
	}
	var member bool
	err = tx.get(ctx, value("member of that address", &member, `
select exists (
    select 1
    from memberships
    where tenant_id = @tenant_id
      and email = @email
      and ended_at is null
)`, pgx.StrictNamedArgs{"email": p.Email}))
	if err != nil {
		return uuid.Nil, err
	}
	if member {
		return uuid.Nil, InvalidError{"email": "Someone with that address already has access."}
	}
	if colleague != nil {
		return uuid.Nil, tx.addColleague(ctx, *colleague, p)
	}
	if err := tx.checkLimitForInvites(ctx, p.Party, 1); err != nil {
		return uuid.Nil, err
	}
	if err := tx.spendMail(ctx, p.Email); err != nil {
		return uuid.Nil, err
	}
	tx.spend(actInvite)
	id := NewID()
	n, err := tx.exec(ctx, "invite", `
insert into invites (tenant_id, id, tenant_kind, party, role, name, email)
select @tenant_id, @id, t.kind, @party, @role, @name, @email
from tenants t
where t.id = @tenant_id
on conflict (tenant_id, email, party) where accepted_at is null and revoked_at is null do nothing`, pgx.StrictNamedArgs{
		"id": id, "party": string(p.Party), "role": string(p.Role), "name": p.Name, "email": p.Email})
	if err != nil {
		return uuid.Nil, err
	}
	if n == 0 {
		return uuid.Nil, InvalidError{"email": "That address is already invited. Send that invitation again or revoke it."}
	}
	if err := tx.Enqueue(ctx, &queue.InviteMail{Invite: id, Sending: 1}); err != nil {
		return uuid.Nil, err
	}
	return id, tx.auditInvite(ctx, "member.invited", id, p.Party, p.Role)
}

func (tx *Tx) auditInvite(ctx context.Context, verb string, id uuid.UUID, party Party, role Role) error {
	return tx.audit(Event{Verb: verb, TargetKind: KindInvite, TargetID: id,
		Detail: map[string]any{"party": party, "role": role}})
}

// ResendInvite mails an open invitation again and extends it to 14 days from now.
// Earlier links stop working. If the inviter may no longer give that role, the link
// would not work, so the error is [ErrConflict].
func (tx *Tx) ResendInvite(ctx context.Context, id uuid.UUID) error {
	i, err := tx.openInvite(ctx, id)
	if err != nil {
		return err
	}
	if !i.usable() {
		return fmt.Errorf("resend invite: inviter lost the right: %w", ErrConflict)
	}
	if err := tx.spendMail(ctx, i.Email); err != nil {
		return err
	}
	tx.spend(actInvite)
	err = tx.change(ctx, "resend invite", `
update invites
set sendings = sendings + 1,
    token_hash = null,
    sent_at = null,
    mail_refused_at = null,
    mail_refused_code = null,
    expires_at = now() + interval '14 days'
where tenant_id = @tenant_id
  and id = @id`, pgx.StrictNamedArgs{"id": id})
	if err != nil {
		return err
	}
	if err := tx.Enqueue(ctx, &queue.InviteMail{Invite: id, Sending: i.Sendings + 1}); err != nil {
		return err
	}
	return tx.auditInvite(ctx, "member.invite_resent", id, i.Party, i.Role)
}

// RevokeInvite revokes an open invitation. Its link stops working.
func (tx *Tx) RevokeInvite(ctx context.Context, id uuid.UUID) error {
	i, err := tx.openInvite(ctx, id)
	if err != nil {
		return err
	}
	return tx.revoke(ctx, i)
}

func (tx *Tx) revoke(ctx context.Context, i invite) error {
	err := tx.change(ctx, "revoke invite", `
update invites
set revoked_at = now()
where tenant_id = @tenant_id
  and id = @id`, pgx.StrictNamedArgs{"id": i.ID})
	if err != nil {
		return err
	}
	return tx.auditInvite(ctx, "member.invite_revoked", i.ID, i.Party, i.Role)
}

// withdrawInvites revokes the invitations made by m and those sent to m's address,
// unless keep returns true. Invitations that the actor can't see stay open.
func (tx *Tx) withdrawInvites(ctx context.Context, m member, keep func(invite) bool) error {
	var open []invite
	err := tx.get(ctx, many("open invites", &open, selectInvite+`accepted_at is null
  and i.revoked_at is null
  and (i.invited_by = @person or i.email = @email)`, pgx.StrictNamedArgs{"person": m.UserID, "email": m.Email}))
	if err != nil {
		return err
	}
	for _, i := range open {
		if keep(i) {
			continue
		}
		if err := tx.revoke(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// openInvite returns an invitation that the actor would be allowed to make. One that
// doesn't exist, or that they can't see, is [ErrNotFound]; one that was accepted or
// revoked is [ErrConflict].
func (tx *Tx) openInvite(ctx context.Context, id uuid.UUID) (invite, error) {
	if _, err := tx.lockPeople(ctx); err != nil {
		return invite{}, err
	}
	i, err := tx.invite(ctx, "id = @id", pgx.StrictNamedArgs{"id": id})
	if err != nil {
		return i, err
	}
	if err := tx.mayGive(ctx, i.Party, i.Role); err != nil {
		return i, err
	}
	if i.AcceptedBy != nil || i.Revoked {
		return i, fmt.Errorf("invite is over: %w", ErrConflict)
	}
	return i, nil
}

// invite holds what decides whether an invitation can be used.
type invite struct {
	ID         uuid.UUID
	Party      Party
	Role       Role
	Name       string
	Email      string
	ExpiresAt  time.Time
	Sendings   int
	AcceptedBy *uuid.UUID
	Revoked    bool
	Expired    bool
	ByClient   bool // as [ClientManagesPeople]
	inviter
}

// usable says whether the inviter may still give that role.
func (i invite) usable() bool { return i.stillAllowed(i.Party, i.Role, i.ByClient) }

func (i invite) endReason() EndReason {
	switch {
	case i.AcceptedBy != nil:
		return EndedUsed
	case i.Revoked, !i.usable():
		return EndedRevoked
	case i.Expired:
		return EndedExpired
	}
	return ""
}

const selectInvite = `
select i.id, i.party, i.role, i.name, coalesce(i.email, '') as email, i.expires_at, i.sendings,
       i.accepted_by, i.revoked_at is not null as revoked, not (now() >= i.created_at and i.expires_at > now()) as expired, t.people_by_client as by_client,
       ` + inviterColumns + `
from invites i
join tenants t on t.id = i.tenant_id
left join memberships m on m.tenant_id = i.tenant_id and m.user_id = i.invited_by
where i.tenant_id = @tenant_id
  and i.`

func (tx *Tx) invite(ctx context.Context, which string, args pgx.StrictNamedArgs) (invite, error) {
	var i invite
	err := tx.get(ctx, one("invite", &i, selectInvite+which, args))
	return i, err
}

// InviteLetter is the content and the recipient of an invitation's mail.
type InviteLetter struct {
	Tenant      Tenant
	Party       Party
	Role        Role
	Name        string
	Email       string
	InviterName string
	InviterSide string // as in [Invitation]
}

// InviteLetter stores a new token for an open invitation and returns what to write.
// It returns nil if there is nothing to send: the invitation can't be used, has
// been resent, or this mail was sent already. An invitation that is not in the job's
// tenant is [ErrNotFound].
func (tx *Tx) InviteLetter(ctx context.Context, id uuid.UUID, sending int, token TenantToken) (*InviteLetter, error) {
	i, err := tx.invite(ctx, "id = @id", pgx.StrictNamedArgs{"id": id})
	if err != nil {
		return nil, err
	}
	sent, err := tx.EffectDone(ctx, InviteMailKey(id, sending))
	if err != nil || sent || i.endReason() != "" || i.Sendings != sending {
		return nil, err
	}
	err = tx.change(ctx, "mint invite", `
update invites
set token_hash = @hash
where tenant_id = @tenant_id
  and id = @id`, pgx.StrictNamedArgs{"id": id, "hash": token.hash()})
	if err != nil {
		return nil, err
	}
	var s tenantStatus
	var t tenantRow
	if err := errors.Join(tx.get(ctx, getTenantStatus(&s)), tx.get(ctx, getTenantRow(&t))); err != nil {
		return nil, err
	}
	tenant := t.tenant(s)
	return &InviteLetter{Tenant: tenant, Party: i.Party, Role: i.Role, Name: i.Name, Email: i.Email, InviterName: i.InviterName, InviterSide: i.side(tenant)}, nil
}

// InviteSent records once that the mail of an invitation was sent.
func (tx *Tx) InviteSent(ctx context.Context, id uuid.UUID, sending int) error {
	_, err := tx.exec(ctx, "invite sent", `
update invites
set sent_at = now()
where tenant_id = @tenant_id
  and id = @id
  and sendings = @sending`, pgx.StrictNamedArgs{"id": id, "sending": sending})
	if err != nil {
		return err
	}
	return tx.MailSent(ctx, InviteMailKey(id, sending), Event{Verb: "member.mail_sent", TargetKind: KindInvite, TargetID: id})
}

// InviteMailKey returns the effect key of one sending of an invitation.
func InviteMailKey(id uuid.UUID, sending int) string {
	return fmt.Sprintf("invite_mail:%s:%d", id, sending)
}
