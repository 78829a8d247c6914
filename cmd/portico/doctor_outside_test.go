package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

// proxyBefore is a proxy with the mistakes that people make.
type proxyBefore struct {
	ownHost  bool // it asks for the host that it passes on to, as nginx does by itself
	most     int64
	redirect string
	other    bool // it passes on to something else
}

// start serves the proxy and returns it, not yet leading anywhere.
func (p proxyBefore) start(t *testing.T) (address string, to *url.URL) {
	t.Helper()
	to = &url.URL{Scheme: "http"}
	pass := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		if !p.ownHost {
			r.Out.Host = r.In.Host
		}
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case p.redirect != "":
			http.Redirect(w, r, p.redirect, http.StatusMovedPermanently)
		case p.other:
			w.WriteHeader(http.StatusOK)
		case p.most > 0 && r.ContentLength > p.most:
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		default:
			pass.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1), to
}

// The doctor looks at the installation from outside, through the proxy in front of it.
func TestDoctorLooksFromOutside(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		proxy proxyBefore
		state string
		says  string
	}{
		"a good proxy":           {proxyBefore{}, well, "leads here"},
		"a proxy with room":      {proxyBefore{most: 9 << 20}, well, "leads here"},
		"Host is not passed on":  {proxyBefore{ownHost: true}, ill, "another host name"},
		"small bodies only":      {proxyBefore{most: 1 << 20}, ill, "refuses bodies of 8 MiB"},
		"a redirect elsewhere":   {proxyBefore{redirect: "https://www.acme.test/"}, ill, "redirects PORTICO_URL"},
		"another server answers": {proxyBefore{other: true}, ill, "Something else"},
	} {
		env := healthy(t)
		address, to := c.proxy.start(t)
		env["BEHIND"] = address
		r := serving(t, env, "serve", "--jobs=false")
		to.Host = strings.TrimPrefix(r.url, "http://")
		got := checkOutside(t.Context(), must(url.Parse(address)))
		if got.State != c.state || !strings.Contains(got.Says, c.says) || (got.State == ill) != (got.Fix != "") {
			t.Errorf("%s: %v", what, got)
		}
		r.stop()
		if c.proxy == (proxyBefore{}) {
			if got := checkOutside(t.Context(), must(url.Parse(address))); got.State != skipped {
				t.Errorf("stopped behind its proxy: %v", got)
			}
		}
	}
	self := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(self.Close)
	if got := checkOutside(t.Context(), must(url.Parse(self.URL))); got.State != ill || !strings.Contains(got.Says, "certificate") {
		t.Errorf("a certificate nobody vouches for: %v", got)
	}
}

// PORTICO_URL is compared with the hosts of requests, so it is written as browsers write
// them.
func TestOriginIsWrittenAsBrowsersDo(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"https://portal.example": "https://portal.example", "https://portal.example/": "https://portal.example", "https://Portal.Example:443": "https://portal.example",
		"http://localhost:80": "http://localhost", "http://localhost:8080": "http://localhost:8080", "https://portal.example.": "https://portal.example",
		"https://portal.example:8443": "https://portal.example:8443", "https://portal.example:80": "https://portal.example:80", "http://127.0.0.1:80": "http://127.0.0.1",
		"https://[2001:DB8::1]:443": "https://[2001:db8::1]", "https://[2001:db8::1]:8443": "https://[2001:db8::1]:8443",
	} {
		rd := &reader{getenv: func(string) string { return typed }}
		if got := rd.origin("PORTICO_URL"); got.String() != want || len(rd.errs) > 0 {
			t.Errorf("%s is %s, %v", typed, got, rd.errs)
		}
	}
}
