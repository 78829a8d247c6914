package handlers_test

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// refusedForm is one form that is refused.
type refusedForm struct {
	what   string
	as     *browser
	path   string
	form   url.Values
	status int
	kept   []string // what the page shows again
	says   string
	link   string // the address that the page leads to
	// outcome is what the page says about what was saved; "" is that nothing was.
	outcome string
}

const keptBelow = "Nothing was saved. Your text is kept below."

// check sends the form and compares the page of its refusal.
func (c refusedForm) check(t *testing.T) answer {
	t.Helper()
	got := c.as.with("Referer", c.as.site.server.URL+c.link).post(t, c.path, c.form)
	c.compare(t, got)
	return got
}

func (c refusedForm) compare(t *testing.T, got answer) {
	t.Helper()
	want(t, c.what, got, c.status)
	has(t, c.what, got, append(c.kept, c.says, cmp.Or(c.outcome, keptBelow), `href="`+c.link+`"`)...)
	if n := strings.Count(got.body, `data-kind="primary"`); n != 1 {
		t.Errorf("%s: the page has %d primary links", c.what, n)
	}
}

// The page of a refused form keeps what was typed, says what was saved and what was not, and
// has one link: to the form, or to the page where the cause can be fixed.
func TestRefusalsKeepWhatWasTyped(t *testing.T) {
	t.Parallel()
	for kind, check := range map[string]func(*testing.T){
		"rights": refusedRights, "plans": refusedByPlan, "closed workspaces": refusedWhenClosed, "the form again": refusedInTheForm,
		"failures": refusedByFailure, "bodies that break off": refusedBrokenBodies, "other sites": refusedOtherSites,
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			check(t)
		})
	}
}

func refusedRights(t *testing.T) {
	t.Helper()
	d := setupDesk(t).letIn(t)
	dana := d.Member(t, d.Dana, d.Acme)
	project := storetest.Project(t, dana, "Spring")
	deliverable := storetest.Deliverable(t, dana, project, "Poster").String()
	gone := storetest.Deliverable(t, dana, project, "Binned")
	storetest.Plan(t, d.Acme, "starter")
	for range 19 {
		storetest.Project(t, dana, "Full")
	}
	want(t, "bin", d.as(t, d.Dana).post(t, d.base+"/deliverables/"+gone.String()+"/delete", nil), 303)
	d.in(t, d.Dana)
	lookingAs := d.as(t, d.Dana)
	want(t, "view as", lookingAs.post(t, d.base+"/view-as", url.Values{"person": {d.Member(t, d.Mia, d.Acme).ID().String()}}), 303)
	many := d.as(t, d.Dana)
	for range 31 {
		many.post(t, d.base+"/support/grant", url.Values{"hours": {"0"}})
	}
	often := d.as(t, d.Dana)
	text := "Written for an hour " + d.Suffix
	brief := url.Values{"title": {"A title"}, "brief": {text}}
	named := url.Values{"name": {"A name " + d.Suffix}, "summary": {text}}
	invited := url.Values{"name": {text}, "email": {"nobody@" + d.Suffix + ".test"}, "party": {"client"}, "role": {"viewer"}}
	for range 5 {
		want(t, "an invitation", often.post(t, d.base+"/invites", invited), 303)
		run(t, storetest.Superuser(t), `update invites set revoked_at = now() where email = $1`, invited.Get("email"))
	}
	client := "/w/" + d.Agency + "/clients/" + dana.TenantID().String()
	for _, c := range []refusedForm{
		{"plan full, to its owner", d.as(t, d.Dana), d.base + "/projects", named, 402, []string{text, "A name"}, "you can choose a larger plan", client, ""},
		{"plan full, to a member", d.as(t, d.Ravi), d.base + "/projects", named, 402, []string{text, "A name"}, "ask an owner of the agency", d.base + "/projects/new", ""},
		{"not their role", d.as(t, d.Mia), d.base + "/projects", named, 403, []string{text}, "your role", d.base + "/projects/new", ""},
		{"not their role, another form", d.as(t, d.Mia), d.base + "/deliverables/" + deliverable, brief, 403, []string{text, "A title"}, "your role", d.base + "/deliverables/" + deliverable + "/edit", ""},
		{"settings of the agency", d.as(t, d.Mia), d.base + "/settings", url.Values{"name": {"N"}, "welcome": {text}}, 403, []string{text}, "your role", d.base + "/settings", ""},
		{"support reads only", d.sam, d.base + "/projects", named, 403, []string{text}, "This session is read-only", d.base + "/projects/new", ""},
		{"support reads only, a deliverable", d.sam, d.base + "/deliverables/" + deliverable, brief, 403, []string{text}, "This session is read-only", d.base + "/deliverables/" + deliverable + "/edit", ""},
		{"support never", d.sam, d.base + "/invites", url.Values{"email": {"x@y.test"}, "name": {text}}, 403, []string{text, "x@y.test"}, "Support can&#39;t do this", d.base + "/invites/new", ""},
		{"view as", lookingAs, d.base + "/support/asking", url.Values{"word": {text}}, 403, []string{text}, "Read-only view", d.base + "/support", ""},
		{"gone meanwhile", d.as(t, d.Dana), d.base + "/deliverables/" + gone.String(), brief, 404, []string{text, "A title"}, "Page not found", "/", ""},
		{"too often", many, d.base + "/support/grant", url.Values{"hours": {"4"}, "reason": {text}}, 429, []string{text}, "then try again", d.base + "/support", ""},
		{"too often for one address", often, d.base + "/invites", invited, 429, []string{text, "nobody@"}, "then try again", d.base + "/invites/new", ""},
	} {
		got := c.check(t)
		if inSession := c.as == d.sam || c.as == lookingAs; inSession != strings.Contains(got.body, `class="support-bar"`) {
			t.Errorf("%s: the bar of a session is shown: %v", c.what, !inSession)
		}
	}
	// The rightful person saves the same text, and a mistake is shown in the form itself.
	want(t, "the brief, by its agency", d.as(t, d.Dana).post(t, d.base+"/deliverables/"+deliverable, brief), 303)
	got := d.as(t, d.Dana).post(t, d.base+"/deliverables/"+deliverable, url.Values{"brief": {text}})
	want(t, "without a title", got, 422)
	has(t, "without a title", got, text, "Nothing has been saved yet")
}

