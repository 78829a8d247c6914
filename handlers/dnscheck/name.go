package dnscheck

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// Ours are the names that can be no tenant's own.
type Ours struct {
	Main         string // the main host, without a port
	TenantDomain string // "" for none
}

// unroutable are top-level names that no public DNS gives to anybody.
var unroutable = []string{"localhost", "local", "internal", "lan", "home", "arpa", "onion", "invalid"}

// Fold returns a domain as browsers send it, lower case and in ASCII, or a
// sentence that says why it cannot be one of a tenant.
func (ours Ours) Fold(typed string) (host, why string) {
	typed = strings.TrimSuffix(strings.TrimSpace(typed), ".")
	if _, err := netip.ParseAddr(typed); err == nil {
		return "", "That is an IP address. Enter a domain, such as portal.example.com."
	}
	host, err := idna.Lookup.ToASCII(typed)
	if err != nil || !plain(host) {
		return "", "Enter a domain, such as portal.example.com, without https:// and without a path."
	}
	labels := strings.Split(host, ".")
	switch top := labels[len(labels)-1]; {
	case len(labels) < 2:
		return "", "A domain has at least two parts, such as example.com."
	case slices.Contains(unroutable, top), strings.Trim(top, "0123456789") == "":
		return "", "Names that end like this aren't in public DNS."
	case within(host, ours.Main), ours.TenantDomain != "" && within(host, ours.TenantDomain):
		return "", "That domain belongs to this installation. Enter a domain of your own."
	}
	return host, ""
}

func within(host, domain string) bool { return host == domain || strings.HasSuffix(host, "."+domain) }

// plain says whether it is all letters, digits and hyphens, in parts that fit.
func plain(host string) bool {
	if host == "" || len(host) > 230 { // with _portico. in front it still is a name
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

// Origin is where a tenant's host is reached: behind the same front as the main
// host, by the same scheme and port.
func Origin(main *url.URL, host string) string {
	at := url.URL{Scheme: main.Scheme, Host: host}
	if port := main.Port(); port != "" {
		at.Host += ":" + port
	}
	return at.String()
}
