package e2e

import (
	"testing"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/stack"
)

// Cleo links a provider account with another address and signs out. In a browser
// without scripts she signs in with it, must confirm before she unlinks it, and confirms
// with it. After that it can't sign in.
func TestLinkedAccountInTheBrowser(t *testing.T) {
	t.Parallel()
	const there = "cleo@elsewhere.test"
	world.stack.OIDC.AddPersona(stack.Persona{Email: there, Name: "Cleo, elsewhere", EmailVerified: true})
	cleo := signedInByMail(t, "cleo@contoso.test")
	cleo.open("/account")
	cleo.click("button", "Link Demo")
	away := lockMailbox("cleo@contoso.test")
	cleo.stepUp("cleo@contoso.test")
	away()
	cleo.must("back on the account page", cleo.page.WaitForURL("**/account"))
	cleo.click("button", "Link Demo")
	cleo.pickPersona(there)
	cleo.sees("Account linked.")
	cleo.sees("not used yet")
	cleo.signOut()

	plain := newVisitor(t, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	plain.open("/login?return_to=%2Faccount")
	plain.click("link", "Continue with")
	plain.pickPersona(there)
	plain.must("signed in", plain.page.WaitForURL("**/account"))
	plain.sees("Signed in through a provider")
	plain.click("button", "Unlink Demo")
	plain.sees("Confirm it's you")
	plain.click("button", "Confirm with Demo")
	plain.pickPersona(there)
	plain.must("confirmed", plain.page.WaitForURL("**/account"))
	plain.sees("Confirmed at a provider")
	plain.click("button", "Unlink Demo")
	plain.sees("Account unlinked.")

	late := newVisitor(t)
	late.click("link", "Continue with")
	late.pickPersona(there)
	late.sees("That account has no invitation here")
}

// pickPersona chooses a person on the provider's page.
func (v *visitor) pickPersona(email string) {
	v.t.Helper()
	v.must("at the provider", v.page.GetByText(email).First().Click())
}
