package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portico/e2e/storetest"
)

// An owner with a recent step-up adds a domain, sees which records to publish, and
// removes it. Without a step-up they are asked for one. Nobody else may change domains.
func TestDomainChangesNeedAnOwnersStepUp(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	path, host := "/w/"+a.Acme+"/settings/domains", "portal-"+a.Suffix+".example.org"
	add := url.Values{"host": {host}}
	stale := s.as(t, a.Mia)
	want(t, "the page", stale.get(t, path), http.StatusOK)
	if got := stale.post(t, path, add); got.status != http.StatusSeeOther || !strings.HasPrefix(got.location(), "/step-up?") {
		t.Errorf("without a step-up: %d to %q", got.status, got.location())
	}
	mia := s.nobody()
	mia.signIn(t, storetest.StepUp(t, storetest.SignIn(t, a.Mia)))
	for _, wrong := range []string{"", "localhost", "https://" + host, "127.0.0.1", "x.portals.test"} {
		got := mia.post(t, path, url.Values{"host": {wrong}})
		want(t, "add "+wrong, got, http.StatusUnprocessableEntity)
		if !strings.Contains(got.body, `value="`+wrong+`"`) || !strings.Contains(got.body, "field-error") {
			t.Errorf("%q is not kept, or not explained: %.400s", wrong, got.body)
		}
	}
	want(t, "add", mia.post(t, path, add), http.StatusSeeOther)
	want(t, "add twice", mia.post(t, path, add), http.StatusUnprocessableEntity)
	var id, token string
	if err := storetest.Admin(t).QueryRow(t.Context(), `select id::text, token from domains where host = $1`, host).Scan(&id, &token); err != nil {
		t.Fatal(err)
	}
	page := mia.get(t, path)
	for _, shown := range []string{"_portico." + host, "portico=" + token, "Not verified yet", "Checking now."} {
		if !strings.Contains(page.body, shown) {
			t.Errorf("the page lacks %q", shown)
		}
	}
	if page.header.Get("Refresh") == "" {
		t.Error("the page does not reload while a check runs")
	}
	want(t, "a viewer", s.as(t, a.Leo).get(t, path), http.StatusForbidden)
	gus := s.nobody()
	gus.signIn(t, storetest.StepUp(t, storetest.SignIn(t, a.Gus)))
	for _, deed := range []string{"/check", "/remove"} {
		want(t, "a sister tenant's owner, "+deed, gus.post(t, "/w/"+a.Globex+"/settings/domains/"+id+deed, nil), http.StatusNotFound)
		want(t, "there, "+deed, gus.post(t, path+"/"+id+deed, nil), http.StatusNotFound)
	}
	want(t, "look now", mia.post(t, path+"/"+id+"/check", nil), http.StatusSeeOther)
	want(t, "remove", mia.post(t, path+"/"+id+"/remove", nil), http.StatusSeeOther)
	if strings.Contains(mia.get(t, path).body, host) {
		t.Error("it is still listed")
	}
}

// Once a domain is verified and points here, the tenant's pages move to it, and its
// settings stay on the main host. Before that, nothing moves.
func TestPagesMoveToAVerifiedDomain(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	admin := storetest.Admin(t)
	host := "portal-" + a.Suffix + ".example.org"
	run(t, admin, `insert into domains (host, tenant_id, pointing, next_check_at) select $1, id, 'there', null from tenants where slug = $2`, host, a.Acme)
	mia := s.as(t, a.Mia)
	at := "/w/" + a.Acme
	moves := func(b *browser, path string) bool {
		got := b.get(t, path)
		want(t, path, got, http.StatusOK)
		return strings.Contains(got.header.Get("Refresh"), host)
	}
	if moves(mia, at+"/projects") {
		t.Error("moves to a domain that is not proved")
	}
	run(t, admin, `update domains set verified_at = now(), pointing = 'other' where host = $1`, host)
	if moves(mia, at+"/projects") {
		t.Error("moves to a domain that leads elsewhere")
	}
	run(t, admin, `update domains set pointing = 'there' where host = $1`, host)
	got := mia.get(t, at+"/projects?show=archived")
	_, port, _ := strings.Cut(strings.TrimPrefix(s.server.URL, "http://"), ":")
	if to := "0; url=http://" + host + ":" + port + "/projects?show=archived"; got.header.Get("Refresh") != to {
		t.Errorf("leads to %q, want %q", got.header.Get("Refresh"), to)
	}
	if strings.Contains(got.body, "Archived") {
		t.Error("the page itself is sent along")
	}
	if moves(mia, at+"/settings") || moves(mia, at+"/settings/domains") || moves(s.as(t, a.Gus), "/w/"+a.Globex+"/projects") {
		t.Error("settings move, or another tenant does")
	}
	want(t, "a stranger", s.as(t, a.Gus).get(t, at+"/projects"), http.StatusNotFound)
	own := s.nobody()
	own.signIn(t, storetest.SignInAt(t, a.Mia, host))
	if moves(own.with("Host", host), "/projects") {
		t.Error("moves on from the host it is at")
	}
	if got := own.with("Host", host).get(t, "/settings/domains"); got.location() != s.server.URL+at+"/settings/domains" {
		t.Errorf("domains on the tenant's host lead to %q", got.location())
	}
	if !strings.Contains(mia.get(t, at+"/settings").body, "http://"+host+":"+port+"/") {
		t.Error("settings do not say the address")
	}
}
