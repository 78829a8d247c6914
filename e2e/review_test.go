package e2e

import (
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
	"portico/e2e/sample"
	"portico/store"
)

// deciders is an agency with one client, where two people decide.
type deciders struct {
	client, staff, mia, nils string // the client's slug, and addresses
}

func createDeciders(t *testing.T) deciders {
	t.Helper()
	ctx := t.Context()
	word := strings.ToLower(rand.Text())[:8]
	d := deciders{client: "c-" + word, staff: "dana@" + word + ".test", mia: "mia@" + word + ".test", nils: "nils@" + word + ".test"}
	config, err := sample.ConfigOf(world.stack.Env())
	check(t, err)
	op, err := store.OpenOperator(ctx, config.OwnerURL)
	check(t, err)
	defer op.Close(ctx)
	_, err = op.CreateAgency(ctx, "a-"+word, "Northwind", d.staff, "Dana Whitfield", "starter")
	check(t, err)
	db, err := store.Open(ctx, store.Config{URL: config.AppURL, Signer: config.Signer})
	check(t, err)
	defer db.Close()
	token := signIn(t, db, d.staff)
	v, err := db.Identify(ctx, store.Credentials{Token: &token, Slug: "a-" + word})
	check(t, err)
	dana, _ := v.Member()
	check(t, db.Write(ctx, dana, func(tx *store.Tx) error {
		_, inside, err := tx.CreateClient(ctx, store.NewClient{Slug: d.client, Name: "Bakery"})
		if err != nil {
			return err
		}
		for _, p := range []store.NewPerson{
			{Name: "Mia Castellanos", Email: d.mia, Party: store.PartyClient, Role: store.RoleOwner},
			{Name: "Nils Berg", Email: d.nils, Party: store.PartyClient, Role: store.RoleMember},
			{Name: "Omar Haddad", Email: "omar@" + word + ".test", Party: store.PartyClient, Role: store.RoleMember},
		} {
			if _, err := inside.AddPerson(ctx, p); err != nil {
				return err
			}
		}
		return nil
	}))
	return d
}

// screenshot keeps a picture of the page in the folder that PORTICO_SHOTS names, if it does.
func (v *visitor) screenshot(name string) {
	v.t.Helper()
	dir := os.Getenv("PORTICO_SHOTS")
	if dir == "" {
		return
	}
	_, err := v.page.Screenshot(playwright.PageScreenshotOptions{Path: playwright.String(filepath.Join(dir, name+".png"))})
	v.must("screenshot", err)
}

// fits checks that nothing is wider than the page.
func (v *visitor) fits() {
	v.t.Helper()
	wide, err := v.page.Evaluate(`document.documentElement.scrollWidth > document.documentElement.clientWidth`)
	if err != nil || wide == true {
		v.t.Errorf("%s is wider than the window, %v", v.path(), err)
	}
}

// askTwo publishes the draft that is open and asks Mia and Nils.
func (v *visitor) askTwo(version string) {
	v.t.Helper()
	v.click("button", "Publish version "+version)
	form := v.page.Locator("dialog[open]")
	for _, name := range []string{"Mia", "Nils"} {
		v.must("ask "+name, form.Locator(".ask-person", playwright.LocatorLocatorOptions{HasText: name}).Locator("input[type=checkbox]").Check())
	}
	v.must("by when", form.Locator("#due").Fill("2199-12-06"))
	v.screenshot(v.shotName("publish-v" + version))
	v.must("publish", form.GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Publish version " + version}).Click())
	v.sees("Published.")
}

func (v *visitor) shotName(name string) string {
	if v.noScript {
		return name + "-noscript"
	}
	return name
}

// answers presses an answer, types the words, and confirms.
func (v *visitor) answers(answer, words string) {
	v.t.Helper()
	v.click("link", answer)
	form := v.page.Locator("dialog[open]")
	if v.noScript {
		form = v.page.Locator("#decide")
	}
	v.must("the confirmation", form.WaitFor())
	if words != "" {
		v.must("the words", form.Locator("textarea").Fill(words))
	}
	v.screenshot(v.shotName("confirm-" + strings.ReplaceAll(strings.ToLower(answer), " ", "-")))
	v.must("confirm", form.GetByRole("button", playwright.LocatorGetByRoleOptions{Name: answer, Exact: playwright.Bool(true)}).Click())
}

// Staff publish a version and ask two people. One of them, on a phone, asks for changes with
// words. Staff publish the next version, and both approve it. All of it works without scripts
// too.
func TestClientsDecide(t *testing.T) {
	t.Parallel()
	d := createDeciders(t)
	for what, scripts := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(what, func(t *testing.T) {
			dana := signedInByMail(t, d.staff, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(scripts), Viewport: &browser.Wide})
			mia := signedInByMail(t, d.mia, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(scripts), Viewport: &browser.Narrow})
			second := signedInByMail(t, d.nils, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(scripts), Viewport: &browser.Narrow})
			at := dana.newDraft(dana.made("/w/"+d.client+"/projects", url.Values{"name": {"Decided " + what}}), "Logo "+what)
			dana.putFile("logo.txt")
			dana.askTwo("1")
			dana.sees("not opened yet")
			dana.screenshot(dana.shotName("staff-waiting"))

			mia.open(at)
			mia.sees("asks you to decide")
			mia.fits()
			mia.screenshot(mia.shotName("asked-phone"))
			mia.answers("Changes needed", "Darker, please.")
			mia.sees("You asked for changes")
			mia.fits()
			mia.screenshot(mia.shotName("answered-phone"))
			second.open(at)
			if n, err := second.named("link", "Approve").Count(); err != nil || n != 0 {
				t.Errorf("after somebody wanted changes the others are asked: %d, %v", n, err)
			}
			dana.open(at)
			dana.sees("Darker, please.")
			dana.sees("Changes needed")
			dana.screenshot(dana.shotName("staff-changes"))

			dana.click("button", "Start version 2")
			dana.putFile("logo 2.txt")
			dana.askTwo("2")
			mia.open(at)
			mia.answers("Approve", "")
			mia.sees("You approved this version")
			second.open(at)
			second.answers("Approve", "")
			second.sees("You approved this version")
			dana.open(at)
			dana.must("approved", dana.page.Locator(".side-state", playwright.PageLocatorOptions{HasText: "Approved"}).WaitFor())
			dana.screenshot(dana.shotName("staff-approved"))
		})
	}
}

// putFile adds a text file to the draft that is open, also without scripts.
func (v *visitor) putFile(name string) {
	v.t.Helper()
	v.chooseFiles(name)
	if v.noScript {
		v.click("button", "Upload")
	}
	v.arrived(name)
}
