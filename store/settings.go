package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// SettingsInput is what people type about their tenant. Empty fields but the
// name mean ours or the agency's.
type SettingsInput struct {
	Name       string
	PortalName string
	Welcome    string
	Accent     string // "#rrggbb"
}

// UpdateSettings changes the tenant's name and look.
func (tx *Tx) UpdateSettings(ctx context.Context, in SettingsInput) error {
	err := tx.change(ctx, "update settings", `
update tenants
set name = @name,
    portal_name = nullif(@portal_name, ''),
    welcome = nullif(@welcome, ''),
    accent = nullif(@accent, '')
where id = @tenant_id`, pgx.StrictNamedArgs{
		"name": in.Name, "portal_name": in.PortalName, "welcome": in.Welcome, "accent": in.Accent})
	if err != nil {
		return err
	}
	return tx.audit(ctx, Event{Verb: "tenant.updated", TargetKind: "tenant", TargetID: tx.scope.tenant})
}

// NoteVisit remembers that the member was here now. It is no deed: it is not
// audited, and never done for somebody who looks as somebody else.
func (tx *Tx) NoteVisit(ctx context.Context) error {
	return tx.change(ctx, "note visit", `
update memberships
set seen_before_at = last_seen_at,
    last_seen_at = now(),
    unread = 0
where tenant_id = @tenant_id
  and user_id = @me`, pgx.StrictNamedArgs{"me": tx.scope.actor})
}
