package e2e

import "testing"

// Leo adds a passkey, signs out, signs in with it without typing anything, steps up
// with it, and removes it. Chromium simulates the authenticator.
func TestPasskeyInTheBrowser(t *testing.T) {
	t.Parallel()
	leo := signedInByMail(t, "leo@acme.test")
	leo.must("in his portal", leo.page.WaitForURL("**/w/acme/"))
	leo.authenticator()

	leo.open("/account")
	leo.click("link", "Add a passkey")
	leo.stepUp("leo@acme.test")
	leo.must("back on the account page", leo.page.WaitForURL("**/account"))
	leo.fill("Name of the new passkey", "Leo's phone")
	leo.click("button", "Add a passkey")
	leo.sees("Passkey added.")
	leo.sees("Leo's phone")

	// The same device can't be added twice, and the page says why.
	leo.click("button", "Add a passkey")
	leo.sees("already has a passkey for your account")

	leo.signOut()
	leo.open("/login?return_to=%2Faccount")
	leo.click("button", "Use a passkey")
	leo.must("signed in", leo.page.WaitForURL("**/account"))
	leo.sees("Signed in with a passkey")

	leo.click("link", "Add a passkey")
	leo.click("button", "Use a passkey")
	leo.must("proved anew", leo.page.WaitForURL("**/account"))
	leo.sees("Confirmed with a passkey")
	leo.must("remove it", leo.page.GetByLabel("Remove Leo's phone").Click())
	leo.sees("Passkey removed.")
	leo.signOut()
	leo.open("/login")
	leo.click("button", "Use a passkey")
	leo.sees("doesn't work here")
}

// authenticator adds a virtual authenticator that confirms every request.
func (v *visitor) authenticator() {
	v.t.Helper()
	session, err := v.context.NewCDPSession(v.page)
	v.must("devtools", err)
	_, err = session.Send("WebAuthn.enable", map[string]any{})
	v.must("authenticators", err)
	_, err = session.Send("WebAuthn.addVirtualAuthenticator", map[string]any{"options": map[string]any{
		"protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
		"isUserVerified": true, "automaticPresenceSimulation": true,
	}})
	v.must("an authenticator", err)
}

func (v *visitor) signOut() {
	v.t.Helper()
	v.must("open the menu", v.page.Locator("[popovertarget=me-menu]").First().Click())
	v.must("sign out", v.page.Locator("#me-menu form[action='/logout'] button").Click())
	v.must("out", v.page.WaitForURL("**/signed-out"))
}
