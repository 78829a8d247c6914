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

// SetLogo replaces the tenant's logo. It compares the id of the logo, "none" for none.
func (tx *Tx) SetLogo(ctx context.Context, l Logo) error {
	if err := tx.checkLogoSeen(ctx); err != nil {
		return err
	}
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
// returns [ErrNotFound] if the tenant has none. It compares the logo's id.
func (tx *Tx) RemoveLogo(ctx context.Context) error {
	if err := tx.checkLogoSeen(ctx); err != nil {
		return err
	}
	return tx.setLogo(ctx, nil, "tenant.logo_removed")
}

func (tx *Tx) checkLogoSeen(ctx context.Context) error {
	return tx.checkSeen(ctx, "coalesce(logo_id::text, 'none')", `
from tenants
where id = @tenant_id`, nil)
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
	return tx.audit(Event{Verb: verb, TargetKind: KindTenant, TargetID: tx.scope.Tenant})
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

// Brand is the brand of a tenant, outside its pages.
type Brand struct {
	SignInBrand
	MailName *string // sender name of mails
}

// MailPlace says through what somebody came who gets a mail about signing in: a path in a
// tenant, or a host of one. It counts only for the tenant's members and those it invited:
// anybody can ask for a mail to anybody.
type MailPlace struct {
	Slug     string // of the path
	HostSlug string // of the tenant's host under the installation's domain
	Domain   string // a tenant's own domain
}

// MailBrand returns the brand of the mail of a flow, or [ErrNotFound].
func (db *DB) MailBrand(ctx context.Context, flow uuid.UUID, p MailPlace) (Brand, error) {
	var b Brand
	err := db.engine.OutsideTenant(ctx, "mail brand", engine.Row(&b.Name, &b.AgencyName, &b.Accent, &b.LogoID, &b.MailName),
		`select * from lookup.mail_brand($1, $2, $3, $4)`, flow, p.Slug, p.HostSlug, p.Domain)
	return b, err
}

// GetOwnBrand reads the brand of the person's pages outside tenants: of the tenant with
// that slug if they are its member, else of the only one or the agency of all theirs.
// None is [ErrNotFound].
func GetOwnBrand(slug string, dst *Brand) OwnRead {
	return OwnRead{row("own brand", `select * from lookup.my_brand(@slug)`, pgx.StrictNamedArgs{"slug": slug},
		&dst.Name, &dst.AgencyName, &dst.Accent, &dst.LogoID, &dst.MailName)}
}

func logoID(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}
