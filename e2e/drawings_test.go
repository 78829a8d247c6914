package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
)

// drag moves a pressed mouse, or a finger, from one place of the picture to others, in
// fractions of its sides.
func (v *visitor) drag(touch bool, at ...[2]float64) {
	v.t.Helper()
	picture := v.page.Locator(".stage-picture img")
	v.must("scroll to the picture", picture.ScrollIntoViewIfNeeded())
	box, err := picture.BoundingBox()
	v.must("find the picture", err)
	session, err := v.page.Context().NewCDPSession(v.page)
	v.must("talk to the browser", err)
	for i, place := range at {
		x, y := box.X+box.Width*place[0], box.Y+box.Height*place[1]
		switch {
		case touch:
			kind := "touchMove"
			if i == 0 {
				kind = "touchStart"
			}
			_, err = session.Send("Input.dispatchTouchEvent", map[string]any{"type": kind, "touchPoints": []any{map[string]any{"x": x, "y": y}}})
			v.must(kind, err)
		default:
			v.must("move", v.page.Mouse().Move(x, y))
			if i == 0 {
				v.must("press", v.page.Mouse().Down())
			}
		}
	}
	if touch {
		_, err = session.Send("Input.dispatchTouchEvent", map[string]any{"type": "touchEnd", "touchPoints": []any{}})
		v.must("lift", err)
	} else {
		v.must("release", v.page.Mouse().Up())
	}
}

// strokes waits until that many strokes of a kind of element are drawn with a pin.
func (v *visitor) strokes(pin, element string, want int) {
	v.t.Helper()
	_, err := v.page.WaitForFunction(`([drawn, want]) => document.querySelectorAll(drawn).length === want`, []any{pin + " .drawn " + element, want})
	v.must(pin+" has its strokes", err)
}

// Ravi draws a line, an arrow and a box with a mouse, takes one back, and saves them with a
// note of the team. Gus draws with a finger on his phone: neither the page nor the files move.
// What Ravi drew isn't on his page. A drawing is seen with its pin only.
func TestDrawingsOnAPicture(t *testing.T) {
	t.Parallel()
	dana := signedInByMail(t, "dana@northwind.test")
	dana.open("/w/globex/") // Acme's plan has few projects, which other tests need
	at := dana.deliver("Drawn on "+time.Now().Format("150405.000"), "Drawn on", playwright.InputFile{Name: "Logo.png", MimeType: "image/png", Buffer: picture(t)})
	dana.open(at)
	dana.click("button", "Pen")
	dana.drag(false, [2]float64{0.2, 0.2}, [2]float64{0.3, 0.3}, [2]float64{0.4, 0.2}, [2]float64{0.5, 0.3})
	dana.strokes(".pin-new", "path", 1)
	dana.near(".pin-new", 0.2, 0.2)
	dana.click("button", "Arrow")
	dana.drag(false, [2]float64{0.6, 0.6}, [2]float64{0.7, 0.65}, [2]float64{0.8, 0.7})
	dana.click("button", "Box")
	dana.drag(false, [2]float64{0.5, 0.8}, [2]float64{0.4, 0.6}, [2]float64{0.3, 0.5})
	dana.strokes(".pin-new", "rect", 1)
	dana.strokes(".pin-new", "line", 1)
	dana.click("button", "Undo")
	dana.strokes(".pin-new", "rect", 0)
	dana.shot("staff-drawing")
	dana.fill("Your note", "cnrydrawn, like this")
	dana.click("button", "Save note")
	dana.sees("Note saved.")
	dana.strokes("#pin-t1", "path", 1)
	dana.strokes("#pin-t1", "line", 1)
	dana.must("it is seen with its note", dana.page.Locator("#pin-t1 .drawn").WaitFor())
	dana.open(at)
	dana.must("move the mouse away from the note", dana.page.Mouse().Move(1, 1))
	dana.must("it is hidden otherwise", dana.page.Locator("#pin-t1 .drawn").WaitFor(playwright.LocatorWaitForOptions{State: playwright.WaitForSelectorStateHidden}))

	gus := signedInByMail(t, "gus@globex.test", playwright.BrowserNewContextOptions{Viewport: &browser.Narrow, HasTouch: playwright.Bool(true)})
	gus.open(at)
	if html := gus.source(); strings.Contains(html, "cnry") || strings.Contains(html, `class="drawn"`) {
		t.Error("the client's page has what the team drew")
	}
	gus.click("button", "Arrow")
	gus.drag(true, [2]float64{0.2, 0.2}, [2]float64{0.5, 0.3}, [2]float64{0.8, 0.4})
	gus.strokes(".pin-new", "line", 1)
	gus.click("button", "Clear")
	gus.strokes(".pin-new", "line", 0)
	gus.click("button", "Pen")
	gus.drag(true, [2]float64{0.3, 0.3}, [2]float64{0.5, 0.5}, [2]float64{0.7, 0.3})
	gus.strokes(".pin-new", "path", 1)
	gus.shot("client-phone-drawing")
	gus.fill("Your note", "Here, please")
	gus.click("button", "Save note")
	gus.sees("Note saved.")
	gus.strokes("#pin-1", "path", 1)
	dana.open(at)
	dana.strokes("#pin-1", "path", 1)
	dana.must("press the pin", dana.page.Locator("#pin-1 text").Click())
	dana.must("its drawing is seen", dana.page.Locator("#pin-1 .drawn").WaitFor())
}
