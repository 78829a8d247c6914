package e2e

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
)

// shot saves a picture of the page for people to look at, if they want any.
func (v *visitor) shot(name string) {
	v.t.Helper()
	if dir := os.Getenv("PORTICO_SHOTS"); dir != "" {
		_, err := v.page.Screenshot(playwright.PageScreenshotOptions{Path: playwright.String(filepath.Join(dir, name+".png")), FullPage: playwright.Bool(true)})
		v.must("picture of "+name, err)
	}
}

// pinAt is where a pin is on the picture, as fractions of its sides.
func (v *visitor) pinAt(pin string) (x, y float64) {
	v.t.Helper()
	at, err := v.page.Locator(pin+" circle:last-of-type").First().Evaluate(`c => {
		const dot = c.getBoundingClientRect(), image = document.querySelector(".stage-picture img").getBoundingClientRect();
		return [(dot.x + dot.width / 2 - image.x) / image.width, (dot.y + dot.height / 2 - image.y) / image.height];
	}`, nil)
	v.must("find "+pin, err)
	both := at.([]any)
	return toFloat(both[0]), toFloat(both[1])
}

func toFloat(n any) float64 {
	if whole, ok := n.(int); ok {
		return float64(whole)
	}
	return n.(float64)
}

// near checks that a pin is where somebody pointed.
func (v *visitor) near(pin string, x, y float64) {
	v.t.Helper()
	if gotX, gotY := v.pinAt(pin); math.Abs(gotX-x) > 0.03 || math.Abs(gotY-y) > 0.03 {
		v.t.Errorf("%s is at %.2f, %.2f of the picture, want %.2f, %.2f", pin, gotX, gotY, x, y)
	}
}

// point taps or clicks a place of the picture, in fractions of its sides.
func (v *visitor) point(x, y float64, tap bool) {
	v.t.Helper()
	picture := v.page.Locator(".stage-picture img")
	v.must("scroll to the picture", picture.ScrollIntoViewIfNeeded())
	box, err := picture.BoundingBox()
	v.must("find the picture", err)
	at := &playwright.Position{X: box.Width * x, Y: box.Height * y}
	if tap {
		v.must("tap", picture.Tap(playwright.LocatorTapOptions{Position: at}))
	} else {
		v.must("click", picture.Click(playwright.LocatorClickOptions{Position: at}))
	}
}

func (v *visitor) inNote(label, role, name string) {
	v.t.Helper()
	v.must("press "+name+" in note "+label, v.page.Locator("#note-"+label).GetByRole(playwright.AriaRole(role), playwright.LocatorGetByRoleOptions{Name: name}).First().Click())
}

// openMore opens a part of a note.
func (v *visitor) openMore(label, name string) {
	v.t.Helper()
	v.must("open "+name, v.page.Locator("#note-"+label+" summary").Filter(playwright.LocatorFilterOptions{HasText: name}).First().Click())
}

// delivered is a published deliverable with one picture, and its path.
func delivered(t *testing.T, dana *visitor, title string) string {
	t.Helper()
	dana.open("/w/acme/")
	return dana.deliver(title+" "+time.Now().Format("150405.000"), title, playwright.InputFile{Name: "Logo.png", MimeType: "image/png", Buffer: picture(t)})
}

// Mia points at a picture on her phone and writes a note. Ravi answers, and says something
// to the team beside it that Mia never gets. She marks the note as done.
func TestClientPinsANoteOnAPhone(t *testing.T) {
	t.Parallel()
	dana := signedInByMail(t, "dana@northwind.test")
	at := delivered(t, dana, "Pinned")
	mia := signedInByMail(t, "mia@acme.test", playwright.BrowserNewContextOptions{Viewport: &browser.Narrow, HasTouch: playwright.Bool(true)})
	mia.open(at)
	mia.shot("client-phone-empty")
	mia.point(0.7, 0.4, true)
	mia.near(".pin-new", 0.7, 0.4)
	mia.fill("Your note", "Could this be darker?")
	mia.shot("client-phone-composer")
	mia.click("button", "Save note")
	mia.sees("Note saved.")
	mia.near("#pin-1", 0.7, 0.4)
	mia.sees("Logo.png, C2")
	mia.shot("client-phone-note")

	dana.open(at)
	dana.near("#pin-1", 0.7, 0.4)
	dana.must("press the pin", dana.page.Locator("#pin-1").Click())
	dana.must("the pin leads to the note", dana.page.Locator("#note-1:target").WaitFor())
	dana.openMore("1", "Reply")
	dana.must("an aside", dana.page.Locator("#note-1 textarea").Fill("cnryaside, they asked for lighter last week"))
	dana.inNote("1", "button", "Reply to team")
	dana.sees("Reply saved.")
	dana.openMore("1", "Reply")
	dana.must("an answer", dana.page.Locator("#note-1 textarea[id^=reply]").Fill("Yes, in version 2."))
	dana.must("who sees it", dana.page.Locator("#note-1").GetByLabel("sees this").Check())
	dana.inNote("1", "button", "Reply to Acme")
	dana.sees("Yes, in version 2.")
	dana.sees("cnryaside")
	dana.point(0.2, 0.2, false)
	dana.fill("Your note", "cnrynote, check the clear space")
	dana.click("button", "Save note")
	dana.must("a team note", dana.page.Locator("#note-t1").WaitFor())
	dana.near("#pin-t1", 0.2, 0.2)
	dana.shot("staff-notes")

	mia.open(at)
	mia.sees("Yes, in version 2.")
	if html := mia.source(); strings.Contains(html, "cnry") || strings.Contains(html, "note-t1") {
		t.Error("the client's page has what the team said among itself")
	}
	mia.inNote("1", "button", "Mark note 1 as done")
	mia.sees("Marked as done.")
	mia.click("button", "Undo")
	mia.sees("Reopened.")
	mia.inNote("1", "button", "Mark note 1 as done")
	mia.sees("All notes are done.")
	mia.click("link", "Done 1")
	mia.sees("Could this be darker?")
	mia.inNote("1", "button", "Reopen note 1")
	mia.sees("Reopened.")
	dana.open(at)
	dana.openMore("t1", "Show to")
	dana.must("tick it", dana.page.Locator("#note-t1 input[name=comment]").Check())
	dana.shot("staff-show")
	dana.inNote("t1", "button", "Show what is ticked")
	dana.sees("The client can see it now.")
	mia.open(at)
	mia.sees("cnrynote")
	mia.near("#pin-2", 0.2, 0.2)
}

