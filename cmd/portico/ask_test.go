package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"portico/e2e/storetest"
)

// A proxy that asks at the manual's URL whether it may get a certificate gets yes
// only for hosts of tenants. Otherwise anybody could make it request certificates
// for unrelated names. Unproved domains get no.
func TestAskForCertificates(t *testing.T) {
	t.Parallel()
	m := regexp.MustCompile(`ask http://127\.0\.0\.1:9090(/\S+)`).FindStringSubmatch(blockOf(t, "caddy: on demand"))
	if m == nil {
		t.Fatal("the manual does not say where to ask")
	}
	a := storetest.Agency(t)
	proved, unproved := "proved-"+a.Suffix+".example.test", "unproved-"+a.Suffix+".example.test"
	for host, at := range map[string]string{proved: "now()", unproved: "null"} {
		_, err := storetest.Admin(t).Exec(t.Context(), `insert into domains (host, tenant_id, verified_at) select $1, id, `+at+` from tenants where slug = $2`, host, a.Acme)
		if err != nil {
			t.Fatal(err)
		}
	}
	env := healthy(t)
	env["PORTICO_TENANT_DOMAIN"] = "portals.test"
	r := serving(t, env, "serve", "--jobs=false")
	for host, want := range map[string]int{
		a.Acme + ".portals.test": http.StatusOK, proved: http.StatusOK, strings.ToUpper(proved): http.StatusOK,
		unproved: http.StatusNotFound, "nobody-" + a.Suffix + ".portals.test": http.StatusNotFound, "x." + a.Acme + ".portals.test": http.StatusNotFound,
		"portals.test": http.StatusNotFound, "localhost": http.StatusNotFound, "evil.test": http.StatusNotFound, "": http.StatusNotFound,
		a.Acme: http.StatusNotFound, a.Acme + ".example.test": http.StatusNotFound,
	} {
		if status, body := r.get(r.admin+m[1]+"?"+url.Values{"domain": {host}}.Encode(), ""); status != want {
			t.Errorf("%q: %d, want %d; %s", host, status, want, body)
		}
	}
	if status, _ := r.get(r.url+m[1]+"?domain="+proved, ""); status != http.StatusNotFound {
		t.Errorf("on the public listener: %d", status)
	}
}
