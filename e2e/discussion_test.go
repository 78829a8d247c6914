package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
)

// Dana shows a project and asks something about it, with the keyboard. Gus answers on a phone
// without JavaScript and asks back. What the team says beside it never reaches him.
func TestProjectIsDiscussed(t *testing.T) {
	t.Parallel()
	dana := signedInByMail(t, "dana@northwind.test")
	name := "Trade fair " + time.Now().Format("150405.000")
	dana.open("/w/globex/projects/new")
	dana.fill("Name", name)
	dana.must("show it", dana.page.GetByLabel("Show to").Check())
	dana.click("button", "Create project")
	dana.sees("Project created.")
	dana.click("link", "Discussion")
	dana.sees("No notes yet")
	dana.shot("discussion-empty-wide")
	at := dana.path()
	dana.press("c")
	dana.typeText("Who orders the labels?")
	dana.must("who sees it", dana.page.GetByLabel("sees this").First().Check())
	dana.tabTo("Save note")
	dana.press("Enter")
	dana.sees("Note saved.")
	dana.fits()

	gus := withoutScripts(t, "gus@globex.test", browser.Narrow)
	gus.open(strings.TrimSuffix(at, "/discussion"))
	gus.must("the discussion", gus.page.GetByRole("link", playwright.PageGetByRoleOptions{Name: "Discussion 1"}).Click())
	gus.sees("Who orders the labels?")
	gus.openMore("1", "Reply")
	gus.must("an answer", gus.page.Locator("#note-1 textarea").Fill("I do, until March."))
	gus.click("button", "Save reply")
	gus.sees("Reply saved.")
	gus.must("write", gus.page.Locator("#write summary").Click())
	gus.fill("Your note", "When is the fair? @Ravi")
	gus.click("button", "Save note")
	gus.sees("When is the fair?")
	gus.shot("discussion-phone")
	gus.fits()

	dana.open(at)
	dana.press("j", "j")
	dana.must("the second note is reached", dana.page.Locator("#note-2:focus").WaitFor())
	dana.openMore("2", "Reply")
	dana.must("an aside", dana.page.Locator("#note-2 textarea").Fill("cnryaside, nobody knows yet"))
	dana.inNote("2", "button", "Reply to team")
	dana.sees("Reply saved.")
	dana.inNote("1", "button", "Mark note 1 as done")
	dana.sees("Marked as done.")
	dana.shot("discussion-wide")
	gus.open(at)
	if html := gus.source(); strings.Contains(html, "cnry") || strings.Contains(html, "Who orders the labels?") {
		t.Error("the client's page has an aside, or a note that is done")
	}
	gus.click("link", "Done 1")
	gus.sees("I do, until March.")
}
