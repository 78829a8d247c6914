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

// IsID reports whether s is a UUID in the one form that we write.
func IsID(s string) bool {
	_, err := uuid.Parse(s)
	return err == nil && len(s) == len(uuid.UUID{}.String())
}

// PathID returns the {id} of the path, or for a malformed one the zero id, which no row
// has.
func PathID(r *http.Request) uuid.UUID {
	if !IsID(r.PathValue("id")) {
		return uuid.Nil
	}
	return uuid.MustParse(r.PathValue("id"))
}

// CleanPath returns the path that [http.ServeMux] would redirect p to, or p itself.
func CleanPath(p string) string {
	clean := path.Clean("/" + p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return clean
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

// TrustProxies takes the visitor's address from X-Forwarded-For only if the request
// comes from one of these proxies. It ignores forwarded hosts and schemes.
func TrustProxies(proxies []netip.Prefix, next http.Handler) http.Handler {
	trusted := func(remote string) bool {
		addr, err := netip.ParseAddrPort(remote)
		if err != nil {
			return false
		}
		for _, p := range proxies {
			if p.Contains(addr.Addr().Unmap()) {
				return true
			}
		}
		return false
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if trusted(r.RemoteAddr) {
			hops := strings.Split(r.Header.Get("X-Forwarded-For"), ",")
			for i := len(hops) - 1; i >= 0; i-- {
				ip, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
				if err != nil {
					break
				}
				r.RemoteAddr = netip.AddrPortFrom(ip, 0).String()
				if !trusted(r.RemoteAddr) {
					break
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}
