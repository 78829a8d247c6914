package e2e

import (
	"testing"
	"time"
)

// Dana creates a client's workspace in one form, with its colour and first person. Uma
// is invited by mail, joins, and sees its brand. When the workspace is suspended, her
// next click shows a notice. When it is resumed, her portal works again.
func TestClientIsCreatedJoinedAndSuspended(t *testing.T) {
	t.Parallel()
	const email = "uma@umbra.test"
	dana, since := signedInByMail(t, "dana@northwind.test"), time.Now()
	dana.open("/w/northwind/")
	dana.click("link", "New client")
	dana.fill("Name", "Umbra Studio")
	dana.fill("Address of the workspace", "acme")
	dana.fill("Colour", "#7c3aed")
	dana.fill("Email address", email)
	dana.click("button", "Create workspace")
	dana.sees("That address is not available.")
	dana.fill("Address of the workspace", "umbra")
	dana.click("button", "Create workspace")
	dana.sees("Workspace created.")

	link := inviteInMail.FindStringSubmatch(mailed(t, email, since, "invited you to"))
	if link == nil {
		t.Fatal("the mail has no link")
	}
	uma := newVisitor(t)
	uma.open(link[1])
	uma.click("button", "Sign in as "+email)
	uma.sees("Check your email")
	uma.fill("code", codeInMail.FindString(mailed(t, email, since, signInMail)))
	uma.must("back at the invitation", uma.page.WaitForURL("**/invites/*"))
	uma.fill("Your name", "Uma") // nobody has said what she is called
	uma.click("button", "Accept and join")
	uma.must("in the portal", uma.page.WaitForURL("**/w/umbra/**"))
	uma.hasBrand("umbra")

	dana.open("/w/northwind/clients?q=umbra")
	dana.click("link", "Umbra Studio")
	dana.click("button", "Suspend")
	dana.click("button", "Suspend workspace")
	dana.sees("Suspended. Its people see a notice")
	uma.click("link", "Projects")
	uma.sees("This portal is paused")
	dana.click("button", "Resume")
	dana.sees("Resumed.")
	uma.open("/w/umbra/projects")
	uma.hasBrand("umbra")
}

// Deleting a client asks first, and Cancel keeps it.
func TestDeletingAClientAsks(t *testing.T) {
	t.Parallel()
	dana := signedInByMail(t, "dana@northwind.test")
	dana.open("/w/northwind/clients/new")
	dana.fill("Name", "Opened by mistake")
	dana.fill("Address of the workspace", "mistake")
	dana.click("button", "Create workspace")
	dana.sees("Workspace created.")
	dana.open("/w/northwind/clients?q=mistake")
	dana.click("link", "Opened by mistake")
	dana.click("button", "Delete")
	dana.sees("You can't undo this.")
	dana.must("cancel", dana.page.Locator("#delete button[data-kind=quiet]").Click())
	dana.click("button", "Delete")
	dana.click("button", "Delete workspace")
	dana.sees("Deleted. Its address is free again.")
}
