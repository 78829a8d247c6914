package e2e

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/sample"
	"portico/store"
)

const notSaved = "We restored what you typed. It isn't saved yet."

// Dana's session ends while a form is open. After signing in again the same form holds
// what she typed, until it is saved or discarded. Ravi, who signs in next in the same
// browser, gets none of it, and nothing of it stays in the browser.
func TestTypedTextComesBackAfterSignIn(t *testing.T) {
	t.Parallel()
	dana := signedInByMail(t, "dana@northwind.test")
	dana.loseSession("/w/acme/projects/new", "Name", "Written for an hour", "Create project")
	dana.signInByMail("dana@northwind.test")
	dana.sees(notSaved)
	dana.holds("#name", "Written for an hour")
	dana.open("/w/acme/projects/new")
	dana.holds("#name", "Written for an hour")
	dana.click("button", "Discard it")
	dana.holds("#name", "")
	dana.open("/w/acme/projects/new")
	dana.holds("#name", "")

	dana.loseSession("/account", "Name", "Dana Whitfield ", "Save name")
	dana.signInByMail("dana@northwind.test")
	dana.sees(notSaved)
	dana.click("button", "Save name")
	dana.gone(notSaved) // the answer of the saved form
	dana.open("/account")
	dana.gone(notSaved)

	dana.loseSession("/w/acme/projects/new", "Name", "Not for Ravi", "Create project")
	dana.signInByMail("ravi@northwind.test")
	dana.holds("#name", "")
	dana.gone(notSaved)
	stored, err := dana.page.Evaluate(`() => JSON.stringify({...localStorage, ...sessionStorage})`)
	if err != nil || stored != "{}" {
		t.Errorf("the browser keeps %v, %v", stored, err)
	}

	// Now as Ravi: on a tenant's own host, and the note of a dialog that was open.
	at := strings.Replace(world.stack.URL(), "localhost", "acme.localhost", 1)
	_, err = dana.page.Goto(at + "/projects/new")
	dana.must("open a tenant's host", err)
	dana.fill("Name", "Typed on our own host")
	dana.must("end the session", dana.page.Context().ClearCookies())
	dana.click("button", "Create project")
	dana.sees("Your session has ended")
	dana.must("go on", dana.page.Locator("main a[href='/projects/new']").Click())
	dana.signInByMail("ravi@northwind.test")
	dana.must("back on the host", dana.page.WaitForURL(at+"/projects/new"))
	dana.sees(notSaved)
	dana.holds("#name", "Typed on our own host")

	dana.open("/w/acme/projects")
	dana.draft("Kept notes", "Leaflet", playwright.InputFile{Name: "leaflet.txt", MimeType: "text/plain", Buffer: []byte("leaflet")})
	dana.click("button", "Publish version 1")
	dana.fill("What's new", "A note for an hour")
	dana.must("end the session", dana.page.Context().ClearCookies())
	dana.confirmPublish()
	dana.sees("Your session has ended, so nothing was saved.")
	dana.signInByMail("ravi@northwind.test")
	dana.must("the dialog", dana.page.Locator("dialog[open]").WaitFor())
	dana.holds("dialog[open] [name=note]", "A note for an hour")
	dana.confirmPublish()
	dana.sees("Published.")
	dana.sees("A note for an hour")
	dana.gone(notSaved)
}

func limitOf(plan string, m store.Metric) int64 {
	limit, _ := store.DefaultPlans().Limit(store.TenantPlan{Plan: plan, Agency: plan}, m)
	return limit
}

// A form has its typed text again after a step-up, and after a full plan refused it.
func TestTypedTextComesBackAfterRefusal(t *testing.T) {
	t.Parallel()
	olga, email, base := newOwner(t)
	word := strings.TrimPrefix(base, "/w/studio-")
	for n := range limitOf("starter", store.Clients) {
		form := fmt.Sprintf("name=Client+%d&slug=client-%d-%s&plan=starter", n, n, word)
		if got := olga.post(base+"/clients", form); got != 303 {
			t.Fatalf("a client is answered %d", got)
		}
	}
	olga.open(base + "/clients/new")
	olga.fill("Name", "One too many "+word)
	olga.click("button", "Create workspace")
	olga.sees("Nothing was saved. Your text is kept below.")
	olga.sees("One too many " + word)
	olga.open(base + "/clients/new")
	olga.sees(notSaved)
	olga.holds("#name", "One too many "+word)

	// She gives up her work in a client, for which she confirms that it is her.
	olga.open(base + "/members")
	olga.must("open her page", olga.page.Locator(".row-link", playwright.PageLocatorOptions{HasText: "Olga"}).First().Click())
	client := olga.page.Locator("input[name=client]").First()
	olga.must("untick", client.Uncheck())
	olga.click("button", "Save clients")
	since := time.Now()
	olga.click("button", "Send the code")
	olga.sendCode(codeInMail.FindString(mailed(t, email, since, "confirmation code")), "Confirm")
	olga.sees(notSaved)
	if ticked, err := client.IsChecked(); err != nil || ticked {
		t.Errorf("after the step-up the box is ticked: %v, %v", ticked, err)
	}
}

