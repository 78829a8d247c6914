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

// fromElsewhere is what browsers say of a request that a page of somebody else
// caused, at a host of ours: old ones say the page's origin alone.
func fromElsewhere(host string) map[string]http.Header {
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

// Case 62: at every route of the table that may change something, on the main
// host and on tenants' own, a request that another page caused is refused before
// anybody asks who is there, and nothing has changed. The same request from a page
// of ours goes through.
func TestOtherSitesChangeNothing(t *testing.T) {
	t.Parallel()
	routes := table()
	for _, mode := range []hostMode{mainHost, underOurDomain} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, routes, &tally{}, mode)
			var all []request
			for _, route := range routes {
				if route.Method != http.MethodGet && (w.hosts == nil || route.Who == handlers.AMember) {
					all = append(all, w.unsafe(t, route))
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
				for from, header := range fromElsewhere(hostOf(r)) {
					r.what, r.persona.browser.header = "from "+from, header
					if got := w.send(t, r); got.status != http.StatusForbidden {
						t.Fatalf("%v: %d, want 403; %.300s", r, got.status, got.body)
					}
				}
			}
			if after := rows(); !slices.EqualFunc(before, after, maps.Equal) {
				t.Errorf("another site changed the tenants' rows:\n%v\n%v", before, after)
			}
			// What ends sessions comes last, for others need them.
			slices.SortStableFunc(all, func(a, b request) int { return cmp.Compare(ending(a), ending(b)) })
			for _, r := range all {
				r.what, r.persona.browser.header = "from a page of ours", http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {"http://" + hostOf(r)}}
				got := w.send(t, r)
				r.persona.browser.header = http.Header{}
				// What counts tries has let it in as well: a page of elsewhere is not counted.
				if got.status != r.act.says && got.status != http.StatusTooManyRequests && (r.act.says != 0 || !believable(got.status)) {
					t.Errorf("%v: %d %.300s", r, got.status, got.body)
				}
				w.settle(t, r.route, r.persona)
			}
			t.Logf("%d routes, %d probes", len(all), w.tally.probes.Load())
		})
	}
}

func ending(r request) int {
	if r.act.ends {
		return 1
	}
	return 0
}

// unsafe is a request to a route by somebody who may, with what it needs. What is
// in agencies alone is their owner's.
func (w *world) unsafe(t *testing.T, route handlers.Route) request {
	t.Helper()
	if route.Agency {
		dana := (&storetest.Tenants{}).Member(t, w.owner.email, w.agency)
		up := *w
		up.own = &estate{slug: w.agency, tenant: dana.TenantID(), staff: dana}
		a, _ := actOf(route)
		r := request{persona: w.owner, route: route, method: route.Method, act: a, path: fill(route.Path, w.agency, "")}
		if a.on != nil {
			r.path = fill(route.Path, w.agency, a.on(t, &up, w.owner).String())
		}
		return r
	}
	p := w.cast[slices.IndexFunc(w.cast, func(p *persona) bool {
		return !p.nobody() && declared(route, p, route.Method, false) == allowed && (route.Who == handlers.AMember || p.mode == "")
	})]
	a, _ := actOf(route)
	id := w.own.things[kindOf(route.Path)]
	if a.on != nil {
		id = a.on(t, w, p)
	}
	return request{persona: p, route: route, method: cmp.Or(route.Method, http.MethodPost), act: a, path: fill(route.Path, w.own.slug, id.String())}
}

// A page of our own host that came without encryption may be anybody's: somebody
// on the way wrote it.
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
