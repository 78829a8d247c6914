// Package dnscheck knows what can be a tenant's own domain and what its DNS says of
// it. It asks a resolver and nothing else: no address that comes back is ever
// connected to, so there is nothing that a record could lead to.
package dnscheck
