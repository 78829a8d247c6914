package e2e

import (
	"bytes"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
)

// withoutScripts signs a person in with JavaScript turned off.
func withoutScripts(t *testing.T, email string, size playwright.Size) *visitor {
	t.Helper()
	return signedInByMail(t, email, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false), Viewport: &size})
}

// The main stories without JavaScript. Staff create a deliverable, upload files with
// the HTML form, delete a file, restore it and publish. The client downloads the files
// and invites a colleague. Support starts a session, and the client ends it.
func TestEverythingWorksWithoutScripts(t *testing.T) {
	t.Parallel()
	dana := withoutScripts(t, "dana@northwind.test", browser.Wide)
	dana.open("/w/globex/projects")
	dana.must("the switcher is a page", dana.page.Locator("[data-switcher]").Click())
	dana.click("link", "Acme")
	dana.must("in Acme", dana.page.WaitForURL("**/w/acme/**"))
	dana.click("link", "Projects")
	dana.click("link", "New project")
	dana.click("button", "Create project")
	dana.sees("name") // is missing, and the page says so
	dana.fill("Name", "Quiet signage")
	dana.click("button", "Create project")
	dana.sees("Project created.")
	dana.click("link", "New deliverable")
	dana.fill("Title", "Door plates")
	dana.click("button", "Create deliverable")
	dana.sees("Deliverable created.")
	plates, note := picture(t), []byte("Brass, please.\n")
	dana.must("choose files", dana.page.Locator("#files-input").SetInputFiles([]playwright.InputFile{
		{Name: "Plates.png", MimeType: "image/png", Buffer: plates}, {Name: "Note.txt", MimeType: "text/plain", Buffer: note}}))
	dana.click("button", "Upload")
	dana.must("uploaded", dana.page.GetByLabel("Download Plates.png").First().WaitFor())
	dana.click("button", "Move Note.txt to the bin")
	dana.click("button", "Undo")
	dana.must("restored", dana.page.GetByLabel("Download Note.txt").First().WaitFor())
	dana.click("button", "Publish version 1")
	dana.must("confirm", dana.page.Locator("dialog[open]").GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Publish version 1"}).Click())
	dana.sees("Published.")

	mia := withoutScripts(t, "mia@acme.test", browser.Narrow)
	mia.click("link", "Door plates")
	for name, want := range map[string][]byte{"Plates.png": plates, "Note.txt": note} {
		if got := mia.download(name); !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes came back, want the %d that were sent", name, len(got), len(want))
		}
	}
	mia.open("/w/acme/invites/new")
	mia.fill("Name", "Nora")
	mia.fill("address", "not an address")
	mia.click("button", "Send")
	if got, err := mia.page.GetByLabel("Name").First().InputValue(); err != nil || got != "Nora" {
		t.Errorf("after a mistake the name is %q, %v", got, err)
	}
	mia.fill("address", "nora@acme.test")
	mia.click("button", "Send")
	mia.sees("nora@acme.test")
	mia.open("/w/acme/support")
	mia.click("button", "Allow support access")
	mia.sees("Revoke support access")

	onlySam(t)
	sam := withoutScripts(t, "sam@portico.test", browser.Wide)
	sam.open("/support?q=acme")
	sam.startSession(t, "Mia")
	sam.sees("is viewing")
	sam.click("link", "Projects")
	sam.sees("Quiet signage")
	mia.click("button", "Revoke support access")
	sam.click("link", "Quiet signage")
	sam.sees("The customer ended your session")
}

// Without scripts the order changes on a page of its own, one move at a time. With scripts nobody is led there.
func TestOrderChangesWithoutScripts(t *testing.T) {
	t.Parallel()
	dana := withoutScripts(t, "dana@northwind.test", browser.Narrow)
	dana.open("/w/acme/projects/new")
	dana.fill("Name", "Order by hand")
	dana.click("button", "Create project")
	dana.sees("Project created.")
	at, _, _ := strings.Cut(dana.path(), "?")
	for _, title := range []string{"A", "B", "C"} {
		dana.open(at + "/deliverables/new")
		dana.fill("Title", title)
		dana.click("button", "Create deliverable")
		dana.sees("Deliverable created.")
	}
	order := func(want string) {
		t.Helper()
		names, err := dana.page.Locator(".lean > li > a").AllInnerTexts()
		if got := strings.Join(names, ""); err != nil || got != want {
			t.Errorf("the order is %s, want %s, %v", got, want, err)
		}
	}
	dana.open(at)
	order("ABC")
	dana.click("link", "Change the order")
	dana.click("button", "Move A to the bottom")
	focused := func(want string) {
		t.Helper()
		dana.must("on the same page", dana.page.WaitForURL("**?*order=1*"))
		if got, err := dana.page.Locator(":focus").GetAttribute("aria-label"); err != nil || got != want {
			t.Errorf("the focus is on %q, want %q, %v", got, want, err)
		}
	}
	focused("Move A up") // it can't move on
	order("BCA")
	dana.click("button", "Move C up")
	focused("Move C down")
	order("CBA")
	dana.click("button", "Move C down")
	focused("Move C down")
	order("BCA")
	dana.click("button", "Move C up")
	focused("Move C down")
	dana.click("link", "Done")
	order("CBA")

	scripted := signedInByMail(t, "ravi@northwind.test")
	scripted.open(at)
	if shown, err := scripted.page.GetByText("Change the order").IsVisible(); err != nil || shown {
		t.Errorf("with scripts the link is shown: %t, %v", shown, err)
	}
}

// Not parallel: it signs the person out in other tests too.
func TestSignOutEverywhereWithoutScripts(t *testing.T) {
	mia := withoutScripts(t, "mia@acme.test", browser.Narrow)
	mia.open("/account")
	mia.click("button", "Sign out everywhere")
	mia.must("confirm", mia.page.Locator("dialog[open]").GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Sign out everywhere"}).Click())
	if mia.open("/w/acme/"); !strings.HasPrefix(mia.path(), "/login") {
		t.Errorf("signed out everywhere, she is at %s", mia.path())
	}
}
