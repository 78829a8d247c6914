package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/stack"
)

// Setting is a viewport and colour scheme in which pages are checked.
type Setting struct {
	Size   playwright.Size
	Scheme *playwright.ColorScheme
	// coloursOnly limits the check to colours, because the page was just checked in the
	// other scheme and differs only in colours.
	coloursOnly bool
}

func (s Setting) String() string { return fmt.Sprintf("%d px, %s", s.Size.Width, *s.Scheme) }

// Settings are the settings in which every sample of a page is checked.
var Settings = []Setting{
	{Wide, playwright.ColorSchemeLight, false}, {Wide, playwright.ColorSchemeDark, true},
	{Narrow, playwright.ColorSchemeDark, false}, {Narrow, playwright.ColorSchemeLight, true},
}

// EveryRule are the settings that check more than colours: each width and each scheme
// once. They suffice for a page whose parts are checked in all [Settings] elsewhere.
var EveryRule = slices.DeleteFunc(slices.Clone(Settings), func(s Setting) bool { return s.coloursOnly })

// Violation is an accessibility violation on a page.
type Violation struct {
	Rule    string `json:"id"`
	Help    string
	Setting Setting `json:"-"`
	Nodes   []struct {
		HTML    string
		Summary string `json:"failureSummary"`
	}
}

func (v Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v: %s (%s)", v.Setting, v.Help, v.Rule)
	for _, n := range v.Nodes[:min(len(v.Nodes), 4)] {
		fmt.Fprintf(&b, "\n\t%.300s\n\t\t%s", n.HTML, strings.Join(strings.Fields(n.Summary), " "))
	}
	return b.String()
}

// axeSource is axe-core's script.
var axeSource = sync.OnceValues(func() (string, error) {
	path, err := stack.Tool("axe-core", "package", "axe.min.js")
	if err != nil {
		return "", err
	}
	source, err := os.ReadFile(path)
	return string(source), err
})

// WithoutTrace stops the trace. Where axe-core runs, the trace would take longer than the
// checks.
func (c *Context) WithoutTrace(t testing.TB) {
	t.Helper()
	if err := c.Tracing().Stop(); err != nil {
		t.Fatal(err)
	}
}

// WithAxe lets every page of the profile have axe-core from its start, which takes less
// time than loading it into each.
func (c *Context) WithAxe(t testing.TB) {
	t.Helper()
	source, err := axeSource()
	if err == nil {
		err = c.AddInitScript(playwright.Script{Content: &source})
	}
	if err != nil {
		t.Fatalf("axe-core: %v", err)
	}
}

// loadAxe loads axe-core into the open page, unless it is there.
func loadAxe(page playwright.Page) error {
	there, err := page.Evaluate(`"axe" in window`)
	if err != nil || there == true {
		return err
	}
	source, err := axeSource()
	if err != nil {
		return err
	}
	_, err = page.Evaluate(source + "; 0") // a script's value would be sent back
	return err
}

// axeRun checks WCAG 2.2 A and AA and axe-core's best practices. target-size, new in
// WCAG 2.2, is off by default. Frames are skipped, because they show customers' files. The
// page is at its top: what lies below a header for the moment can be scrolled to.
const axeRun = `async colours => {
	scrollTo({top: 0, behavior: "instant"});
	const found = await axe.run(document, {
		...(colours ? {runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}} : {
			runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
			rules: {"target-size": {enabled: true}},
		}),
		resultTypes: ["violations"], iframes: false,
	});
	const ran = [...found.passes, ...found.violations, ...found.inapplicable, ...found.incomplete].map(r => r.id);
	return JSON.stringify({ran, violations: found.violations});
}`

// requiredRules must have run, or the check would prove little.
var requiredRules = []string{"color-contrast", "target-size", "label", "image-alt", "heading-order", "html-has-lang"}

// Axe checks the open page in each of settings and returns the violations.
func Axe(page playwright.Page, settings ...Setting) (all []Violation, err error) {
	if err := loadAxe(page); err != nil {
		return nil, fmt.Errorf("axe-core: %w", err)
	}
	for _, s := range settings {
		if is := page.ViewportSize(); is == nil || *is != s.Size { // setting it lays the page out again
			if err := page.SetViewportSize(s.Size.Width, s.Size.Height); err != nil {
				return nil, err
			}
		}
		if err := page.EmulateMedia(playwright.PageEmulateMediaOptions{ColorScheme: s.Scheme, ReducedMotion: playwright.ReducedMotionReduce}); err != nil {
			return nil, err
		}
		said, err := page.Evaluate(axeRun, s.coloursOnly)
		if err != nil {
			return nil, fmt.Errorf("axe-core: %w", err)
		}
		var found struct {
			Ran        []string
			Violations []Violation
		}
		if err := json.Unmarshal([]byte(said.(string)), &found); err != nil {
			return nil, fmt.Errorf("axe-core: %w", err)
		}
		for _, rule := range requiredRules {
			if !s.coloursOnly && !slices.Contains(found.Ran, rule) {
				return nil, fmt.Errorf("axe-core did not run %s", rule)
			}
		}
		for _, v := range found.Violations {
			v.Setting = s
			all = append(all, v)
		}
	}
	return all, nil
}
