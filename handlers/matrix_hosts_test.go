package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"portico/handlers"
)

// hostMode is how a tenant is named: by the path on the main host, or by a host
// of its own. Whoever may pass, and how the others are refused, is the same.
type hostMode string

const (
	mainHost       hostMode = "on the main host"
	underOurDomain hostMode = "under the tenant domain"
	ownDomain      hostMode = "on the tenant's own domain"
)

// hosts are where tenants are found, by slug; nil is the main host for all.
type hosts map[string]string

func (mode hostMode) hosts(t *testing.T, admin *pgx.Conn, slugs ...string) hosts {
	t.Helper()
	if mode == mainHost {
		return nil
	}
	at := hosts{}
	for _, slug := range slugs {
		at[slug] = slug + ".portals.test"
		if mode == ownDomain {
			at[slug] = slug + ".example.test"
			run(t, admin, `insert into domains (host, tenant_id, verified_at) select $2, id, now() from tenants where slug = $1`, slug, at[slug])
		}
	}
	return at
}

// of is the host of a tenant, "" for the main one.
func (at hosts) of(slug string) string { return at[slug] }

// named splits a path of the main host into what names the tenant and what the
// tenant's own host would be asked for.
func (at hosts) named(path string) (before, rest string) {
	if at == nil {
		return "", path
	}
	slug, rest, _ := strings.Cut(strings.TrimPrefix(path, "/w/"), "/")
	return "/w/" + slug, "/" + rest
}

// find is where a path of the main host is asked for.
func (at hosts) find(path string) (host, rest string) {
	before, rest := at.named(path)
	if before == "" {
		return "", rest
	}
	return at.of(strings.TrimPrefix(before, "/w/")), rest
}

// door is where who is nobody is sent: to sign in, or to the main host to be
// handed over. A form leads nowhere else than its own host.
func (at hosts) door(s *site, method string) string {
	switch {
	case at == nil:
		return "/login"
	case method != http.MethodGet && method != http.MethodHead:
		return "/handover/over"
	}
	return s.server.URL + "/handover?"
}

// offMain tries a route that is no tenant's on a tenant's own host: there it is
// whatever the tenant has by that path, which is mostly nothing, or itself if its
// line says so.
func (w *world) offMain(t *testing.T, route handlers.Route) {
	t.Helper()
	path := fill("/w/{tenant}"+route.Path, w.own.slug, w.own.things[kindOf(route.Path)].String())
	for _, p := range w.cast {
		if p.telling() {
			meets := w.router.meets(method(route), path)
			if route.EveryHost {
				meets = route
			}
			w.answered(t, request{persona: p, route: meets, method: method(route), path: path, what: "not on the main host", plain: true})
			w.noted(t, p)
			if route.EveryHost {
				w.settle(t, route, p)
			}
		}
	}
}
