package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// Sign-up is on the main host only: no tenant's host has it, below our domain or its own,
// whoever asks there.
func TestTenantsHostsHaveNoSignUp(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	domain := "portal-" + a.Suffix + ".example.test"
	run(t, storetest.Admin(t), `insert into domains (host, tenant_id, verified_at) select $1, id, now() from tenants where slug = $2`, domain, a.Acme)
	for _, host := range []string{a.Acme + ".portals.test", a.Agency + ".portals.test", domain} {
		for _, email := range []string{"", a.Dana, a.Mia} {
			b := s.nobody()
			if email != "" {
				b.signIn(t, storetest.SignInAt(t, email, host))
			}
			for _, path := range []string{"/signup", "/signup/agency"} {
				if got, unknown := s.ask(t, host, path, b.cookie), s.ask(t, host, "/no-such-page/at-all", b.cookie); got.Code != unknown.Code || got.Code == http.StatusOK {
					t.Errorf("%s%s for %q: %d, and %d for an unknown page", host, path, email, got.Code, unknown.Code)
				}
			}
			got := b.with("Host", host).post(t, "/signup/agency", url.Values{"name": {"Studio"}, "slug": {"studio-" + a.Suffix}, "owner": {"Nora"}})
			if got.status < 300 {
				t.Errorf("a form at %s: %d", host, got.status)
			}
		}
	}
	if n := tenantsOf(t, "studio-"+a.Suffix); n != 0 {
		t.Errorf("%d agencies", n)
	}
	// The sign-in page of a tenant's host leads to no sign-up, the main host's own does.
	branded := s.nobody().get(t, "/login?return_to="+url.QueryEscape("/handover?host="+a.Acme+".portals.test&browser=x&to=/"))
	has(t, "a tenant's sign-in page", branded, "Northwind "+a.Suffix)
	hasNot(t, "a tenant's sign-in page", branded, "/signup")
	has(t, "our own sign-in page", s.nobody().get(t, "/login"), `href="/signup"`)
	want(t, "the main host", s.nobody().get(t, "/signup"), http.StatusOK)
}

func tenantsOf(t *testing.T, slug string) (n int) {
	t.Helper()
	if err := storetest.Superuser(t).QueryRow(t.Context(), `select count(*) from tenants where slug = $1`, slug).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Whoever views as a client stops that first, in whatever browser. A program's key creates
// nothing.
func TestSignUpIsInPersonOnly(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	dana, slug := d.as(t, d.Dana), "studio-"+d.Suffix
	form := url.Values{"name": {"Studio"}, "slug": {slug}}
	token, _ := storetest.APIKey(t, d.Dana, d.Acme, store.ScopeDeliverWork)
	for _, got := range []answer{bearer(d.site, token).get(t, "/signup/agency"), bearer(d.site, token).post(t, "/signup/agency", form)} {
		if got.status != http.StatusFound || !strings.HasPrefix(got.location(), "/login") {
			t.Errorf("a key: %d to %q", got.status, got.location())
		}
	}
	want(t, "view as", dana.post(t, d.base+"/view-as", url.Values{"person": {d.Member(t, d.Leo, d.Acme).ID().String()}}), http.StatusSeeOther)
	want(t, "the form", dana.get(t, "/signup/agency"), http.StatusConflict)
	for _, browser := range []*browser{dana, d.as(t, d.Dana)} {
		sent := browser.post(t, "/signup/agency", form)
		want(t, "sent", sent, http.StatusConflict)
		has(t, "sent", sent, "Stop viewing")
	}
	if n := tenantsOf(t, slug); n != 0 {
		t.Errorf("%d agencies", n)
	}
	want(t, "stop", dana.post(t, "/view-as/stop", nil), http.StatusSeeOther)
	if made := dana.post(t, "/signup/agency", form); made.status != http.StatusSeeOther || made.location() != "/w/"+slug+"/" {
		t.Errorf("after that: %d to %q", made.status, made.location())
	}
	want(t, "her agency", dana.get(t, "/w/"+slug+"/"), http.StatusOK)
}
