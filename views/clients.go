package views

import (
	"strconv"
	"time"

	"portico/views/ui"
)

// ClientRow is one client of an agency, as its owners and admins see it from without.
type ClientRow struct {
	URL          string
	Name         string
	Accent       string
	LogoURL      string
	State        State // StateSuspended and StateArchived are shown
	Plan         string
	People       int64
	Projects     int64
	Waiting      int // for the client
	LastActivity time.Time
	Joined       bool
}

// ClientListProps holds everything that the page may show.
type ClientListProps struct {
	Query    string
	Archived bool   // which of the two lists this is
	Room     string // "12 of 100"
	Clients  []ClientRow
	FirstURL string
	MoreURL  string
}

// ClientPerson is a line of the form: somebody to ask in.
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
	Plan      string
	People    []ClientPerson
	Errors    ui.Errors
}

// ClientNewProps holds everything that the page may show.
type ClientNewProps struct {
	Form    ClientForm
	Address string   // what stands before the slug: "portal.example/w/"
	Plans   []Choice // none for who may not give one
	Roles   []Choice
}

// Choice is a value of a form with the words for it.
type Choice struct{ Value, Label string }

// ClientShowProps holds everything that the page may show.
type ClientShowProps struct {
	ID         string
	Name       string
	Address    string // where the workspace is reached
	OpenURL    string // leads in; "" for who has not joined
	State      State
	People     int64
	Projects   int64
	Waiting    int
	Since      time.Time
	LastActive time.Time
	Form       ClientForm // of which Name, Plan and Errors count
	PlanName   string
	Plans      []Choice // none for who may not give one
	JoinAs     string   // "an owner": what joining makes them
	Refused    string   // why the last try to leave came to nothing
}

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

// personField is the name of a field of the nth line of people, counted from 0.
func personField(what string, n int) string { return what + "_" + strconv.Itoa(n+1) }

// clientOrder is the order of the form's fields.
func clientOrder(f ClientForm) []string {
	order := []string{"name", "slug", "accent", "plan"}
	for i := range f.People {
		order = append(order, personField("email", i), personField("role", i))
	}
	return order
}
