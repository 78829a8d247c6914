package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// CreateClient opens a client tenant of the agency the deed stands in, with
// whoever does it as its first member, and returns its id and the deed inside
// it. A slug that is taken is [ErrConflict].
func (tx *Tx) CreateClient(ctx context.Context, slug, name string) (uuid.UUID, *Tx, error) {
	if err := tx.grow(ctx, Clients, 1); err != nil {
		return uuid.Nil, nil, err
	}
	id := NewID()
	var made bool
	err := tx.get(ctx, value("create client", &made, `select lookup.create_client(@id, @slug, @name)`,
		pgx.StrictNamedArgs{"id": id, "slug": slug, "name": name}))
	if err != nil {
		return uuid.Nil, nil, err
	}
	if !made {
		return uuid.Nil, nil, ErrForbidden
	}
	event := Event{Verb: "tenant.created", TargetKind: "tenant", TargetID: id}
	var me Membership
	if err := tx.get(ctx, one("who creates", &me, `
select user_id, name, coalesce(email, '') as email, party, role, last_seen_at, created_at
from memberships
where tenant_id = @tenant_id
  and user_id = @me`, pgx.StrictNamedArgs{"me": tx.scope.user})); err != nil {
		return uuid.Nil, nil, err
	}
	if err := tx.audit(ctx, event); err != nil {
		return uuid.Nil, nil, err
	}
	client, err := tx.EnterClient(ctx, id)
	if err != nil {
		return uuid.Nil, nil, err
	}
	if err := client.audit(ctx, event); err != nil {
		return uuid.Nil, nil, err
	}
	_, err = client.AddPerson(ctx, NewPerson{Name: me.Name, Email: me.Email, Party: PartyAgency, Role: me.Role})
	return id, client, err
}
