package e2e

import (
	"strings"
	"testing"
	"time"
)

// Gus opens the mailed link in another browser. Opening it doesn't use it up, the button
// does, and it works only once.
func TestSignInByMailedLink(t *testing.T) {
	t.Parallel()
	asked := newVisitor(t)
	away := lockMailbox("gus@globex.test")
	since := time.Now()
	asked.fill("Your email address", "gus@globex.test")
	asked.click("button", "Send me a sign-in link")
	asked.sees("Check your email")
	text := mailed(t, "gus@globex.test", since, signInMail)
	away()
	_, link, found := strings.Cut(text, world.stack.URL()+"/login/")
	if !found {
		t.Fatalf("no link in the mail: %s", text)
	}
	link = "/login/" + strings.Fields(link)[0]

	// A mail scanner opens it twice.
	scanner := newVisitor(t)
	for range 2 {
		scanner.open(link)
		scanner.sees("Welcome back")
	}
	other := newVisitor(t)
	other.open(link)
	other.click("button", "Sign in as")
	other.must("in his portal", other.page.WaitForURL("**/w/globex/"))

	late := newVisitor(t)
	late.open(link)
	late.sees("already used")
}

// Ivy signs in with her provider and signs out.
func TestSignInByProviderAndOut(t *testing.T) {
	t.Parallel()
	ivy := newVisitor(t)
	ivy.click("link", "Continue with")
	ivy.must("choose a persona", ivy.page.GetByText("ivy@initech.test").First().Click())
	ivy.must("in her portal", ivy.page.WaitForURL("**/w/initech/"))
	ivy.open("/account")
	ivy.sees("Where you are signed in")
	ivy.must("open her menu", ivy.page.Locator("[popovertarget=me-menu]").First().Click())
	ivy.must("sign out", ivy.page.Locator("#me-menu form[action='/logout'] button").Click())
	ivy.must("out", ivy.page.WaitForURL("**/signed-out"))
	if got := ivy.status("/w/initech/"); got != 302 {
		t.Errorf("after signing out the portal answers %d", got)
	}
}
