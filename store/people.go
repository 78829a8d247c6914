package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const selectPeople = `
select m.user_id, m.name, coalesce(m.email, '') as email, m.party, m.role, m.last_seen_at, m.created_at, m.mail_refused_code
from memberships m
where m.tenant_id = @tenant_id
  and m.ended_at is null`

// textFilter limits people to those with a text in their name or address.
const textFilter = `
  and (position(lower(@text collate "und-x-icu") in lower(m.name)) > 0 or position(lower(@text collate "und-x-icu") in m.email) > 0)`

// PeopleFilter says which of the tenant's people to read, and which page of them.
type PeopleFilter struct {
	Text string // part of the name or the address; "" is everybody
	Page
}

// SearchPeople reads a page of the tenant's people, clients first, then by name.
func SearchPeople(p PeopleFilter, dst *[]Membership) Read {
	return Read{many("search people", dst, selectPeople+textFilter+`
  and (@after::uuid is null or exists (
      select
      from memberships a
      where a.tenant_id = @tenant_id
        and a.user_id = @after
        and (m.party < a.party or (m.party = a.party and (m.name, m.user_id) > (a.name, a.user_id)))))
order by m.party desc, m.name, m.user_id
limit @limit`, pgx.StrictNamedArgs{"text": trimText(p.Text), "after": nilIfZero(p.After.ID), "limit": p.limit()})}
}

// PeopleCount is the number of people of each party.
type PeopleCount struct{ Client, Agency int }

// CountPeople counts the people that [SearchPeople] finds on all its pages.
func CountPeople(text string, dst *PeopleCount) Read {
	return Read{one("count people", dst, `
select (count(*) filter (where m.party = 'client'))::int as client,
       (count(*) filter (where m.party = 'agency'))::int as agency
from memberships m
where m.tenant_id = @tenant_id
  and m.ended_at is null`+textFilter, pgx.StrictNamedArgs{"text": trimText(text)})}
}

// GetPerson reads one of the tenant's people.
func GetPerson(id uuid.UUID, dst *Membership) Read {
	return Read{one("person", dst, selectPeople+`
  and m.user_id = @id`, pgx.StrictNamedArgs{"id": id})}
}

// ClientManagesPeople reads whether the client's own owners and admins may manage the
// client's people.
func ClientManagesPeople(dst *bool) Read {
	return Read{value("people by client", dst, `
select people_by_client
from tenants
where id = @tenant_id`, nil)}
}

// MayGiveNow says whether pages offer the member to give or take that role on that side.
// It is false in a support session. byClient comes from [ClientManagesPeople].
func (m Member) MayGiveNow(party Party, role Role, byClient bool) bool {
	return m.Support == nil && mayGiveInTenant(m.Party, m.Role, party, role, byClient)
}

// SetClientManagesPeople sets whether the client's owners and admins may manage the client's
// people. Only the agency can, and only for a client.
func (tx *Tx) SetClientManagesPeople(ctx context.Context, may bool) error {
	if tx.scope.Support != uuid.Nil || !May(ManageStaff, Party(tx.scope.Party), tx.role) {
		return fmt.Errorf("let client manage: %w", ErrForbidden)
	}
	if may {
		tx.refuseUnpaid()
	}
	err := tx.change(ctx, "let client manage", `
update tenants
set people_by_client = @may
where id = @tenant_id
  and kind = 'client'`, pgx.StrictNamedArgs{"may": may})
	if err != nil {
		return err
	}
	return tx.audit(Event{Verb: "tenant.people_managers_changed", TargetKind: KindTenant, TargetID: tx.scope.Tenant,
		Detail: map[string]any{"may": may}})
}

// ErrLastOwner means that the tenant would be left without an owner. It wraps
// [ErrConflict].
var ErrLastOwner = fmt.Errorf("last owner: %w", ErrConflict)

// ErrLastClientOwner is the [ErrLastOwner] of one of the agency's clients.
var ErrLastClientOwner = fmt.Errorf("of a client: %w", ErrLastOwner)

// ChangeRole gives a person another role on their side. If the form was
// opened while they had another one, it is [ErrChanged]. The actor must be allowed to
// give both the old and the new role. To give or take ownership needs a fresh
// step-up, else it is [ErrStepUp]. While the agency is unpaid, roles can only be lowered.
func (tx *Tx) ChangeRole(ctx context.Context, person uuid.UUID, to Role) error {
	m, err := tx.managed(ctx, person)
	if err != nil {
		return err
	}
	if rank(to) == len(everyone) {
		return InvalidError{"role": "Choose a role."}
	}
	if err := tx.compareSeen(Seen(m.Role)); err != nil {
		return err
	}
	if err := tx.mayGive(ctx, m.Party, to); err != nil || m.Role == to {
		return err
	}
	if rank(to) < rank(m.Role) {
		tx.refuseUnpaid()
	}
	if err := tx.checkOwnershipLoss(ctx, m); err != nil {
		return err
	}
	if to == RoleOwner {
		if err := tx.requireStepUp(ctx); err != nil {
			return err
		}
	}
	if !May(Decide, m.Party, to) {
		if err := tx.endRequestsOf(person); err != nil {
			return err
		}
	}
	err = tx.change(ctx, "change role", `
update memberships
set role = @role
where tenant_id = @tenant_id
  and user_id = @id`, pgx.StrictNamedArgs{"id": person, "role": string(to)})
	if err != nil {
		return err
	}
	// Revoke invitations that they may no longer make.
	err = tx.withdrawInvites(ctx, m, func(i invite) bool { return i.Email == m.Email || MayGive(m.Party, to, i.Party, i.Role) })
	if err != nil {
		return err
	}
	return tx.audit(Event{Verb: "member.role_changed", TargetKind: KindMembership, TargetID: person,
		Detail: map[string]any{"party": m.Party, "from": m.Role, "to": to}})
}

