package web

import (
	"net/http"
	"strings"
)

// contentPolicy lets a page load files of its own origin only. Pages are never framed,
// but our own files may be framed inside them.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
	"media-src 'self'; connect-src 'self'; frame-src 'self'; object-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"

// SecurityHeaders calls [SetSecurityHeaders] on every answer. ours reports whether a host
// belongs to the installation.
func SecurityHeaders(https bool, ours func(host string) bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		SetSecurityHeaders(w.Header(), https, ours(r.Host))
		next.ServeHTTP(w, r)
	})
}

// SetSecurityHeaders sets the headers that restrict what an answer may load and who may
// embed it. With https it also sets HSTS, which includes the names below a host only
// if they are ours: a customer's other sites are not ours to change.
func SetSecurityHeaders(h http.Header, https, ours bool) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	switch {
	case https && ours:
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	case https:
		h.Set("Strict-Transport-Security", "max-age=63072000")
	}
}

var errCrossOrigin = &Problem{Status: http.StatusForbidden, Sentence: "This request came from another site, so nothing was done."}

// RefuseCrossOrigin refuses changes that other sites request. The standard library
// compares hosts only. A page of our host that was loaded without encryption may have
// been tampered with, so with https it counts as another site too.
func RefuseCrossOrigin(https bool, refuse Refuse, next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		plain := https && strings.HasPrefix(strings.ToLower(r.Header.Get("Origin")), "http://")
		if err := guard.Check(r); err != nil || (plain && !IsSafe(r.Method)) {
			refuse(w, r, errCrossOrigin)
			return
		}
		next.ServeHTTP(w, r)
	})
}
