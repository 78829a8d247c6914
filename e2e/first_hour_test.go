package e2e

import (
	"bytes"
	"crypto/rand"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
	"portico/e2e/sample"
	"portico/store"
)

// The most that a new agency and its first client may need until the client has a file.
const (
	mostClicks = 10 // of staff, after sign-in
	mostTaps   = 4  // of the client, after opening the invitation in the mail
)

// countClicks counts the clicks of a person in all pages of their browser, from now on.
// Choosing a file is one of them, although the test does it without a click.
func (v *visitor) countClicks() {
	v.t.Helper()
	v.must("count clicks", v.context.AddInitScript(playwright.Script{Content: playwright.String(
		`addEventListener("click", (e) => { if (e.isTrusted) localStorage.clicks = Number(localStorage.clicks || 0) + 1 }, true)`)}))
}

func (v *visitor) clicks() int {
	v.t.Helper()
	n, err := v.page.Evaluate(`Number(localStorage.clicks || 0)`)
	v.must("clicks", err)
	return n.(int)
}

// A fresh agency gets to the first download by its first client in few clicks. The owner
// publishes before anybody has joined, and is told so. The person who joins is asked for
// their name and finds what was published.
func TestFirstHour(t *testing.T) {
	t.Parallel()
	word := strings.ToLower(rand.Text())[:8]
	owner, client := "owner@"+word+".test", "owner.newcomer@"+word+".test"
	config, err := sample.ConfigOf(world.stack.Env())
	check(t, err)
	op, err := store.OpenOperator(t.Context(), config.OwnerURL)
	check(t, err)
	defer op.Close(t.Context())
	_, err = op.CreateAgency(t.Context(), "studio-"+word, "Studio "+word, owner, "Olga", "starter")
	check(t, err)

	staff := signedInByMail(t, owner)
	staff.countClicks()
	since := time.Now()
	staff.open("/")
	staff.click("link", "New client")
	staff.fill("Name", "Bakery "+word)
	staff.fill("Email address", client)
	staff.click("button", "Create workspace")
	staff.sees("Workspace created.")
	staff.click("link", "Open workspace")
	staff.click("link", "New project")
	staff.fill("Name", "Opening")
	staff.click("button", "Create project")
	staff.click("link", "New deliverable")
	staff.fill("Title", "Sign for the door")
	staff.click("button", "Create deliverable")
	sign := []byte("Open from seven.\n")
	staff.must("choose a file", staff.page.Locator("#files-input").SetInputFiles([]playwright.InputFile{{Name: "Sign.txt", MimeType: "text/plain", Buffer: sign}}))
	staff.must("uploaded", staff.page.GetByLabel("Download Sign.txt").First().WaitFor())
	staff.click("button", "Publish version 1")
	staff.sees("has joined yet")
	staff.sees(client)
	staff.must("confirm", staff.page.Locator("dialog[open]").GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Publish version 1"}).Click())
	staff.sees("No one at the client has joined yet")
	if n := staff.clicks() + 1; n > mostClicks {
		t.Errorf("staff needed %d clicks, at most %d", n, mostClicks)
	}

	link := inviteInMail.FindStringSubmatch(mailed(t, client, since, " (Studio "+word+") invited you to the Bakery "+word+" portal"))
	if link == nil {
		t.Fatal("the mail has no link")
	}
	phone := newVisitor(t, playwright.BrowserNewContextOptions{Viewport: &browser.Narrow})
	phone.countClicks()
	phone.open(link[1])
	phone.click("button", "Sign in as "+client)
	phone.sees("Check your email")
	phone.fill("code", codeInMail.FindString(mailed(t, client, since, signInMail)))
	phone.must("back at the invitation", phone.page.WaitForURL("**/invites/*"))
	if name, err := phone.page.GetByLabel("Your name").InputValue(); err != nil || name != "" {
		t.Errorf("the page guesses the name %q, %v", name, err)
	}
	phone.fill("Your name", "Nora Baker")
	phone.click("button", "Accept and join")
	phone.sees("Hello, Nora")
	phone.sees("New for you")
	// On the second line of the row, where there was no link once.
	phone.must("open it", phone.page.Locator(".row", playwright.PageLocatorOptions{HasText: "Sign for the door"}).Locator(".row-meta").First().Click(
		playwright.LocatorClickOptions{Force: playwright.Bool(true)}))
	phone.must("at the work", phone.page.WaitForURL(regexp.MustCompile("/deliverables/")))
	if got := phone.download("Sign.txt"); !bytes.Equal(got, sign) {
		t.Errorf("%q came back", got)
	}
	if n := phone.clicks(); n > mostTaps {
		t.Errorf("the client needed %d taps, at most %d", n, mostTaps)
	}
	mailed(t, client, since, "New for you in Bakery "+word)
	phone.open("/")
	phone.sees("You have seen everything")
}
