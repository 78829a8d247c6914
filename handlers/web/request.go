package web

import (
	"net/http"
	"net/netip"
	"path"
	"strings"

	"github.com/google/uuid"
)

// IsSafe reports whether a method only reads.
func IsSafe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// ParseID parses an id in the one spelling that we write: lower case, with hyphens and
// nothing around it.
func ParseID(s string) (uuid.UUID, bool) {
	id, err := uuid.Parse(s)
	if err != nil || id.String() != s {
		return uuid.Nil, false
	}
	return id, true
}

// IsID reports whether s is an id that [ParseID] accepts.
func IsID(s string) bool {
	_, ok := ParseID(s)
	return ok
}

// PathID returns the {id} of the path, or for a malformed one the zero id, which no row
// has.
func PathID(r *http.Request) uuid.UUID {
	id, _ := ParseID(r.PathValue("id"))
	return id
}

// CleanPath returns the path that [http.ServeMux] would redirect p to, or p itself.
func CleanPath(p string) string {
	clean := path.Clean("/" + p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}

// Site returns the largest network that one customer of a provider is usually given: the
// /24 of an IPv4 address, of one inside a 6to4 address too (RFC 3056), or the /48 of an IPv6
// one (RFC 6177). Who has a /48 has 65,536 networks of [Network].
func Site(r *http.Request) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	ip, bits := from.Addr().Unmap().WithZone(""), 48
	if b := ip.As16(); ip.Is6() && b[0] == 0x20 && b[1] == 0x02 {
		ip = netip.AddrFrom4([4]byte(b[2:6]))
	}
	if ip.Is4() {
		bits = 24
	}
	return netip.PrefixFrom(ip, bits).Masked().String()
}

// Network returns the network of one household or office that a request comes from:
// the /24 of an IPv4 address or the /64 of an IPv6 one.
func Network(r *http.Request) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	ip, bits := from.Addr().Unmap().WithZone(""), 64
	if ip.Is4() {
		bits = 24
	}
	prefix, err := ip.Prefix(bits)
	if err != nil {
		return ip.String()
	}
	return prefix.String()
}
