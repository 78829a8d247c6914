package handlers

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// page sends a page of a tenant.
func (s *Server) page(w http.ResponseWriter, r *http.Request, status int, page templ.Component) error {
	return views.Render(w, r, status, page)
}

// chrome is the frame of a member's page.
func (s *Server) chrome(r *http.Request, me store.Member) views.Chrome {
	base := baseOf(r, me)
	c := views.Chrome{
		Platform:  addressOf(r).platform,
		Base:      base,
		Workspace: workspace(base, me),
		Person:    views.Person{Name: me.Name, Email: me.Email},
		Dates:     ui.DatesFor(me.TimeZone, me.Locale),
		Staff:     me.Party == store.PartyAgency,
		Doors: views.Doors{
			Members:    me.May(store.SeePeople),
			Activity:   me.May(store.SeeActivity),
			Support:    me.May(store.SeeSupport),
			Settings:   me.May(store.SeeSettings),
			Bin:        me.May(store.SeeBin) && me.Tenant.Kind == store.TenantClient,
			Clients:    me.May(store.ManageClients) && me.Tenant.Kind == store.TenantAgency && me.Support == nil,
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
	w := &views.Workspace{Name: t.Name, State: views.State(t.State), Agency: t.AgencyName, IsAgency: t.Kind == store.TenantAgency, Accent: t.Accent, LogoURL: views.Logo(t.LogoID)}
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
	if s.MayWrite {
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
		Reason:  s.Reason,
		Ticket:  s.Ticket,
		EndsAt:  s.EndsAt,
		Left:    minutesLeft(time.Until(s.EndsAt)),
		StopURL: stop, WriteURL: write,
	}
}

func minutesLeft(d time.Duration) string {
	if d < time.Minute {
		return "less than a minute left"
	}
	return strconv.Itoa(int(d/time.Minute)) + " min left"
}

// flash reads what the redirect before this page has done. A link from anywhere
// else, a mail or another site, makes the page say nothing: browsers tell where
// a navigation began, and only our own forms lead to our own redirects.
func flash(r *http.Request, base views.Base) views.Flash {
	if from := r.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" {
		return views.Flash{}
	}
	q, id := r.URL.Query(), ""
	if web.IsID(q.Get("id")) {
		id = q.Get("id")
	}
	return views.FlashFor(base, q.Get("did"), id)
}

// done ends a change: 303 to where its result is seen, saying what happened.
func done(w http.ResponseWriter, r *http.Request, to, verb, id string) error {
	u, err := url.Parse(to)
	if err != nil {
		return err
	}
	q := u.Query()
	q.Set("did", verb)
	if id != "" {
		q.Set("id", id)
	}
	u.RawQuery = q.Encode()
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
	return nil
}
