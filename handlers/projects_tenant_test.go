package handlers_test

import (
	"net/url"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// Ravi is a member of Acme only. He requests a project of Globex under Acme's path and
// under Globex's own, and unknown ids. All get the same answer, byte for byte, and the
// project does not change.
func TestOtherTenantsProjectIsNotFound(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := a.Member(t, a.Dana, a.Globex)
	theirs := storetest.Project(t, dana, "Secret "+a.Suffix).String()
	ravi := s.as(t, a.Ravi)
	nothing := ravi.get(t, "/w/"+a.Acme+"/projects/"+store.NewID().String())
	want(t, "a random id", nothing, 404)
	nowhere := ravi.get(t, "/w/nobody-"+a.Suffix+"/projects")
	want(t, "no such tenant", nowhere, 404)

	for _, path := range []string{
		"/w/" + a.Acme + "/projects/" + theirs,
		"/w/" + a.Globex + "/projects/" + theirs,
		"/w/" + a.Globex + "/projects",
		"/w/nobody-" + a.Suffix + "/projects/" + theirs,
		"/w/" + a.Acme + "/projects/not-an-id",
	} {
		got := ravi.get(t, path)
		want(t, path, got, 404)
		like := nowhere
		if strings.HasPrefix(path, "/w/"+a.Acme+"/") {
			like = nothing // in the frame of Ravi's own tenant
		}
		if got.withoutRequestID() != like.withoutRequestID() {
			t.Errorf("%s: the refusal differs from that of nothing", path)
		}
	}
	for _, deed := range []string{"", "/archive", "/delete", "/restore", "/move", "/deliverables"} {
		for _, tenant := range []string{a.Acme, a.Globex} {
			got := ravi.post(t, "/w/"+tenant+"/projects/"+theirs+deed, url.Values{"name": {"Taken"}, "title": {"Taken"}})
			want(t, "POST "+deed+" under "+tenant, got, 404)
		}
	}
	// The rightful person finds it as it was.
	shown := s.as(t, a.Dana).get(t, "/w/"+a.Globex+"/projects/"+theirs)
	want(t, "the rightful person", shown, 200)
	if !strings.Contains(shown.body, "Secret "+a.Suffix) {
		t.Error("the project was changed by somebody of another tenant")
	}
}

// Headers, queries and fields that name a tenant change nothing, on the main host and on
// a tenant's own.
func TestOnlyHostAndPathNameATenant(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	storetest.Project(t, a.Member(t, a.Dana, a.Globex), "Secret "+a.Suffix)
	main, there := s.as(t, a.Ravi), s.nobody()
	there.hosts = underOurDomain.hosts(t, storetest.Admin(t), a.Acme)
	there.signIn(t, storetest.SignInAt(t, a.Ravi, there.hosts.of(a.Acme)))
	for _, plain := range []*browser{main, there} {
		onlyPathNamesTenant(t, a, plain)
	}
}

func onlyPathNamesTenant(t *testing.T, a *storetest.Tenants, plain *browser) {
	t.Helper()
	before := plain.get(t, "/w/"+a.Acme+"/projects")
	want(t, "without", before, 200)
	for name, value := range map[string]string{
		"X-Tenant-Id": a.Globex, "X-Tenant": a.Globex, "X-Forwarded-Host": a.Globex + ".portals.test",
		"Forwarded": "host=" + a.Globex + ".portals.test", "X-Original-Url": "/w/" + a.Globex + "/projects",
		"X-Forwarded-Prefix": "/w/" + a.Globex, "X-Rewrite-Url": "/w/" + a.Globex + "/projects",
	} {
		plain.header.Set(name, value)
		if got := plain.get(t, "/w/"+a.Acme+"/projects"); got.withoutRequestID() != before.withoutRequestID() {
			t.Errorf("%s changes the answer", name)
		}
		plain.header.Del(name)
	}
	if got := plain.get(t, "/w/"+a.Acme+"/projects?tenant="+a.Globex+"&tenant_id="+a.Globex); got.withoutRequestID() != before.withoutRequestID() {
		t.Error("a query changes the answer")
	}
}
