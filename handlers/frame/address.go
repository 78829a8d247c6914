package frame

import (
	"context"
	"net/http"

	"portico/store"
	"portico/views"
)

// Address is where a request came to, and how that names a tenant, if it does. It
// says nothing about the visitor.
type Address struct {
	Host     string // "" on the main host, else the tenant host
	Slug     string // from <slug>.<tenant domain>
	Domain   string // a host that may be a tenant's own
	Platform string // origin of the main host while on another, else ""
}

type addressKey struct{}

// WithAddress is the request with its address, for [AddressOf].
func WithAddress(r *http.Request, a Address) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), addressKey{}, a))
}

// AddressOf is the address of the request. The zero value is the main host.
func AddressOf(r *http.Request) Address {
	a, _ := r.Context().Value(addressKey{}).(Address)
	return a
}

// Base is where the pages of the member's tenant begin on the host of the request.
func Base(r *http.Request, me store.Member) views.Base {
	if AddressOf(r).Host != "" {
		return ""
	}
	return views.PathBase(me.Tenant.Slug)
}
