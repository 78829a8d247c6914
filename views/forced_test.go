package views_test

import (
	"testing"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
)

// With forced colours, where backgrounds and shadows are gone, the current item differs from its neighbours, and what
// floats or is a state of its own has a border.
func TestForcedColoursKeepWhatIsMarked(t *testing.T) { reportSamples(t, coloursForced) }

var coloursForced = &sampleCheck{
	test: "TestForcedColoursKeepWhatIsMarked", least: 20, sizes: []playwright.Size{browser.Wide}, last: true,
	of: having(`class="versions"`, `class="tabs"`, `class="chip"`, `class="switch-item"`, `class="toast`, `data-kind="files"`, `class="progress"`),
	run: func(v *visit) error {
		if err := v.page.EmulateMedia(playwright.PageEmulateMediaOptions{ForcedColors: playwright.ForcedColorsActive}); err != nil {
			return err
		}
		if err := v.evaluate(unmarked); err != nil {
			return err
		}
		return v.page.EmulateMedia(playwright.PageEmulateMediaOptions{ForcedColors: playwright.ForcedColorsNone})
	},
}

// unmarked returns what loses its mark.
const unmarked = `() => {
  const wrong = [], canvas = getComputedStyle(document.documentElement).backgroundColor;
  const look = (element) => {
    const s = getComputedStyle(element);
    // A background of forced colours keeps its alpha, and is that of the page.
    const back = s.backgroundColor.match(/[\d.]+/g).slice(0, 3).join();
    return [s.color, back === "0,0,0" || back === canvas.match(/[\d.]+/g).slice(0, 3).join() ? "" : back, s.borderBlockEndColor, s.borderBlockEndWidth, s.borderInlineStartColor, s.outlineStyle, s.outlineWidth, s.textDecorationLine].join(" ");
  };
  for (const current of document.querySelectorAll("[aria-current], [data-active]")) {
    if (!current.checkVisibility()) continue;
    for (const other of document.querySelectorAll("." + (current.className.split(" ")[0] || "none") + ":not([aria-current], [data-active])")) {
      if (other.tagName === current.tagName && look(other) === look(current)) { wrong.push("looks like the others: " + current.outerHTML.slice(0, 120)); break; }
    }
    const list = current.closest("ul, ol, nav");
    const other = [...list?.querySelectorAll("a") ?? []].find((link) => link !== current && link.className === current.className && !link.hasAttribute("aria-current"));
    if (other && look(other) === look(current)) wrong.push("looks like its neighbours: " + current.outerHTML.slice(0, 120));
  }
  for (const dialog of document.querySelectorAll("dialog")) dialog.setAttribute("open", "");
  for (const box of document.querySelectorAll("dialog, .menu, .toast, .notice, [data-status], .avatar, .progress")) {
    const s = getComputedStyle(box);
    if (s.borderBlockStartStyle === "none" || s.borderBlockStartWidth === "0px" || (s.borderBlockStartColor === canvas && !box.closest("[aria-current]"))) wrong.push("has no border: " + box.outerHTML.slice(0, 120));
  }
  return wrong;
}`