// An agency's owner is led to the plan only where they own the agency: not staff of a
// lower role there, and not a client's owner.
func TestOnlyTheAgencysOwnersAreLedToThePlan(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	storetest.Plan(t, a.Acme, "starter")
	for range 20 {
		storetest.Project(t, a.Member(t, a.Dana, a.Acme), "Full")
	}
	// Ravi owns the client's staff side, and nothing of the agency.
	run(t, storetest.Superuser(t), `update memberships set role = 'owner' where tenant_id = (select id from tenants where slug = $1) and user_id = $2`,
		a.Acme, a.Member(t, a.Ravi, a.Acme).ID())
	form := url.Values{"name": {"One more"}}
	for email, led := range map[string]bool{a.Dana: true, a.Ravi: false} {
		got := s.as(t, email).post(t, "/w/"+a.Acme+"/projects", form)
		want(t, email, got, http.StatusPaymentRequired)
		if strings.Contains(got.body, "/w/"+a.Agency+"/clients/") != led {
			t.Errorf("%s is led to the plan: %v", email, !led)
		}
	}
}

// Support that acts as somebody without a right is told whose role lacks it.
func TestSupportIsToldWhoseRoleIsTooSmall(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letIn(t)
	d.in(t, d.Leo)
	page := d.sam.get(t, d.base+"/usage")
	want(t, "the plan", page, http.StatusForbidden)
	has(t, "the plan", page, "Not allowed for this role", "Their role here is viewer, which doesn&#39;t allow this.")
}

// Somebody whose session ended while a form was open is led back to that form, and told
// why. No form leads to another host.
func TestEndedSessionLeadsBackToTheForm(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	base := "/w/" + a.Acme
	id := store.NewID().String()
	for _, c := range []struct{ path, referer, back string }{
		{base + "/projects", "", base + "/projects/new"},
		{base + "/projects", s.server.URL + base + "/projects/new", base + "/projects/new"},
		{base + "/projects/" + id, "", base + "/projects/" + id + "/edit"},
		{base + "/projects/" + id + "/deliverables", "", base + "/projects/" + id + "/deliverables/new"},
		{base + "/deliverables/" + id, "", base + "/deliverables/" + id + "/edit"},
		{base + "/invites", s.server.URL + base + "/invites/new?role=owner", base + "/invites/new?role=owner"},
		{base + "/settings", s.server.URL + base + "/settings", base + "/settings"},
		{base + "/deliverables/" + id + "/versions/1/publish", s.server.URL + base + "/deliverables/" + id, base + "/deliverables/" + id},
		{"/w/" + a.Agency + "/clients", "", "/w/" + a.Agency + "/clients/new"},
		{"/account/name", "", "/account"},
		{base + "/settings", "https://evil.test" + base + "/settings", "/"},
		{base + "/settings", s.server.URL + "//evil.test/x", "/"},
		{base + "/projects", "https://evil.test/x", base + "/projects/new"},
	} {
		got := s.nobody().with("Referer", c.referer).post(t, c.path, url.Values{"name": {"Typed"}})
		if want := "/login?" + (url.Values{"why": {"ended"}, "return_to": {c.back}}).Encode(); got.status != http.StatusFound || got.location() != want {
			t.Errorf("%s from %q: %d to %q, want %q", c.path, c.referer, got.status, got.location(), want)
		}
	}
	page := s.nobody().get(t, "/login?why=ended&return_to="+url.QueryEscape(base+"/projects/new"))
	has(t, "the sign-in page", page, "Your session has ended, so nothing was saved.")

	host := a.Acme + ".portals.test"
	got := s.nobody().with("Host", host).post(t, "/projects", url.Values{"name": {"Typed"}})
	want(t, "on a host", got, http.StatusFound)
	if got.location() != "/handover/over?return_to="+url.QueryEscape("/projects/new") {
		t.Errorf("on a host it leads to %q", got.location())
	}
	over := s.nobody().with("Host", host).get(t, got.location())
	want(t, "there", over, http.StatusGone)
	has(t, "there", over, "Your session has ended", `href="/projects/new"`)
	away := s.nobody().with("Host", host).get(t, "/handover/over?return_to=//evil.test/")
	has(t, "with another host in the address", away, `href="/"`)
}

// A form with several files that breaks off says which of them were saved.
func TestRefusedUploadNamesWhatWasSaved(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	got := d.ravi.do(t, http.MethodPost, d.at("/versions/%s/files", d.draft), strings.NewReader(strings.Join([]string{
		"--b", `Content-Disposition: form-data; name="file"; filename="one.txt"`, "", "one",
		"--b", `Content-Disposition: form-data; name="file"; filename="two.txt"`, "", "two is cut o"}, "\r\n")), "multipart/form-data; boundary=b")
	if got.status < 400 {
		t.Fatalf("a form that breaks off answers %d", got.status)
	}
	has(t, "the page", got, "Saved: one.txt. What came after that is not.")
}
