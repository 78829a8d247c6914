package views

import (
	"strconv"
	"strings"
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
	Refused  string // why mail does not reach them, or ""
	URL      string // the person's page in this tenant; "" for none
	ViewAs   string // the person's id if the reader may view as them, else ""
	Where    string // in which clients they work, on an agency's page: "Acme and Globex"
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
	Refused   string // why the email was refused, or ""
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
	NoMail   string // why mail does not reach them, or ""
	You      bool
	Team     bool // the tenant is an agency, so removal also ends access to its clients
	// Roles lists the roles this reader may give them. It is empty if the reader may not change this person.
	Roles   []ui.Option
	Owner   bool       // the person is an owner, so changing their role needs a step-up
	Seen    string     // the role that they have, for the form
	Theirs  []ui.Saved // what somebody else saved meanwhile
	Work    *StaffWork
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
	Note  string // what differs from the list, or ""
}

// ImportProps holds everything that the page may show.
type ImportProps struct {
	Text    string // the list as it was sent
	Checked string // identifies the list shown, so that the confirmed list is the one the reader saw; "" if it can't be confirmed
	Rows    []ImportRow
	Wrong   int // the number of invalid lines
	Invited int // the number of people to invite
	Counted int // of these, the number of those who count against the plan
	// TooMany says that more of them count than the plan still allows; "" if they fit.
	TooMany  string
	UsageURL string // the page of the plan; "" if this reader may not see it
	Most     string
	Sides    bool     // the list may name each person's side
	Allowed  string   // how many more people the plan allows: "4 more people"
	Notes    []string // sentences: how the list was read
	// Raw is a file that is not in Unicode, in base64, and Charset how it was read; "" for other lists. Charsets
	// are the ways to read it.
	Raw      string
	Charset  string
	Charsets []ui.Option
	Errors   ui.Errors
}

func (p ImportProps) canInvite() bool { return p.Checked != "" && p.TooMany == "" }

// StaffWork is the form that assigns a person of the agency to its clients.
type StaffWork struct {
	Name       string
	Member     bool // of the agency itself, so that later clients can follow by themselves
	Everywhere bool // assigned to all clients, now and later
	// EverywhereTicked is Everywhere as the form has it.
	EverywhereTicked bool
	Clients          []StaffChoice
	Roles            []ui.Option
	Seen             string // where the person worked when the form was read
}

// here lists the ids of the clients where the person works. The form carries what the page showed, so that saving it
// changes only what its reader changed.
func (w StaffWork) here() string {
	var ids []string
	for _, c := range w.Clients {
		if c.Role != "" {
			ids = append(ids, c.ID)
		}
	}
	return strings.Join(ids, ",")
}

// StaffChoice is one box to tick: a client with the person's role there, or a person with
// their address.
type StaffChoice struct {
	ID   string
	Name string
	Role string // "" if the person isn't there
	// Ticked is how the form has it.
	Ticked bool
}

// ClientTeam is the agency's side in a client, with those who could join it.
type ClientTeam struct {
	People []MemberRow
	Others []StaffChoice
	Roles  []ui.Option
	Seen   string // who worked here when the form was read
}

// shownPlaces is how many clients a row names.
const shownPlaces = 3

// WorksIn says in which clients a person works.
func WorksIn(clients []string, everywhere bool) string {
	switch {
	case everywhere:
		return "Works in all clients"
	case len(clients) == 0:
		return "Not assigned to a client"
	case len(clients) > shownPlaces:
		return "Works in " + strings.Join(clients[:shownPlaces], ", ") + " and " + strconv.Itoa(len(clients)-shownPlaces) + " more"
	}
	return "Works in " + ui.Names(clients)
}
