package web

import (
	"net"
	"net/http"
	"strings"
)

// HostName returns the host of a Host header in the one form in which hosts are
// compared: lower case, without a port and without the root's dot. It returns "" for a
// name with an empty label at its end.
func HostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	if strings.HasSuffix(host, ".") {
		return ""
	}
	return host
}

// NormalizeHost rewrites the host of every request to that form, so that whatever comes
// after compares equal hosts as equal. The main host gets the port of its own address.
// Any other keeps its port, which the browser's origin has too.
func NormalizeHost(mainHost string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch name := HostName(r.Host); {
		case name == HostName(mainHost):
			r.Host = mainHost
		default:
			if _, port, err := net.SplitHostPort(r.Host); err == nil && port != "80" && port != "443" {
				name = net.JoinHostPort(name, port)
			}
			r.Host = name
		}
		next.ServeHTTP(w, r)
	})
}
