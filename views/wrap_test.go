package views_test

import (
	"bytes"
	"testing"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
)

// onEachSample opens the samples that have one of the texts, and fails with what the script finds on them in one of the sizes.
func onEachSample(t *testing.T, page playwright.Page, url, script string, sizes []playwright.Size, texts ...string) {
	t.Helper()
	checked := 0
	for _, s := range samples() {
		html, _ := render(t, s)
		has, unsafe := false, bytes.Contains(html, []byte("about:invalid")) // Chromium complains of those pictures
		for _, text := range texts {
			has = has || bytes.Contains(html, []byte(text))
		}
		if !has || unsafe {
			continue
		}
		checked++
		if _, err := page.Goto(url + "/" + s.name + ".html"); err != nil {
			t.Fatal(err)
		}
		for _, size := range sizes {
			if err := page.SetViewportSize(size.Width, size.Height); err != nil {
				t.Fatal(err)
			}
			wrong, err := page.Evaluate(script, longWord)
			if err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			for _, w := range wrong.([]any) {
				t.Errorf("%s, %d wide: %v", s.name, size.Width, w)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d pages are checked", checked)
	}
}

// A name without spaces wraps in every dialog, notice, message and empty list. Nothing is cut, and nothing makes the page wider.
func TestLongNamesWrap(t *testing.T) {
	t.Parallel()
	page, url := openGallery(t)
	const script = `(long) => {
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
	onEachSample(t, page, url, script, []playwright.Size{browser.Narrow, {Width: 1440, Height: 900}},
		`id="publish"`, `id="delete"`, `id="suspend"`, `id="everywhere"`, `class="notice`, `class="toast`, `class="empty"`, `class="card consent"`)
}
