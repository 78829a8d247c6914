package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"portico/handlers"
)

// hostMode is how requests name a tenant: by the path on the main host, or by a host of
// its own. Access and refusals are the same in every mode.
type hostMode string

const (
	mainHost       hostMode = "on the main host"
	underOurDomain hostMode = "under the tenant domain"
	ownDomain      hostMode = "on the tenant's own domain"
)

// hosts are the hosts of tenants by slug; nil uses the main host for all.
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

// of is the host of a tenant, "" for the main host.
func (at hosts) of(slug string) string { return at[slug] }

// split splits a path of the main host into the part that names the tenant and the path
// on the tenant's own host.
func (at hosts) split(path string) (before, rest string) {
	if at == nil {
		return "", path
	}
	slug, rest, _ := strings.Cut(strings.TrimPrefix(path, "/w/"), "/")
	return "/w/" + slug, "/" + rest
}

// find is the host and the path to request for a path of the main host.
func (at hosts) find(path string) (host, rest string) {
	before, rest := at.split(path)
	if before == "" {
		return "", rest
	}
	return at.of(strings.TrimPrefix(before, "/w/")), rest
}

// signInURL is where visitors without a session are redirected: to sign-in, or to the
// main host for a hand-over. A form stays on its own host.
func (at hosts) signInURL(s *site, method string) string {
	switch {
	case at == nil:
		return "/login"
	case method != http.MethodGet && method != http.MethodHead:
		return "/handover/over"
	}
	return s.server.URL + "/handover?"
}

// tryOnTenantHost tries a route of the main host on a tenant's host. There the tenant's
// route with that path answers, which mostly does not exist, unless the route is for
// every host.
func (w *world) tryOnTenantHost(t *testing.T, route handlers.Route) {
	t.Helper()
	path := fill("/w/{tenant}"+route.Path, w.own.slug, w.own.things[kindOf(route.Path)].String())
	for _, p := range w.visitors {
		if p.representative() {
			meets := w.router.meets(methodOf(route), path)
			if route.EveryHost {
				meets = route
			}
			w.sendAndCheck(t, request{visitor: p, route: meets, method: methodOf(route), path: path, what: "not on the main host", plain: true})
			w.checkRecorded(t, p)
			if route.EveryHost {
				w.restore(t, route, p)
			}
		}
	}
}
