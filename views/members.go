package views

import (
	"time"

	"portico/views/ui"
)

// MemberRow is one person of a tenant.
type MemberRow struct {
	Name     string
	Email    string // "" if this reader may not see it
	Role     string // "Owner", "Admin", "Member", "Viewer"
	LastSeen time.Time
	You      bool
	URL      string // the person's page in this tenant; "" for none
	ViewAs   string // the person's id if the reader may view as them, else ""
}

// MemberGroup lists the people of one party.
type MemberGroup struct {
	Title  string // "Acme", "Northwind"
	Hint   string // "Your client's people"
	Count  int    // on all pages
	People []MemberRow
}

// InviteRow is an open invitation.
type InviteRow struct {
	Name      string
	Email     string
	Role      string
	Side      string // "Acme", "Northwind"
	By        string // "" for the agency itself
	SentAt    time.Time
	ExpiresAt time.Time
	Expired   bool
	Lapsed    bool   // the inviter may no longer invite to this role
	ResendURL string // "" if this reader may not resend it
	RevokeURL string
}

// MembersProps holds everything that the page may show.
type MembersProps struct {
	Query     string
	Groups    []MemberGroup
	FirstURL  string
	MoreURL   string
	Invites   []InviteRow
	InviteURL string // "" if this reader may not invite people
	ByClient  *ByClient
}

// ByClient is the agency's setting for whether a client manages its own people.
type ByClient struct {
	Client string
	May    bool
}

// MemberProps holds everything that the page may show.
type MemberProps struct {
	ID       string
	Name     string
	Email    string
	Role     string // "Owner"
	May      string // what the role allows
	Side     string // "Acme", "Northwind"
	Since    time.Time
	LastSeen time.Time
	You      bool
	Team     bool // the tenant is an agency, so removal also ends access to its clients
	// Roles lists the roles this reader may give them. It is empty if the reader may not change this person.
	Roles   []ui.Option
	Owner   bool   // the person is an owner, so changing their role needs a step-up
	Refused string // why the last change was refused, else ""
	Errors  ui.Errors
}

// LeaveProps holds everything that the page may show.
type LeaveProps struct {
	Name    string // the workspace or portal
	Team    bool   // the tenant is an agency, so removal also ends access to its clients
	Owner   bool
	Refused string
}

// InviteNewForm holds the values of the form as they were typed.
type InviteNewForm struct {
	Name   string
	Email  string
	Party  string
	Role   string
	Errors ui.Errors
}

// InviteNewProps holds everything that the page may show.
type InviteNewProps struct {
	Form    InviteNewForm
	Parties []ui.Option // a single party is not shown as a choice
	Roles   []ui.Option
	// OwnerURL leads to a step-up and back to this form with Owner among the roles. It is "" if Owner is already
	// offered or not allowed.
	OwnerURL string
	ProveURL string // opens a step-up in another tab, after the last one has expired; else ""
}

// ImportRow is one line of a list of people, as it was read.
type ImportRow struct {
	Line  string // "3"
	Name  string
	Email string
	Role  string
	Side  string
	Wrong string // why this line is invalid; "" if it is valid
	Left  string // why a valid line is skipped
}

// ImportProps holds everything that the page may show.
type ImportProps struct {
	Text    string // the list as it was sent
	Checked string // identifies the list shown, so that the confirmed list is the one the reader saw; "" if it can't be confirmed
	Rows    []ImportRow
	Wrong   int // the number of invalid lines
	Invited int // the number of people to invite
	Most    string
	Sides   bool // the list may name each person's side
	Errors  ui.Errors
}
