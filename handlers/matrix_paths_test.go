package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"portico/handlers"
)

const hour = time.Hour

var everyMethod = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	http.MethodOptions, http.MethodTrace, "PROPFIND",
}

// path is the route's path with existing ids.
func (w *world) path(route handlers.Route) string {
	return fill(route.Path, w.own.slug, w.own.things[kindOf(route.Path)].String())
}

// tryMethods tries the route's path with every other method. The route that serves that
// method answers by its own line, and for most methods there is none. Headers and fields
// that name another method change nothing. Visitors who are not representative try two
// methods of each route, others at the next route.
func (w *world) tryMethods(t *testing.T, route handlers.Route, nth int, p *visitor) {
	t.Helper()
	path := w.path(route)
	for i, m := range everyMethod {
		if !p.representative() && (i+nth)%len(everyMethod) > 1 {
			continue
		}
		meets := w.router.meets(m, path)
		if meets.Method == m || (m == http.MethodHead && meets.Pattern() != route.Pattern() && meets.Method == http.MethodGet) {
			continue // another line of the table, which is tried by itself
		}
		w.sendAndCheck(t, request{visitor: p, route: meets, method: m, path: path, what: "by another method", plain: true})
	}
	if route.Method == http.MethodGet || route.Method == "" {
		return
	}
	// A GET that claims to be the route's method is still a GET.
	meets := w.router.meets(http.MethodGet, path)
	plain := *p
	plain.browser = p.browser.with("X-Http-Method-Override", route.Method).with("X-Method-Override", route.Method).with("X-Http-Method", route.Method)
	w.sendAndCheck(t, request{visitor: &plain, route: meets, method: http.MethodGet, path: path + "?_method=" + route.Method, what: "method override", plain: true})
}

// sendAndCheck sends a probe and checks that the answer fits the route that serves it.
func (w *world) sendAndCheck(t *testing.T, r request) {
	t.Helper()
	got := w.send(t, r)
	a, _ := actOf(r.route)
	status := r.verdict()
	if status == allowed && r.route.Method == "" {
		status = a.status
	}
	switch {
	case status != allowed:
		w.checkRefusal(t, r, got, status)
	case got.status == http.StatusNotFound:
		w.checkRefusal(t, r, got, got.status)
	case r.method != http.MethodGet && r.method != http.MethodHead && got.status < 300:
		t.Errorf("%v: %d", r, got.status)
	}
	if r.method == http.MethodHead && got.body != "" {
		t.Errorf("%v: a body", r)
	}
}

// spelled are variants of a path that some servers treat as the same path.
var spelled = []struct {
	what string
	do   func(path string) string
}{
	{"two slashes first", func(p string) string { return "/" + p }},
	{"two slashes within", func(p string) string { i := strings.LastIndex(p, "/"); return p[:i] + "/" + p[i:] }},
	{"a slash after", func(p string) string { return p + "/" }},
	{"a dot", func(p string) string { i := strings.LastIndex(p, "/"); return p[:i] + "/." + p[i:] }},
	{"an encoded dot", func(p string) string { i := strings.LastIndex(p, "/"); return p[:i] + "/%2e" + p[i:] }},
	{"out and in again", func(p string) string { return "/w/nobody/%2e%2e/%2E%2e" + p }},
	{"an encoded slash", func(p string) string { i := strings.LastIndex(p, "/"); return p[:max(i, 1)] + "%2f" + p[i+1:] }},
	{"a backslash", func(p string) string { i := strings.LastIndex(p, "/"); return p[:max(i, 1)] + "%5c" + p[i+1:] }},
	{"capitals", strings.ToUpper},
	{"an ending", func(p string) string { return p + ".json" }},
	{"a parameter", func(p string) string { return p + ";a=b" }},
	{"a NUL", func(p string) string { return p + "%00" }},
	{"a space", func(p string) string { return p + "%20" }},
}

// trySpellings tries variants of the route's path with its own method. Visitors who may
// not use the route are refused on all of them. If the server redirects to the clean
// path, the answer there must be right.
func (w *world) trySpellings(t *testing.T, route handlers.Route, p *visitor) {
	t.Helper()
	if !p.representative() {
		return // visitors who are refused alike get the same answer to every spelling
	}
	before, path := w.hosts.split(w.path(route))
	for _, s := range spelled {
		r := request{visitor: p, method: methodOf(route), path: before + s.do(path), what: s.what, plain: true}
		w.resolve(&r)
		got := w.send(t, r)
		if got.status == http.StatusMovedPermanently || got.status == http.StatusTemporaryRedirect || got.status == http.StatusPermanentRedirect {
			to := got.location()
			if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
				t.Errorf("%v: leads to %q", r, to)
				continue
			}
			if r.method != http.MethodGet {
				continue
			}
			r.path, r.what = before+to, s.what+", corrected"
			w.resolve(&r)
			got = w.send(t, r)
		}
		if r.route.Pattern() == "" {
			continue
		}
		if status := r.verdict(); status != allowed {
			w.checkRefusal(t, r, got, status)
		} else if got.status == http.StatusNotFound {
			w.checkRefusal(t, r, got, got.status)
		}
	}
}

// representative reports whether the visitor is one of the few who together get every
// kind of answer.
func (p *visitor) representative() bool {
	switch p.name {
	case "signed out", "client of a sister tenant", "agency owner", "client viewer", "support to read as client owner":
		return true
	}
	return p.stray != nil
}

// resolve sets which route will serve the request, and whether it is in another tenant.
func (w *world) resolve(r *request) {
	r.route = w.router.meets(r.method, r.path)
	tenant, _, _ := strings.Cut(strings.TrimPrefix(r.path, "/w/"), "/")
	r.otherTenant = r.route.Who == handlers.AMember && tenant != w.own.slug
}
