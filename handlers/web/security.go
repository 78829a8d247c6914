package web

import (
	"net/http"
	"strings"
)

// contentPolicy lets a page load its own files and nothing else. Pages are never
// framed, but files of ours may be shown inside them.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
	"media-src 'self'; connect-src 'self'; frame-src 'self'; object-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"

// SecurityHeaders sets on every answer what [SetSecurityHeaders] sets.
func SecurityHeaders(https bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		SetSecurityHeaders(w.Header(), https)
		next.ServeHTTP(w, r)
	})
}

// SetSecurityHeaders tells browsers what an answer may load and who may use it.
func SetSecurityHeaders(h http.Header, https bool) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	if https {
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
}

var errCrossOrigin = &Problem{Status: http.StatusForbidden, Sentence: "This request came from another site, so nothing was done."}

// RefuseCrossOrigin keeps other sites from causing changes here. The standard
// library compares hosts only. A page of our host that came without encryption may
// have been changed on the way, so with https it counts as another site too.
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