// newOwner signs in the owner of a new agency. It returns her address and the agency's path too.
func newOwner(t *testing.T) (olga *visitor, email, base string) {
	t.Helper()
	word := strings.ToLower(rand.Text())[:8]
	config, err := sample.ConfigOf(world.stack.Env())
	check(t, err)
	op, err := store.OpenOperator(t.Context(), config.OwnerURL)
	check(t, err)
	defer op.Close(t.Context())
	email = "olga@" + word + ".test"
	_, err = op.CreateAgency(t.Context(), "studio-"+word, "Studio "+word, email, "Olga", "starter")
	check(t, err)
	return signedInByMail(t, email), email, "/w/studio-" + word
}

// A form keeps its typed text when another form of the page is sent, and when a link leads to a step-up first. The
// text is forgotten when the form is saved or cancelled.
func TestUnsentTextComesBack(t *testing.T) {
	t.Parallel()
	olga, email, base := newOwner(t)
	olga.open(base + "/settings")
	olga.fill("Welcome message", "Typed, not saved")
	logo := playwright.InputFile{Name: "logo.png", MimeType: "image/png", Buffer: picture(t)}
	olga.must("choose a logo", olga.page.Locator("#logo").SetInputFiles([]playwright.InputFile{logo}))
	olga.click("button", "Use this logo")
	olga.sees(notSaved)
	olga.holds("#welcome", "Typed, not saved")
	olga.click("button", "Save settings")
	olga.gone(notSaved)
	olga.open(base + "/settings")
	olga.gone(notSaved)
	olga.holds("#welcome", "Typed, not saved")

	olga.open(base + "/invites/new")
	olga.fill("Email address", "uma@owners.test")
	olga.fill("Name", "Uma")
	olga.click("link", "confirm it's you first")
	since := time.Now()
	olga.click("button", "Send the code")
	olga.sendCode(codeInMail.FindString(mailed(t, email, since, "confirmation code")), "Confirm")
	olga.sees(notSaved)
	olga.holds("#email", "uma@owners.test")
	olga.holds("#name", "Uma")
	olga.holds("#role", "owner")
	olga.click("link", "Cancel")
	olga.sees("Olga")
	olga.open(base + "/invites/new")
	olga.gone(notSaved)
	olga.holds("#email", "")
}

// loseSession types into a form and sends it after the session has ended.
func (v *visitor) loseSession(path, label, text, button string) {
	v.t.Helper()
	v.open(path)
	v.fill(label, text)
	v.must("end the session", v.page.Context().ClearCookies())
	v.click("button", button)
	v.sees("Your session has ended, so nothing was saved.")
}

// holds checks what a field holds.
func (v *visitor) holds(selector, want string) {
	v.t.Helper()
	got, err := v.page.Locator(selector).InputValue()
	if err != nil || got != want {
		v.t.Errorf("%s holds %q, want %q; %v", selector, got, want, err)
	}
}

// Signing out deletes what was typed and which uploads were begun in this browser.
func TestSigningOutForgetsTextAndUploads(t *testing.T) {
	t.Parallel()
	v := signedInByMail(t, "ivy@initech.test")
	_, err := v.page.Evaluate(`() => {
	localStorage.setItem("portico.typed /somewhere", "{}");
	localStorage.setItem("portico:upload:poster.png", "{}");
	localStorage.setItem("kept", "1");
}`)
	v.must("fill the storage", err)
	v.must("open the menu", v.page.Locator("[popovertarget=me-menu]").First().Click())
	v.must("sign out", v.page.Locator("#me-menu form[action='/logout'] button").Click())
	v.must("out", v.page.WaitForURL("**/signed-out"))
	stored, err := v.page.Evaluate(`() => Object.keys(localStorage).join(" ")`)
	if err != nil || stored != "kept" {
		t.Errorf("the browser keeps %v, %v", stored, err)
	}
}
