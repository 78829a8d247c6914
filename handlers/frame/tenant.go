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
	base := Base(r, me)
	c := views.Chrome{
		Platform:  AddressOf(r).Platform,
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
			Bin:        me.May(store.SeeBin) && me.Tenant.Kind == "client",
			Clients:    me.May(store.ManageClients) && me.Tenant.Kind == "agency" && me.Support == nil,
			Workspaces: me.Places > 1,
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
	w := &views.Workspace{Name: t.Name, State: views.State(t.State), Agency: t.AgencyName, IsAgency: t.Kind == "agency", Accent: t.Accent, LogoURL: views.Logo(t.LogoID)}
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
		Write:   s.Mode == "write",
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

// deeds are what a page can be told to say after a change. The words are ours:
// the query only names them.
var deeds = map[string]struct {
	text string
	undo func(views.Base, string) string
}{
	"project.created":        {text: "Project created."},
	"project.saved":          {text: "Project saved."},
	"project.archived":       {"Project archived.", views.Base.ProjectUnarchive},
	"project.unarchived":     {text: "Project is back in use."},
	"project.binned":         {"Project moved to the bin. It stays there for 30 days.", views.Base.ProjectRestore},
	"project.restored":       {text: "Project restored."},
	"deliverable.created":    {text: "Deliverable created. Add its files, then publish it."},
	"deliverable.saved":      {text: "Deliverable saved."},
	"deliverable.archived":   {"Deliverable archived.", views.Base.DeliverableUnarchive},
	"deliverable.unarchived": {text: "Deliverable is back in use."},
	"deliverable.binned":     {"Deliverable moved to the bin. It stays there for 30 days.", views.Base.DeliverableRestore},
	"deliverable.restored":   {text: "Deliverable restored."},
	"file.binned":            {"File moved to the bin. It stays there for 30 days.", views.Base.FileRestore},
	"file.restored":          {text: "File restored."},
	"file.given_up":          {text: "The upload was given up, and what had arrived is removed."},
	"file.uploaded":          {text: "Files uploaded. Only your team can see them until you publish."},
	"version.created":        {text: "A new draft version. Only your team can see it until you publish."},
	"version.published":      {text: "Published. The client can see it now."},
	"member.joined":          {text: "Welcome. You are in."},
	"member.invited":         {text: "Invited. The mail is on its way."},
	"member.list_invited":    {text: "Invited everybody in the list. The mails are on their way."},
	"member.invite_resent":   {text: "Sent again. The link of the mail before no longer works."},
	"member.invite_revoked":  {text: "Invitation taken back. Its link no longer works."},
	"member.role_changed":    {text: "Role changed. It counts from their next click."},
	"member.removed":         {text: "Removed. They have no access any more."},
	"people.by_client":       {text: "Saved who manages the client's people."},
	"settings.saved":         {text: "Settings saved."},
	"domain.added":           {text: "Domain added. It leads here once its proof is found."},
	"domain.checking":        {text: "Looking. This page shows what was found in a moment."},
	"domain.removed":         {text: "Domain removed. It leads nowhere now."},
	"logo.set":               {text: "Logo saved. People see it on their next page."},
	"logo.removed":           {text: "Logo removed."},
	"client.created":         {text: "The workspace is open. Whoever you named gets an invitation by mail."},
	"client.renamed":         {text: "Name saved."},
	"client.plan":            {text: "Plan saved."},
	"client.suspended":       {text: "Suspended. Its people see a notice now; nothing is lost."},
	"client.resumed":         {text: "Open again. Its people can come in."},
	"client.archived":        {text: "Archived. It keeps everything, and makes room in your plan."},
	"client.unarchived":      {text: "Back in use. Its people can come in."},
	"client.joined":          {text: "You are in. Its people see you under People."},
	"client.left":            {text: "You have left. Its name and counts stay in your list."},
	"support.granted":        {text: "Support may come in now. You can take that back at any time."},
	"support.denied":         {text: "You said no. Support reads your word."},
	"support.asking_on":      {text: "Support may ask to come in. You decide each time."},
	"support.asking_off":     {text: "Support no longer asks to come in."},
	"support.revoked":        {text: "Support can no longer come in."},
	"support.ended":          {text: "The support session is over."},
}

// flash reads what the redirect before this page has done. A link from anywhere
// else, a mail or another site, makes the page say nothing: browsers tell where
// a navigation began, and only our own forms lead to our own redirects.
func flash(r *http.Request, base views.Base) views.Flash {
	if from := r.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" {
		return views.Flash{}
	}
	q := r.URL.Query()
	deed, ok := deeds[q.Get("did")]
	if !ok {
		return views.Flash{}
	}
	f := views.Flash{Text: deed.text}
	if id := q.Get("id"); deed.undo != nil && web.IsID(id) {
		f.UndoURL = deed.undo(base, id)
	}
	return f
}

// done ends a change: 303 to where its result is seen, saying what happened.
func Done(w http.ResponseWriter, r *http.Request, to, deed, id string) error {
	u, err := url.Parse(to)
	if err != nil {
		return err
	}
	q := u.Query()
	q.Set("did", deed)
	if id != "" {
		q.Set("id", id)
	}
	u.RawQuery = q.Encode()
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
	return nil
}
