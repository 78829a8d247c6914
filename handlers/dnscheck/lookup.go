package dnscheck

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Status is the state of one DNS record that a domain needs.
type Status string

// The states of a record. NoAnswer differs from Missing: the record may exist.
const (
	Present  Status = "there"
	Missing  Status = "missing"
	Mismatch Status = "other" // a record exists but is wrong
	NoAnswer Status = "unanswered"
)

// Report is the result of a lookup.
type Report struct {
	Proof    Status
	Pointing Status
	Records  []string // the records found, for people to compare
}

// lookupTimeout limits one query. Lookup sends at most five.
const lookupTimeout = 4 * time.Second

// Resolver queries a DNS server.
type Resolver struct{ dns *net.Resolver }

// NewResolver returns a resolver for the server at "host:port", or for the system's
// servers if server is "".
func NewResolver(server string) *Resolver {
	r := &net.Resolver{PreferGo: true, StrictErrors: true}
	if server != "" {
		r.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, server)
		}
	}
	return &Resolver{r}
}

// ProofName is the name of the TXT record that proves ownership of a domain.
func ProofName(host string) string { return "_portico." + host }

// ProofValue is the content of that TXT record.
func ProofValue(token string) string { return "portico=" + token }

// Lookup checks the proof of a domain and whether it points to main: by a CNAME or
// by a shared address. It takes at most three lookupTimeouts.
func (r *Resolver) Lookup(ctx context.Context, host, token, main string) Report {
	proof, seen := r.proof(ctx, host, token)
	pointing, more := r.pointing(ctx, host, main)
	return Report{Proof: proof, Pointing: pointing, Records: append(seen, more...)}
}

func (r *Resolver) proof(ctx context.Context, host, token string) (Status, []string) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	texts, err := r.dns.LookupTXT(ctx, ProofName(host)+".")
	var seen []string
	for _, text := range texts[:min(len(texts), 3)] {
		seen = append(seen, "TXT "+printable(text))
	}
	switch {
	case err != nil:
		return statusOf(err), nil
	case slices.Contains(texts, ProofValue(token)):
		return Present, seen
	case len(texts) == 0:
		return Missing, nil
	}
	return Mismatch, seen
}

func (r *Resolver) pointing(ctx context.Context, host, main string) (Status, []string) {
	ctx, cancel := context.WithTimeout(ctx, 2*lookupTimeout)
	defer cancel()
	var seen []string
	name, err := r.dns.LookupCNAME(ctx, host+".")
	if name = strings.TrimSuffix(name, "."); err == nil && name != host {
		seen = append(seen, "CNAME "+printable(name))
		if name == main {
			return Present, seen
		}
	}
	there, err := r.dns.LookupNetIP(ctx, "ip", host+".")
	if err != nil {
		return statusOf(err), seen
	}
	for _, ip := range there[:min(len(there), 3)] {
		seen = append(seen, publicAddress(ip.Unmap()))
	}
	here, err := r.dns.LookupNetIP(ctx, "ip", main+".")
	if err != nil {
		return NoAnswer, seen
	}
	for _, ip := range here {
		if slices.Contains(there, ip) {
			return Present, seen
		}
	}
	return Mismatch, seen
}

// publicAddress hides private addresses. A tenant can look up any name, so showing
// them would reveal our internal network.
func publicAddress(ip netip.Addr) string {
	kind := "AAAA "
	if ip.Is4() {
		kind = "A "
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return kind + "in a private network"
	}
	return kind + ip.String()
}

func statusOf(err error) Status {
	if no := (*net.DNSError)(nil); errors.As(err, &no) && no.IsNotFound {
		return Missing
	}
	return NoAnswer
}

// printable removes control characters from a record and cuts it to 120 characters.
func printable(record string) string {
	record = strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return -1
	}, strings.ToValidUTF8(record, ""))
	if runes := []rune(record); len(runes) > 120 {
		return string(runes[:120]) + "…"
	}
	return record
}
