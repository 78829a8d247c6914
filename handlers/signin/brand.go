package signin

import (
	"net/http"
	"net/url"
	"regexp"

	"portico/handlers/dnscheck"
	"portico/views"
)

// insideTenant is a way back that leads into a tenant.
var insideTenant = regexp.MustCompile(`^/w/([a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?)/`)

// brand is how the sign-in page looks on the way into a tenant, found by the path or
// host in to. Nil is our own look, also for a tenant that does not exist: sign-in
// works when its brand can't be read.
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
