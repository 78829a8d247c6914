package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
)

// Logo is a stored logo: scaled down and encoded again by us.
type Logo struct {
	ContentType string // image/png or image/jpeg
	Content     []byte // at most 256 KiB
}

// SetLogo replaces the tenant's logo.
func (tx *Tx) SetLogo(ctx context.Context, l Logo) error {
	id := NewID()
	_, err := tx.exec(ctx, "set logo", `
insert into logos (tenant_id, id, content_type, content)
values (@tenant_id, @id, @content_type, @content)`, pgx.StrictNamedArgs{
		"id": id, "content_type": l.ContentType, "content": l.Content})
	if err != nil {
		return err
	}
	return tx.setLogo(ctx, &id, "tenant.logo_set")
}

// RemoveLogo removes the tenant's own logo; a client then shows its agency's. It
// returns [ErrNotFound] if the tenant has none.
func (tx *Tx) RemoveLogo(ctx context.Context) error {
	return tx.setLogo(ctx, nil, "tenant.logo_removed")
}

// setLogo points the tenant to a logo, or to none, and deletes the others.
func (tx *Tx) setLogo(ctx context.Context, id *uuid.UUID, verb string) error {
	err := tx.change(ctx, "wear logo", `
update tenants
set logo_id = @id
where id = @tenant_id
  and (@id::uuid is not null or logo_id is not null)`, pgx.StrictNamedArgs{"id": id})
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "forget logos", `
delete from logos
where tenant_id = @tenant_id
  and id is distinct from @id::uuid`, pgx.StrictNamedArgs{"id": id})
	if err != nil {
		return err
	}
	return tx.audit(ctx, Event{Verb: verb, TargetKind: KindTenant, TargetID: tx.scope.Tenant})
}

// PublicLogo returns a logo that a tenant uses, to anybody who knows its id: sign-in
// pages show logos.
func (db *DB) PublicLogo(ctx context.Context, id uuid.UUID) (Logo, error) {
	var l Logo
	err := db.engine.OutsideTenant(ctx, "logo", engine.One(&l), `select * from lookup.logo($1)`, id)
	return l, err
}

// SignInBrand is the part of a tenant's brand that people see before they sign in.
type SignInBrand struct {
	Name       string
	AgencyName *string
	Accent     *string
	LogoID     *uuid.UUID
}

// SignInBrand returns the brand for the sign-in page of a tenant, by its slug or its
// own verified domain. Tenant names are as public as host names. If there is no such
// tenant it returns [ErrNotFound].
func (db *DB) SignInBrand(ctx context.Context, slug, domain string) (SignInBrand, error) {
	var b SignInBrand
	err := db.engine.OutsideTenant(ctx, "front door", engine.One(&b), `select * from lookup.front_door($1, $2)`, slug, domain)
	return b, err
}

func logoID(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}
