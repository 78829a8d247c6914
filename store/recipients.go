package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
)

// Recipient is a person to whom a job writes. The job reads the mail's content in
// their own context, so that it holds nothing they couldn't see on a page.
type Recipient struct {
	scope  engine.Scope
	Tenant Tenant
	Name   string
	Email  string
	// TimeZone and Locale are the person's date settings.
	TimeZone string
	Locale   string
	Party    Party
	Role     Role
}

// May says whether the recipient has the capability.
func (r Recipient) May(c Capability) bool { return May(c, r.Party, r.Role) }

// Recipient returns a person of the job's tenant with their present rights. False
// means that they get no mail: their access has ended, their account is disabled, or
// they have no address. A person who never was a member is [ErrNotFound].
func (db *DB) Recipient(ctx context.Context, j Job, person uuid.UUID) (Recipient, bool, error) {
	asThemselves := engine.Scope{Tenant: j.scope.Tenant, User: person, Actor: person, Party: string(PartySystem), ReadOnly: true}
	var ever bool
	var s tenantStatus
	var t tenantRow
	var reads dateSettings
	err := db.engine.Read(ctx, asThemselves,
		value("recipient", &ever, `
select exists (
    select 1
    from memberships
    where tenant_id = @tenant_id
      and user_id = @person
)`, pgx.StrictNamedArgs{"person": person}),
		getTenantStatus(&s),
		getTenantRow(&t),
		one("dates of recipient", &reads, `
select time_zone, locale
from users
where id = @person`, pgx.StrictNamedArgs{"person": person}),
	)
	if err != nil {
		return Recipient{}, false, err
	}
	if !ever {
		return Recipient{}, false, fmt.Errorf("recipient: %w", ErrNotFound)
	}
	if s.Role == nil || s.Email == nil {
		return Recipient{}, false, nil
	}
	asThemselves.Party = string(*s.Party)
	return Recipient{
		scope:    asThemselves,
		Tenant:   t.tenant(s),
		Name:     *s.Name,
		Email:    *s.Email,
		TimeZone: reads.TimeZone,
		Locale:   reads.Locale,
		Party:    *s.Party,
		Role:     *s.Role,
	}, true, nil
}

type dateSettings struct {
	TimeZone string
	Locale   string
}

type tenantRow struct {
	ID    uuid.UUID
	Kind  TenantKind
	Slug  string
	Name  string
	State TenantState
}

const selectTenantRow = `
select id, kind, slug, name, state
from tenants
where id = @tenant_id`

func getTenantRow(dst *tenantRow) query { return one("tenant", dst, selectTenantRow, nil) }

func (r tenantRow) tenant(s tenantStatus) Tenant {
	t := Tenant{
		ID:         r.ID,
		Kind:       r.Kind,
		Slug:       r.Slug,
		Name:       r.Name,
		State:      r.State,
		PortalName: deref(s.PortalName),
		MailName:   deref(s.MailName),
		Accent:     deref(s.Accent),
		LogoID:     logoID(s.LogoID),
		AgencyName: deref(s.AgencyName),
		Host:       deref(s.Host),
	}
	if t.PortalName == "" {
		t.PortalName = t.Name
	}
	return t
}
