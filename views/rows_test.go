package views_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
)

// rowsCheck returns what is wrong with the rows and cards of a page. It asks the browser
// what lies at a grid of points over each of them. In a row with a link, that is the link,
// or one of the row's own buttons and links. In a row without one, nothing looks like a
// link.
const rowsCheck = `() => {
  const wrong = [];
  for (const row of document.querySelectorAll(".row, .card, .switch-item")) {
    const links = row.matches("a") ? [row] : row.querySelectorAll(".row-link, .card-link");
    if (links.length > 1) wrong.push("more than one link: " + row.innerText);
    const link = links[0];
    row.scrollIntoView({ block: "center" });
    const box = row.getBoundingClientRect();
    if (box.width === 0) continue;
    for (let i = 0; i <= 12; i++) for (let j = 0; j <= 6; j++) {
      const x = box.left + 8 + (box.width - 16) * i / 12, y = box.top + 8 + (box.height - 16) * j / 6;
      if (x < 0 || x >= innerWidth || y < 0 || y >= innerHeight) continue;
      const hit = document.elementFromPoint(x, y);
      if (!hit || !row.contains(hit)) continue; // the main button of a phone lies above
      const control = hit.closest("a, button, input, select, textarea, label, [data-grip], .menu, .dialog");
      const at = hit.tagName + "." + hit.className + " at " + i + "/12, " + j + "/6 of “" + row.innerText.split("\n")[0] + "”";
      if (link && hit !== link && !(control && row.contains(control))) wrong.push("a click does nothing on " + at);
      const cursor = getComputedStyle(hit).cursor;
      if (hit === link && cursor !== "pointer") wrong.push("the pointer is " + cursor + " over the link, " + at);
      if (!control && !link && cursor === "pointer") wrong.push("the pointer promises a link, " + at);
    }
  }
  return [...new Set(wrong)].slice(0, 5);
}`

// Every row that leads somewhere does so all over, wide and narrow: its second line and
// its margins too.
func TestRowsLeadSomewhereAllOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeGallery(t, dir)
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(server.Close)
	chromium, err := browser.Start(browser.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = chromium.Stop() })
	page := chromium.Context(t).Open(t, server.URL)
	checked := 0
	for _, s := range samples() {
		if !hasRows(t, s) {
			continue
		}
		checked++
		if _, err := page.Goto(server.URL + "/" + s.name + ".html"); err != nil {
			t.Fatal(err)
		}
		for _, size := range []playwright.Size{browser.Wide, browser.Narrow} {
			if err := page.SetViewportSize(size.Width, size.Height); err != nil {
				t.Fatal(err)
			}
			wrong, err := page.Evaluate(rowsCheck)
			if err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			for _, w := range wrong.([]any) {
				t.Errorf("%s, %d wide: %v", s.name, size.Width, w)
			}
		}
	}
	if checked < 10 {
		t.Errorf("only %d pages have rows", checked)
	}
}

func hasRows(t *testing.T, s sample) bool {
	t.Helper()
	var b bytes.Buffer
	if err := s.page.Render(t.Context(), &b); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", s.name, err))
	}
	return bytes.Contains(b.Bytes(), []byte(`class="row`)) || bytes.Contains(b.Bytes(), []byte(`class="card`)) || bytes.Contains(b.Bytes(), []byte("switch-item"))
}
