package views_test

import (
	"testing"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
)

// A name without spaces wraps in every dialog, notice, message and empty list. Nothing is cut, and nothing makes the page wider.
func TestLongNamesWrap(t *testing.T) { reportSamples(t, namesWrap) }

var namesWrap = &sampleCheck{
	test: "TestLongNamesWrap", least: 20, sizes: []playwright.Size{browser.Narrow, browser.Wide}, last: true,
	of:  having(`id="publish"`, `id="delete"`, `id="suspend"`, `id="everywhere"`, `class="notice`, `class="toast`, `class="empty"`, `class="card consent"`),
	run: func(v *visit) error { return v.evaluate(namesCut, longWord) },
}

// namesCut gives everything a long name, and returns what does not wrap.
const namesCut = `(long) => {
  for (const dialog of document.querySelectorAll("dialog")) dialog.setAttribute("open", "");
  const wrong = [], boxes = document.querySelectorAll("dialog, .notice, .toast, .empty, .consent");
  for (const name of document.querySelectorAll(":is(dialog, .notice, .toast, .empty, .consent) :is(strong, [dir=auto], p > a, .toast p, .empty-title, .empty-text, h2, h3)"))
    if (!name.childElementCount && !name.matches("input, textarea")) name.textContent = long;
  for (const box of boxes) {
    if (!box.checkVisibility()) continue;
    for (const inner of [box, ...box.querySelectorAll(":not(input, textarea, select, svg *, .sr-only, .dialog-head)")]) {
      if (!inner.checkVisibility() || getComputedStyle(inner).display === "inline") continue;
      if (inner.scrollWidth > inner.clientWidth + 1 || inner.getBoundingClientRect().right > box.getBoundingClientRect().right + 1) {
        wrong.push("runs out of its box: " + inner.outerHTML.slice(0, 160));
        break;
      }
    }
  }
  return wrong;
}`
