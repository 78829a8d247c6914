package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// The page of an error keeps the frame of a member's pages. Around other errors is the
// brand of the host, or else of the person's own tenant, and never that of a tenant to
// which they don't belong. Nothing in it depends on whether the thing exists.
func TestErrorPagesKeepFrameAndBrand(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letIn(t)
	e := newFixture(t, d.site, d.Tenants, d.Acme)
	portal, sheet, ours := e.mark("portal"), "/brand/"+strings.TrimPrefix(accent, "#")+".css", ">Portico</span>"
	run(t, storetest.Admin(t), `insert into domains (host, tenant_id, verified_at) values ($1, $2, now())`, "errors-"+d.Suffix+".example.test", e.tenant)
	storetest.Plan(t, d.Acme, "starter")
	for range 18 { // two are the fixture's
		storetest.Project(t, e.staff, "Full")
	}
	d.in(t, d.Mia)
	mia, dana, ravi, gus := d.as(t, d.Mia), d.as(t, d.Dana), d.as(t, d.Ravi), d.as(t, d.Gus)
	paused := newFixture(t, d.site, d.Tenants, d.Globex)
	alone := d.as(t, paused.person(t, store.PartyClient, store.RoleViewer))
	run(t, storetest.Admin(t), `update tenants set state = 'suspended' where id = $1`, paused.tenant)
	random := store.NewID().String()
	at := func(host, path string) answer {
		got := d.ask(t, host, path, "")
		return answer{got.Code, got.Header(), got.Body.String()}
	}
	for _, c := range []struct {
		what   string
		got    answer
		status int
		framed bool
		has    []string
		hasNot []string
	}{
		{"client, missing page", mia.get(t, d.base+"/nothing"), 404, true, []string{portal, `data-frame="client"`}, []string{ours}},
		{"client, missing project", mia.get(t, d.base+"/projects/"+random), 404, true, []string{portal, `href="` + d.base + `/"`}, []string{ours}},
		{"client, not their role", mia.get(t, d.base+"/projects/new"), 403, true, []string{portal}, []string{ours}},
		{"staff, missing project", ravi.get(t, d.base+"/projects/"+random), 404, true, []string{"Client " + d.Acme, "Ravi " + d.Suffix}, []string{ours}},
		{"staff, plan full", dana.post(t, d.base+"/projects", url.Values{"name": {"One more"}}), 402, true, []string{"Client " + d.Acme, "One more"}, []string{ours}},
		{"staff, too large", dana.post(t, d.base+"/projects", url.Values{"name": {strings.Repeat("x", 1<<20)}}), 413, true, []string{"Client " + d.Acme}, []string{ours}},
		{"staff, moved behind nothing", dana.post(t, d.base+"/projects/"+e.things["projects"].String()+"/move", url.Values{"after": {random}}), 404, true, []string{"Client " + d.Acme}, []string{ours}},
		{"support, missing project", d.sam.get(t, d.base+"/projects/"+random), 404, true, []string{portal, `class="support-bar"`}, []string{ours}},
		{"paused portal", alone.get(t, "/w/"+d.Globex+"/"), 403, false, []string{"This portal is paused", "Ask Northwind " + d.Suffix + " to open it again.", `href="/account">Your account`, paused.mark("portal"), sheet}, []string{ours, "/projects", "data-refused", "Go to your home page"}},
		{"stranger on the tenant's host", at(d.Acme+".portals.test", "/brand/nothing"), 404, false, []string{portal, sheet}, []string{ours, "Mia"}},
		{"stranger on the tenant's own domain", at("errors-"+d.Suffix+".example.test", "/brand/nothing"), 404, false, []string{portal, sheet}, []string{ours, "Mia"}},
		{"unknown host", at("unknown-"+d.Suffix+".example.test", "/"), 404, false, []string{ours}, []string{portal}},
		{"client, outside of tenants", mia.get(t, "/nothing"), 404, false, []string{portal, sheet}, []string{ours}},
		{"client, another tenant", mia.get(t, "/w/"+d.Globex+"/"), 404, false, []string{portal}, []string{paused.key}},
		{"client, no tenant", mia.get(t, "/w/nobody-"+d.Suffix+"/"), 404, false, []string{portal}, []string{ours}},
		{"another client, this tenant", gus.get(t, d.base+"/"), 404, false, []string{paused.mark("portal")}, []string{e.key}},
		{"stranger on the main host", at("localhost", "/nothing"), 404, false, []string{ours}, []string{portal}},
	} {
		want(t, c.what, c.got, c.status)
		has(t, c.what, c.got, c.has...)
		hasNot(t, c.what, c.got, c.hasNot...)
		if strings.Contains(c.got.body, "data-refused") != c.framed {
			t.Errorf("%s: in the frame of the tenant: %v", c.what, !c.framed)
		}
		if n := strings.Count(c.got.body, `data-kind="primary"`); n != 1 {
			t.Errorf("%s: the page has %d primary links", c.what, n)
		}
	}
}

// The pages of a person that belong to no tenant show the brand of the only one they have,
// or that of the agency of all theirs. Somebody of two agencies sees our own.
func TestPersonsPagesShowTheBrand(t *testing.T) {
	t.Parallel()
	a, b, s := storetest.Agency(t), storetest.Agency(t), newSite(t)
	e := newFixture(t, s, a, a.Acme)
	ours := ">Portico</span>"
	client, staff := s.as(t, a.Mia), s.as(t, a.Dana)
	email := e.person(t, store.PartyClient, store.RoleMember)
	write(t, b.Member(t, b.Dana, b.Acme), func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Both", Email: email, Party: store.PartyClient, Role: store.RoleMember})
		return err
	})
	both := s.as(t, email)
	for _, path := range []string{"/account", "/account/forget", "/switcher", "/step-up?return_to=/account", "/"} {
		for what, c := range map[string]struct {
			browser *browser
			shows   string
		}{"client": {client, e.mark("portal")}, "staff": {staff, "Northwind " + a.Suffix}, "of two agencies": {both, ours}} {
			got := c.browser.get(t, path)
			if path == "/" && what == "client" {
				want(t, "the only workspace", got, http.StatusSeeOther)
				continue
			}
			want(t, what+" "+path, got, http.StatusOK)
			has(t, what+" "+path, got, c.shows)
			if c.shows != ours {
				hasNot(t, what+" "+path, got, ours)
			}
		}
	}
}
