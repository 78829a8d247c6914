package signin_test

import (
	"net/http"
	"strings"
	"testing"

	"portico/e2e/storetest"
)

// A browser that keeps no cookie, as Safari on http://localhost, is told so at every step
// that needs one, and spends nothing by it. In another browser the same link signs in.
func TestBrowserWithoutCookiesIsToldSo(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	const told = "keep the cookie that signing in needs"
	forgetful := h.browser(t)
	forgetful.http.Jar = nil

	sent := forgetful.want(forgetful.post("/login", "email", a.Mia, "return_to", "/w/"+a.Acme+"/projects"), http.StatusSeeOther)
	link := mailed(t, a.Mia).link
	back := forgetful.want(forgetful.get(sent.location), http.StatusSeeOther)
	page := forgetful.want(forgetful.get(back.location), http.StatusOK)
	if !strings.Contains(page.body, told) || !strings.Contains(page.body, "/w/"+a.Acme+"/projects") {
		t.Errorf("after the mail was sent, at %s, the page does not say why, or forgets where to", back.location)
	}

	forgetful.want(forgetful.get(link), http.StatusOK)
	forgetful.extra = http.Header{"Sec-Fetch-Site": {"same-origin"}}
	refused := forgetful.want(forgetful.post(link), http.StatusBadRequest)
	if !strings.Contains(refused.body, told) || !strings.Contains(refused.body, "The link still works") {
		t.Error("the button of a mailed link does not say why")
	}

	phone := h.browser(t)
	phone.extra = http.Header{"Sec-Fetch-Site": {"same-origin"}}
	phone.want(phone.get(link), http.StatusOK)
	phone.want(phone.post(link), http.StatusSeeOther)
	if !phone.signedIn() {
		t.Error("the same link doesn't sign in another browser")
	}
}
