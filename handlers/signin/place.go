package signin

import (
	"net/url"
	"regexp"

	"portico/handlers/dnscheck"
	"portico/store"
	"portico/views"
)

// insideTenant matches a return path that leads into a tenant.
var insideTenant = regexp.MustCompile(`^/w/([a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?)/`)

// PlaceOf is the tenant into which a return path leads: by its path, or by a hand-over to
// its host.
func PlaceOf(to, tenantDomain string) store.MailPlace {
	if inside := insideTenant.FindStringSubmatch(to); inside != nil {
		return store.MailPlace{Slug: inside[1]}
	}
	u, err := url.Parse(to)
	if err != nil || u.Host != "" || u.Path != views.PathHandover {
		return store.MailPlace{}
	}
	var p store.MailPlace
	p.HostSlug, p.Domain = dnscheck.Platform{TenantDomain: tenantDomain}.Tenant(u.Query().Get("host"))
	return p
}
