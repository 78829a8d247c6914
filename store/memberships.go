package store

import (
	"context"
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
}

// ListPeople reads who is in the tenant, clients first, at most 500.
func ListPeople(dst *[]Membership) Read {
	return Read{many("list people", dst, `
select user_id, name, coalesce(email, '') as email, party, role, last_seen_at, created_at
from memberships
where tenant_id = @tenant_id
  and ended_at is null
order by party desc, name, user_id
limit 500`, nil)}
}

// NewPerson is somebody to make a member, with [Tx.AddPerson].
type NewPerson struct {
	Name  string
	Email string // folded by the caller
	Party Party
	Role  Role
}

// AddPerson makes a person a member of this tenant, and a person first if the
// address is new. Only who may manage that party may; a membership that is
// already there is [ErrConflict].
func (tx *Tx) AddPerson(ctx context.Context, p NewPerson) (uuid.UUID, error) {
	need := ManageClientUsers
	if p.Party == PartyAgency {
		need = ManageStaff
	}
	if !May(need, tx.scope.party, tx.role) {
		return uuid.Nil, ErrForbidden
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
	err = tx.change(ctx, "add membership", `
insert into memberships (tenant_id, user_id, tenant_kind, party, role, name, email)
select @tenant_id, @user, t.kind, @party, @role, @name, @email
from tenants t
where t.id = @tenant_id`, pgx.StrictNamedArgs{
		"user": *person, "party": string(p.Party), "role": string(p.Role), "name": p.Name, "email": p.Email})
	if err != nil {
		return uuid.Nil, err
	}
	return *person, tx.audit(ctx, Event{Verb: "membership.created", TargetKind: "membership", TargetID: *person,
		Detail: map[string]any{"party": p.Party, "role": p.Role}})
}
