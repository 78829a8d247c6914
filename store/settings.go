package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// SettingsInput is what people type about their tenant. Empty fields but the
// name mean ours or the agency's.
type SettingsInput struct {
	Name       string
	PortalName string
	Welcome    string
	Accent     string // "#rrggbb"
	MailName   string // whom mail seems to come from
	// ForgetsNames says that what people did here bears nobody's name once they have
	// had their account erased. It counts for those who do so from then on.
	ForgetsNames bool
}

// Settings are a tenant's own, without what it wears of its agency's.
type Settings struct {
	Name         string
	PortalName   *string
	Welcome      *string
	Accent       *string
	MailName     *string
	LogoID       *uuid.UUID
	ForgetsNames bool
}

// GetSettings reads what the tenant chose for itself.
func GetSettings(dst *Settings) Read {
	return Read{one("settings", dst, `
select name, portal_name, welcome, accent, mail_name, logo_id, forgets_names
from tenants
where id = @tenant_id`, nil)}
}

// UpdateSettings changes the tenant's name and look.
func (tx *Tx) UpdateSettings(ctx context.Context, in SettingsInput) error {
	err := tx.change(ctx, "update settings", `
update tenants
set name = @name,
    portal_name = nullif(@portal_name, ''),
    welcome = nullif(@welcome, ''),
    accent = nullif(@accent, ''),
    mail_name = nullif(@mail_name, ''),
    forgets_names = @forgets_names
where id = @tenant_id`, pgx.StrictNamedArgs{
		"name": in.Name, "portal_name": in.PortalName, "welcome": in.Welcome, "accent": in.Accent, "mail_name": in.MailName,
		"forgets_names": in.ForgetsNames})
	if err != nil {
		return err
	}
	return tx.audit(ctx, Event{Verb: "tenant.updated", TargetKind: KindTenant, TargetID: tx.scope.Tenant})
}
