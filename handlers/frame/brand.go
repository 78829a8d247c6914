package frame

import (
	"context"

	"portico/store"
	"portico/views"
)

// BrandOf is a tenant's brand for pages outside its own.
func BrandOf(b store.SignInBrand) *views.Brand {
	brand := &views.Brand{Name: b.Name}
	if b.AgencyName != nil && *b.AgencyName != b.Name {
		brand.By = *b.AgencyName
	}
	if b.Accent != nil {
		brand.Accent, brand.BrandURL = *b.Accent, views.AccentStylesheet(*b.Accent)
	}
	if b.LogoID != nil {
		brand.LogoURL = views.Logo(b.LogoID.String())
	}
	return brand
}

// TenantBrand is a tenant's brand as its clients see it, for pages outside its own.
func TenantBrand(t store.Tenant) *views.Brand {
	brand := &views.Brand{Name: t.PortalName, Accent: t.Accent, LogoURL: views.Logo(t.LogoID)}
	if t.AgencyName != t.PortalName {
		brand.By = t.AgencyName
	}
	if t.Accent != "" {
		brand.BrandURL = views.AccentStylesheet(t.Accent)
	}
	return brand
}

// InviteBrand is the brand of an invitation: as the client's people see it, under the name
// of the workspace for staff.
func InviteBrand(i store.Invitation) *views.Brand {
	brand := TenantBrand(i.Tenant)
	if i.Party == store.PartyAgency {
		brand.Name = i.Tenant.Name
	}
	return brand
}

// OwnBrand is the brand of the person's pages outside tenants, or nil for our own look:
// that of the tenant with the slug if they are its member, else that of the only one they
// have. A brand that can't be read must not keep the page away.
func OwnBrand(ctx context.Context, db *store.DB, me store.Person, slug string) *views.Brand {
	var b store.Brand
	if me.Agent || db.ReadOwn(ctx, me, store.GetOwnBrand(slug, &b)) != nil {
		return nil
	}
	return BrandOf(b.SignInBrand)
}
