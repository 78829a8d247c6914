package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/handlers"
)

// ask sends a request with exactly this Host header, "" for none, past the client, which
// would complete it.
func (s *site) ask(t *testing.T, host, path, cookie string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.Host = host
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	rec := httptest.NewRecorder()
	s.server.Config.Handler.ServeHTTP(rec, r)
	return rec
}

// Every spelling of a host is the same host: case, port and the root's dot don't matter.
// A host that names no tenant is not found on every path and shows nobody's brand.
func TestHostsAreComparedAsHosts(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	domain := "portal-" + a.Suffix + ".example.test"
	run(t, storetest.Admin(t), `insert into domains (host, tenant_id, verified_at) select $1, id, now() from tenants where slug = $2`, domain, a.Acme)
	unproved := "unproved-" + a.Suffix + ".example.test"
	run(t, storetest.Admin(t), `insert into domains (host, tenant_id) select $1, id from tenants where slug = $2`, unproved, a.Acme)
	main, err := url.Parse(s.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	mia := func(host string) string {
		b := s.nobody()
		b.signIn(t, storetest.SignInAt(t, a.Mia, host))
		return b.cookie
	}
	slugHost := a.Acme + ".portals.test"
	for _, c := range []struct {
		hosts  []string
		path   string
		cookie string
		status int
	}{
		{[]string{main.Host, "localhost", "LOCALHOST", "localhost.", "LocalHost.:443", "localhost:443", "localhost:80", "localhost:1", "localhost.:" + main.Port()},
			"/w/" + a.Acme + "/projects", mia(""), http.StatusOK},
		{[]string{slugHost, strings.ToUpper(slugHost), slugHost + ".", slugHost + ":443", slugHost + ".:80", slugHost + ":" + main.Port()},
			"/projects", mia(slugHost), http.StatusOK},
		{[]string{domain, strings.ToUpper(domain), domain + ".", domain + ":443", domain + ".:8080"}, "/projects", mia(domain), http.StatusOK},
		{[]string{"", ".", ":443", " ", "nobody.portals.test", "portals.test", "x." + slugHost, "evil.test", unproved, domain + "..", "." + domain, "127.0.0.1", "[::1]:80", "a", domain + ".evil.test", "-"},
			"/projects", "", http.StatusNotFound},
	} {
		for _, host := range c.hosts {
			for _, path := range []string{c.path, "/", "/login", "/logout", "/signed-out", "/handover/ABC", "/w/" + a.Acme + "/", "/logo/x"} {
				got := s.ask(t, host, path, c.cookie)
				if path == c.path && got.Code != c.status || c.status == http.StatusNotFound && got.Code != c.status {
					t.Errorf("%q%s: %d, want %d to %q", host, path, got.Code, c.status, got.Header().Get("Location"))
				}
				if c.status == http.StatusNotFound && strings.Contains(got.Body.String(), a.Suffix) {
					t.Errorf("%q%s names a tenant", host, path)
				}
			}
			if got := s.ask(t, host, "/healthz", ""); got.Code != http.StatusOK {
				t.Errorf("%q/healthz: %d", host, got.Code)
			}
		}
	}
	// A form sent to another spelling is not from another site.
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/logout", nil)
	r.Host = "localhost.:" + main.Port()
	r.Header.Set("Origin", s.server.URL)
	rec := httptest.NewRecorder()
	if s.server.Config.Handler.ServeHTTP(rec, r); rec.Code != http.StatusSeeOther {
		t.Errorf("a form to the main host with a dot: %d", rec.Code)
	}
}

// HSTS covers the names below a host only where these are ours. A customer's other sites
// are not ours to force to https.
func TestStrictTransportCoversOnlyOurNames(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	s := newSiteWith(t, storetest.DB(), storage(t), func(c *handlers.Config) {
		c.URL = &url.URL{Scheme: "https", Host: "portico.test"}
	})
	domain := "hsts-" + a.Suffix + ".example.test"
	run(t, storetest.Admin(t), `insert into domains (host, tenant_id, verified_at) select $1, id, now() from tenants where slug = $2`, domain, a.Acme)
	const ours, theirs = "max-age=63072000; includeSubDomains", "max-age=63072000"
	for host, want := range map[string]string{
		"portico.test": ours, "PORTICO.TEST": ours, "portico.test.": ours, "portico.test:443": ours,
		a.Acme + ".portals.test": ours, "nobody.portals.test": ours,
		domain: theirs, strings.ToUpper(domain): theirs, domain + ".": theirs, domain + ":443": theirs,
		"evil.test": theirs, "": theirs, "portals.test": theirs, "x." + a.Acme + ".portals.test": theirs,
	} {
		for _, path := range []string{"/", "/login", "/healthz", "/static/app.css"} {
			if got := s.ask(t, host, path, "").Header().Get("Strict-Transport-Security"); got != want {
				t.Errorf("%q%s: %q, want %q", host, path, got, want)
			}
		}
	}
}
