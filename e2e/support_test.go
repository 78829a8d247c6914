package e2e

import (
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

// The whole story in two browsers. Without consent Sam can't start a session, so he
// requests access. Gus gets a mail and consents. Sam steps up and reads under a banner,
// and a change is refused. With write access he may make one, but not what support never
// may. Gus withdraws his consent, and Sam's next click ends the session. Everything is in
// Gus's ledger and mail.
func TestSupportSessionNeedsConsent(t *testing.T) {
	t.Parallel()
	onlySam(t)
	gus, sam := signedInByMail(t, "gus@globex.test"), signedInByMail(t, "sam@portico.test")
	since := time.Now()
	sam.must("in the console", sam.page.WaitForURL("**/support"))
	sam.find("globex")
	if n, err := sam.page.GetByText("Request access").Or(sam.page.GetByText("Start a session")).Count(); err != nil || n != 0 {
		t.Errorf("without consent a way in is offered (%d, %v)", n, err)
	}
	gus.open("/w/globex/support")
	gus.click("button", "Allow access requests")
	gus.sees("You decide each time.")
	gus.click("button", "Make a code")
	code, err := gus.page.Locator(".support-code").TextContent()
	gus.must("the code", err)

	sam.find("globex")
	sam.click("link", "Request access")
	sam.fill("Reason", "Cannot find the annual report")
	sam.fill("Ticket", "HELP-4711")
	sam.fill("Code", code)
	sam.choose("mode", "write")
	sam.click("button", "Send access request")
	sam.sees("Waiting for an answer")
	gus.open(pathIn(t, mailed(t, "gus@globex.test", since, "requests access to"), "/w/globex/support/asks/"))
	gus.sees("Cannot find the annual report")
	gus.click("button", "Approve access request")
	gus.sees("Revoke support access")

	sam.open("/support")
	sam.startSession(t, "Dana")
	sam.must("inside", sam.page.WaitForURL("**/w/globex/"))
	sam.sees("read-only")
	if got := sam.post("/w/globex/projects", "name=Mended"); got != 403 {
		t.Errorf("a change in a read session answers %d", got)
	}
	if got := sam.status("/w/acme/"); got != 404 {
		t.Errorf("another tenant answers %d", got)
	}

	sam.open("/w/globex/")
	sam.click("link", "Make changes")
	sam.stepUp("sam@portico.test")
	sam.click("button", "Start making changes")
	sam.sees("Tick this box to continue.")
	sam.must("tick that it is meant", sam.page.Locator("#sure").Check())
	sam.click("button", "Start making changes")
	sam.must("inside again", sam.page.WaitForURL("**/w/globex/"))
	sam.sees("and can make changes")
	sam.open("/w/globex/projects/new")
	sam.fill("Name", "Mended by support")
	// Gus takes the right to write back for a moment. What Sam typed isn't lost.
	gus.post("/w/globex/support/grant", "hours=24&mode=read")
	sam.click("button", "Create project")
	sam.sees("This session is read-only")
	sam.sees("Mended by support")
	gus.post("/w/globex/support/grant", "hours=24&mode=write")
	sam.open("/w/globex/projects/new")
	sam.sees(notSaved)
	sam.holds("#name", "Mended by support")
	sam.click("button", "Create project")
	sam.gone(notSaved)
	sam.sees("Mended by support")
	for path, form := range map[string]string{
		"/w/globex/invites":       "name=x&email=x@globex.test&party=client&role=owner",
		"/w/globex/support/grant": "hours=24",
		"/w/globex/settings":      "name=x",
	} {
		if got := sam.post(path, form); got != 403 {
			t.Errorf("support posts to %s and is answered %d", path, got)
		}
	}

	gus.open("/w/globex/support")
	gus.click("button", "Revoke support access")
	gus.sees("Support access revoked.")
	sam.click("link", "Projects")
	sam.sees("The customer ended your session")
	if got := sam.status("/w/globex/"); got != 303 {
		t.Errorf("after that the tenant answers %d, and does not lead out", got)
	}
	gus.open("/w/globex/support")
	gus.sees("HELP-4711")
	gus.sees("made 1 change")
	gus.open("/w/globex/activity?support=1")
	for _, did := range []string{"started a support session", "viewed", "started making changes", "created the project"} {
		gus.sees(did)
	}
	mailed(t, "gus@globex.test", since, "Support session in ")
	gus.stopSession(t, sam)
}

// stopSession checks that the agent's own Stop ends a session.
func (v *visitor) stopSession(t *testing.T, agent *visitor) {
	t.Helper()
	v.open("/w/globex/support")
	v.click("button", "Allow support access")
	v.sees("Revoke support access")
	agent.find("globex")
	agent.startSession(t, "Gus")
	agent.sees("is viewing")
	agent.click("button", "Stop")
	agent.must("back in the console", agent.page.WaitForURL("**/support*"))
	if got := agent.status("/w/globex/"); got != 404 {
		t.Errorf("after Stop the tenant answers %d", got)
	}
}

// find searches for a tenant in the console.
func (v *visitor) find(text string) {
	v.t.Helper()
	v.open("/support")
	v.fill("Exact name or address of the workspace", text)
	v.click("button", "Find")
	v.sees("Globex")
}

var oneSam sync.Mutex

// onlySam keeps other tests from signing in as Sam, which would end his support session.
func onlySam(t *testing.T) {
	t.Helper()
	oneSam.Lock()
	t.Cleanup(oneSam.Unlock)
}

// startSession starts a support session as the person whose name contains as, and steps
// up if asked to.
func (v *visitor) startSession(t *testing.T, as string) {
	t.Helper()
	v.click("link", "Start a session")
	v.must("at the form, or asked to prove it", v.page.GetByText("Confirm it's you").Or(v.page.GetByLabel("Reason")).First().WaitFor())
	if n, err := v.page.GetByText("Confirm it's you").Count(); err == nil && n > 0 {
		v.stepUp("sam@portico.test")
	}
	v.fill("Reason", "Cannot find the annual report")
	v.fill("Ticket", "HELP-4711")
	v.click("button", "Choose a person")
	v.must("the people", v.page.GetByLabel("View as").First().WaitFor())
	option, err := v.page.Locator("#person option").Filter(playwright.LocatorFilterOptions{HasText: as}).First().GetAttribute("value")
	v.must("find "+as, err)
	v.choose("person", option)
	v.click("button", "Start the session")
}

// choose picks the value of a select by its id.
func (v *visitor) choose(id, value string) {
	v.t.Helper()
	_, err := v.page.Locator("#" + id).SelectOption(playwright.SelectOptionValues{Values: &[]string{value}})
	v.must("choose "+value, err)
}

// post sends a form as a page of ours would and returns the status.
func (v *visitor) post(path, form string) int {
	v.t.Helper()
	res, err := v.context.Request().Post(world.stack.URL()+path, playwright.APIRequestContextPostOptions{
		Headers: map[string]string{"Origin": world.stack.URL(), "Content-Type": "application/x-www-form-urlencoded"},
		Data:    form, MaxRedirects: playwright.Int(0),
	})
	v.must("post to "+path, err)
	return res.Status()
}

// stepUp steps up with a mailed code.
func (v *visitor) stepUp(email string) {
	v.t.Helper()
	since := time.Now()
	v.must("send the code", v.page.Locator("form[action='/step-up'] button[type=submit]").First().Click())
	v.sendCode(codeInMail.FindString(mailed(v.t, email, since, "confirmation code")), "Confirm")
	v.gone("Confirm it's you")
}
