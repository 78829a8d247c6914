package views_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
	"portico/views"
)

// rowsCheck returns what is wrong with the rows and cards of a page. It asks the browser
// what lies at a grid of points over each of them. In a row with a link, that is the link,
// or one of the row's own buttons and links. In a row without one, nothing looks like a
// link.
const rowsCheck = `() => {
  const wrong = [];
  for (const row of document.querySelectorAll(".row, .lean > li, .card, .switch-item")) {
    const links = row.matches("a") ? [row] : row.querySelectorAll(".row-link, .lean > li > a, .card-link");
    if (links.length > 1) wrong.push("more than one link: " + row.innerText);
    const link = links[0];
    row.scrollIntoView({ block: "center" });
    const box = row.getBoundingClientRect();
    if (box.width === 0) continue;
    const seen = new Set(); // what was judged already
    for (let i = 0; i <= 12; i++) for (let j = 0; j <= 6; j++) {
      const x = box.left + 8 + (box.width - 16) * i / 12, y = box.top + 8 + (box.height - 16) * j / 6;
      if (x < 0 || x >= innerWidth || y < 0 || y >= innerHeight) continue;
      const hit = document.elementFromPoint(x, y);
      if (!hit || seen.has(hit) || !row.contains(hit)) continue; // the main button of a phone lies above
      seen.add(hit);
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
func TestRowsLeadSomewhereAllOver(t *testing.T) { reportSamples(t, rowsLead) }

var rowsLead = &sampleCheck{
	test: "TestRowsLeadSomewhereAllOver", least: 10, sizes: []playwright.Size{browser.Wide, browser.Narrow},
	of:  func(html []byte) bool { return containsAny(html, `class="row`, `class="card`, "switch-item") },
	run: func(v *visit) error { return v.evaluate(rowsCheck) },
}

// namesCheck returns the workspaces of which a part of the name is cut or hidden, or comes
// after the agency's.
const namesCheck = `() => [...document.querySelectorAll(".switch-item")].flatMap((row) => {
  const name = row.querySelector(".switch-name"), under = row.querySelector(".switch-under");
  const range = document.createRange();
  range.selectNodeContents(name);
  const text = range.getBoundingClientRect(), box = row.getBoundingClientRect();
  const whole = name.textContent.trim() !== "" && text.width > 0 && text.left >= Math.max(0, box.left) - 1 && text.right <= Math.min(innerWidth, box.right) + 1
    && text.top >= box.top - 1 && text.bottom <= box.bottom + 1 && name.scrollWidth <= name.clientWidth + 1;
  const first = text.bottom <= under.getBoundingClientRect().top + 4;
  return whole && first ? [] : [(whole ? "after the agency: " : "cut: ") + name.textContent];
})`

// The client's name comes first and whole in the list to switch workspaces, at every
// width and length: with the wrong one picked, work goes to the wrong client.
func TestNamesComeFirstInTheSwitcher(t *testing.T) {
	t.Parallel()
	var rows []views.WorkspaceRow
	for i, name := range []string{
		"Acme", "AO", strings.Repeat("Long name ", 4), strings.Repeat("Very long name ", 10), strings.Repeat("x", 120), "شركة الأفق للتصميم",
		strings.Repeat("設計事務所", 12), "👩‍👩‍👧‍👦 Family & Friends", "Same beginning of a name, north", "Same beginning of a name, south",
		"Umbra & Söhne Verwaltungsgesellschaft für besonders lange Firmennamen mbH & Co. KG",
	} {
		rows = append(rows, views.WorkspaceRow{URL: "/w/" + strconv.Itoa(i) + "/", Name: name, Under: "Client of " + strings.Repeat("an agency with a long name ", i%3+1),
			Unread: 99 * (i % 2), ForUs: 99, InReview: 99 * (i % 3), LastActivity: before(30 * time.Hour)})
	}
	list, _ := render(t, sample{"switcher", views.Switcher(personFrame(), views.SwitcherProps{Workspaces: rows})})
	page, url := openGallery(t)
	// The page is one of the gallery, with its own rows.
	if err := page.Route("**/switcher.html", func(r playwright.Route) {
		_ = r.Fulfill(playwright.RouteFulfillOptions{Body: list, ContentType: playwright.String("text/html")})
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := page.Goto(url + "/switcher.html"); err != nil {
		t.Fatal(err)
	}
	for _, width := range []int{320, 390, 480, 768, 1440} {
		if err := page.SetViewportSize(width, 800); err != nil {
			t.Fatal(err)
		}
		wrong, err := page.Evaluate(namesCheck)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range wrong.([]any) {
			t.Errorf("%d wide: %v", width, w)
		}
		if n, err := page.Locator(".switch-item").Count(); err != nil || n != len(rows) {
			t.Fatalf("%d of %d workspaces, %v", n, len(rows), err)
		}
	}
}
