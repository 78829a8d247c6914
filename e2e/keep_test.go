package e2e

import "testing"

const notSaved = "This is what you typed before. It is not saved yet."

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
