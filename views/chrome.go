// Package views holds every page of the product: one templ file a resource, with a props struct that is all the page may
// show. A page is given plain values and answers to "may they?"; it cannot fetch, decide or fail on its own, so it
// cannot leak what it was not given.
package views

import (
	"strings"
	"time"

	"portico/views/ui"
)

// Chrome is the frame around a page: who is looking, where, and which links are open to them. It is the same for every
// page of a request, so it is the first argument of every page.
type Chrome struct {
	Platform  string     // origin of PORTICO_URL while the page is on a tenant's own host, else ""
	Base      Base       // where the tenant's pages begin
	Workspace *Workspace // nil outside a tenant
	Person    Person
	Dates     ui.Dates // how who is looking reads them
	Staff     bool     // of the agency's party: the frame with the rail
	Links     Links
	Support   *SupportBar // nil outside a support session
	Flash     Flash
}

// Workspace is the tenant a page belongs to. Staff call it a workspace, clients their portal.
type Workspace struct {
	Name     string
	Agency   string // the agency's name; in the agency's own tenant the same as Name
	IsAgency bool   // the agency's own tenant, not a client's
	State    State  // StateSuspended and StateArchived are told: nothing can be changed
	Accent   string // "#rrggbb" of its mark, "" for the neutral one
	LogoURL  string // "" shows initials
	BrandURL string // stylesheet with its accent, "" for ours
}

// Person is who is looking.
type Person struct {
	Name  string
	Email string
}

// Links are the parts of the navigation that this person may open. Home and projects are always there.
type Links struct {
	Members    bool
	Activity   bool
	Support    bool
	Settings   bool
	Bin        bool
	Clients    bool // of an agency, for those who look after them
	Console    bool // the support console, for agents
	Workspaces bool // there is more than one place to switch to
}

// SupportBar is the strip above every page while somebody sees it as somebody else.
type SupportBar struct {
	Actor    string // who is really looking
	ViewAs   bool   // staff looking as their client, not our support
	Subject  string // as whom
	Tenant   string
	Write    bool // may change things; false is read only
	Reason   string
	Ticket   string
	EndsAt   time.Time
	Left     string // "41 min left"
	StopURL  string
	WriteURL string // where the separate step to write mode starts; "" when it is not offered
}

// Flash says what the last act did. UndoURL takes a POST that takes it back; "" offers none.
type Flash struct {
	Text    string
	UndoURL string
}

// Brand is what a page outside the frame wears: the agency's or portal's name and colours. A nil Brand is our own.
type Brand struct {
	Name     string
	By       string // the agency behind a portal, "" when it is the agency itself
	Accent   string // "#rrggbb"
	LogoURL  string // "" shows initials
	BrandURL string // stylesheet with the accent
}

// page is what a page tells its frame about itself.
type page struct {
	Title   string
	Section string // which link of the navigation it belongs to
	Crumbs  []ui.Crumb
	Upload  bool // needs the script that sends files
	Wide    bool // wants the whole width, for the work itself
}

// navLink is one link of the navigation.
type navLink struct {
	Section, Icon, Label, URL string
}

// links lists the navigation of a tenant in its order; the words differ by party because the place does.
func (c Chrome) links() []navLink {
	list := []navLink{{"home", "house", "Home", c.Base.Home()}}
	if !c.Workspace.IsAgency { // an agency's own place holds its team, and no work
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

// frameName picks the frame: "staff" with the rail, "client" with the top bar, "person" outside a tenant.
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
		return page + " · Portico"
	}
	return page + " · " + c.Workspace.Name
}

func (c Chrome) brandURL() string {
	if c.Workspace == nil {
		return ""
	}
	return c.Workspace.BrandURL
}

// closed says what the workspace is, while nothing can be changed in it; "" else.
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

// under is the second line of the workspace's mark, which tells an agency's own place from a client's.
func (w Workspace) under() string {
	if w.IsAgency {
		return "Agency workspace"
	}
	return "Client of " + w.Agency
}

// sentence says in one breath who sees what as whom.
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
	return s.String()
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

// personLinks are the links outside a tenant.
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
