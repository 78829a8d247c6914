// Package domains tests a tenant's own domain with a real name server, TLS for every
// name, and a browser that trusts both.
package domains

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
	"portico/e2e/sample"
	"portico/e2e/stack"
)

// installation is an installation behind a TLS proxy, with a DNS server and a browser.
type installation struct {
	*stack.Stack
	dns      *stack.DNS
	chromium *browser.Browser
}

func newInstallation(t *testing.T) *installation {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	s, err := stack.Start(ctx, stack.Options{Front: true, Personas: sample.ForSignIn()})
	check(t, err)
	t.Cleanup(func() { _ = s.Stop() })
	names, err := stack.StartDNS(ctx)
	check(t, err)
	check(t, names.Set(stack.FrontDomain, "A 127.0.0.1"))
	binary := filepath.Join(t.TempDir(), "portico")
	check(t, stack.Build(ctx, "./cmd/portico", binary))
	check(t, s.Prepare(ctx, binary))
	env := s.Env().With("PORTICO_DNS", names.Addr())
	config, err := sample.ConfigOf(env)
	check(t, err)
	check(t, sample.Load(ctx, config))
	server, err := stack.StartPortico(ctx, stack.PorticoOptions{Binary: binary, Env: env, LogFile: filepath.Join(t.TempDir(), "portico.log")})
	check(t, err)
	t.Cleanup(func() { _ = server.Stop() })
	chromium, err := browser.Start(browser.Options{Front: s.Front})
	check(t, err)
	t.Cleanup(func() { _ = chromium.Stop() })
	return &installation{s, names, chromium}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// visitor is one person's browser.
type visitor struct {
	*testing.T
	*installation
	page playwright.Page
}

var codeInMail = regexp.MustCompile(`\b\d{6}\b`)

// newVisitor opens a browser at an address.
func (h *installation) newVisitor(t *testing.T, address string) *visitor {
	t.Helper()
	return &visitor{t, h, h.chromium.Context(t).Open(t, address)}
}

// enterMailedCode presses the button and types the code that is then mailed.
func (v *visitor) enterMailedCode(email, button string) {
	v.Helper()
	since := time.Now()
	v.click("button", button)
	var text string
	_, err := v.Mail.Wait(v.Context(), email, func(m stack.Message) bool {
		text = m.Text()
		return !m.At.Before(since) && codeInMail.MatchString(m.Subject()+text)
	})
	check(v.T, err)
	check(v.T, v.page.GetByLabel("code").First().Fill(codeInMail.FindString(text)))
}

func (v *visitor) signIn(email string) {
	v.Helper()
	check(v.T, v.page.GetByLabel("Your email address").Fill(email))
	v.enterMailedCode(email, "Send me a sign-in link")
}

func (v *visitor) click(role, name string) {
	v.Helper()
	check(v.T, v.page.GetByRole(playwright.AriaRole(role), playwright.PageGetByRoleOptions{Name: name}).First().Click())
}

func (v *visitor) sees(text string) {
	v.Helper()
	check(v.T, v.page.GetByText(text).First().WaitFor())
}

// waitForURL waits until the browser's address begins with address.
func (v *visitor) waitForURL(address string) {
	v.Helper()
	check(v.T, v.page.WaitForURL(regexp.MustCompile("^"+regexp.QuoteMeta(address))))
}

// Dana adds Acme's domain and is told which DNS records it needs. Once they exist, Mia's
// portal is there: she signs in on the main host and is sent back. Gus of another tenant
// gets 404 there. Once the domain is removed, so does Mia.
func TestDomainIsAddedVerifiedAndRemoved(t *testing.T) {
	t.Parallel()
	const domain = "portal.acme.example"
	h := newInstallation(t)
	main := h.URL()
	dana := h.newVisitor(t, main+"/")
	dana.signIn("dana@northwind.test")
	dana.sees("Workspaces")
	_, err := dana.page.Goto(main + "/w/acme/settings/domains")
	check(t, err)
	dana.click("link", "Confirm it's you")
	dana.enterMailedCode("dana@northwind.test", "Send the code")
	dana.waitForURL(main + "/w/acme/settings/domains")
	check(t, dana.page.Locator("#host").Fill("portico.test"))
	dana.click("button", "Add domain")
	check(t, dana.page.Locator("[aria-invalid=true]#host").WaitFor())
	check(t, dana.page.Locator("#host").Fill(domain))
	dana.click("button", "Add domain")
	dana.sees("_portico." + domain)
	proof, err := dana.page.Locator(".record code", playwright.PageLocatorOptions{HasText: "portico="}).First().TextContent()
	check(t, err)

	// The domain already points here but shows no portal until it is verified.
	check(t, h.dns.Set(domain, "CNAME "+stack.FrontDomain+"."))
	early := h.newVisitor(t, "https://"+domain+"/")
	if text, err := early.page.Content(); err != nil || strings.Contains(text, "Acme") {
		t.Errorf("an unproved domain shows the portal, %v", err)
	}
	check(t, h.dns.Set("_portico."+domain, `TXT "`+proof+`"`))
	dana.click("button", "Check now")
	// The page reloads by itself.
	dana.sees("Links and emails use this domain.")

	mia := h.newVisitor(t, "https://"+domain+"/projects")
	mia.waitForURL(main + "/login")
	mia.signIn("mia@acme.test")
	mia.waitForURL("https://" + domain + "/projects")
	mia.click("link", "Home")
	mia.waitForURL("https://" + domain + "/")
	if text, err := mia.page.Content(); err != nil || strings.Contains(text, "/w/acme") {
		t.Errorf("at home, an address leads off the host, %v", err)
	}

	gus := h.newVisitor(t, main+"/")
	gus.signIn("gus@globex.test")
	gus.waitForURL(main + "/w/globex/")
	res, err := gus.page.Goto("https://" + domain + "/projects")
	check(t, err)
	if text, err := gus.page.Content(); err != nil || res.Status() != 404 || strings.Contains(text, "Acme") {
		t.Errorf("another tenant's person is answered %d there, %v", res.Status(), err)
	}

	dana.click("button", "Remove domain")
	dana.waitForURL(main + "/w/acme/settings/domains")
	if res, err = mia.page.Goto("https://" + domain + "/projects"); err != nil || res.Status() != 404 {
		t.Errorf("once the domain is removed it answers %d, %v", res.Status(), err)
	}
}
