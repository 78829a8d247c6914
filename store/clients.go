package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Client is a client as the agency's owners and admins see it from outside: name,
// state and counts, nothing of its content.
type Client struct {
	ID             uuid.UUID
	Slug           string
	Name           string
	State          TenantState
	Plan           string
	Accent         *string
	LogoID         *uuid.UUID
	CreatedAt      time.Time
	People         int64 // client users
	Projects       int64
	Waiting        int // deliverables in review
	ForUs          int // deliverables whose next step is the agency's
	LastActivityAt *time.Time
	Joined         bool // the reader is on its staff
	// Invited are the addresses of client users who have not accepted yet. [GetClient] reads
	// them for a reader who has joined.
	Invited []string
	Seen    Seen // its name, for [Tx.RenameClient]
}

// ClientFilter says which of an agency's clients to read, and which page of them.
type ClientFilter struct {
	Text     string // part of the name or the slug; "" is all
	Archived bool   // archived clients instead of current ones
	Page            // of 1 to 200 rows
}

// ListClients reads the agency's clients by name. It finds none unless the reader is
// an owner or admin of the agency, in person.
func ListClients(p ClientFilter, dst *[]Client) Read {
	return Read{many("list clients", dst, selectClients, clientArgs(nil, p))}
}

// GetClient reads one client of the agency, or [ErrNotFound].
func GetClient(id uuid.UUID, dst *Client) Read {
	return Read{one("client", dst, selectClients, clientArgs(&id, ClientFilter{Page: Page{Limit: 1}}))}
}

var selectClients = `
select c.*, ` + seen("c.name") + ` as seen
from lookup.my_clients(@client, @filter, @archived, @name, @after, @limit) c`

func clientArgs(client *uuid.UUID, p ClientFilter) pgx.StrictNamedArgs {
	return pgx.StrictNamedArgs{"client": client, "filter": p.Text, "archived": p.Archived,
		"name": p.After.Name, "after": nilIfZero(p.After.ID), "limit": p.Limit}
}

// OwnAgency is the agency of a client, for somebody who is a member of both.
type OwnAgency struct {
	Slug string
	Role Role // in the agency
}

// GetOwnAgency reads the agency of the client, if the member belongs to it too.
func GetOwnAgency(dst *[]OwnAgency) Read {
	return Read{many("own agency", dst, `select * from lookup.my_agency()`, nil)}
}

// NewClient is a client to create.
type NewClient struct {
	Slug   string
	Name   string
	Accent string // "#rrggbb", or "" for the agency's
	Plan   string // "" for the first; only owners may choose another
	// People are invited by mail. Entries without an address are skipped.
	People []NewPerson
}

// CreateClient creates a client of the agency, makes the actor its first member and
// mails the invitations. It returns the client's id and the deed inside the client.
// An unavailable slug is an [InvalidError] of the field "slug", which doesn't say
// why. A mistake in the nth person is one of the field "email_n".
func (tx *Tx) CreateClient(ctx context.Context, n NewClient) (uuid.UUID, *Tx, error) {
	// Wait for the actor's removal or erasure before adding them.
	if _, err := tx.lockPeople(ctx); err != nil {
		return uuid.Nil, nil, err
	}
	if err := tx.mayManageClients(ctx); err != nil {
		return uuid.Nil, nil, err
	}
	n.Plan = cmp.Or(n.Plan, tx.plans.First())
	if err := tx.mayGivePlan(ctx, n.Plan); err != nil {
		return uuid.Nil, nil, err
	}
	if err := tx.reserve(ctx, Clients, 1); err != nil {
		return uuid.Nil, nil, err
	}
	tx.spend(actClient)
	id := NewID()
	var made *bool
	err := tx.get(ctx, value("create client", &made, `select lookup.create_client(@id, @slug, @name, @accent, @plan, @first)`,
		pgx.StrictNamedArgs{"id": id, "slug": n.Slug, "name": n.Name, "accent": n.Accent, "plan": n.Plan, "first": tx.plans.First()}))
	switch {
	case err != nil:
		return uuid.Nil, nil, err
	case made == nil:
		return uuid.Nil, nil, fmt.Errorf("create client: %w", ErrForbidden)
	case !*made:
		return uuid.Nil, nil, InvalidError{"slug": "That address is not available."}
	}
	if err := tx.assignStanding(ctx, id); err != nil {
		return uuid.Nil, nil, err
	}
	me, err := tx.actor(ctx)
	if err != nil {
		return uuid.Nil, nil, err
	}
	inside, err := tx.auditClient(ctx, id, Event{Verb: "tenant.created", TargetKind: KindTenant, TargetID: id, Detail: map[string]any{"plan": n.Plan}})
	if err != nil {
		return uuid.Nil, nil, err
	}
	if _, err := inside.AddPerson(ctx, me); err != nil {
		return uuid.Nil, nil, err
	}
	for i, p := range n.People {
		if p.Email == "" {
			continue
		}
		_, err := inside.InvitePerson(ctx, p)
		if invalid, ok := errors.AsType[InvalidError](err); ok {
			return uuid.Nil, nil, InvalidError{fmt.Sprintf("email_%d", i+1): invalid["email"]}
		}
		if err != nil {
			return uuid.Nil, nil, err
		}
	}
	return id, inside, nil
}

