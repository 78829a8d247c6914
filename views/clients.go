package views

import (
	"strconv"
	"time"

	"portico/views/ui"
)

// ClientRow is one client in an agency's list. It holds nothing from inside the
// client's workspace.
type ClientRow struct {
	URL          string
	Name         string
	Accent       string
	LogoURL      string
	State        State // StateSuspended and StateArchived are shown
	Plan         string
	People       int64
	Projects     int64
	ForUs        int // deliverables whose next step is the agency's
	InReview     int
	LastActivity time.Time
	Joined       bool
}

// ClientListProps holds everything that the page may show.
type ClientListProps struct {
	Query    string
	Archived bool   // this is the list of archived clients
	Usage    string // "12 of 100"
	Clients  []ClientRow
	FirstURL string
	MoreURL  string
}

// ClientPerson is a line of the form: a person to invite.
type ClientPerson struct {
	Email string
	Role  string
}

// ClientForm holds the values of the form as they were typed.
type ClientForm struct {
	Name      string
	Slug      string
	Accent    string
	OwnAccent bool
	// AccentShown is the colour that the form was opened with; "" for Accent.
	AccentShown string
	Plan        string
	People      []ClientPerson
	Seen        string // the name that the form was read with
	PlanSeen    string
	Theirs      []ui.Saved
	Errors      ui.Errors
}

// ClientNewProps holds everything that the page may show.
type ClientNewProps struct {
	Form    ClientForm
	Address string   // the part of the URL before the slug: "portal.example/w/"
	Plans   []Choice // empty if the reader may not choose a plan
	Roles   []Choice
}

// Choice is a form value with its label.
type Choice struct{ Value, Label string }

// ClientShowProps holds everything that the page may show.
type ClientShowProps struct {
	ID         string
	Name       string
	Address    string   // the URL of the workspace
	PeopleURL  string   // their people; "" like OpenURL
	Invited    []string // addresses on their side that have not accepted yet; nil like OpenURL
	OpenURL    string   // opens the workspace; "" if the reader has not joined it
	State      State
	People     int64
	Projects   int64
	ForUs      int
	InReview   int
	Since      time.Time
	LastActive time.Time
	Form       ClientForm // of the name, the plan and the staff
	PlanName   string
	PlanCap    string      // the agency's plan, if that is smaller and so bounds the client's; else ""
	Plans      []Choice    // empty if the reader may not choose a plan
	PlanMost   string      // the agency's own plan, if there are larger ones
	JoinAs     string      // the role that joining gives: "an owner"
	Refused    string      // why the last change was refused, else ""
	Team       *ClientTeam // nil if the reader may not assign people
}

// unused reports whether the client looks as if nobody used it. Whoever deletes it is told if somebody did.
func (p ClientShowProps) unused() bool { return p.People == 0 && p.Projects == 0 }

func (p ClientShowProps) inUse() bool { return p.State != StateSuspended && p.State != StateArchived }

func clientMeta(r ClientRow) []string {
	return []string{ui.Count(int(r.People), "person", "people"), ui.Count(int(r.Projects), "project", "projects"), r.Plan}
}

func options(choices []Choice, chosen string) []ui.Option {
	list := make([]ui.Option, len(choices))
	for i, c := range choices {
		list[i] = ui.Option{Value: c.Value, Label: c.Label, Selected: c.Value == chosen}
	}
	return list
}

// personField is the name of a field of the nth line of people, n starts at 0.
func personField(what string, n int) string { return what + "_" + strconv.Itoa(n+1) }

// clientOrder is the order of the form's fields, for the error summary.
func clientOrder(f ClientForm) []string {
	order := []string{"name:Name", "slug:Address of the workspace", "accent", "plan"}
	for i := range f.People {
		order = append(order, personField("email", i), personField("role", i))
	}
	return order
}

// clientColourHint says what the colour does. Without a colour of the agency's, a client that keeps the offered one has
// the neutral tile.
func clientColourHint(c Chrome) string {
	const used = "Used for the logo tile, the main button and the focus ring. We adjust it where it would be hard to read."
	if c.Workspace.Accent == "" {
		return used + " The logo tile stays grey until you pick another colour."
	}
	return used
}

func isInvited(n int) string {
	if n == 1 {
		return "is invited and has not joined yet"
	}
	return "are invited and have not joined yet"
}
