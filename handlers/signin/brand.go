package signin

import (
	"net/http"
	"net/url"
	"regexp"

	"portico/handlers/dnscheck"
	"portico/views"
)

// insideTenant matches a return path that leads into a tenant.
var insideTenant = regexp.MustCompile(`^/w/([a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?)/`)

// brand returns the brand of the tenant that the return path to leads into, by its slug
// or by a handover to its host. It is nil, which shows our own brand, if to leads into
// no tenant or the brand cannot be read: that must not prevent signing in.
func (s *Service) brand(r *http.Request, to string) *views.Brand {
	slug, domain := "", ""
	if inside := insideTenant.FindStringSubmatch(to); inside != nil {
		slug = inside[1]
	} else if u, err := url.Parse(to); err == nil && u.Path == views.PathHandover {
		slug, domain = dnscheck.Platform{TenantDomain: s.tenantDomain}.Tenant(u.Query().Get("host"))
	} else {
		return nil
	}
	d, err := s.db.SignInBrand(r.Context(), slug, domain)
	if err != nil {
		return nil
	}
	b := &views.Brand{Name: d.Name}
	if d.AgencyName != nil && *d.AgencyName != d.Name {
		b.By = *d.AgencyName
	}
	if d.Accent != nil {
		b.Accent, b.BrandURL = *d.Accent, views.AccentStylesheet(*d.Accent)
	}
	if d.LogoID != nil {
		b.LogoURL = views.Logo(d.LogoID.String())
	}
	return b
}
