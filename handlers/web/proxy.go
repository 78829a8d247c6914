package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// TrustProxies takes the visitor's address from the headers of a proxy, only if the
// request comes from one of these proxies. It ignores forwarded hosts and schemes.
func TrustProxies(proxies []netip.Prefix, next http.Handler) http.Handler {
	trusted := func(addr netip.Addr) bool {
		for _, p := range proxies {
			if p.Contains(addr) {
				return true
			}
		}
		return false
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from, ok := parseHop(r.RemoteAddr); ok && trusted(from) {
			hops := forwardedFor(r.Header)
			for i := len(hops) - 1; i >= 0; i-- {
				ip, ok := parseHop(hops[i])
				if !ok {
					break
				}
				r.RemoteAddr = netip.AddrPortFrom(ip, 0).String()
				if !trusted(ip) {
					break
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// forwardedFor lists the addresses that proxies wrote down, the nearest last. Of several
// headers the most common one counts: nginx, Caddy, Traefik and HAProxy add to it, and
// leave the others as the visitor sent them.
func forwardedFor(h http.Header) []string {
	if lines := h.Values("X-Forwarded-For"); len(lines) > 0 {
		return strings.Split(strings.Join(lines, ","), ",")
	}
	if lines := h.Values("Forwarded"); len(lines) > 0 {
		var hops []string
		for _, line := range lines {
			hops = append(hops, forElements(line)...)
		}
		return hops
	}
	return h.Values("X-Real-Ip")
}

// forElements lists the parameter "for" of each element in a line of a Forwarded header,
// or "" for an element without one. A line whose quotation marks don't pair is one such
// element: the visitor may have opened a quotation that swallows what a proxy added.
func forElements(line string) (hops []string) {
	elements, paired := splitOutsideQuotes(line, ',')
	if !paired {
		return []string{""}
	}
	for _, element := range elements {
		hop := ""
		pairs, _ := splitOutsideQuotes(element, ';')
		for _, pair := range pairs {
			name, value, _ := strings.Cut(pair, "=")
			if strings.EqualFold(strings.TrimSpace(name), "for") {
				hop = strings.Trim(strings.TrimSpace(value), `"`)
			}
		}
		hops = append(hops, hop)
	}
	return hops
}

// splitOutsideQuotes also reports whether all quotations end. Inside one, a backslash
// takes the meaning from the character after it.
func splitOutsideQuotes(s string, sep rune) (parts []string, paired bool) {
	quoted, escaped := false, false
	parts = strings.FieldsFunc(s, func(c rune) bool {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		}
		return c == sep && !quoted
	})
	return parts, !quoted
}

// parseHop reads an address as proxies write it: with or without a port, and IPv6 with or
// without brackets. "unknown" and invented names are none.
func parseHop(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		var with netip.AddrPort
		if with, err = netip.ParseAddrPort(text); err == nil {
			ip = with.Addr()
		}
	}
	return ip.Unmap().WithZone(""), err == nil
}
