// Package dnscheck validates a tenant's own domain and checks its DNS records. It
// queries a DNS resolver and never connects to an address from a record, so a
// record can't make the server send a request.
package dnscheck
