// Package views holds every page of the product: one templ file for each resource, with a props struct that holds
// everything the page may show. A page gets plain values and precomputed permissions. It can't fetch, decide or fail by
// itself, so it can't leak data it was not given.
package views

import (
	"strings"
	"time"

	"portico/views/ui"
)

// Chrome is the frame around a page: the person, the tenant, and the navigation they may use. It is the same for every
// page of a request, so it is the first argument of every page in the frame.
type Chrome struct {
	Platform  string     // the origin of PORTICO_URL while the page is on a tenant's own host, else ""
	Base      Base       // the prefix of the tenant's URLs
	Workspace *Workspace // nil outside a tenant
	Person    Person
	// Keeper names whose typed text the browser keeps: the person, and whom they act as.
	Keeper  string
	Dates   ui.Dates // how this person reads dates
	Staff   bool     // the person is of the agency's party and gets the frame with the rail
	Links   Links
	Support *SupportBar // nil outside a support session
	Brand   *Brand      // of a person's page outside tenants; nil is our own look
	Flash   Flash
	// MailAway is set where the page promises an email and the mail server doesn't answer.
	MailAway bool
}

// onceMailAnswers is added to the promise of an email.
func (c Chrome) onceMailAnswers() string {
	if c.MailAway {
		return " as soon as the mail server answers"
	}
	return ""
}

// Workspace is the tenant a page belongs to. Staff call it a workspace; clients call it their portal.
type Workspace struct {
	Name     string
	Agency   string // the agency's name; equals Name in the agency's own tenant
	IsAgency bool   // this is the agency's own tenant
	Unpaid   bool   // the agency didn't pay in time: the workspace and all its clients are read-only
	State    State  // StateSuspended and StateArchived are shown: the workspace is read-only
	Accent   string // "#rrggbb" of its tile; "" for the neutral one
	LogoURL  string // "" shows initials
	BrandURL string // the stylesheet with its accent; "" for the default
}

// Person is the signed-in person.
type Person struct {
	Name  string
	Email string
}

// Links holds the parts of the navigation that this person may open. Home and projects are always shown.
type Links struct {
	Members    bool
	Activity   bool
	Support    bool
	Settings   bool
	Bin        bool
	Clients    bool // of an agency, for those who manage clients
	Console    bool // the support console, for agents
	Workspaces bool // the person has more than one workspace
}

// SupportBar is the bar on every page of a support session or view as.
type SupportBar struct {
	Actor    string // the person who really acts
	ViewAs   bool   // staff who view as a client user, not a support agent
	Subject  string // the person they act as
	Tenant   string
	Write    bool // the session may make changes; false is read-only
	NoDrafts bool // the agency's drafts are hidden, though the subject sees them
	Reason   string
	Ticket   string
	EndsAt   time.Time
	Left     string // "41 min left"
	StopURL  string
	WriteURL string // where the step to write mode starts; "" if it is not offered
}

// Flash says what the last action did. UndoURL takes a POST that undoes it; "" offers no undo.
type Flash struct {
	Text    string
	Later   string // the text while the mail server doesn't answer; "" if Text promises no email
	UndoURL string
}

// Brand is the name and colours of an agency or portal, for pages outside the frame. A nil Brand is the default look.
type Brand struct {
	Name     string
	By       string // the agency of a portal; "" for the agency itself
	Accent   string // "#rrggbb"
	LogoURL  string // "" shows initials
	BrandURL string // the stylesheet with the accent
}

// page holds what a page tells its frame.
type page struct {
	Title   string
	Section string // the entry of the navigation it belongs to
	Crumbs  []ui.Crumb
	Upload  bool // load the upload script
	Notes   bool // load the script of notes
}

// scripts are those that the page loads besides that of all pages.
func (p page) scripts() (names []string) {
	if p.Upload {
		names = append(names, "upload.js")
	}
	if p.Notes {
		names = append(names, "notes.js")
	}
	return names
}

// navLink is one link of the navigation.
type navLink struct {
	Section, Icon, Label, URL string
}

