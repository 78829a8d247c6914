package dnscheck

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"portico/store"
)

// Tenant says how a host names its tenant: by a slug, or as a domain of its own.
func (ours Ours) Tenant(host string) (slug, domain string) {
	label, under := strings.CutSuffix(host, "."+ours.TenantDomain)
	if under && ours.TenantDomain != "" && !strings.Contains(label, ".") {
		return label, ""
	}
	return "", host
}

// Ask answers 200 for the hosts of tenants, those under the tenant domain and
// proved domains, and 404 for all others, so that nobody can have certificates
// made for names that are nothing to us. It is for the operator's listener.
func (ours Ours) Ask(db *store.DB) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		slug, domain := ours.Tenant(strings.ToLower(r.URL.Query().Get("domain")))
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
