package frame

import (
	"net/http"
	"strconv"
	"time"

	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// ShowsClients reports whether a member's pages lead to the clients of the agency.
func ShowsClients(at store.Standing) bool {
	return at.May(store.ManageClients) && at.Kind == store.TenantAgency && !at.Support
}

// Tenant is the frame of a member's page.
func Tenant(r *http.Request, me store.Member) views.Chrome {
	base := Base(r, me)
	c := views.Chrome{
		Platform:  AddressOf(r).Platform,
		Base:      base,
		Workspace: workspace(base, me),
		Person:    views.Person{Name: me.Name, Email: me.Email},
		Keeper:    keeper(me.Person.ID(), me.ID()),
		Dates:     ui.DatesFor(me.TimeZone, me.Locale),
		Staff:     me.Party == store.PartyAgency,
		Links: views.Links{
			Members:    me.May(store.SeePeople),
			Activity:   me.May(store.SeeActivity),
			Support:    me.May(store.SeeSupport),
			Settings:   me.May(store.SeeSettings),
			Bin:        me.May(store.SeeBin) && me.Tenant.Kind == store.TenantClient,
			Clients:    ShowsClients(me.Standing()),
			Workspaces: me.WorkspaceCount > 1,
		},
		Flash: flash(r, base),
	}
	if me.Support != nil {
		c.Support = supportBar(me)
	}
	return c
}

func workspace(base views.Base, me store.Member) *views.Workspace {
	t := me.Tenant
	w := &views.Workspace{Name: t.Name, State: views.State(t.State), Agency: t.AgencyName, IsAgency: t.Kind == store.TenantAgency, Unpaid: me.Unpaid, Accent: t.Accent, LogoURL: views.Logo(t.LogoID)}
	if w.IsAgency {
		w.Agency = t.Name
	}
	if me.Party == store.PartyClient {
		w.Name = t.PortalName
	}
	if t.Accent != "" {
		w.BrandURL = base.BrandStylesheet(views.BrandHash(t.Accent))
	}
	return w
}

func supportBar(me store.Member) *views.SupportBar {
	s, stop, write := me.Support, views.PathConsoleStop, ""
	if s.MayWrite && me.May(store.EditWork) { // without it there is nothing to change in a support session
		write = views.PathConsoleWrite
	}
	if s.ViewAs() {
		stop = views.PathViewAsStop
	}
	return &views.SupportBar{
		Actor:   s.AgentName,
		ViewAs:  s.ViewAs(),
		Subject: me.Name,
		Tenant:  me.Tenant.Name,
		Write:   s.Mode == store.SupportWrite,
		// Clients see no drafts anyway, and an agency's own tenant has none.
		NoDrafts: s.NoDrafts && me.Party == store.PartyAgency && me.Tenant.Kind == store.TenantClient,
		Reason:   s.Reason,
		Ticket:   s.Ticket,
		EndsAt:   s.EndsAt,
		Left:     TimeLeft(s.EndsAt),
		StopURL:  stop, WriteURL: write,
	}
}

// TimeLeft says how long a support session lasts at most.
func TimeLeft(end time.Time) string {
	d := time.Until(end)
	if d < time.Minute {
		return "less than a minute left"
	}
	return strconv.Itoa(int(d/time.Minute)) + " min left"
}
