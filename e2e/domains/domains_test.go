// Package domains plays the story of a tenant's own domain: a real name server, TLS
// for every name, and a browser that believes both.
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

// house is an installation behind a TLS front, and the names of the world.
type house struct {
	*stack.Stack
	names    *stack.DNS
	chromium *browser.Browser
}

func open(t *testing.T) *house {
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
	return &house{s, names, chromium}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// visitor is somebody's browser.
type visitor struct {
	*testing.T
	*house
	page playwright.Page
}

var codeInMail = regexp.MustCompile(`\b\d{6}\b`)

// comes opens a browser at an address.
func (h *house) comes(t *testing.T, address string) *visitor {
	t.Helper()
	return &visitor{t, h, h.chromium.Context(t).Open(t, address)}
}

// proves types the code that is mailed once the button is pressed.
func (v *visitor) proves(email, button string) {
	v.Helper()
	since := time.Now()
	v.clicks("button", button)
	var text string
	_, err := v.Mail.Wait(v.Context(), email, func(m stack.Message) bool {
		text = m.Text()
		return !m.At.Before(since) && codeInMail.MatchString(m.Subject()+text)
	})
	check(v.T, err)
	check(v.T, v.page.GetByLabel("code").First().Fill(codeInMail.FindString(text)))
}

func (v *visitor) signsIn(email string) {
	v.Helper()
	check(v.T, v.page.GetByLabel("Your email address").Fill(email))
	v.proves(email, "Send me a sign-in link")
}

func (v *visitor) clicks(role, name string) {
	v.Helper()
	check(v.T, v.page.GetByRole(playwright.AriaRole(role), playwright.PageGetByRoleOptions{Name: name}).First().Click())
}

func (v *visitor) sees(text string) {
	v.Helper()
	check(v.T, v.page.GetByText(text).First().WaitFor())
}

// at waits until the browser is at an address that begins so.
func (v *visitor) at(address string) {
	v.Helper()
	check(v.T, v.page.WaitForURL(regexp.MustCompile("^"+regexp.QuoteMeta(address))))
}

// Dana adds a domain of Acme's and is told what its name server must say. Once it
// does, Mia's portal is there: she signs in where everybody does, and is taken home.
// Gus of another tenant is nobody there, and once the proof is gone and the domain
// removed, so is Mia.
func TestDomainFromAddedToPortal(t *testing.T) {
	t.Parallel()
	const domain = "portal.acme.example"
	h := open(t)
	main := h.URL()
	dana := h.comes(t, main+"/")
	dana.signsIn("dana@northwind.test")
	dana.sees("Workspaces")
	_, err := dana.page.Goto(main + "/w/acme/settings/domains")
	check(t, err)
	dana.clicks("link", "Confirm it's you")
	dana.proves("dana@northwind.test", "Send the code")
	dana.at(main + "/w/acme/settings/domains")
	check(t, dana.page.Locator("#host").Fill("portico.test"))
	dana.clicks("button", "Add domain")
	check(t, dana.page.Locator("[aria-invalid=true]#host").WaitFor())
	check(t, dana.page.Locator("#host").Fill(domain))
	dana.clicks("button", "Add domain")
	dana.sees("_portico." + domain)
	proof, err := dana.page.Locator(".record code", playwright.PageLocatorOptions{HasText: "portico="}).First().TextContent()
	check(t, err)

	// Nobody's until it is proved, though it points here already.
	check(t, h.names.Set(domain, "CNAME "+stack.FrontDomain+"."))
	early := h.comes(t, "https://"+domain+"/")
	if text, err := early.page.Content(); err != nil || strings.Contains(text, "Acme") {
		t.Errorf("an unproved domain shows the portal, %v", err)
	}
	check(t, h.names.Set("_portico."+domain, `TXT "`+proof+`"`))
	dana.clicks("button", "Check now")
	// The page looks again by itself.
	dana.sees("Links and emails use this domain.")

	mia := h.comes(t, "https://"+domain+"/projects")
	mia.at(main + "/login")
	mia.signsIn("mia@acme.test")
	mia.at("https://" + domain + "/projects")
	mia.clicks("link", "Home")
	mia.at("https://" + domain + "/")
	if text, err := mia.page.Content(); err != nil || strings.Contains(text, "/w/acme") {
		t.Errorf("at home, an address leads off the host, %v", err)
	}

	gus := h.comes(t, main+"/")
	gus.signsIn("gus@globex.test")
	gus.at(main + "/w/globex/")
	res, err := gus.page.Goto("https://" + domain + "/projects")
	check(t, err)
	if text, err := gus.page.Content(); err != nil || res.Status() != 404 || strings.Contains(text, "Acme") {
		t.Errorf("another tenant's person is answered %d there, %v", res.Status(), err)
	}

	dana.clicks("button", "Remove domain")
	dana.at(main + "/w/acme/settings/domains")
	if res, err = mia.page.Goto("https://" + domain + "/projects"); err != nil || res.Status() != 404 {
		t.Errorf("once the domain is removed it answers %d, %v", res.Status(), err)
	}
}
