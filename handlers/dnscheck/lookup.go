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

// Found is what was seen of one thing that a domain needs.
type Found string

// The findings. Unanswered is not missing: nobody said that there is nothing.
const (
	There      Found = "there"
	Missing    Found = "missing"
	Other      Found = "other" // something is there, and not what is needed
	Unanswered Found = "unanswered"
)

// Report is what the DNS says of a domain.
type Report struct {
	Proof    Found
	Pointing Found
	Seen     []string // the records that were found, for people to compare
}

// patience bounds one question; there are at most five to a domain.
const patience = 4 * time.Second

// Resolver asks a DNS server.
type Resolver struct{ dns *net.Resolver }

// NewResolver asks the server at "host:port", or the system's for "".
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

// ProofName is where the owner of a domain publishes the proof.
func ProofName(host string) string { return "_portico." + host }

// ProofValue is what they publish there.
func ProofValue(token string) string { return "portico=" + token }

// Look asks for the proof of a domain, and whether it leads to where main does:
// by the same name or to one of the same addresses.
func (r *Resolver) Look(ctx context.Context, host, token, main string) Report {
	proof, seen := r.proof(ctx, host, token)
	pointing, more := r.pointing(ctx, host, main)
	return Report{Proof: proof, Pointing: pointing, Seen: append(seen, more...)}
}

func (r *Resolver) proof(ctx context.Context, host, token string) (Found, []string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	texts, err := r.dns.LookupTXT(ctx, ProofName(host)+".")
	var seen []string
	for _, text := range texts[:min(len(texts), 3)] {
		seen = append(seen, "TXT "+shown(text))
	}
	switch {
	case err != nil:
		return failed(err), nil
	case slices.Contains(texts, ProofValue(token)):
		return There, seen
	case len(texts) == 0:
		return Missing, nil
	}
	return Other, seen
}

func (r *Resolver) pointing(ctx context.Context, host, main string) (Found, []string) {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	var seen []string
	name, err := r.dns.LookupCNAME(ctx, host+".")
	if name = strings.TrimSuffix(name, "."); err == nil && name != host {
		seen = append(seen, "CNAME "+shown(name))
		if name == main {
			return There, seen
		}
	}
	there, err := r.dns.LookupNetIP(ctx, "ip", host+".")
	if err != nil {
		return failed(err), seen
	}
	for _, ip := range there[:min(len(there), 3)] {
		seen = append(seen, shownAddress(ip.Unmap()))
	}
	here, err := r.dns.LookupNetIP(ctx, "ip", main+".")
	if err != nil {
		return Unanswered, seen
	}
	for _, ip := range here {
		if slices.Contains(there, ip) {
			return There, seen
		}
	}
	return Other, seen
}

// shownAddress keeps to itself what the resolver knows of networks that are not
// everybody's: a tenant may ask about any name.
func shownAddress(ip netip.Addr) string {
	kind := "AAAA "
	if ip.Is4() {
		kind = "A "
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return kind + "in a private network"
	}
	return kind + ip.String()
}

func failed(err error) Found {
	if no := (*net.DNSError)(nil); errors.As(err, &no) && no.IsNotFound {
		return Missing
	}
	return Unanswered
}

// shown is a record as a page can show it.
func shown(record string) string {
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