// actor returns the actor's membership in the tenant of the deed.
func (tx *Tx) actor(ctx context.Context) (p NewPerson, err error) {
	return p, tx.get(ctx, one("who acts", &p, `
select m.name, coalesce(m.email, '') as email, m.party, m.role
from memberships m
join users u on u.id = m.user_id and u.disabled_at is null
where m.tenant_id = @tenant_id
  and m.user_id = @me
  and m.ended_at is null`, pgx.StrictNamedArgs{"me": tx.scope.User}))
}

// auditClient writes an event about a client into both trails and returns the deed
// inside the client. In the agency's trail the target is the client. A client that was
// deleted is [ErrNotFound].
func (tx *Tx) auditClient(ctx context.Context, client uuid.UUID, e Event) (*Tx, error) {
	inside, err := tx.auditBoth(ctx, client, e)
	if err != nil {
		return nil, err
	}
	var kept bool
	err = inside.get(ctx, value("deleted client", &kept, `
select discarded_at is null
from tenants
where id = @tenant_id
for no key update`, nil))
	if err == nil && !kept {
		err = fmt.Errorf("deleted client: %w", ErrNotFound)
	}
	return inside, err
}

// auditBoth is auditClient for every client of the agency.
func (tx *Tx) auditBoth(ctx context.Context, client uuid.UUID, e Event) (*Tx, error) {
	here := e
	here.TargetKind, here.TargetID = KindTenant, client
	if err := tx.audit(here); err != nil {
		return nil, err
	}
	inside, err := tx.EnterClient(ctx, client)
	if err != nil {
		return nil, err
	}
	return inside, inside.audit(e)
}

// SuspendClient closes a client: its people can't enter and nobody can change it
// until [Tx.ResumeClient]. Nothing is deleted. A client that is not active is
// [ErrConflict].
func (tx *Tx) SuspendClient(ctx context.Context, client uuid.UUID) error {
	return tx.setClientState(ctx, client, TenantActive, TenantSuspended, "tenant.suspended")
}

// ResumeClient reopens a suspended client.
func (tx *Tx) ResumeClient(ctx context.Context, client uuid.UUID) error {
	return tx.setClientState(ctx, client, TenantSuspended, TenantActive, "tenant.resumed")
}

// ArchiveClient closes a client like [Tx.SuspendClient] and takes it out of the list. It
// still counts against the agency's plan, because everything in it is kept.
func (tx *Tx) ArchiveClient(ctx context.Context, client uuid.UUID) error {
	return tx.setClientState(ctx, client, "", TenantArchived, "tenant.archived")
}

// UnarchiveClient reactivates an archived client.
func (tx *Tx) UnarchiveClient(ctx context.Context, client uuid.UUID) error {
	// Nobody is removed from the agency while they are assigned to the client.
	if _, err := tx.lockPeople(ctx); err != nil {
		return err
	}
	if err := tx.mayManageClients(ctx); err != nil {
		return err
	}
	if err := tx.assignStanding(ctx, client); err != nil {
		return err
	}
	return tx.setClientState(ctx, client, TenantArchived, TenantActive, "tenant.unarchived")
}

// DiscardClient deletes a client that nobody used: nobody of the client ever joined, and
// it has no project, not even in the bin. Its place in the plan and its slug are free
// again. Its open invitations are revoked, its staff leave, and its domains are
// released. A client that was used is [ErrConflict]: archive it.
func (tx *Tx) DiscardClient(ctx context.Context, client uuid.UUID) error {
	if err := tx.lockUsage(ctx, Clients); err != nil {
		return err
	}
	if err := tx.mayManageClients(ctx); err != nil {
		return err
	}
	var done *bool
	err := tx.get(ctx, value("discard client", &done, `select lookup.discard_client(@client, @request)`,
		pgx.StrictNamedArgs{"client": client, "request": tx.request}))
	switch {
	case err != nil:
		return err
	case done == nil:
		return fmt.Errorf("discard client: %w", ErrNotFound)
	case !*done:
		return fmt.Errorf("discard client: somebody joined it: %w", ErrConflict)
	}
	if err := tx.release(ctx, Clients, 1); err != nil {
		return err
	}
	inside, err := tx.auditBoth(ctx, client, Event{Verb: "tenant.discarded", TargetKind: KindTenant, TargetID: client})
	if err != nil {
		return err
	}
	var used bool
	err = inside.get(ctx, value("work in the client", &used, `
select exists (
    select
    from projects
    where tenant_id = @tenant_id)`, nil))
	if err == nil && used {
		err = fmt.Errorf("discard client: it has projects: %w", ErrConflict)
	}
	return err
}

