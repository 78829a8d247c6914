package e2e

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
)

// rows is the deliverables of a project page in their order, one letter each.
func (v *visitor) rows() string {
	v.t.Helper()
	names, err := v.page.Locator("[data-reorder] > li > a").AllInnerTexts()
	v.must("read the rows", err)
	return strings.Join(names, "")
}

// hears waits until the page has announced a text.
func (v *visitor) hears(text string) {
	v.t.Helper()
	_, err := v.page.WaitForFunction(`text => document.querySelector("[data-announcer]").textContent.includes(text)`, text)
	v.must("hear "+text, err)
}

// inOrder says what the page shows, and then what is stored.
func (v *visitor) inOrder(how, want string) {
	v.t.Helper()
	if got := v.rows(); got != want {
		v.t.Errorf("%s: the page shows %s, want %s", how, got, want)
	}
	v.must("reload", second(v.page.Reload()))
	if got := v.rows(); got != want {
		v.t.Errorf("%s: %s is stored, want %s", how, got, want)
	}
}

// chooses opens the menu of a row and takes one of its moves. The focus returns to the
// button that opened it.
func (v *visitor) chooses(row, move string) {
	v.t.Helper()
	opener := v.page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Move " + row, Exact: playwright.Bool(true)})
	v.must("open the menu of "+row, opener.Click())
	v.must(move, v.page.Locator("[popover]:popover-open").GetByRole("button", playwright.LocatorGetByRoleOptions{Name: move, Exact: playwright.Bool(true)}).Click())
	if focused, err := opener.Evaluate("b => b === document.activeElement", nil); err != nil || focused != true {
		v.t.Errorf("after %s of %s the focus is elsewhere, %v", move, row, err)
	}
}

func second[T any](_ T, err error) error { return err }

// grip returns the middle of the grip of a row.
func (v *visitor) grip(name string) (x, y float64) {
	v.t.Helper()
	grip := v.page.Locator(fmt.Sprintf("[data-grip=%q]", name))
	v.must("hover", grip.Locator("xpath=..").Hover())
	box, err := grip.BoundingBox()
	v.must("find the grip of "+name, err)
	return box.X + box.Width/2, box.Y + box.Height/2
}

// Rows move over any distance, up and down, by mouse, by finger and by keyboard. The
// result is stored and announced. Somebody who moves a row that another has moved
// meanwhile is told, and sees the order of the other.
func TestRowsMoveByMouseTouchAndKeyboard(t *testing.T) {
	t.Parallel()
	dana := signedInByMail(t, "dana@northwind.test")
	dana.open("/w/acme/projects/new")
	dana.fill("Name", "Order")
	dana.click("button", "Create project")
	dana.sees("Project created.")
	at, _, _ := strings.Cut(dana.path(), "?")
	for _, title := range []string{"A", "B", "C", "D", "E", "F"} {
		res, err := dana.context.Request().Post(world.stack.URL()+at+"/deliverables", playwright.APIRequestContextPostOptions{
			Form: map[string]any{"title": title}, Headers: map[string]string{"Origin": world.stack.URL()}, MaxRedirects: playwright.Int(0)})
		dana.must("create "+title, err)
		if res.Status() != 303 {
			t.Fatalf("create: %d", res.Status())
		}
	}
	dana.open(at)

	mouse := func(name, to string) {
		t.Helper()
		x, y := dana.grip(name)
		_, target := dana.grip(to)
		target += math.Copysign(4, target-y) // past its middle
		m := dana.page.Mouse()
		for _, step := range []error{m.Move(x, y), m.Down(), m.Move(x, target, playwright.MouseMoveOptions{Steps: playwright.Int(12)}), m.Up()} {
			dana.must("drag", step)
		}
		dana.hears(name + " moved. Now")
	}
	mouse("F", "A")
	dana.hears("F moved. Now 1 of 6")
	dana.inOrder("up by five with the mouse", "FABCDE")
	mouse("F", "E")
	dana.inOrder("down by five with the mouse", "ABCDEF")
	mouse("D", "B")
	mouse("A", "C") // without a reload between
	dana.inOrder("two rows with the mouse", "DBCAEF")

	dana.must("focus", dana.page.Locator(`[data-grip="F"]`).Focus())
	dana.press("Home")
	dana.hears("F moved. Now 1 of 6")
	dana.press("ArrowDown", "ArrowDown", "ArrowUp", "End", "ArrowUp")
	dana.hears("F moved. Now 5 of 6")
	dana.inOrder("with the keyboard", "DBCAFE")

	dana.chooses("F", "Move to the top")
	dana.hears("F moved. Now 1 of 6")
	dana.chooses("F", "Move down")
	dana.hears("F moved. Now 2 of 6")
	dana.chooses("E", "Move up")
	dana.hears("E moved. Now 5 of 6")
	dana.chooses("D", "Move to the bottom")
	dana.hears("D moved. Now 6 of 6")
	dana.inOrder("with the menu", "FBCEAD")
	dana.chooses("F", "Move to the bottom")
	dana.chooses("F", "Move up")
	dana.hears("F moved. Now 5 of 6")
	dana.chooses("D", "Move to the top")
	dana.hears("D moved. Now 1 of 6")
	dana.chooses("E", "Move to the bottom")
	dana.hears("E moved. Now 6 of 6")
	dana.inOrder("with the menu again", "DBCAFE")

	ravi := signedInByMail(t, "ravi@northwind.test", playwright.BrowserNewContextOptions{Viewport: &browser.Narrow, HasTouch: playwright.Bool(true)})
	ravi.open(at)
	cdp, err := ravi.page.Context().NewCDPSession(ravi.page)
	ravi.must("touch", err)
	touch := func(kind string, points ...any) {
		t.Helper()
		ravi.must(kind, second(cdp.Send("Input.dispatchTouchEvent", map[string]any{"type": kind, "touchPoints": append([]any{}, points...)})))
	}
	x, from := ravi.grip("E")
	_, to := ravi.grip("D")
	touch("touchStart", map[string]any{"x": x, "y": from})
	for n := range 10 {
		touch("touchMove", map[string]any{"x": x, "y": from + (to-from)*float64(n+1)/10})
	}
	touch("touchEnd")
	ravi.hears("E moved. Now 1 of 6")
	ravi.inOrder("up by five with a finger", "EDBCAF")

	dana.must("focus", dana.page.Locator(`[data-grip="E"]`).Focus())
	dana.press("ArrowUp") // her page is old
	dana.hears("E was moved elsewhere meanwhile")
	dana.sees("E was moved elsewhere meanwhile")
	dana.inOrder("after a conflict", "EDBCAF")
	dana.must("focus", dana.page.Locator(`[data-grip="E"]`).Focus())
	dana.press("End")
	dana.hears("E moved. Now 6 of 6")
	dana.inOrder("again", "DBCAFE")
}
