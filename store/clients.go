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

// Client is a client of an agency as its owners and admins see it from without:
// what it is called and how much there is, nothing of what is inside.
type Client struct {
	ID             uuid.UUID
	Slug           string
	Name           string
	State          TenantState
	Plan           string
	Accent         *string
	LogoID         *uuid.UUID
	CreatedAt      time.Time
	People         int64 // of the client's side
	Projects       int64
	Waiting        int // deliverables that wait for the client
	LastActivityAt *time.Time
	Joined         bool // whoever asks is one of its staff
}

// ClientFilter says which of an agency's clients to read, and which page of them.
type ClientFilter struct {
	Text     string // part of the name or the slug; "" is all
	Archived bool   // those that are archived, or those that are not
	Page            // of 1 to 200 rows
}

// ListClients reads the clients of the agency by name. Nobody but its owners and
// admins, in person, finds any.
func ListClients(p ClientFilter, dst *[]Client) Read {
	return Read{many("list clients", dst, selectClients, clientArgs(nil, p))}
}

// GetClient reads one client of the agency, or [ErrNotFound].
func GetClient(id uuid.UUID, dst *Client) Read {
	return Read{one("client", dst, selectClients, clientArgs(&id, ClientFilter{Page: Page{Limit: 1}}))}
}

const selectClients = `select * from lookup.my_clients(@client, @filter, @archived, @name, @after, @limit)`

func clientArgs(client *uuid.UUID, p ClientFilter) pgx.StrictNamedArgs {
	return pgx.StrictNamedArgs{"client": client, "filter": p.Text, "archived": p.Archived,
		"name": p.After.Name, "after": nilIfZero(p.After.ID), "limit": p.Limit}
}

// NewClient is a client to open.
type NewClient struct {
	Slug   string
	Name   string
	Accent string // "#rrggbb", or "" for the agency's
	Plan   string // "" for the first; any other is for owners to give
	// People are invited by mail; one without an address is nobody.
	People []NewPerson
}

// CreateClient opens a client tenant of the agency the deed stands in, with
// whoever does it as its first member, asks its first people in by mail, and
// returns its id and the deed inside it. A slug that is not available is an
// [InvalidError] of the field "slug", whatever it is that has it; what is wrong
// with the nth of the people is one of the field "email_n".
func (tx *Tx) CreateClient(ctx context.Context, n NewClient) (uuid.UUID, *Tx, error) {
	// Who is being removed from the agency, or forgotten, stands in no new client.
	if _, err := tx.lockPeople(ctx); err != nil {
		return uuid.Nil, nil, err
	}
	if err := tx.mayManageClients(ctx); err != nil {
		return uuid.Nil, nil, err
	}
	n.Plan = cmp.Or(n.Plan, Plans[0])
	if _, ok := limits[n.Plan]; !ok {
		return uuid.Nil, nil, InvalidError{"plan": "Choose a plan."}
	}
	if err := tx.grow(ctx, Clients, 1); err != nil {
		return uuid.Nil, nil, err
	}
	id := NewID()
	var made *bool
	err := tx.get(ctx, value("create client", &made, `select lookup.create_client(@id, @slug, @name, @accent, @plan)`,
		pgx.StrictNamedArgs{"id": id, "slug": n.Slug, "name": n.Name, "accent": n.Accent, "plan": n.Plan}))
	switch {
	case err != nil:
		return uuid.Nil, nil, err
	case made == nil:
		return uuid.Nil, nil, fmt.Errorf("create client: %w", ErrForbidden)
	case !*made:
		return uuid.Nil, nil, InvalidError{"slug": "That address is not available."}
	}
	me, err := tx.myself(ctx)
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
		if wrong, ok := errors.AsType[InvalidError](err); ok {
			return uuid.Nil, nil, InvalidError{fmt.Sprintf("email_%d", i+1): wrong["email"]}
		}
		if err != nil {
			return uuid.Nil, nil, err
		}
	}
	return id, inside, nil
}

// myself is whoever acts, as they are known in the tenant of the deed.
func (tx *Tx) myself(ctx context.Context) (p NewPerson, err error) {
	return p, tx.get(ctx, one("who acts", &p, `
select m.name, coalesce(m.email, '') as email, m.party, m.role
from memberships m
join users u on u.id = m.user_id and u.disabled_at is null
where m.tenant_id = @tenant_id
  and m.user_id = @me
  and m.ended_at is null`, pgx.StrictNamedArgs{"me": tx.scope.User}))
}

// auditClient writes an act on a client of the agency into both trails, and leaves
// the deed inside the client. In the agency's the client is what it was done to.
func (tx *Tx) auditClient(ctx context.Context, client uuid.UUID, e Event) (*Tx, error) {
	here := e
	here.TargetKind, here.TargetID = KindTenant, client
	if err := tx.audit(ctx, here); err != nil {
		return nil, err
	}
	inside, err := tx.EnterClient(ctx, client)
	if err != nil {
		return nil, err
	}
	return inside, inside.audit(ctx, e)
}