// The same without scripts: a place is chosen from a grid, and pins are links.
func TestNotesWorkWithoutScripts(t *testing.T) {
	t.Parallel()
	at := delivered(t, signedInByMail(t, "dana@northwind.test"), "Quiet notes")
	mia := withoutScripts(t, "mia@acme.test", browser.Narrow)
	mia.open(at)
	write := func(v *visitor, words string) {
		t.Helper()
		v.must("open the form", v.page.Locator("#write > summary").Click())
		v.fill("Your note", words)
	}
	write(mia, "Darker here, please")
	if _, err := mia.page.GetByLabel("Place").SelectOption(playwright.SelectOptionValues{Values: &[]string{"D1"}}); err != nil {
		t.Fatal(err)
	}
	mia.shot("client-phone-noscript-composer")
	mia.click("button", "Save note")
	mia.sees("Note saved.")
	mia.near("#pin-1", 0.875, 0.125)
	ravi := withoutScripts(t, "ravi@northwind.test", browser.Wide)
	ravi.open(at)
	ravi.must("press the pin", ravi.page.Locator("#pin-1").Click())
	ravi.must("the pin leads to the note", ravi.page.Locator("#note-1:target").WaitFor())
	ravi.must("the place leads to the pin", ravi.page.Locator("#note-1 a.note-where").Click())
	ravi.must("the pin lights up", ravi.page.Locator("#pin-1:target").WaitFor())
	write(ravi, strings.Repeat("x", 100_000))
	ravi.click("button", "Save note")
	ravi.sees("That has 100000 characters. At most 10000 fit.")
	if kept, err := ravi.page.GetByLabel("Your note").First().InputValue(); err != nil || len(kept) != 100_000 {
		t.Errorf("%d characters are kept, %v", len(kept), err)
	}
	ravi.fill("Your note", "cnryquiet")
	ravi.click("button", "Save note")
	ravi.sees("Note saved.")
	ravi.must("it says who sees it", ravi.page.Locator("#note-t1 .note-sees[data-team]").WaitFor())
	ravi.shot("staff-noscript")
	mia.open(at)
	if html := mia.source(); strings.Contains(html, "cnryquiet") || !strings.Contains(html, "Darker here") {
		t.Error("the client's page has the team's note, or not her own")
	}
}

// Notes by keyboard: c writes one, j and k lead through them, p hides the pins.
func TestNotesByKeyboard(t *testing.T) {
	t.Parallel()
	dana := signedInByMail(t, "dana@northwind.test")
	dana.open(delivered(t, dana, "Keys of notes"))
	for _, words := range []string{"The first", "The second"} {
		dana.press("c")
		dana.typeText(words)
		if _, err := dana.page.GetByLabel("Place").SelectOption(playwright.SelectOptionValues{Values: &[]string{"B2"}}); err != nil {
			t.Fatal(err)
		}
		dana.tabTo("Save note")
		dana.press("Enter")
		dana.sees(words)
		dana.sees("Note saved.")
	}
	at := func(note string) {
		t.Helper()
		dana.must(note+" has the focus", dana.page.Locator("#"+note+":focus:target").WaitFor())
		dana.must("its pin lights up", dana.page.Locator("#"+strings.Replace(note, "note", "pin", 1)+"[data-paired]").WaitFor())
	}
	dana.open(strings.Split(dana.path(), "?")[0])
	dana.press("j")
	at("note-t1")
	dana.press("j")
	at("note-t2")
	dana.press("k")
	at("note-t1")
	dana.press("p")
	dana.must("pins are hidden", dana.page.Locator("#pin-t1").WaitFor(playwright.LocatorWaitForOptions{State: playwright.WaitForSelectorStateHidden}))
	dana.press("p")
	dana.must("pins are back", dana.page.Locator("#pin-t1").WaitFor())
	dana.press("g", "p")
	dana.must("g p still leads to the projects", dana.page.WaitForURL("**/projects"))
}
