package dnscheck

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Platform holds Portico's own host names. No tenant can claim them or names below
// them.
type Platform struct {
	MainHost     string // without a port
	TenantDomain string // the parent of tenants' hosts; "" for none
}

// unroutable are top-level domains that don't exist in the public DNS.
var unroutable = []string{"localhost", "local", "internal", "lan", "home", "arpa", "onion", "invalid"}

// Normalize returns a domain as browsers send it, in lower-case ASCII. If a tenant
// can't have it, why is a sentence that says so.
func (p Platform) Normalize(typed string) (host, why string) {
	typed = strings.TrimSuffix(strings.TrimSpace(typed), ".")
	if _, err := netip.ParseAddr(typed); err == nil {
		return "", "That is an IP address. Enter a domain, such as portal.example.com."
	}
	if n := utf8.RuneCountInString(typed); n > maxHost {
		return "", fmt.Sprintf("That has %d characters. At most %d fit.", n, maxHost)
	}
	host, err := idna.Lookup.ToASCII(typed)
	if err != nil || !validHost(host) {
		return "", "Enter a domain, such as portal.example.com, without https:// and without a path."
	}
	labels := strings.Split(host, ".")
	switch top := labels[len(labels)-1]; {
	case len(labels) < 2:
		return "", "A domain has at least two parts, such as example.com."
	case slices.Contains(unroutable, top), strings.Trim(top, "0123456789") == "":
		return "", "Names that end like this aren't in public DNS."
	case within(host, p.MainHost), p.TenantDomain != "" && within(host, p.TenantDomain):
		return "", "That domain belongs to this installation. Enter a domain of your own."
	}
	return host, ""
}

func within(host, domain string) bool { return host == domain || strings.HasSuffix(host, "."+domain) }

// maxHost is the longest host. It leaves room for the prefix _portico.
const maxHost = 230

// validHost reports whether host consists of valid labels of letters, digits and
// hyphens.
func validHost(host string) bool {
	if host == "" || len(host) > maxHost {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

// Origin is the origin of a tenant's host. Its scheme and port are those of the main
// host, because both are behind the same reverse proxy.
func Origin(main *url.URL, host string) string {
	at := url.URL{Scheme: main.Scheme, Host: host}
	if port := main.Port(); port != "" {
		at.Host += ":" + port
	}
	return at.String()
}
