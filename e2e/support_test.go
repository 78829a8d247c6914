package e2e

import (
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

// Gus lets support in. Sam proves himself anew, starts a session as Gus, sees
// the portal under a bar that cannot be missed, is refused a change, and stops.
// Gus finds all of it in his own trail.
func TestSupportLooksInWithConsent(t *testing.T) {
	t.Parallel()
	sam := signedInByMail(t, "sam@portico.test")
	sam.must("in the console", sam.page.WaitForURL("**/support"))
	sam.fill("Name or address of the tenant", "globex")
	sam.click("button", "Find")
	sam.sees("Globex")
	if n, err := sam.named("link", "Start a session").Count(); err != nil || n != 0 {
		t.Errorf("without consent a session is offered (%d, %v)", n, err)
	}

	gus := signedInByMail(t, "gus@globex.test")
	gus.open("/w/globex/support")
	gus.click("button", "Let support in")
	gus.sees("Take it back now")

	sam.fill("Name or address of the tenant", "globex")
	sam.click("button", "Find")
	sam.click("link", "Start a session")
	sam.must("asked to prove himself", sam.page.WaitForURL("**/step-up*"))
	sam.stepUp("sam@portico.test")
	sam.fill("Why", "Cannot find the annual report")
	sam.fill("Ticket", "HELP-4711")
	sam.click("button", "Start the session")
	sam.must("inside", sam.page.WaitForURL("**/w/globex/"))
	sam.sees("is seeing")
	sam.sees("HELP-4711")

	// A change is refused, whatever the page offers.
	res, err := sam.context.Request().Post(world.stack.URL()+"/w/globex/support/grant", playwright.APIRequestContextPostOptions{
		Headers: map[string]string{"Origin": world.stack.URL(), "Content-Type": "application/x-www-form-urlencoded"}, Data: "hours=24",
	})
	if err != nil || res.Status() != 403 {
		t.Errorf("a change in a read session answers %v, %v", res, err)
	}
	if got := sam.status("/w/acme/"); got != 404 {
		t.Errorf("another tenant answers %d", got)
	}
	sam.open("/w/globex/")
	sam.click("button", "Stop")
	sam.must("back in the console", sam.page.WaitForURL("**/support*"))
	if got := sam.status("/w/globex/"); got != 404 {
		t.Errorf("after Stop the tenant answers %d", got)
	}

	gus.open("/w/globex/activity?support=1")
	gus.sees("began a support session")
	gus.sees("saw a page")
	gus.sees("ended the support session")
	mailed(t, "gus@globex.test", time.Now().Add(-time.Hour), "upport")
	gus.open("/w/globex/support")
	gus.sees("HELP-4711")
}

// stepUp proves anew who somebody is, with a mailed code.
func (v *visitor) stepUp(email string) {
	v.t.Helper()
	since := time.Now()
	v.must("send the code", v.page.Locator("form[action='/step-up'] button[type=submit]").First().Click())
	v.fill("code", codeInMail.FindString(mailed(v.t, email, since, "confirms")))
	// The last digit sends the form.
	v.gone("Confirm it is you")
}
