package handlers_test

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/handlers"
)

// crossOriginHeaders are the headers of requests that another site's page causes at one
// of our hosts. Old browsers send only the Origin.
func crossOriginHeaders(host string) map[string]http.Header {
	return map[string]http.Header{
		"another site":                      {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.test"}},
		"another site, old browser":         {"Origin": {"https://evil.test"}},
		"a sibling":                         {"Sec-Fetch-Site": {"same-site"}, "Origin": {"http://beside." + host}},
		"a sibling, old browser":            {"Origin": {"http://beside." + host}},
		"a host that begins like ours":      {"Origin": {"http://" + host + ".evil.test"}},
		"a host that is ours before the @":  {"Origin": {"http://" + host + "@evil.test"}},
		"another port":                      {"Sec-Fetch-Site": {"same-site"}, "Origin": {"http://" + (&url.URL{Host: host}).Hostname() + ":1"}},
		"another port, old browser":         {"Origin": {"http://" + (&url.URL{Host: host}).Hostname() + ":1"}},
		"a sandboxed frame":                 {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"null"}},
		"a sandboxed frame, old browser":    {"Origin": {"null"}},
		"no site that browsers know":        {"Sec-Fetch-Site": {"elsewhere"}},
		"another site that names no origin": {"Sec-Fetch-Site": {"cross-site"}},
	}
}

// Case 62: every route that can change something, on the main host and on tenants'
// hosts, refuses a request that another site's page causes, before it identifies the
// visitor, and nothing changes. The same request from our own page succeeds.
func TestOtherSitesChangeNothing(t *testing.T) {
	t.Parallel()
	routes := table()
	for _, mode := range []hostMode{mainHost, underOurDomain} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, routes, &tally{}, mode)
			var all []request
			for _, route := range routes {
				if route.Who == handlers.AProgram {
					continue // no page makes a browser send a key
				}
				if route.Method != http.MethodGet && (w.hosts == nil || route.Who == handlers.AMember) {
					all = append(all, w.changingRequest(t, route))
				}
			}
			if len(all) < 20 {
				t.Errorf("only %d routes may change something", len(all))
			}
			hostOf := func(r request) string {
				slug, _, _ := strings.Cut(strings.TrimPrefix(r.path, "/w/"), "/")
				return cmp.Or(w.hosts.of(slug), strings.TrimPrefix(w.server.URL, "http://"))
			}
			agency := (&storetest.Tenants{}).Member(t, w.owner.email, w.agency).TenantID()
			rows := func() []map[string]string {
				return []map[string]string{storetest.RowsOf(t, w.own.tenant), storetest.RowsOf(t, agency)}
			}
			before := rows()
			for _, r := range all {
				for from, header := range crossOriginHeaders(hostOf(r)) {
					r.what, r.visitor.browser.header = "from "+from, header
					if got := w.send(t, r); got.status != http.StatusForbidden {
						t.Fatalf("%v: %d, want 403; %.300s", r, got.status, got.body)
					}
				}
			}
			if after := rows(); !slices.EqualFunc(before, after, maps.Equal) {
				t.Errorf("another site changed the tenants' rows:\n%v\n%v", before, after)
			}
			// Requests that end sessions come last, because the others need the sessions.
			slices.SortStableFunc(all, func(a, b request) int { return cmp.Compare(endsSessions(a), endsSessions(b)) })
			for _, r := range all {
				r.what, r.visitor.browser.header = "from a page of ours", http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {"http://" + hostOf(r)}}
				got := w.send(t, r)
				r.visitor.browser.header = http.Header{}
				// A rate limit may answer now; the cross-site requests were not counted.
				if got.status != r.act.status && got.status != http.StatusTooManyRequests && (r.act.status != 0 || !plausible(got.status)) {
					t.Errorf("%v: %d %.300s", r, got.status, got.body)
				}
				w.restore(t, r.route, r.visitor)
			}
			t.Logf("%d routes, %d probes", len(all), w.tally.probes.Load())
		})
	}
}

func endsSessions(r request) int {
	if r.act.endsSessions {
		return 1
	}
	return 0
}

// changingRequest is a valid request to a route, by somebody who may make it. Routes
// that only agencies have are requested by the agency's owner.
func (w *world) changingRequest(t *testing.T, route handlers.Route) request {
	t.Helper()
	if route.Agency {
		dana := (&storetest.Tenants{}).Member(t, w.owner.email, w.agency)
		up := *w
		up.own = &fixture{slug: w.agency, key: agencyKey, tenant: dana.TenantID(), staff: dana}
		a, _ := actOf(route)
		r := request{visitor: w.owner, route: route, method: route.Method, act: a, path: fill(route.Path, w.agency, "")}
		if a.target != nil {
			r.path = fill(route.Path, w.agency, a.target(t, &up, w.owner).String())
		}
		return r
	}
	p := w.visitors[slices.IndexFunc(w.visitors, func(p *visitor) bool {
		return !p.signedOut() && expectedStatus(route, p, route.Method, false) == allowed && (route.Who == handlers.AMember || p.mode == "")
	})]
	a, _ := actOf(route)
	id := w.own.things[kindOf(route.Path)]
	if a.target != nil {
		id = a.target(t, w, p)
	}
	return request{visitor: p, route: route, method: cmp.Or(route.Method, http.MethodPost), act: a, path: fill(route.Path, w.own.slug, id.String())}
}

// An attacker on the network can forge pages of our own host over plain http, so
// requests from such pages change nothing.
func TestUnencryptedPagesOfOurHostChangeNothing(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	var host string
	s := newSiteWith(t, storetest.DB(), storage(t), func(c *handlers.Config) {
		host = c.URL.Host
		c.URL = &url.URL{Scheme: "https", Host: host}
	})
	dana := s.as(t, a.Dana)
	form := url.Values{"name": {"Made"}}
	for _, header := range []http.Header{
		{"Origin": {"http://" + host}}, {"Origin": {"HTTP://" + host}},
		{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"http://" + host}},
		{"Sec-Fetch-Site": {"same-origin"}, "Origin": {"http://" + host}},
	} {
		dana.header = header
		want(t, "over http", dana.post(t, "/w/"+a.Acme+"/projects", form), http.StatusForbidden)
	}
	for _, header := range []http.Header{{"Origin": {"https://" + host}}, {"Sec-Fetch-Site": {"same-origin"}, "Origin": {"https://" + host}}, {}} {
		dana.header = header
		want(t, "over https", dana.post(t, "/w/"+a.Acme+"/projects", form), http.StatusSeeOther)
	}
}
