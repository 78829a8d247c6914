package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
	"portico/store/queue"
)

// Invitation is what the page of an invitation's link may show.
type Invitation struct {
	EndReason   EndReason // why it can't be used; the other fields are then empty
	AcceptedBy  uuid.UUID // who accepted it
	Tenant      Tenant
	Party       Party
	Role        Role
	Name        string
	Email       string
	InviterName string
	InviterSide string // the name of the agency or the client that they are of
}

// PeekInvite returns what an invitation's link is about. It changes nothing.
func (db *DB) PeekInvite(ctx context.Context, token TenantToken) (Invitation, error) {
	s := engine.Scope{Tenant: token.tenant, Party: string(PartySystem), ReadOnly: true}
	var i *invite
	var t *tenantRow
	var st tenantStatus
	err := db.engine.Read(ctx, s,
		optional("invite", &i, selectInvite+"token_hash = @hash", pgx.StrictNamedArgs{"hash": token.hash()}),
		optional("tenant", &t, selectTenantRow, nil),
		getTenantStatus(&st),
	)
	switch {
	case err != nil:
		return Invitation{}, err
	case i == nil || t == nil:
		return Invitation{EndReason: EndedGone}, nil
	case i.endReason() != "":
		return Invitation{EndReason: i.endReason(), AcceptedBy: deref(i.AcceptedBy), Tenant: Tenant{Slug: t.Slug}}, nil
	}
	return Invitation{Tenant: t.tenant(st), Party: i.Party, Role: i.Role, Name: i.Name, Email: i.Email, InviterName: i.InviterName, InviterSide: i.side(t.tenant(st))}, nil
}

// ErrOtherAddress means that the invitation is for another address than the person's.
var ErrOtherAddress = fmt.Errorf("invitation for another address: %w", ErrForbidden)

// AcceptInvite makes the person a member where they were invited, under that name,
// and returns the tenant's slug. Only the person with the invited address may accept,
// and only once; signing in has proved their address. An invitation that can't be
// used is an [EndedError], and a tenant that is not active [ErrForbidden]. A member
// stays a member with their present role.
func (db *DB) AcceptInvite(ctx context.Context, me Person, token TenantToken, name string) (slug string, err error) {
	s := engine.Scope{Tenant: token.tenant, User: me.scope.User, Actor: me.scope.Actor, Party: string(PartySystem)}
	err = db.write(ctx, s, "", me.RequestID, func(tx *Tx) error {
		if _, err := tx.lockPeople(ctx); err != nil {
			return asEnded(err)
		}
		i, err := tx.invite(ctx, "token_hash = @hash", pgx.StrictNamedArgs{"hash": token.hash()})
		if err != nil {
			return asEnded(err)
		}
		tx.refuseUnpaid() // whoever has no invitation isn't told
		var t tenantRow
		if err := tx.get(ctx, getTenantRow(&t)); err != nil {
			return err
		}
		slug = t.Slug
		return tx.accept(ctx, me, i, name)
	})
	return slug, err
}

func asEnded(err error) error {
	if errors.Is(err, ErrNotFound) {
		return EndedError{EndedGone}
	}
	return err
}

func (tx *Tx) accept(ctx context.Context, me Person, i invite, name string) error {
	if endReason := i.endReason(); endReason != "" {
		return EndedError{endReason}
	}
	if me.Agent || me.Email != i.Email {
		return ErrOtherAddress
	}
	var s tenantStatus
	if err := tx.get(ctx, getTenantStatus(&s)); err != nil {
		return err
	}
	switch {
	case *s.TenantState != TenantActive:
		return fmt.Errorf("accept invite: tenant is %s: %w", *s.TenantState, ErrForbidden)
	case s.Role != nil:
		return nil
	}
	// Not yet as the new member: someone who was staff before has a membership row
	// that the client party can't change.
	if err := tx.beginMembership(ctx, me.scope.User, NewPerson{Name: name, Email: i.Email, Party: i.Party, Role: i.Role}); err != nil {
		return err
	}
	// A person invited without a name is called by their address until now.
	_, err := tx.exec(ctx, "name of a new person", `
update users
set name = @name
where id = @me
  and name in (email, split_part(email, '@', 1))`, pgx.StrictNamedArgs{"me": me.scope.User, "name": name})
	if err != nil {
		return err
	}
	err = tx.change(ctx, "accept invite", `
update invites
set accepted_at = now(),
    accepted_by = @me
where tenant_id = @tenant_id
  and id = @id`, pgx.StrictNamedArgs{"id": i.ID, "me": me.scope.User})
	if err != nil {
		return err
	}
	// From here on they act as the new member, and the trail says so.
	tx.scope.Party = string(i.Party)
	tx.engine.Enter(tx.scope)
	err = tx.audit(Event{Verb: "member.joined", TargetKind: KindMembership, TargetID: me.scope.User,
		Detail: map[string]any{"party": i.Party, "role": i.Role, "invite": i.ID}})
	if err != nil {
		return err
	}
	return tx.enqueueJoinedDigest(ctx, i.Party)
}

// enqueueJoinedDigest queues a mail to a client user who just joined, if something was
// published before.
func (tx *Tx) enqueueJoinedDigest(ctx context.Context, party Party) error {
	var unread int
	err := tx.get(ctx, value("new for who joined", &unread, `
select unread
from memberships
where tenant_id = @tenant_id
  and user_id = @me`, pgx.StrictNamedArgs{"me": tx.scope.User}))
	if err != nil || unread == 0 || party != PartyClient {
		return err
	}
	return tx.Enqueue(ctx, &queue.DigestMail{Day: queue.DayJoined, To: tx.scope.User})
}
