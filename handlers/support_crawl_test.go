package handlers_test

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

var anAddress = regexp.MustCompile(`(?:href|src|action|data-[a-z-]+)="([^"]+)"`)

// crawl follows every URL on the pages that it reaches, starting with the given
// one. It returns the URLs below that one that answered with content.
func crawl(t *testing.T, b *browser, from string) (there []string) {
	t.Helper()
	seen, next := map[string]bool{from: true}, []string{from}
	for len(next) > 0 {
		at := next[0]
		next = next[1:]
		got := b.get(t, at)
		if got.status >= 500 {
			t.Errorf("%s: %d", at, got.status)
		}
		if got.status < 300 && strings.HasPrefix(at, from) {
			there = append(there, at)
		}
		if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, m := range anAddress.FindAllStringSubmatch(got.body, -1) {
			to, err := url.Parse(html.UnescapeString(m[1]))
			if err != nil || to.Host != "" || !strings.HasPrefix(to.Path, "/") || strings.HasPrefix(to.Path, "/static/") {
				continue
			}
			// The filters of the trail combine to more than a thousand addresses.
			if strings.HasSuffix(to.Path, "/activity") && len(to.Query()) > 1 {
				continue
			}
			if path := to.RequestURI(); !seen[path] {
				seen[path] = true
				next = append(next, path)
			}
		}
	}
	return there
}

// No page, table, picture or file that a read-only session can reach changes
// anything when it is viewed or posted to. After the session, none of them answers
// any more, neither for the agent nor for anybody else with the URL.
func TestReadModeReachesNothingThatWrites(t *testing.T) {
	t.Parallel()
	s, a := newSiteOver(t, storage(t)), storetest.Agency(t)
	e := newFixture(t, s, a, a.Acme)
	dana := a.Member(t, a.Dana, a.Acme)
	for _, as := range []string{a.Dana, a.Mia} {
		token, _ := e.startSupport(t, storetest.Agent(t), as)
		sam := s.nobody()
		sam.signIn(t, token)
		before := rowsButTrail(t, dana)
		there := crawl(t, sam, e.at("/"))
		if len(there) < 40 {
			t.Errorf("as %s the crawl met little: %v", as, there)
		}
		for _, path := range there {
			if got := sam.post(t, path, url.Values{"name": {"x"}, "title": {"x"}, "hours": {"4"}}); got.status < 400 {
				t.Errorf("as %s: POST %s answers %d", as, path, got.status)
			}
		}
		if after := rowsButTrail(t, dana); !maps.Equal(before, after) {
			t.Errorf("as %s reading changed rows:\n%v\n%v", as, before, after)
		}
		want(t, "stop", sam.post(t, "/support/stop", nil), http.StatusSeeOther)
		for _, path := range there {
			for who, b := range map[string]*browser{"the agent": sam, "anybody": s.nobody()} {
				// The way to sign in repeats the address, which may end with a file's name.
				if got := b.get(t, path); got.status < 300 || (strings.Contains(got.body, e.key) && !strings.Contains(path, e.key)) {
					t.Errorf("after the end %s gets %s: %d", who, path, got.status)
				}
			}
		}
	}
}

// rowsButTrail hashes a tenant's rows, except those that a support session itself
// writes.
func rowsButTrail(t *testing.T, me store.Member) map[string]string {
	t.Helper()
	rows := storetest.RowsOf(t, me.TenantID())
	delete(rows, "audit_events")
	delete(rows, "support_sessions")
	return rows
}
