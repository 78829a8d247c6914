package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
)

// Logo is a picture as it is kept: small, and made anew by us.
type Logo struct {
	ContentType string // image/png or image/jpeg
	Content     []byte // at most 256 KiB
}

// SetLogo gives the tenant a logo in place of the one it had.
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

// RemoveLogo takes the tenant's own logo away: a client then wears its agency's.
// Without one it is [ErrNotFound].
func (tx *Tx) RemoveLogo(ctx context.Context) error {
	return tx.setLogo(ctx, nil, "tenant.logo_removed")
}

// setLogo makes the tenant wear a logo, or none, and forgets the others.
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

// PublicLogo returns a logo that some tenant wears, to whoever knows its id: logos
// stand on sign-in pages.
func (db *DB) PublicLogo(ctx context.Context, id uuid.UUID) (Logo, error) {
	var l Logo
	err := db.engine.OutsideTenant(ctx, "logo", engine.One(&l), `select * from lookup.logo($1)`, id)
	return l, err
}

// SignInBrand is what a tenant shows of itself to people who are not signed in.
type SignInBrand struct {
	Name       string
	AgencyName *string
	Accent     *string
	LogoID     *uuid.UUID
}

// SignInBrand returns what stands at the door of a tenant, by its slug or by its
// own verified domain. Names of tenants are public as names of hosts are; no such
// tenant is [ErrNotFound].
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
