package views_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
	"portico/views"
)

// layoutChecks return what is wrong with the layout of the open page.
var layoutChecks = []string{
	// The main action of a phone lies above the page. Whatever has the focus, and the end of the page, lie above it.
	`() => {
  const action = document.querySelector(".main-action");
  if (!action || getComputedStyle(action).position !== "fixed") return [];
  const { top, left, right } = action.getBoundingClientRect(), wrong = [];
  if (left < 16 || right > innerWidth - 16 || action.scrollWidth > action.clientWidth) wrong.push("wider than the page: " + action.innerText);
  for (const element of document.querySelectorAll("main :is(a, button, input, select, textarea)")) {
    if (element === action || !element.checkVisibility({ visibilityProperty: true })) continue;
    element.focus();
    const box = element.getBoundingClientRect();
    if (box.height < 300 && box.bottom > top) wrong.push("covered while it has the focus: " + element.outerHTML.slice(0, 120));
  }
  scrollTo(0, document.documentElement.scrollHeight);
  for (const element of document.querySelectorAll("main :is(a, p, li, button, input)")) {
    if (element === action || action.contains(element) || element.closest("dialog, .menu, .toast") || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.getBoundingClientRect().bottom > top) wrong.push("covered at the end of the page: " + element.outerHTML.slice(0, 120));
  }
  return wrong;
}`,
	// The names that people came for are never cut: of the page, and of files, with their extension.
	`() => [...document.querySelectorAll("h1, [data-kind=files] .row-link, .uploads .row-name, .stage-name")].filter((name) =>
    !name.matches(".sr-only") && (name.scrollHeight > name.clientHeight + 1 || name.scrollWidth > name.clientWidth + 1)).map((name) => "cut: " + name.outerHTML.slice(0, 200))`,
}

// On a phone nothing is covered and no name of a page or a file is cut, on every page that
// has a main action, files or a long name.
func TestNothingIsCoveredOrCut(t *testing.T) { reportSamples(t, nothingCovered) }

var nothingCovered = &sampleCheck{
	test: "TestNothingIsCoveredOrCut", least: 20, sizes: []playwright.Size{browser.Narrow},
	of: func(html []byte) bool {
		return containsAny(html, "main-action", `data-kind="files"`, `<h1 dir="auto">`+longName)
	},
	run: func(v *visit) error {
		for _, check := range layoutChecks {
			if err := v.evaluate(check); err != nil {
				return err
			}
		}
		_, err := v.page.Evaluate(`() => { document.activeElement.blur(); scrollTo(0, 0); }`) // as it was
		return err
	},
}

// The client's home names what its button on a phone opens.
func TestClientHomeNamesWhatItOpens(t *testing.T) {
	t.Parallel()
	home, _ := render(t, sample{"portal", views.ClientHome(client(), views.ClientHomeProps{New: workRows()})})
	button := regexp.MustCompile(`(?s)<a class="button main-action[^>]*>(.*?)</a>`).FindSubmatch(home)
	if button == nil || !bytes.Contains(button[1], []byte("Open <span")) || !bytes.Contains(button[1], []byte(">Logo lockups<")) {
		t.Errorf("the button says %q", button)
	}
}

// The header and the column of a client's pages stay where they are from page to page.
func TestClientPagesShareOneColumn(t *testing.T) {
	t.Parallel()
	page, url := openGallery(t)
	for _, width := range []int{1024, 1440, 1920} {
		if err := page.SetViewportSize(width, 900); err != nil {
			t.Fatal(err)
		}
		first := ""
		for _, name := range []string{"portal", "projects-client", "project-client", "work-client"} {
			if _, err := page.Goto(url + "/" + name + ".html"); err != nil {
				t.Fatal(err)
			}
			at, err := page.Evaluate(`() => [".mark", ".me-button", "h1", ".main"].map((s) => document.querySelector(s).getBoundingClientRect())
        .map((box, i) => i === 1 ? box.right : i === 3 ? box.width : box.left).join(" ")`)
			if err != nil {
				t.Fatal(err)
			}
			if first == "" {
				first = at.(string)
			}
			if at != first {
				t.Errorf("%d wide: mark, account, heading and width are at %v on %s, and at %s on the page before", width, at, name, first)
			}
		}
	}
}

func openGallery(t *testing.T) (playwright.Page, string) {
	t.Helper()
	url := galleryURL(t)
	c := sharedChromium(t).Context(t)
	c.WithoutTrace(t) // the pages are in the gallery, to look at
	return c.Open(t, url), url
}

// The name of a project below a deliverable takes two lines at most, and is whole in its title.
func TestLongNamesBelowARowTakeTwoLines(t *testing.T) {
	t.Parallel()
	page, url := openGallery(t)
	if err := page.SetViewportSize(browser.Narrow.Width, browser.Narrow.Height); err != nil {
		t.Fatal(err)
	}
	if _, err := page.Goto(url + "/portal.html"); err != nil {
		t.Fatal(err)
	}
	lines, err := page.Evaluate(`(long) => [...document.querySelectorAll("[data-kind=waiting] .row-under[title]")].map((name) => {
  name.textContent = long;
  return name.getBoundingClientRect().height / parseFloat(getComputedStyle(name).lineHeight);
})`, longWord)
	if err != nil {
		t.Fatal(err)
	}
	all := lines.([]any)
	if len(all) == 0 {
		t.Fatal("no row names its project")
	}
	for _, n := range all {
		if fmt.Sprintf("%.0f", n) != "2" {
			t.Errorf("the name takes %v lines", n)
		}
	}
}

// The request's id keeps its distance from the button of an error.
func TestRequestIDKeepsItsDistance(t *testing.T) {
	t.Parallel()
	page, url := openGallery(t)
	for _, name := range []string{"error-in-frame", "error-plan"} {
		if _, err := page.Goto(url + "/" + name + ".html"); err != nil {
			t.Fatal(err)
		}
		gap, err := page.Evaluate(`() => document.querySelector(".request-id").getBoundingClientRect().top
  - [...document.querySelectorAll("main .button")].at(-1).getBoundingClientRect().bottom`)
		if err != nil {
			t.Fatal(err)
		}
		if below, err := strconv.ParseFloat(fmt.Sprint(gap), 64); err != nil || below < 16 {
			t.Errorf("%s: %v px below the button", name, gap)
		}
	}
}

// A transition between two pages that the browser aborts is no error. Other errors are reported.
func TestAbortedTransitionsAreNoErrors(t *testing.T) {
	t.Parallel()
	page, url := openGallery(t)
	if _, err := page.Goto(url + "/portal.html"); err != nil {
		t.Fatal(err)
	}
	got, err := page.Evaluate(`async () => {
  const quiet = (reason) => {
    const event = new PromiseRejectionEvent("unhandledrejection", { cancelable: true, promise: Promise.resolve(), reason });
    return !dispatchEvent(event);
  };
  return [quiet(new DOMException("Transition was aborted because of invalid state. Page already revealed", "InvalidStateError")),
    quiet(new DOMException("The object is in an invalid state.", "InvalidStateError")), quiet(new Error("Transition was lost"))].join();
}`)
	if err != nil || got != "true,false,false" {
		t.Errorf("kept quiet: %v, %v", got, err)
	}
}
