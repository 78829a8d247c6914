package views

import (
	"time"

	"portico/views/ui"
)

// MemberRow is one person of a tenant.
type MemberRow struct {
	Name     string
	Email    string // "" where this reader may not see it
	Role     string // "Owner", "Admin", "Member", "Viewer"
	LastSeen time.Time
	You      bool
	URL      string // the person's own page here; "" for none
	ViewAs   string // the person's id where the reader may look as them, else ""
}

// MemberGroup is the people of one party.
type MemberGroup struct {
	Title  string // "Acme", "Northwind"
	Hint   string // "Your client's people"
	Count  int    // on all pages
	People []MemberRow
}

// InviteRow is somebody who was asked in and has not come yet.
type InviteRow struct {
	Name      string
	Email     string
	Role      string
	Side      string // "Acme", "Northwind"
	By        string // "" for the agency itself
	SentAt    time.Time
	ExpiresAt time.Time
	Expired   bool
	Lapsed    bool   // whoever made it may not give it any more
	ResendURL string // "" when this reader may not
	RevokeURL string
}

// MembersProps holds everything that the page may show.
type MembersProps struct {
	Query     string
	Groups    []MemberGroup
	FirstURL  string
	MoreURL   string
	Invites   []InviteRow
	InviteURL string // "" when this reader may invite nobody
	ByClient  *ByClient
}

// ByClient is the agency's say over whether a client manages its own people.
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
	May      string // what that lets them do
	Side     string // "Acme", "Northwind"
	Since    time.Time
	LastSeen time.Time
	You      bool
	Team     bool // of an agency itself, so that they go from its clients too
	// Roles are those this reader may give them; none when they may not change this person.
	Roles   []ui.Option
	Owner   bool   // so that taking their role wants a fresh proof
	Refused string // why the last try came to nothing, else ""
	Errors  ui.Errors
}

// LeaveProps holds everything that the page may show.
type LeaveProps struct {
	Name    string // of the workspace or portal
	Team    bool   // of an agency itself, so that they go from its clients too
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
	Parties []ui.Option // one to choose from is no choice
	Roles   []ui.Option
	// OwnerURL leads to a fresh proof and back to this form with Owner among the roles; "" when it is, or may not be.
	OwnerURL string
	ProveURL string // proves anew in another tab, when a proof has run out; else ""
}

// ImportRow is what was read of one line of a list of people.
type ImportRow struct {
	Line  string // "3"
	Name  string
	Email string
	Role  string
	Side  string
	Wrong string // why this line cannot be taken; "" when it can
	Left  string // why it is left out, though nothing is wrong with it
}

// ImportProps holds everything that the page may show.
type ImportProps struct {
	Text    string // the list as it was sent
	Checked string // names the list that is shown as read, so that what is confirmed is what was seen; "" when it cannot be
	Rows    []ImportRow
	Wrong   int // lines that cannot be taken
	Invited int // people who would be invited
	Most    string
	Sides   bool // the list may say to which side somebody belongs
	Errors  ui.Errors
}
