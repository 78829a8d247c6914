package handlers

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"portico/handlers/frame"
	"portico/store"
	"portico/views"
)

// tenantHome is the first page inside a tenant: a workspace to staff, a portal
// to clients.
func (s *Server) tenantHome(w http.ResponseWriter, r *http.Request, me store.Member) error {
	var (
		projects []store.Project
		newest   []store.Deliverable
		latest   []store.Activity
		clients  []store.Client
	)
	reads := []store.Read{
		store.ListProjects(store.Current, &projects),
	}
	if me.Party == store.PartyClient {
		reads = append(reads, store.ListShown("", 50, &newest))
	} else {
		reads = append(reads, store.ListNewest("", 50, &newest), store.ListActivity(store.ActivityFilter{Page: store.Page{Limit: 8}}, &latest))
	}
	c := frame.Tenant(r, me)
	if c.Links.Clients {
		reads = append(reads, store.ListClients(store.ClientFilter{Page: store.Page{Limit: clientsAtHome}}, &clients))
	}
	if err := s.db.Read(r.Context(), me, reads...); err != nil {
		return err
	}
	if me.Party == store.PartyClient {
		return views.Render(w, r, http.StatusOK, views.ClientHome(c, clientHome(c, me, projects, newest)))
	}
	waiting := waitingRows(c, newest, store.DeliverableInReview)
	return views.Render(w, r, http.StatusOK, views.WorkspaceHome(c, views.WorkspaceHomeProps{
		Figures: []views.Figure{
			{Label: "projects", Value: len(projects), URL: c.Base.Projects()},
			{Label: "waiting for the client", Value: len(waiting), URL: c.Base.Projects()},
		},
		Waiting:   waiting,
		Projects:  projectRows(c, projects[:min(len(projects), 6)]),
		Clients:   clientRows(c.Base, clients),
		Latest:    eventRows(c.Base, me, latest),
		CanCreate: me.MayNow(store.EditWork) && me.Tenant.Kind == store.TenantClient,
	}))
}

func clientHome(c views.Chrome, me store.Member, projects []store.Project, newest []store.Deliverable) views.ClientHomeProps {
	p := views.ClientHomeProps{
		FirstName: strings.Fields(me.Name + " ")[0],
		Waiting:   waitingRows(c, newest, store.DeliverableInReview),
		Projects:  projectRows(c, projects),
	}
	if approved := waitingRows(c, newest, store.DeliverableApproved); len(p.Waiting) == 0 && len(approved) > 0 {
		p.Approved = &approved[0]
	}
	for _, d := range newest {
		// On a first visit everything is new, which says nothing.
		if me.NewSince != nil && d.UpdatedAt.After(*me.NewSince) && len(p.New) < newShown {
			p.New = append(p.New, views.NewRow{
				URL:      c.Base.Deliverable(d.ID.String()),
				Title:    d.Title,
				What:     versionWord(d.Version),
				Project:  d.ProjectName,
				ThumbURL: thumbURL(c.Base, d),
				At:       d.UpdatedAt,
			})
		}
	}
	return p
}

// clientsAtHome is how many clients an agency's home lists.
const clientsAtHome = 10

// newShown is how many deliverables a portal lists as new.
const newShown = 5

// waitingRows are the deliverables in a state, by due date and then by how long they
// have waited.
func waitingRows(c views.Chrome, newest []store.Deliverable, state store.DeliverableState) []views.WaitingRow {
	waiting := slices.DeleteFunc(slices.Clone(newest), func(d store.Deliverable) bool { return d.State != state })
	slices.SortStableFunc(waiting, func(a, b store.Deliverable) int {
		return cmp.Or(dueOrNever(a).Compare(dueOrNever(b)), a.UpdatedAt.Compare(b.UpdatedAt))
	})
	today, rows := c.Dates.Today(), make([]views.WaitingRow, len(waiting))
	for i, d := range waiting {
		rows[i] = views.WaitingRow{
			URL:      c.Base.Deliverable(d.ID.String()),
			Title:    d.Title,
			Project:  d.ProjectName,
			ThumbURL: thumbURL(c.Base, d),
			Version:  d.Version,
			Since:    d.UpdatedAt,
			Due:      frame.OrZero(d.DueOn),
			Late:     late(d.DueOn, d.State, today),
		}
	}
	return rows
}

func dueOrNever(d store.Deliverable) time.Time {
	if d.DueOn == nil {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return *d.DueOn
}
