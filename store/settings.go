package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// SettingsInput is what people type about their tenant. Empty fields, except the
// name, use the agency's value or the default.
type SettingsInput struct {
	Name       string
	PortalName string
	Welcome    string
	Accent     string // "#rrggbb"
	MailName   string // sender name of mails
	// ForgetsNames says that erasing a person also erases their name here. It applies
	// to later erasures only.
	ForgetsNames bool
}

// Settings are a tenant's own settings, without what it takes from its agency.
type Settings struct {
	Name         string
	PortalName   *string
	Welcome      *string
	Accent       *string
	MailName     *string
	LogoID       *uuid.UUID
	ForgetsNames bool
	Seen         Seen // for [Tx.UpdateSettings]
}

// settingsSeen is the SQL of the state that the form of the settings shows.
var settingsSeen = seen("name, portal_name, welcome, accent, mail_name, forgets_names")

// GetSettings reads the tenant's own settings.
func GetSettings(dst *Settings) Read {
	return Read{one("settings", dst, `
select name, portal_name, welcome, accent, mail_name, logo_id, forgets_names, `+settingsSeen+` as seen
from tenants
where id = @tenant_id`, nil)}
}

// UpdateSettings changes the tenant's name and brand. It compares [Settings.Seen].
func (tx *Tx) UpdateSettings(ctx context.Context, in SettingsInput) error {
	err := tx.checkSeen(ctx, settingsSeen, `
from tenants
where id = @tenant_id`, nil)
	if err != nil {
		return err
	}
	err = tx.change(ctx, "update settings", `
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
	return tx.audit(Event{Verb: "tenant.updated", TargetKind: KindTenant, TargetID: tx.scope.Tenant})
}