// setClientState compares the state that the actor read. From "" it starts in any state,
// or else only in the one that was read.
func (tx *Tx) setClientState(ctx context.Context, client uuid.UUID, from, to TenantState, verb string) error {
	if err := tx.mayManageClients(ctx); err != nil {
		return err
	}
	read := TenantState(tx.takeExpected())
	from = cmp.Or(from, read)
	var set *bool
	err := tx.get(ctx, value("set client state", &set, `select lookup.set_client_state(@client, @from, @to)`,
		pgx.StrictNamedArgs{"client": client, "from": from, "to": to}))
	switch {
	case err != nil:
		return err
	case set == nil:
		return fmt.Errorf("set client state: %w", ErrNotFound)
	case !*set && read != "":
		return fmt.Errorf("set client state to %s: %w", to, ErrChanged)
	case !*set:
		return fmt.Errorf("set client state to %s: %w", to, ErrConflict)
	}
	_, err = tx.auditClient(ctx, client, Event{Verb: verb, TargetKind: KindTenant, TargetID: client})
	return err
}

// RenameClient changes the name that staff use for a client. It compares [Client.Seen].
func (tx *Tx) RenameClient(ctx context.Context, client uuid.UUID, name string) error {
	if err := tx.mayManageClients(ctx); err != nil {
		return err
	}
	inside, err := tx.auditClient(ctx, client, Event{Verb: "tenant.renamed", TargetKind: KindTenant, TargetID: client})
	if err != nil {
		return err
	}
	err = inside.checkSeen(ctx, seen("name"), `
from tenants
where id = @tenant_id`, nil)
	if err != nil {
		return err
	}
	return inside.change(ctx, "rename client", `
update tenants
set name = @name
where id = @tenant_id`, pgx.StrictNamedArgs{"name": name})
}

// JoinClient makes the actor staff of a client, in the role they have in the agency.
// The client's people can see them. If they are a member already it is [ErrConflict].
func (tx *Tx) JoinClient(ctx context.Context, client uuid.UUID) error {
	// Wait for the actor's removal or erasure before adding them.
	if _, err := tx.lockPeople(ctx); err != nil {
		return err
	}
	if err := tx.mayManageClients(ctx); err != nil {
		return err
	}
	me, err := tx.actor(ctx)
	if err != nil {
		return err
	}
	inside, err := tx.auditClient(ctx, client, tx.ownMembershipEvent("member.staff_joined"))
	if err != nil {
		return err
	}
	if _, err := inside.lockPeople(ctx); err != nil {
		return err
	}
	return inside.beginMembership(ctx, tx.scope.User, me)
}

// LeaveClient ends the membership that [Tx.JoinClient] began, by the rules of
// [Tx.Leave]. Invitations that the actor may still make from the agency stay open. An
// actor who is no staff of the client gets [ErrNotFound].
func (tx *Tx) LeaveClient(ctx context.Context, client uuid.UUID) error {
	if err := tx.mayManageClients(ctx); err != nil {
		return err
	}
	inside, err := tx.auditClient(ctx, client, tx.ownMembershipEvent("member.staff_left"))
	if err != nil {
		return err
	}
	if _, err := inside.lockPeople(ctx); err != nil {
		return err
	}
	m, err := inside.person(ctx, tx.scope.User)
	if err != nil {
		return err
	}
	if m.Party != PartyAgency {
		return fmt.Errorf("leave client: one of the client's own: %w", ErrNotFound)
	}
	return inside.endMembership(ctx, m, func(i invite) bool { return i.Email != m.Email && MayGive(PartyAgency, tx.role, i.Party, i.Role) })
}

// ownMembershipEvent returns the event for a change of the actor's own membership in a client.
func (tx *Tx) ownMembershipEvent(verb string) Event {
	return Event{Verb: verb, TargetKind: KindMembership, TargetID: tx.scope.User}
}

// mayManageClients returns [ErrForbidden] unless the actor is an owner or admin of an
// agency now, not only when the request began, and not in a support session. It sets
// the role that the actor has inside the client.
func (tx *Tx) mayManageClients(ctx context.Context) error {
	if tx.scope.Support != uuid.Nil {
		return fmt.Errorf("clients in a support session: %w", ErrForbidden)
	}
	party, role, err := tx.currentRole(ctx)
	if err != nil {
		return err
	}
	if !May(ManageClients, party, role) {
		return fmt.Errorf("manage clients: %w", ErrForbidden)
	}
	tx.role = role
	return nil
}