// links lists the navigation of a tenant in order. The labels differ by party.
func (c Chrome) links() []navLink {
	list := []navLink{{"home", "house", "Home", c.Base.Home()}}
	if !c.Workspace.IsAgency { // an agency's own tenant holds its team and no projects
		list = append(list, navLink{"projects", "folder", "Projects", c.Base.Projects()})
	}
	if c.Links.Clients {
		list = append(list, navLink{"clients", "layers", "Clients", c.Base.Clients()})
	}
	if c.Links.Members {
		list = append(list, navLink{"members", "users", "People", c.Base.Members()})
	}
	if c.Links.Activity {
		list = append(list, navLink{"activity", "activity", "Activity", c.Base.Activity(nil)})
	}
	if c.Links.Bin {
		list = append(list, navLink{"bin", "trash-2", "Bin", c.Base.Bin()})
	}
	if c.Links.Support {
		list = append(list, navLink{"support", "life-buoy", "Support", c.Base.Support()})
	}
	if c.Links.Settings {
		list = append(list, navLink{"settings", "settings", "Settings", c.Base.Settings()})
	}
	return list
}

// frameName returns the frame: "staff" with the rail, "client" with the top bar, "person" outside a tenant.
func (c Chrome) frameName() string {
	switch {
	case c.Workspace == nil:
		return "person"
	case c.Staff:
		return "staff"
	default:
		return "client"
	}
}

func (c Chrome) title(page string) string {
	if c.Workspace == nil {
		return brandTitle(c.Brand, page)
	}
	return page + " · " + c.Workspace.Name
}

func (c Chrome) brandURL() string {
	if c.Workspace == nil {
		return brandURL(c.Brand)
	}
	return c.Workspace.BrandURL
}

// closed returns the name of the state in which a workspace is read-only, "" otherwise.
func (c Chrome) closed() string {
	if c.Workspace == nil {
		return ""
	}
	switch c.Workspace.State {
	case StateSuspended, StateArchived:
		return "This workspace is " + string(c.Workspace.State) + "."
	}
	return ""
}

// unpaid says that the workspace is read-only because its agency didn't pay in time. Only
// the agency's own people in person read why. It is "" otherwise.
func (c Chrome) unpaid() string {
	switch {
	case c.Workspace == nil || !c.Workspace.Unpaid:
		return ""
	case c.Staff && c.Support != nil:
		return "Nobody can change anything here at the moment. Viewing and downloading still work, and nothing is deleted."
	case c.Staff:
		return "The agency has an open invoice, so nobody can change anything here. Viewing and downloading still work, and nothing is deleted. An owner of the agency can pay under Settings, Billing."
	}
	return "This portal is read-only at the moment. You can view and download everything. Ask " + c.Workspace.Agency + " when it opens again."
}

// under is the second line of the workspace's tile. It tells an agency's own tenant from a client's.
func (w Workspace) under() string {
	if w.IsAgency {
		return "Agency workspace"
	}
	return "Client of " + w.Agency
}

// sentence says who sees which tenant as whom.
func (b SupportBar) sentence() string {
	var s strings.Builder
	s.WriteString(b.Actor)
	if !b.ViewAs {
		s.WriteString(" (support)")
	}
	s.WriteString(" is viewing " + b.Tenant + " as " + b.Subject)
	if b.Write {
		s.WriteString(" and can make changes")
	} else {
		s.WriteString(", read-only")
	}
	if b.NoDrafts {
		s.WriteString(", without the agency's drafts")
	}
	return s.String()
}

func (b SupportBar) label() string {
	if b.ViewAs {
		return "Viewing as a client"
	}
	return "Support session"
}

func (b SupportBar) because() string {
	switch {
	case b.Ticket != "" && b.Reason != "":
		return b.Ticket + ", " + b.Reason
	case b.Ticket != "":
		return b.Ticket
	default:
		return b.Reason
	}
}

func (b SupportBar) mode() string {
	if b.Write {
		return "write"
	}
	return "read"
}

func brandTitle(b *Brand, page string) string {
	if b == nil {
		return page + " · Portico"
	}
	return page + " · " + b.Name
}

func brandURL(b *Brand) string {
	if b == nil {
		return ""
	}
	return b.BrandURL
}

// personLinks lists the navigation outside a tenant.
func (c Chrome) personLinks() []navLink {
	var list []navLink
	if c.Links.Workspaces || !c.Links.Console { // a support agent is a member of nothing
		list = append(list, navLink{"home", "layers", "Workspaces", PathHome})
	}
	if c.Links.Console {
		list = append(list, navLink{"console", "life-buoy", "Support console", PathConsole})
	}
	return list
}

func (c Chrome) homeURL() string {
	if c.Workspace == nil {
		return PathHome
	}
	return c.Base.Home()
}

func (c Chrome) projectsURL() string {
	if c.Workspace == nil || c.Workspace.IsAgency {
		return ""
	}
	return c.Base.Projects()
}

func supportIcon(b SupportBar) string {
	if b.Write {
		return "pencil"
	}
	return "eye"
}
