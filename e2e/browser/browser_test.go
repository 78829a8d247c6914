package browser

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/stack"
)

// shared is used by all tests of this package: a browser whose .test names resolve to a
// front, and an application behind it that shows the requested host.
var shared struct {
	browser *Browser
	front   *stack.Front
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "__Host-probe", Value: "1", Path: "/", Secure: true})
		w.Header().Set("Content-Security-Policy", "script-src 'none'")
		fmt.Fprintf(w, "<!doctype html><title>probe</title><h1>%s</h1><script>document.title = 'ran'</script>", r.Host)
	}))
	defer app.Close()
	var err error
	if shared.front, err = stack.StartFront(ctx, app.Listener.Addr().String()); err != nil {
		return 0, err
	}
	if shared.browser, err = Start(Options{Front: shared.front}); err != nil {
		return 0, err
	}
	code := m.Run()
	return code, shared.browser.Stop()
}

// The provider's page lists every persona. Picking one redirects back with a code.
func TestPersonaPage(t *testing.T) {
	t.Parallel()
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<!doctype html><p>code: %t</p>", r.URL.Query().Get("code") != "")
	}))
	defer back.Close()
	oidc, err := stack.StartOIDC(t.Context(), stack.OIDCOptions{
		RedirectURIs: []string{back.URL + "/auth/demo"},
		Personas: []stack.Persona{
			{Email: "dana@northwind.test", Name: "Dana", EmailVerified: true},
			{Email: "mia@acme.test", Name: "Mia", EmailVerified: true, About: "owner of Acme"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	page := shared.browser.Context(t).Open(t, oidc.Issuer()+"/authorize?"+url.Values{
		"client_id": {oidc.ClientID()}, "redirect_uri": {back.URL + "/auth/demo"},
		"response_type": {"code"}, "scope": {"openid email"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge": {strings.Repeat("a", 43)}, "code_challenge_method": {"S256"},
	}.Encode())
	buttons := page.GetByRole("button")
	if n, err := buttons.Count(); err != nil || n != 2 {
		t.Errorf("%d personas, %v", n, err)
	}
	if err := page.GetByText("owner of Acme").Click(); err != nil {
		t.Fatal(err)
	}
	if err := page.GetByText("code: true").WaitFor(); err != nil {
		t.Error(err)
	}
}

// Every name below .test reaches the application over https, a secure context that
// keeps __Host- cookies. Violations of a page's policy are reported.
func TestFrontServesEveryTestHost(t *testing.T) {
	t.Parallel()
	person := shared.browser.Context(t)
	page := person.Open(t, "https://acme.portico.test/")
	heading, err := page.Locator("h1").TextContent()
	if err != nil || heading != "acme.portico.test" {
		t.Errorf("heading %q, %v", heading, err)
	}
	cookies, err := person.Cookies()
	if err != nil || len(cookies) != 1 || cookies[0].Name != "__Host-probe" {
		t.Errorf("cookies %v, %v", cookies, err)
	}
	if title, _ := page.Title(); title != "probe" {
		t.Errorf("title %q: a blocked script ran", title)
	}
	problems := person.Problems()
	if len(problems) != 1 || !strings.Contains(problems[0], "Content Security Policy") {
		t.Errorf("problems %q", problems)
	}
}

// Two people's browsers share nothing.
func TestContextsShareNothing(t *testing.T) {
	t.Parallel()
	shared.browser.Context(t).Open(t, "https://portico.test/")
	cookies, err := shared.browser.Context(t, playwright.BrowserNewContextOptions{Viewport: &Narrow}).Cookies()
	if err != nil || len(cookies) != 0 {
		t.Errorf("cookies %v, %v", cookies, err)
	}
}

// failedTest is a testing.TB that has failed.
type failedTest struct {
	testing.TB
	cleanups []func()
}

func (f *failedTest) Failed() bool      { return true }
func (f *failedTest) Name() string      { return "TestOf/evidence" }
func (f *failedTest) Cleanup(fn func()) { f.cleanups = append(f.cleanups, fn) }

// A failed test leaves a trace and a screenshot of each page.
func TestFailedTestLeavesTraceAndScreenshot(t *testing.T) {
	t.Parallel()
	b := *shared.browser
	b.failures = t.TempDir()
	failed := &failedTest{TB: t}
	b.Context(failed).Open(t, "https://portico.test/")
	for _, cleanup := range failed.cleanups {
		cleanup()
	}
	for _, name := range []string{"trace.zip", "page-1.png", "page-1.html"} {
		if info, err := os.Stat(filepath.Join(b.failures, "TestOf-evidence", name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
