// Package e2e tests Portico from outside: the built binary, in a real browser,
// with real dependencies.
package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
	"portico/e2e/sample"
	"portico/e2e/stack"
)

// world is one installation with the sample data, served by the built binary, and a
// browser. All tests share it and run in parallel.
var world struct {
	stack    *stack.Stack
	chromium *browser.Browser
	binary   string
	server   *stack.Portico
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	dir, remove, err := stack.TempDir("e2e")
	if err != nil {
		return 1, err
	}
	defer remove()
	if world.stack, err = stack.Start(ctx, stack.Options{Personas: sample.ForSignIn()}); err != nil {
		return 1, err
	}
	defer func() { _ = world.stack.Stop() }()
	world.binary = filepath.Join(dir, "portico")
	if err := stack.Build(ctx, "./cmd/portico", world.binary); err != nil {
		return 1, err
	}
	if err := world.stack.Prepare(ctx, world.binary); err != nil {
		return 1, err
	}
	config, err := sample.ConfigOf(world.stack.Env())
	if err != nil {
		return 1, err
	}
	if err := sample.Load(ctx, config); err != nil {
		return 1, err
	}
	world.server, err = stack.StartPortico(ctx, stack.PorticoOptions{
		Binary: world.binary, Env: world.stack.Env().With("SIGNUP", "open"), LogFile: filepath.Join(dir, "portico.log"),
	})
	if err != nil {
		return 1, err
	}
	defer func() { _ = world.server.Stop() }()
	if world.chromium, err = browser.Start(browser.Options{}); err != nil {
		return 1, err
	}
	defer func() { _ = world.chromium.Stop() }()
	return m.Run(), nil
}

var refusals = regexp.MustCompile(`status of 4(02|03|04|09|10|22|29)`)

// visitor is one person's browser.
type visitor struct {
	t       *testing.T
	context *browser.Context
	page    playwright.Page
	// noScript means that JavaScript is off.
	noScript bool
}

// newVisitor opens a browser at the main page. If the browser reports problems, the
// test fails at its end: a console error usually means that the content security
// policy blocked something.
func newVisitor(t *testing.T, options ...playwright.BrowserNewContextOptions) *visitor {
	t.Helper()
	c := world.chromium.Context(t, options...)
	v := &visitor{t: t, context: c, page: c.Open(t, world.stack.URL()+"/")}
	t.Cleanup(func() {
		for _, p := range c.Problems() {
			// The console also reports refusals that a test expects.
			if !refusals.MatchString(p) {
				t.Errorf("the browser complains: %s", p)
			}
		}
	})
	return v
}

// signedInByMail signs a person in with a mailed code.
func signedInByMail(t *testing.T, email string, options ...playwright.BrowserNewContextOptions) *visitor {
	t.Helper()
	v := newVisitor(t, options...)
	for _, o := range options {
		v.noScript = o.JavaScriptEnabled != nil && !*o.JavaScriptEnabled
	}
	v.signInByMail(email)
	return v
}

// signInByMail signs a person in on the sign-in page, which is open.
func (v *visitor) signInByMail(email string) {
	v.t.Helper()
	defer lockMailbox(email)()
	since := time.Now()
	v.fill("Your email address", email)
	v.click("button", "Send me a sign-in link")
	v.sees("Check your email")
	v.sendCode(codeInMail.FindString(mailed(v.t, email, since, signInMail)), "Sign in")
	v.gone("Check your email")
}

// sendCode types a code. The last digit submits it; without scripts the button does.
func (v *visitor) sendCode(code, button string) {
	v.t.Helper()
	if !v.noScript { // the script sends it with the last digit, once it runs
		v.must("load the form", v.page.WaitForLoadState())
	}
	v.fill("code", code)
	if v.noScript {
		v.click("button", button)
	}
}

// signInMail is what the subject of a sign-in mail says.
const signInMail = "sign-in code"

var mailboxes sync.Map

// lockMailbox lets only one test at a time wait for a person's mail, so that none
// reads another's. It returns the unlock function.
func lockMailbox(email string) func() {
	box, _ := mailboxes.LoadOrStore(email, new(sync.Mutex))
	box.(*sync.Mutex).Lock()
	return box.(*sync.Mutex).Unlock
}

var codeInMail = regexp.MustCompile(`\b\d{6}\b`)

// mailed waits for a mail to an address that arrived after since and returns its text.
func mailed(t *testing.T, email string, since time.Time, subject string) string {
	t.Helper()
	var text string
	_, err := world.stack.Mail.Wait(t.Context(), email, func(m stack.Message) bool {
		if m.At.Before(since) {
			return false
		}
		text = m.Text()
		return strings.Contains(m.Subject(), subject)
	})
	if err != nil {
		t.Fatalf("mail to %s about %q: %v", email, subject, err)
	}
	return text
}

func (v *visitor) must(what string, err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatalf("%s: %v", what, err)
	}
}

// open goes to a path of the main host.
func (v *visitor) open(path string) {
	v.t.Helper()
	_, err := v.page.Goto(world.stack.URL() + path)
	v.must("open "+path, err)
}

// path is the browser's current path and query.
func (v *visitor) path() string { return strings.TrimPrefix(v.page.URL(), world.stack.URL()) }

func (v *visitor) fill(label, value string) {
	v.t.Helper()
	field := v.page.GetByLabel(label, playwright.PageGetByLabelOptions{Exact: playwright.Bool(false)}).First()
	v.must("fill "+label, field.Fill(value))
}

// click presses a button or follows a link by its name.
func (v *visitor) click(role, name string) {
	v.t.Helper()
	v.must("click "+name, v.named(role, name).First().Click())
}

func (v *visitor) named(role, name string) playwright.Locator {
	return v.page.GetByRole(playwright.AriaRole(role), playwright.PageGetByRoleOptions{Name: name})
}

// sees waits until a text is on the page.
func (v *visitor) sees(text string) {
	v.t.Helper()
	v.must("see "+text, v.page.GetByText(text).First().WaitFor())
}

// gone waits until a text is no longer on the page.
func (v *visitor) gone(text string) {
	v.t.Helper()
	v.must("no longer see "+text, v.page.GetByText(text).First().WaitFor(playwright.LocatorWaitForOptions{
		State: playwright.WaitForSelectorStateHidden,
	}))
}

// source returns the page's HTML, to check that it doesn't even contain something.
func (v *visitor) source() string {
	v.t.Helper()
	html, err := v.page.Content()
	v.must("source", err)
	return html
}

// status requests a path with this browser's cookies and returns the status.
func (v *visitor) status(path string) int {
	v.t.Helper()
	res, err := v.context.Request().Get(world.stack.URL()+path, playwright.APIRequestContextGetOptions{MaxRedirects: playwright.Int(0)})
	v.must("ask for "+path, err)
	return res.Status()
}
