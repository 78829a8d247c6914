package handlers_test

import (
	"net/url"
	"regexp"
	"testing"

	"portico/e2e/storetest"
)

// An agent requests access. The owner reads the request and grants something else.
// A GET doesn't answer a request, and a request can be answered only once.
func TestSupportAskJourney(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	form := url.Values{"tenant": {d.Acme}, "code": {storetest.SupportCode(t, d.Acme)}, "reason": {"The report of " + d.Suffix}, "ticket": {"T-9"}, "hours": {"24"}, "mode": {"write"}}
	want(t, "where they want no asking", d.sam.post(t, "/support/asks", form), 403)
	hasNot(t, "the search", d.sam.get(t, "/support?q="+d.Acme), "Request access")
	mia := d.as(t, d.Mia)
	has(t, "the support page", mia.get(t, d.base+"/support"), "Support can't request access.")
	want(t, "by a viewer", d.as(t, d.Leo).post(t, d.base+"/support/asking", url.Values{"asks": {"on"}}), 403)
	want(t, "let them ask", mia.post(t, d.base+"/support/asking", url.Values{"asks": {"on"}}), 303)
	has(t, "the search", d.sam.get(t, "/support?q="+d.Acme), "Request access", "/support?ask="+d.Acme, "You can request access. Its owners decide.")
	has(t, "the form", d.sam.get(t, "/support?ask="+d.Acme), "Request access to", `action="/support/asks"`)

	wrong := url.Values{"tenant": {d.Acme}, "reason": {" "}, "ticket": {"kept-" + d.Suffix}, "hours": {"600"}, "mode": {"own"}}
	got := d.sam.post(t, "/support/asks", wrong)
	want(t, "a bad request", got, 422)
	has(t, "a bad request", got, "Enter a reason. The customer sees it.", "kept-"+d.Suffix, "Choose how long.", "Choose what support can do.")
	want(t, "ask", d.sam.post(t, "/support/asks", form), 303)
	want(t, "ask again", d.sam.post(t, "/support/asks", form), 409)
	has(t, "the console", d.sam.get(t, "/support"), "Waiting for an answer")

	path := regexp.MustCompile(d.base + `/support/asks/[0-9a-f-]{36}`).FindString(mia.get(t, d.base+"/support").body)
	if path == "" {
		t.Fatal("the request is not on the support page")
	}
	for range 2 {
		has(t, "the request", mia.get(t, path), "The report of "+d.Suffix, "T-9", "24 hours, with changes, as one of your people and as a member of Northwind "+d.Suffix, "Approve access request", "Decline access request")
	}
	has(t, "the request", mia.get(t, path), "An agent sees both sides", "Drafts stay hidden unless Northwind "+d.Suffix+" allows support access too", "create, edit, publish and delete work")
	has(t, "the request, to the agency", d.as(t, d.Dana).get(t, path), "An agent sees both sides", "files, drafts, people",
		"24 hours, with changes, as a member of Northwind "+d.Suffix+" and as one of Acme "+d.Suffix+"&#39;s people")
	want(t, "the request, to a viewer", d.as(t, d.Leo).get(t, path), 403)
	want(t, "the request, from another tenant", d.as(t, d.Gus).get(t, "/w/"+d.Globex+path[len(d.base):]), 404)
	bad := mia.post(t, path+"/grant", url.Values{"hours": {"600"}, "mode": {"read"}})
	want(t, "a bad answer", bad, 422)
	has(t, "a bad answer", bad, "Choose how long.")
	want(t, "a start before the answer", d.prove(t).sam.post(t, "/support/sessions", d.form(d.Member(t, d.Mia, d.Acme).ID())), 403)
	want(t, "the answer", mia.post(t, path+"/grant", url.Values{"hours": {"1"}, "mode": {"read"}}), 303)
	has(t, "the support page", mia.get(t, d.base+"/support"), "Read-only: support can", "Revoke support access")
	late := mia.post(t, path+"/deny", url.Values{"word": {"Not now, " + d.Suffix}})
	want(t, "answered again", late, 409)
	has(t, "answered again", late, "Mia "+d.Suffix+" approved this request.", "Your answer was not saved.", "Not now, "+d.Suffix)
	has(t, "the request", mia.get(t, path), "Mia "+d.Suffix+" approved this request.")
	has(t, "the console", d.sam.get(t, "/support"), "Approved")
	has(t, "the form after the approval", d.sam.get(t, "/support?tenant="+d.Acme), "The report of "+d.Suffix, `value="T-9"`)
	d.in(t, d.Mia)
	want(t, "the request, from inside", d.sam.get(t, path), 403)
}

// The owner denies a request with a note, which the agent can read.
func TestSupportAskSaidNo(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	mia := d.as(t, d.Mia)
	want(t, "let them ask", mia.post(t, d.base+"/support/asking", url.Values{"asks": {"on"}}), 303)
	want(t, "ask", d.sam.post(t, "/support/asks", url.Values{"tenant": {d.Acme}, "code": {storetest.SupportCode(t, d.Acme)}, "reason": {"Why"}, "ticket": {"T-9"}, "hours": {"4"}, "mode": {"read"}}), 303)
	path := regexp.MustCompile(d.base + `/support/asks/[0-9a-f-]{36}`).FindString(mia.get(t, d.base+"/support").body)
	want(t, "no", mia.post(t, path+"/deny", url.Values{"word": {"Call us first, " + d.Suffix}}), 303)
	has(t, "the console", d.sam.get(t, "/support"), "Declined", "Call us first, "+d.Suffix)
	want(t, "a start", d.prove(t).sam.post(t, "/support/sessions", d.form(d.Member(t, d.Mia, d.Acme).ID())), 403)
	want(t, "do not ask us", mia.post(t, d.base+"/support/asking", url.Values{"asks": {"off"}}), 303)
	want(t, "ask", d.sam.post(t, "/support/asks", url.Values{"tenant": {d.Acme}, "code": {storetest.SupportCode(t, d.Acme)}, "reason": {"Why"}, "ticket": {"T-9"}, "hours": {"4"}, "mode": {"read"}}), 403)
}