// SuspendClient closes a client to its people, and to change by anybody, until
// [Tx.ResumeClient]. Nothing in it is lost. One that is not in use is [ErrConflict].
func (tx *Tx) SuspendClient(ctx context.Context, client uuid.UUID) error {
	return tx.setClientState(ctx, client, TenantActive, TenantSuspended, "tenant.suspended")
}

// ResumeClient opens a suspended client again.
func (tx *Tx) ResumeClient(ctx context.Context, client uuid.UUID) error {
	return tx.setClientState(ctx, client, TenantSuspended, TenantActive, "tenant.resumed")
}

// ArchiveClient puts a client away: it is closed as a suspended one is, and makes
// room in the agency's plan.
func (tx *Tx) ArchiveClient(ctx context.Context, client uuid.UUID) error {
	if err := tx.shrink(ctx, Clients, 1); err != nil {
		return err
	}
	return tx.setClientState(ctx, client, "", TenantArchived, "tenant.archived")
}

// UnarchiveClient takes a client into use again, where the agency's plan has room.
func (tx *Tx) UnarchiveClient(ctx context.Context, client uuid.UUID) error {
	if err := tx.grow(ctx, Clients, 1); err != nil {
		return err
	}
	return tx.setClientState(ctx, client, TenantArchived, TenantActive, "tenant.unarchived")
}

func (tx *Tx) setClientState(ctx context.Context, client uuid.UUID, from, to TenantState, verb string) error {
	if err := tx.mayManageClients(ctx); err != nil {
		return err
	}
	var set *bool
	err := tx.get(ctx, value("set client state", &set, `select lookup.set_client_state(@client, @from, @to)`,
		pgx.StrictNamedArgs{"client": client, "from": from, "to": to}))
	switch {
	case err != nil:
		return err
	case set == nil:
		return fmt.Errorf("set client state: %w", ErrNotFound)
	case !*set:
		return fmt.Errorf("set client state to %s: %w", to, ErrConflict)
	}
	_, err = tx.auditClient(ctx, client, Event{Verb: verb, TargetKind: KindTenant, TargetID: client})
	return err
}

// RenameClient changes what the team calls a client.
func (tx *Tx) RenameClient(ctx context.Context, client uuid.UUID, name string) error {
	if err := tx.mayManageClients(ctx); err != nil {
		return err
	}
	inside, err := tx.auditClient(ctx, client, Event{Verb: "tenant.renamed", TargetKind: KindTenant, TargetID: client})
	if err != nil {
		return err
	}
	return inside.change(ctx, "rename client", `
update tenants
set name = @name
where id = @tenant_id`, pgx.StrictNamedArgs{"name": name})
}

// JoinClient makes whoever acts one of a client's staff, as what they are in the
// agency. The client's people see them from then on. Who is a member there already
// is [ErrConflict].
func (tx *Tx) JoinClient(ctx context.Context, client uuid.UUID) error {
	// Who is being removed from the agency, or forgotten, joins none of its clients.
	if _, err := tx.lockPeople(ctx); err != nil {
		return err
	}
	if err := tx.mayManageClients(ctx); err != nil {
		return err
	}
	me, err := tx.myself(ctx)
	if err != nil {
		return err
	}
	inside, err := tx.auditClient(ctx, client, tx.mine("member.staff_joined"))
	if err != nil {
		return err
	}
	if _, err := inside.lockPeople(ctx); err != nil {
		return err
	}
	return inside.beginMembership(ctx, tx.scope.User, me)
}

// LeaveClient ends what [Tx.JoinClient] began, on the terms of [Tx.Leave]; whom they
// asked in and may still ask in from the agency stays asked. Who is none of a
// client's staff is [ErrNotFound].
func (tx *Tx) LeaveClient(ctx context.Context, client uuid.UUID) error {
	if err := tx.mayManageClients(ctx); err != nil {
		return err
	}
	inside, err := tx.auditClient(ctx, client, tx.mine("member.staff_left"))
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
	return inside.endHere(ctx, m, func(i invite) bool { return i.Email != m.Email && MayGive(PartyAgency, tx.role, i.Party, i.Role) })
}

// mine is what whoever acts does about their own place in a client.
func (tx *Tx) mine(verb string) Event {
	return Event{Verb: verb, TargetKind: KindMembership, TargetID: tx.scope.User}
}

// mayManageClients refuses who is no owner or admin of an agency as things stand
// now, whatever they were when the request began, and support sessions. It is also
// as what whoever acts stands inside the client.
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
