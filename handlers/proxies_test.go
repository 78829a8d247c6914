package handlers_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// Case 1: a visitor's address is that of the connection, or the one that a configured
// proxy adds to the header. Visitors cannot escape a rate limit by sending the header
// themselves.
func TestOnlyTrustedProxiesNameTheAddress(t *testing.T) {
	t.Parallel()
	proxy := netip.MustParsePrefix("192.0.2.0/24")
	alone, behind := newSite(t), newSiteOver(t, storage(t), proxy)
	const most = 60 // mails from a network in a quarter of an hour
	for _, c := range []struct {
		what     string
		site     *site
		remote   string
		last     string // what the last hop adds to the header; "" is one more each time
		answered int
	}{
		{"a stranger who writes the header", alone, randomAddress(), "", http.StatusTooManyRequests},
		{"the proxy's address, with no proxy configured", alone, "192.0.2.77", "", http.StatusTooManyRequests},
		{"a stranger, past the proxy", behind, randomAddress(), "", http.StatusTooManyRequests},
		{"one visitor through the proxy, who writes the header", behind, "192.0.2.1", randomAddress(), http.StatusTooManyRequests},
		{"many visitors through the proxy", behind, "192.0.2.1", "", http.StatusSeeOther},
	} {
		var got int
		for range most + 1 {
			last := c.last
			if last == "" {
				last = randomAddress()
			}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.site.server.URL+"/login",
				strings.NewReader("email="+strings.ToLower(rand.Text())+"@nobody.test"))
			r.RemoteAddr = c.remote + ":4711"
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("X-Forwarded-For", randomAddress()+", "+last)
			r.Header.Set("X-Real-Ip", randomAddress())
			r.Header.Set("Forwarded", "for="+randomAddress())
			rec := httptest.NewRecorder()
			c.site.server.Config.Handler.ServeHTTP(rec, r)
			got = rec.Code
		}
		if got != c.answered {
			t.Errorf("%s: %d at the end, want %d", c.what, got, c.answered)
		}
	}
}

// randomAddress is an address in a network of its own.
func randomAddress() string {
	var b [3]byte
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("10.%d.%d.%d", b[0], b[1], b[2])
}
