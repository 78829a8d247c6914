package views

import "portico/views/ui"

// InviteForm holds the values of the form as they were typed.
type InviteForm struct {
	Name   string
	Errors ui.Errors
}

// InviteProps holds everything that the page may show.
type InviteProps struct {
	Brand     Brand
	By        string // the person who invites
	From      string // the agency or client that they are of
	Place     string // as InvitePlace returns it
	Team      bool   // the invited person joins the agency's team; false for client people
	Role      string // "Viewer"
	May       string // what the role allows
	Email     string // the invited address
	SignedIn  string // the signed-in person; "" if nobody is signed in
	URL       string // this page; it also takes the POST with the answer
	Providers []Provider
	MailAway  bool // no code can be mailed now
	Form      InviteForm
}

// InvitePlace says into what somebody is invited. The names are those of the tenant and of
// its agency; "" for an agency's own tenant.
func InvitePlace(agency, tenant string, team bool) string {
	switch {
	case agency == "" || agency == tenant:
		return "the team of " + tenant
	case team:
		return "the team of " + agency + " that works for " + tenant
	}
	return "the " + tenant + " portal"
}

// byWhom says who invites, and of which agency or client they are.
func (p InviteProps) byWhom() string {
	if p.From == "" || p.From == p.By {
		return p.By
	}
	return p.By + " (" + p.From + ")"
}

// InviteOverProps holds everything that the page may show.
type InviteOverProps struct {
	Why string // "used", "revoked" or "expired"; any other value shows a general sentence
}

func (p InviteOverProps) title() string {
	switch p.Why {
	case "used":
		return "This invitation was already used"
	case "revoked":
		return "This invitation was revoked"
	case "expired":
		return "This invitation has expired"
	}
	return "This invitation doesn't work"
}

func (p InviteOverProps) sentence() string {
	switch p.Why {
	case "used":
		return "Each invitation works once. If it was for you, sign in with the address it was sent to."
	case "revoked":
		return "Ask the person who invited you."
	case "expired":
		return "Invitations expire after 14 days. Ask the person who invited you to send it again."
	}
	return "The link may be incomplete, or a newer email may have replaced it. Use the link in the latest email."
}
