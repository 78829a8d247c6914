package e2e

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

var inviteInMail = regexp.MustCompile(`https?://\S+(/invites/[A-Za-z0-9_-]+)`)

// Dana invites Nina by mail. Nina opens the link, proves her address, accepts, and sees
// the portal with its brand. Changes of her role and her removal take effect at her
// next request.
func TestInvitedClientJoinsAndIsRemoved(t *testing.T) {
	t.Parallel()
	const email = "nina@acme.test"
	dana, since := signedInByMail(t, "dana@northwind.test"), time.Now()
	dana.open("/w/acme/members")
	dana.click("link", "Invite someone")
	dana.fill("Email address", email)
	dana.fill("Name", "Nina Okoye")
	_, err := dana.page.Locator("#role").SelectOption(playwright.SelectOptionValues{Values: &[]string{"viewer"}})
	dana.must("choose viewer", err)
	dana.click("button", "Send invitation")
	dana.sees("The email is on its way.")
	dana.sees(email)

	link := inviteInMail.FindStringSubmatch(mailed(t, email, since, "invited you to"))
	if link == nil {
		t.Fatal("the mail has no link")
	}
	nina := newVisitor(t)
	nina.open(link[1])
	nina.sees("Dana Whitfield")
	nina.click("button", "Sign in as "+email)
	nina.sees("Check your email")
	nina.fill("code", codeInMail.FindString(mailed(t, email, since, signInMail)))
	nina.must("back at the invitation", nina.page.WaitForURL("**/invites/*"))
	if got := nina.status("/w/acme/"); got != 404 {
		t.Errorf("before she accepts the portal answers %d", got)
	}
	nina.click("button", "Accept and join")
	nina.must("in the portal", nina.page.WaitForURL("**/w/acme/**"))
	nina.sees("Welcome. You have joined.")
	nina.hasBrand("acme")
	if got := nina.status("/w/globex/"); got != 404 {
		t.Errorf("another portal answers %d", got)
	}

	if got := nina.status("/w/acme/members"); got != 403 {
		t.Errorf("a viewer's people page answers %d", got)
	}
	dana.open("/w/acme/members?q=nina")
	dana.click("link", "Nina Okoye")
	_, err = dana.page.Locator("#role").SelectOption(playwright.SelectOptionValues{Values: &[]string{"member"}})
	dana.must("choose member", err)
	dana.click("button", "Change role")
	dana.sees("Role changed.")
	nina.open("/w/acme/members")
	nina.sees("Mia Castellanos")

	dana.click("button", "Remove Nina Okoye")
	dana.sees("no longer have access")
	if got := nina.status("/w/acme/"); got != 404 {
		t.Errorf("after her removal the portal answers %d", got)
	}
	nina.click("link", "Projects")
	nina.gone("Mia Castellanos")
	if html := nina.source(); strings.Contains(html, "Spring") || !strings.Contains(html, "Page not found") {
		t.Errorf("the browser that was open shows %.300s", html)
	}
}

// hasBrand checks that the page uses a workspace's brand: its stylesheet is linked and
// applied.
func (v *visitor) hasBrand(slug string) {
	v.t.Helper()
	worn, err := v.page.Evaluate(`slug => [...document.styleSheets].some(s => s.href && new URL(s.href).pathname.startsWith("/w/" + slug + "/brand-") && s.cssRules.length > 0)`, slug)
	if err != nil || worn != true {
		v.t.Errorf("the page does not wear the brand of %s: %v, %v", slug, worn, err)
	}
}
