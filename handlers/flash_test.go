package handlers_test

import (
	"strings"
	"testing"

	"portico/e2e/storetest"
)

// A link in a mail or on another site cannot make a page claim that something was done.
// Only our own redirects can.
func TestOnlyOurRedirectsShowAFlash(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := s.as(t, a.Dana)
	const said = "Support access allowed."
	for _, from := range []string{"cross-site", "same-site", "none"} {
		dana.header.Set("Sec-Fetch-Site", from)
		if got := dana.get(t, "/w/"+a.Acme+"/support?did=support.granted"); got.status != 200 || strings.Contains(got.body, said) {
			t.Errorf("a link from %s: status %d, or it is believed", from, got.status)
		}
	}
	dana.header.Set("Sec-Fetch-Site", "same-origin")
	if got := dana.get(t, "/w/"+a.Acme+"/support?did=support.granted"); !strings.Contains(got.body, said) {
		t.Error("our own redirect is not believed")
	}
}
