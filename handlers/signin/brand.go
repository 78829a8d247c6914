package signin

import (
	"net/http"
	"net/url"
	"strings"

	"portico/handlers/dnscheck"
	"portico/handlers/frame"
	"portico/store"
	"portico/views"
)

// brand returns the brand of the tenant to whose host the return path to hands over, or to
// which an invitation's link leads back. A path inside a tenant shows none: before sign-in
// nobody may learn from a path that a tenant exists, or whose it is. Hosts are public, and
// whoever has the link sees the brand behind it. The typed address decides nothing. It is
// nil, which shows our own brand, if the brand cannot be read: that must not prevent
// signing in.
func (s *Service) brand(r *http.Request, to string) *views.Brand {
	u, err := url.Parse(to)
	if err != nil {
		return nil
	}
	if token, ok := strings.CutPrefix(u.Path, views.Invite("")); ok {
		return s.inviteBrand(r, token)
	}
	if u.Path != views.PathHandover {
		return nil
	}
	slug, domain := dnscheck.Platform{TenantDomain: s.tenantDomain}.Tenant(u.Query().Get("host"))
	d, err := s.db.SignInBrand(r.Context(), slug, domain)
	if err != nil {
		return nil
	}
	return frame.BrandOf(d)
}

// inviteBrand is the brand of the page behind an invitation's link that still works, or nil.
func (s *Service) inviteBrand(r *http.Request, link string) *views.Brand {
	token, ok := store.ParseTenantToken(link)
	if !ok {
		return nil
	}
	i, err := s.db.PeekInvite(r.Context(), token)
	if err != nil || i.EndReason != "" || i.Tenant.State != store.TenantActive {
		return nil
	}
	return frame.InviteBrand(i)
}

// linkBrand is the brand of the page behind a mailed link: that of the mail, because
// whoever has the link has the mail. It is nil, like brand, for our own, which a sign-up has.
func (s *Service) linkBrand(r *http.Request, link store.MailedLink) *views.Brand {
	if s.signsUp(link.ReturnTo) {
		return nil
	}
	b, err := s.db.MailBrand(r.Context(), link.Flow, PlaceOf(link.ReturnTo, s.tenantDomain))
	if err != nil {
		return nil
	}
	return frame.BrandOf(b.SignInBrand)
}
