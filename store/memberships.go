package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Membership is a person in a tenant, as its people page shows them.
type Membership struct {
	UserID     uuid.UUID
	Name       string
	Email      string
	Party      Party
	Role       Role
	LastSeenAt *time.Time
	CreatedAt  time.Time
	// MailRefusedCode is the answer of the mail server that refused the last mail to
	// them, as in [Invite]; nil if none did.
	MailRefusedCode *int
}

// ListPeople reads the tenant's members, clients first, at most 500.
func ListPeople(dst *[]Membership) Read {
	return Read{many("list people", dst, `
select user_id, name, coalesce(email, '') as email, party, role, last_seen_at, created_at, mail_refused_code
from memberships
where tenant_id = @tenant_id
  and ended_at is null
order by party desc, name, user_id
limit 500`, nil)}
}

// CountTeam counts the staff in the tenant.
func CountTeam(dst *int) Read {
	return Read{value("count team", dst, `
select count(*)::int
from memberships
where tenant_id = @tenant_id
  and party = 'agency'
  and ended_at is null`, nil)}
}

// NewPerson is a person to add with [Tx.AddPerson] or to invite with
// [Tx.InvitePerson].
type NewPerson struct {
	Name  string
	Email string // lower case
	Party Party
	Role  Role
}

// AddPerson makes a person a member of this tenant without an invitation, and creates
// the person if the address is new. The actor must be allowed to give that role. If
// the person is a member already it is [ErrConflict].
func (tx *Tx) AddPerson(ctx context.Context, p NewPerson) (uuid.UUID, error) {
	if err := tx.mayGive(ctx, p.Party, p.Role); err != nil {
		return uuid.Nil, err
	}
	var person *uuid.UUID
	err := tx.get(ctx, value("person for an address", &person, `select lookup.person_for(@id, @email, @name)`,
		pgx.StrictNamedArgs{"id": NewID(), "email": p.Email, "name": p.Name}))
	if err != nil {
		return uuid.Nil, err
	}
	if person == nil {
		return uuid.Nil, ErrForbidden
	}
	if err := tx.beginMembership(ctx, *person, p); err != nil {
		return uuid.Nil, err
	}
	return *person, tx.audit(Event{Verb: "member.added", TargetKind: KindMembership, TargetID: *person,
		Detail: map[string]any{"party": p.Party, "role": p.Role}})
}

// beginMembership is the only place where a membership begins, or begins again for a
// former member, whose earlier work still shows their name. If the person is a member
// already it is [ErrConflict]. The caller holds the lock of [Tx.lockPeople].
func (tx *Tx) beginMembership(ctx context.Context, person uuid.UUID, p NewPerson) error {
	if err := tx.addUsers(ctx, p.Party, 1); err != nil {
		return err
	}
	// Keys of a former member don't work again.
	tx.later("revoke former keys", `
update api_keys
set revoked_at = now()
where tenant_id = @tenant_id
  and user_id = @user
  and revoked_at is null
  and exists (select from memberships m where m.tenant_id = @tenant_id and m.user_id = @user and m.ended_at is not null)`,
		pgx.StrictNamedArgs{"user": person})
	// A deed that counts at the same time would miss the new row.
	tx.lockCounters()
	n, err := tx.exec(ctx, "begin membership", `
insert into memberships (tenant_id, user_id, tenant_kind, party, role, name, email)
select @tenant_id, @user, t.kind, @party, @role, @name, @email
from tenants t
where t.id = @tenant_id
on conflict (tenant_id, user_id) do update
set party = excluded.party,
    role = excluded.role,
    name = excluded.name,
    email = excluded.email,
    ended_at = null
where memberships.ended_at is not null`, pgx.StrictNamedArgs{
		"user": person, "party": string(p.Party), "role": string(p.Role), "name": p.Name, "email": p.Email})
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("begin membership: %w", ErrConflict)
	}
	// Count what is in review for the new member too.
	_, err = tx.exec(ctx, "counters of a membership", `
update memberships m
set waiting = w.waiting,
    next_due_on = w.next_due_on
from (`+inReview+`
) w
where m.tenant_id = @tenant_id
  and m.user_id = @user`, pgx.StrictNamedArgs{"user": person})
	if err != nil {
		return err
	}
	// What was published before they joined is new for them.
	return tx.countNewFor(ctx, person)
}

// lockPeople makes deeds about a tenant's people run one after the other, so that
// each sees the result of the one before. Each of them calls it first. byClient says
// whether the client's own managers may manage people.
func (tx *Tx) lockPeople(ctx context.Context) (byClient bool, err error) {
	err = tx.get(ctx, value("lock people", &byClient, `
select people_by_client
from tenants
where id = @tenant_id
for no key update`, nil))
	return byClient, err
}

// mayGive takes that lock and returns [ErrForbidden] unless the actor may give or
// take that role on that side now, not only when the request began. In a support
// session nobody may.
func (tx *Tx) mayGive(ctx context.Context, party Party, role Role) error {
	byClient, err := tx.lockPeople(ctx)
	if err != nil {
		return err
	}
	if tx.scope.Support != uuid.Nil {
		return fmt.Errorf("people in a support session: %w", ErrForbidden)
	}
	mine, rank, err := tx.currentRole(ctx)
	if err != nil {
		return err
	}
	if !mayGiveInTenant(mine, rank, party, role, byClient) {
		return fmt.Errorf("give %s of %s: %w", role, party, ErrForbidden)
	}
	return nil
}

// currentRole returns the actor's present party and role. An actor who entered from
// the agency has the role they have there.
func (tx *Tx) currentRole(ctx context.Context) (Party, Role, error) {
	if tx.entered {
		return Party(tx.scope.Party), tx.role, nil
	}
	m, err := tx.person(ctx, tx.scope.User)
	if errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("who acts: %w", ErrForbidden)
	}
	return m.Party, m.Role, err
}

// member holds the columns of a membership that decide about rights.
type member struct {
	UserID uuid.UUID
	Email  string
	Party  Party
	Role   Role
}
