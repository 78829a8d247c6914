package e2e

import (
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// press sends keys, one after the other.
func (v *visitor) press(keys ...string) {
	v.t.Helper()
	for _, key := range keys {
		v.must("press "+key, v.page.Keyboard().Press(key))
	}
}

func (v *visitor) typeText(text string) {
	v.t.Helper()
	v.must("type", v.page.Keyboard().Type(text))
}

// focused returns the name of the focused element and whether its focus is visible.
const focused = `() => {
	const e = document.activeElement;
	if (!e || e === document.body) return {name: "", seen: true};
	const label = e.getAttribute("aria-label") ?? (e.labels?.[0] ?? e).innerText ?? "";
	const marks = s => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none";
	const around = e.closest("label, .field, .row, .switch-field") ?? e;
	return {name: label.replace(/\s+/g, " ").trim(), seen: marks(getComputedStyle(e)) || marks(getComputedStyle(around)) || marks(getComputedStyle(e, "::after"))};
}`

// tabTo presses Tab until the named element has the focus. Each element on the way
// must show its focus.
func (v *visitor) tabTo(name string) {
	v.t.Helper()
	var met []string
	for range 60 {
		v.press("Tab")
		said, err := v.page.Evaluate(focused)
		if err != nil && strings.Contains(err.Error(), "navigation") { // from a page to itself
			continue
		}
		v.must("ask what has the focus", err)
		at := said.(map[string]any)
		if at["seen"] != true {
			v.t.Errorf("%s: the focus on %q cannot be seen", v.path(), at["name"])
		}
		if at["name"] == name {
			return
		}
		met = append(met, at["name"].(string))
	}
	v.t.Fatalf("%s: Tab never leads to %q, but to %q", v.path(), name, met)
}

// The main stories with the keyboard only: staff publish a deliverable, a client
// downloads it, and another client allows support access and withdraws it.
func TestMainStoriesByKeyboardAlone(t *testing.T) {
	t.Parallel()
	dana := signedInByMail(t, "dana@northwind.test")
	// The browser hands choosers over from here on, and not only after the key that opens one.
	dana.page.OnFileChooser(func(playwright.FileChooser) {})
	dana.sees("Workspaces")
	dana.tabTo("Globex Energy")
	dana.press("Enter")
	dana.must("in Globex", dana.page.WaitForURL("**/w/globex/**"))
	dana.press("/")
	dana.must("the switcher", dana.page.GetByRole("combobox").WaitFor())
	dana.typeText("acm")
	dana.must("Acme is found", dana.page.Locator(".switch-item", playwright.PageLocatorOptions{HasText: "Acme"}).First().WaitFor())
	dana.press("Enter")
	dana.must("in Acme", dana.page.WaitForURL("**/w/acme/**"))
	dana.press("g", "p")
	dana.must("at the projects", dana.page.WaitForURL("**/w/acme/projects"))
	dana.tabTo("Skip to content")
	dana.press("Enter")
	dana.tabTo("New project")
	dana.press("Enter")
	dana.sees("Summary")
	dana.typeText("Keys")
	dana.press("Enter")
	dana.sees("Project created.")
	dana.tabTo("New deliverable")
	dana.press("Enter")
	dana.sees("What to review")
	dana.typeText("Key ring")
	dana.press("Enter")
	dana.sees("Deliverable created.")
	dana.tabTo("Choose files")
	chooser, err := dana.page.ExpectFileChooser(func() error { return dana.page.Keyboard().Press("Enter") })
	dana.must("choose files", err)
	dana.must("choose files", chooser.SetFiles([]playwright.InputFile{{Name: "Ring.png", MimeType: "image/png", Buffer: picture(t)}}))
	dana.must("uploaded", dana.page.GetByLabel("Download Ring.png").First().WaitFor())
	dana.tabTo("Publish version 1")
	dana.press("Enter")
	dana.must("the dialog", dana.page.Locator("dialog[open]").WaitFor())
	dana.press("Escape")
	dana.must("it closes", dana.page.Locator("dialog[open]").WaitFor(playwright.LocatorWaitForOptions{State: playwright.WaitForSelectorStateHidden}))
	if said, err := dana.page.Evaluate(focused); err != nil || said.(map[string]any)["name"] != "Publish version 1" {
		t.Errorf("after Escape the focus is on %v, %v", said, err)
	}
	dana.press("Enter")
	dana.tabTo("Publish version 1")
	dana.press("Enter")
	dana.sees("Published.")

	mia := signedInByMail(t, "mia@acme.test")
	mia.tabTo("Key ring")
	mia.press("Enter")
	mia.sees("Ring.png")
	mia.tabTo("Download Ring.png")
	got, err := mia.page.ExpectDownload(func() error { return mia.page.Keyboard().Press("Enter") })
	mia.must("download", err)
	if got.SuggestedFilename() != "Ring.png" {
		t.Errorf("saved as %q", got.SuggestedFilename())
	}

	ivy := signedInByMail(t, "ivy@initech.test")
	ivy.tabTo("Support")
	ivy.press("Enter")
	ivy.sees("Support access")
	ivy.tabTo("For how long")
	ivy.tabTo("Allow support access")
	ivy.press("Enter")
	ivy.sees("Revoke support access")
	ivy.tabTo("Revoke support access")
	ivy.press("Enter")
	ivy.sees("Support access revoked.")
}
