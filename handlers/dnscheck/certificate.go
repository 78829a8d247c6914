package dnscheck

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"portico/store"
)

// Tenant splits a host: a host below the tenant domain gives a slug, any other is
// returned as a tenant's own domain.
func (p Platform) Tenant(host string) (slug, domain string) {
	label, under := strings.CutSuffix(host, "."+p.TenantDomain)
	if under && p.TenantDomain != "" && !strings.Contains(label, ".") {
		return label, ""
	}
	return "", host
}

// AllowCertificate answers 200 if a reverse proxy may get a certificate for the host
// in ?domain=, and 404 otherwise. It allows slugs below the tenant domain and
// verified domains, so nobody can make us request certificates for other names.
// It answers 503 if the database is down. It belongs on the admin listener.
func (p Platform) AllowCertificate(db *store.DB) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		slug, domain := p.Tenant(strings.ToLower(r.URL.Query().Get("domain")))
		_, err := db.SignInBrand(ctx, slug, domain)
		switch {
		case errors.Is(err, store.ErrNotFound):
			http.Error(w, "no host of ours", http.StatusNotFound)
		case err != nil:
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
		default:
			_, _ = w.Write([]byte("yes\n"))
		}
	})
}
