package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"portico/handlers/web"
)

// A trusted proxy names the visitor in any of the usual headers and forms. Anybody else
// can write what they like: the connection's address counts.
func TestProxiesNameTheVisitor(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("::1/128")}
	const proxy, stranger = "10.0.0.1:40000", "203.0.113.66:40000"
	for what, c := range map[string]struct {
		from   string
		header http.Header
		want   string
	}{
		"nothing written":                     {proxy, nil, "10.0.0.1"},
		"nginx":                               {proxy, http.Header{"X-Forwarded-For": {"192.0.2.1"}}, "192.0.2.1"},
		"nginx, after a forged one":           {proxy, http.Header{"X-Forwarded-For": {"198.51.100.9, 192.0.2.1"}}, "192.0.2.1"},
		"HAProxy, in a line of its own":       {proxy, http.Header{"X-Forwarded-For": {"198.51.100.9", "192.0.2.1"}}, "192.0.2.1"},
		"two proxies":                         {proxy, http.Header{"X-Forwarded-For": {"192.0.2.1, 10.0.0.2"}}, "192.0.2.1"},
		"Azure, with a port":                  {proxy, http.Header{"X-Forwarded-For": {"192.0.2.1:51234"}}, "192.0.2.1"},
		"IPv6":                                {proxy, http.Header{"X-Forwarded-For": {"2001:db8::7"}}, "2001:db8::7"},
		"IPv6 in brackets":                    {proxy, http.Header{"X-Forwarded-For": {"[2001:db8::7]"}}, "2001:db8::7"},
		"IPv6 with a port":                    {proxy, http.Header{"X-Forwarded-For": {"[2001:db8::7]:51234"}}, "2001:db8::7"},
		"IPv4 written as IPv6":                {proxy, http.Header{"X-Forwarded-For": {"::ffff:192.0.2.1"}}, "192.0.2.1"},
		"a proxy reached by IPv6":             {"[fd00::1]:40000", http.Header{"X-Forwarded-For": {"192.0.2.1"}}, "192.0.2.1"},
		"a proxy on the same machine":         {"[::1]:40000", http.Header{"X-Forwarded-For": {"192.0.2.1"}}, "192.0.2.1"},
		"a proxy that writes IPv4 as IPv6":    {"[::ffff:10.0.0.1]:40000", http.Header{"X-Forwarded-For": {"192.0.2.1"}}, "192.0.2.1"},
		"X-Real-IP":                           {proxy, http.Header{"X-Real-Ip": {"192.0.2.1"}}, "192.0.2.1"},
		"X-Real-IP beside the common one":     {proxy, http.Header{"X-Real-Ip": {"198.51.100.9"}, "X-Forwarded-For": {"192.0.2.1"}}, "192.0.2.1"},
		"Forwarded":                           {proxy, http.Header{"Forwarded": {"for=192.0.2.1;proto=https;by=10.0.0.1"}}, "192.0.2.1"},
		"Forwarded, capitals and spaces":      {proxy, http.Header{"Forwarded": {"proto=https; For=192.0.2.1"}}, "192.0.2.1"},
		"Forwarded, IPv6 with a port":         {proxy, http.Header{"Forwarded": {`for="[2001:db8::7]:4711";host="a,b;c"`}}, "2001:db8::7"},
		"Forwarded, several":                  {proxy, http.Header{"Forwarded": {"for=198.51.100.9, for=192.0.2.1, for=10.0.0.2"}}, "192.0.2.1"},
		"Forwarded, an open quotation before": {proxy, http.Header{"Forwarded": {`for="198.51.100.9`, "for=192.0.2.1"}}, "192.0.2.1"},
		"Forwarded, opened and closed around": {proxy, http.Header{"Forwarded": {`for="198.51.100.9`, "for=192.0.2.1", `for="10.0.0.2"`}}, "192.0.2.1"},
		"Forwarded, open in the same line":    {proxy, http.Header{"Forwarded": {`for=198.51.100.9, for="x, for=192.0.2.1`}}, "10.0.0.1"},
		"Forwarded, open after an address":    {proxy, http.Header{"Forwarded": {`for=198.51.100.9;host=", for=192.0.2.1;host="a.test"`}}, "10.0.0.1"},
		"Forwarded, open in the last line":    {proxy, http.Header{"Forwarded": {"for=198.51.100.9", `for="x, for=192.0.2.1`}}, "10.0.0.1"},
		"Forwarded, the closing one escaped":  {proxy, http.Header{"Forwarded": {`for=198.51.100.9, for="x\", for=192.0.2.1, for="10.0.0.2`}}, "10.0.0.1"},
		"Forwarded, a quotation in one":       {proxy, http.Header{"Forwarded": {`for=198.51.100.9;host="a\",b", for=192.0.2.1`}}, "192.0.2.1"},
		"Forwarded, hidden":                   {proxy, http.Header{"Forwarded": {"for=_secret"}}, "10.0.0.1"},
		"unknown":                             {proxy, http.Header{"X-Forwarded-For": {"192.0.2.1, unknown"}}, "10.0.0.1"},
		"an empty header":                     {proxy, http.Header{"X-Forwarded-For": {""}}, "10.0.0.1"},
		"a stranger who writes them all":      {stranger, http.Header{"X-Forwarded-For": {"192.0.2.1"}, "Forwarded": {"for=192.0.2.1"}, "X-Real-Ip": {"192.0.2.1"}}, "203.0.113.66"},
		"a stranger who says the proxy's own": {stranger, http.Header{"X-Forwarded-For": {"10.0.0.1"}}, "203.0.113.66"},
	} {
		var got string
		h := web.TrustProxies(proxies, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RemoteAddr }))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr, r.Header = c.from, c.header
		h.ServeHTTP(httptest.NewRecorder(), r)
		if at, err := netip.ParseAddrPort(got); err != nil || at.Addr().Unmap().String() != c.want {
			t.Errorf("%s: %s, want %s", what, got, c.want)
		}
	}
}
