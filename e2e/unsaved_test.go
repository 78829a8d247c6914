package e2e

import (
	"testing"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
)

// Mia points at the picture and writes a note, and then decides without saving it. The
// confirmation tells her of the note and leads back to it. If she decides anyway, the note
// comes back with its place.
func TestUnsavedNotesAreTold(t *testing.T) {
	t.Parallel()
	dana := signedInByMail(t, "dana@northwind.test")
	at := delivered(t, dana, "Unsaved")
	mia := signedInByMail(t, "mia@acme.test", playwright.BrowserNewContextOptions{Viewport: &browser.Narrow, HasTouch: playwright.Bool(true)})
	mia.open(at)
	mia.must("look at the decision", mia.named("link", "Approve").First().Click())
	told := mia.page.Locator("dialog[open] [data-unsaved]")
	if shown, err := told.IsVisible(); err != nil || shown {
		t.Errorf("without a note the confirmation speaks of one: %t, %v", shown, err)
	}
	mia.must("not yet", mia.page.Locator("dialog[open]").GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Not yet"}).Click())
	mia.point(0.3, 0.3, true)
	mia.fill("Your note", "Could this be darker?")
	mia.shot("unsaved-composer")
	link := mia.page.Locator("a[data-dialog=decide-approved]")
	mia.must("decide", link.DispatchEvent("click", nil))
	mia.must("told", told.WaitFor())
	mia.shot("unsaved-told")
	mia.click("button", "Save it first")
	mia.must("back at the note", mia.page.Locator("#words:focus").WaitFor())
	mia.must("decide", link.DispatchEvent("click", nil))
	mia.must("told again", told.WaitFor())
	mia.must("approve anyway", mia.page.Locator("dialog[open]").GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Approve", Exact: playwright.Bool(true)}).Click())
	mia.sees("You approved this version")
	mia.sees(notSaved)
	mia.holds("#words", "Could this be darker?")
	mia.holds("#place", "pin")
	mia.near(".pin-new", 0.3, 0.3)
	mia.shot("unsaved-restored")
	mia.click("button", "Save note")
	mia.sees("Note saved.")
	mia.near("#pin-1", 0.3, 0.3)
}
