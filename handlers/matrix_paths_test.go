package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"portico/handlers"
	"portico/store"
)

const hour = time.Hour

var everyMethod = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	http.MethodOptions, http.MethodTrace, "PROPFIND",
}

// path is the route's own, on what is there.
func (w *world) path(route handlers.Route) string {
	return fill(route.Path, w.own.slug, w.own.things[kindOf(route.Path)].String())
}

// methods tries the route's path by every method that is not its own: whichever
// route answers then does so by its own line, and most have none. Headers and
// fields that name another method change nothing.
func (w *world) methods(t *testing.T, route handlers.Route, p *persona) {
	t.Helper()
	path := w.path(route)
	between := p.mode == "" && (p.role == store.RoleAdmin || p.role == store.RoleMember)
	for _, m := range everyMethod {
		if between && m != http.MethodDelete {
			continue // one is enough between the highest and the lowest
		}
		meets := w.router.meets(m, path)
		if meets.Method == m || (m == http.MethodHead && meets.Pattern() != route.Pattern() && meets.Method == http.MethodGet) {
			continue // another line of the table, tried when its turn comes
		}
		w.answered(t, request{persona: p, route: meets, method: m, path: path, what: "by another method", plain: true})
	}
	if route.Method == http.MethodGet || route.Method == "" {
		return
	}
	// A harmless method that claims to be the route's own is none.
	meets := w.router.meets(http.MethodGet, path)
	plain := *p
	plain.browser = p.browser.with("X-Http-Method-Override", route.Method).with("X-Method-Override", route.Method).with("X-Http-Method", route.Method)
	w.answered(t, request{persona: &plain, route: meets, method: http.MethodGet, path: path + "?_method=" + route.Method, what: "method override", plain: true})
}

// answered sends a probe and checks it against the line of the route that meets
// it: refused as declared, and where the line lets them pass, looked at or not there.
func (w *world) answered(t *testing.T, r request) {
	t.Helper()
	got := w.send(t, r)
	a, _ := actOf(r.route)
	status := r.verdict()
	if status == allowed && r.route.Method == "" {
		status = a.says
	}
	switch {
	case status != allowed:
		w.refusal(t, r, got, status)
	case got.status == http.StatusNotFound:
		w.refusal(t, r, got, got.status)
	case r.method != http.MethodGet && r.method != http.MethodHead && got.status < 300:
		t.Errorf("%v: %d", r, got.status)
	}
	if r.method == http.MethodHead && got.body != "" {
		t.Errorf("%v: a body", r)
	}
}

// spelled are paths that some servers take for one another.
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

// spellings tries the route's path misspelled, with its own method and nothing
// else: somebody who may not pass never does, and a server that corrects the
// spelling sends them to the right one, where the answer is the right one's.
func (w *world) spellings(t *testing.T, route handlers.Route, p *persona) {
	t.Helper()
	if !p.telling() {
		return // a path is spelled the same for whoever is refused the same
	}
	before, path := w.hosts.named(w.path(route))
	for _, s := range spelled {
		r := request{persona: p, method: method(route), path: before + s.do(path), what: s.what, plain: true}
		w.address(&r)
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
			w.address(&r)
			got = w.send(t, r)
		}
		if r.route.Pattern() == "" {
			continue
		}
		if status := r.verdict(); status != allowed {
			w.refusal(t, r, got, status)
		} else if got.status == http.StatusNotFound {
			w.refusal(t, r, got, got.status)
		}
	}
}

// telling are those who between them are answered in every way there is.
func (p *persona) telling() bool {
	switch p.name {
	case "signed out", "client of a sister tenant", "agency owner", "client viewer", "support to read as client owner":
		return true
	}
	return p.stray != nil
}

// address says which route the request will meet, and whether in the tenant.
func (w *world) address(r *request) {
	r.route = w.router.meets(r.method, r.path)
	tenant, _, _ := strings.Cut(strings.TrimPrefix(r.path, "/w/"), "/")
	r.elsewhere = r.route.Who == handlers.AMember && tenant != w.own.slug
}