// RemovePerson ends a person's membership, and for an agency's staff those in its
// clients. If one of these would have no owner any more it is [ErrLastClientOwner]. Access is checked on every request, so the next one is refused. Open
// invitations by them and to them are revoked. Their work keeps their name.
func (tx *Tx) RemovePerson(ctx context.Context, person uuid.UUID) error {
	m, err := tx.managed(ctx, person)
	if err != nil {
		return err
	}
	return tx.end(ctx, m, "member.removed")
}

// Leave ends the actor's membership, as [Tx.RemovePerson] would. The database refuses it in
// a support session.
func (tx *Tx) Leave(ctx context.Context) error {
	if _, err := tx.lockPeople(ctx); err != nil {
		return err
	}
	m, err := tx.person(ctx, tx.scope.User)
	if err != nil {
		return err
	}
	return tx.end(ctx, m, "member.left")
}

// managed takes the lock and returns a person whose role the actor may take.
func (tx *Tx) managed(ctx context.Context, id uuid.UUID) (member, error) {
	if _, err := tx.lockPeople(ctx); err != nil {
		return member{}, err
	}
	m, err := tx.person(ctx, id)
	if err != nil {
		return m, err
	}
	return m, tx.mayGive(ctx, m.Party, m.Role)
}

func (tx *Tx) person(ctx context.Context, id uuid.UUID) (m member, err error) {
	return m, tx.get(ctx, one("person", &m, `
select user_id, coalesce(email, '') as email, party, role
from memberships
where tenant_id = @tenant_id
  and user_id = @id
  and ended_at is null`, pgx.StrictNamedArgs{"id": id}))
}

func (tx *Tx) end(ctx context.Context, m member, verb string) error {
	clients, err := tx.endStaff(ctx, m.UserID)
	if err != nil {
		return err
	}
	if err := tx.endMembership(ctx, m, func(invite) bool { return false }); err != nil {
		return err
	}
	e := Event{Verb: verb, Detail: map[string]any{"party": m.Party, "role": m.Role}}
	if clients > 0 {
		e.Detail["clients"] = clients
	}
	if m.UserID != tx.scope.User {
		e.TargetKind, e.TargetID = KindMembership, m.UserID
	}
	return tx.audit(e)
}

// endStaff ends what a person of the agency is in its clients, and returns in how many. The
// rules are those of [Tx.UnassignStaff].
func (tx *Tx) endStaff(ctx context.Context, person uuid.UUID) (clients int, err error) {
	var staff struct {
		Ended *int
		Owned bool
	}
	err = tx.get(ctx, one("end staff", &staff, `select ended, owned from lookup.end_staff(@id, @request)`,
		pgx.StrictNamedArgs{"id": person, "request": tx.request}))
	switch {
	case err != nil:
		return 0, err
	case staff.Ended == nil:
		return 0, fmt.Errorf("end staff: %w", ErrForbidden)
	case *staff.Ended < 0:
		return 0, ErrLastClientOwner
	case staff.Owned:
		err = tx.requireStepUp(ctx)
	}
	return *staff.Ended, err
}

// endMembership ends one membership and revokes its invitations. The caller holds the lock
// and writes the audit row.
func (tx *Tx) endMembership(ctx context.Context, m member, keep func(invite) bool) error {
	if err := tx.checkOwnershipLoss(ctx, m); err != nil {
		return err
	}
	if err := tx.withdrawInvites(ctx, m, keep); err != nil {
		return err
	}
	if err := tx.endRequestsOf(m.UserID); err != nil {
		return err
	}
	err := tx.change(ctx, "end membership", `
update memberships
set ended_at = now()
where tenant_id = @tenant_id
  and user_id = @id
  and ended_at is null`, pgx.StrictNamedArgs{"id": m.UserID})
	if err != nil {
		return err
	}
	return tx.addUsers(ctx, m.Party, -1)
}

// checkOwnershipLoss returns [ErrLastOwner] for the last owner, and [ErrStepUp] for any other
// owner without a fresh step-up. A tenant keeps an owner of its own side; staff
// owners in a client's workspace may leave as long as somebody owns it. The caller
// holds the lock, so that of two owners who leave at once, one stays.
func (tx *Tx) checkOwnershipLoss(ctx context.Context, m member) error {
	if m.Role != RoleOwner {
		return nil
	}
	var last bool
	err := tx.get(ctx, value("last owner", &last, `
select count(m.user_id) = 0
       or (@party = t.kind and count(m.user_id) filter (where m.party = t.kind) = 0)
from tenants t
left join memberships m
    on m.tenant_id = t.id
   and m.role = 'owner'
   and m.user_id <> @id
   and m.ended_at is null
where t.id = @tenant_id
group by t.kind`, pgx.StrictNamedArgs{"id": m.UserID, "party": string(m.Party)}))
	if err != nil {
		return err
	}
	if last {
		return ErrLastOwner
	}
	return tx.requireStepUp(ctx)
}

// requireStepUp returns [ErrStepUp] unless the actor stepped up in this browser
// within the last five minutes.
func (tx *Tx) requireStepUp(ctx context.Context) error {
	var fresh bool
	err := tx.get(ctx, value("step-up", &fresh, `
select exists (
    select
    from sessions
    where id = @session
      and user_id = @me
      and stepped_up_at between now() - interval '5 minutes' and now()
)`, pgx.StrictNamedArgs{"session": tx.session, "me": tx.scope.User}))
	if err == nil && !fresh {
		err = ErrStepUp
	}
	return err
}
