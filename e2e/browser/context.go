package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// The two screen sizes in which every page is checked.
var (
	Wide   = playwright.Size{Width: 1440, Height: 900}
	Narrow = playwright.Size{Width: 390, Height: 844}
)

// timeoutMillis limits an action or expectation, in milliseconds. It is generous, so
// that tests pass on a loaded machine.
const timeoutMillis = 60_000

// Context is one person's browser: cookies, storage and pages of their own.
type Context struct {
	playwright.BrowserContext

	mu       sync.Mutex
	problems []string
}

// Context opens a browser profile for the test t and closes it with the test.
// If the test failed, a trace of what it did, and a screenshot and the HTML of every
// open page, are left in tmp/browser, below the test's name. At most one options value is used; its
// viewport is Wide and its pages do not move, unless it says otherwise.
func (b *Browser) Context(t testing.TB, options ...playwright.BrowserNewContextOptions) *Context {
	t.Helper()
	var option playwright.BrowserNewContextOptions
	if len(options) > 0 {
		option = options[0]
	}
	if option.Viewport == nil {
		option.Viewport = &Wide
	}
	if option.ReducedMotion == nil {
		// A page that fades in takes no clicks meanwhile, which times out on a loaded
		// machine.
		option.ReducedMotion = playwright.ReducedMotionReduce
	}
	inner, err := b.chromium.NewContext(option)
	if err != nil {
		t.Fatalf("browser context: %v", err)
	}
	inner.SetDefaultTimeout(timeoutMillis)
	c := &Context{BrowserContext: inner}
	c.recordProblems()
	// No screenshots and no snapshots in the trace: they take longer than the pages.
	if err := inner.Tracing().Start(); err != nil {
		t.Fatalf("browser trace: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			c.saveEvidence(t, filepath.Join(b.failures, folder(t.Name())))
		}
		if err := inner.Close(); err != nil {
			t.Logf("close browser context: %v", err)
		}
	})
	return c
}

// Open opens address in a new page of this profile.
func (c *Context) Open(t testing.TB, address string) playwright.Page {
	t.Helper()
	page, err := c.NewPage()
	if err != nil {
		t.Fatalf("new page: %v", err)
	}
	if _, err := page.Goto(address); err != nil {
		t.Fatalf("open %s: %v", address, err)
	}
	return page
}

// Problems returns what the pages complained about: errors on the console,
// which include everything a content security policy blocked, and uncaught
// exceptions.
func (c *Context) Problems() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.problems...)
}

func (c *Context) recordProblems() {
	note := func(format string, args ...any) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.problems = append(c.problems, fmt.Sprintf(format, args...))
	}
	c.OnConsole(func(m playwright.ConsoleMessage) {
		if m.Type() == "error" {
			note("console: %s", m.Text())
		}
	})
	c.OnWebError(func(e playwright.WebError) { note("exception: %v", e.Error()) })
}

func (c *Context) saveEvidence(t testing.TB, dir string) {
	trace := filepath.Join(dir, "trace.zip")
	if err := c.Tracing().Stop(trace); err != nil {
		t.Logf("no trace: %v", err)
		return
	}
	for i, page := range c.Pages() {
		_, err := page.Screenshot(playwright.PageScreenshotOptions{
			Path:     playwright.String(filepath.Join(dir, fmt.Sprintf("page-%d.png", i+1))),
			FullPage: playwright.Bool(true),
		})
		if err != nil {
			t.Logf("no screenshot of %s: %v", page.URL(), err)
		}
		html, err := page.Content()
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("page-%d.html", i+1)), []byte(html), 0o600)
		}
		if err != nil {
			t.Logf("no HTML of %s: %v", page.URL(), err)
		}
	}
	for _, problem := range c.Problems() {
		t.Log(problem)
	}
	t.Logf("evidence: %s", dir)
}

// folder turns a test's name into a directory name without slashes.
func folder(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\: `, r) {
			return '-'
		}
		return r
	}, name)
}
