package views

import "portico/views/ui"

// InviteForm holds the values of the form as they were typed.
type InviteForm struct {
	Name   string
	Errors ui.Errors
}

// InviteProps is all that page may show.
type InviteProps struct {
	Brand     Brand
	By        string // who invites
	Team      bool   // to work there, rather than to look at what is made for them
	Role      string // "Viewer"
	May       string // what that lets them do
	Email     string // the invited address
	SignedIn  string // who looks; "" for nobody
	URL       string // this page, which also takes the answer
	Providers []Provider
	Form      InviteForm
}

// InviteOverProps is all that page may show.
type InviteOverProps struct {
	Why     string // "used", "revoked", "expired"; anything else says no more than that it does not work
	HomeURL string // for the one who has used it
}

func (p InviteOverProps) title() string {
	switch {
	case p.HomeURL != "":
		return "You have joined already"
	case p.Why == "used":
		return "This invitation was already used"
	case p.Why == "revoked":
		return "This invitation was taken back"
	case p.Why == "expired":
		return "This invitation has run out"
	}
	return "This invitation does not work"
}

func (p InviteOverProps) sentence() string {
	switch {
	case p.HomeURL != "":
		return "This invitation is yours, and you are in."
	case p.Why == "used":
		return "Each invitation works once. If it was for you, sign in with the address it came to."
	case p.Why == "revoked":
		return "Ask whoever invited you what has changed."
	case p.Why == "expired":
		return "Invitations are good for 14 days. Ask whoever invited you to send it again."
	}
	return "The link may have been cut short on its way, or a newer mail has taken its place. Look for the last one you got."
}
