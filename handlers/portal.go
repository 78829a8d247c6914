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
func (s *Server) tenantHome(*http.Request) page {
	var (
		projects []store.Project
		unopened []store.DeliverableLine
		ours     []store.DeliverableLine
		approved []store.DeliverableLine
		review   []store.DeliverableLine
		latest   []store.Activity
		clients  []store.Client
		waiting  []store.WaitingRequest
	)
	reads := func(at store.Standing) []store.Read {
		reads := []store.Read{store.ListProjects(store.Current, &projects)}
		if at.Party == store.PartyClient {
			return append(reads, store.ListWaitingForReader(newShown, &waiting), store.ListNew(newShown, &unopened), store.ListShown(store.DeliverableApproved, 1, &approved))
		}
		reads = append(reads, store.ListForUs(waitingShown, &ours), store.ListWaiting(waitingShown, &waiting), store.ListNewest(store.DeliverableInReview, waitingShown, &review),
			store.ListActivity(store.ActivityFilter{Fold: true, Billing: seesBilling(at), Page: store.Page{Limit: 8}}, &latest))
		if frame.ShowsClients(at) {
			reads = append(reads, store.ListClients(store.ClientFilter{Page: store.Page{Limit: clientsAtHome}}, &clients))
		}
		return reads
	}
	return page{reads, func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		c := frame.Tenant(r, me)
		if me.Party == store.PartyClient {
			return views.Render(w, r, http.StatusOK, views.ClientHome(c, clientHome(c, me, projects, waiting, unopened, approved)))
		}
		if me.Tenant.State != store.TenantActive {
			ours, review, waiting = nil, nil, nil // nothing waits in a tenant that is closed
		}
		names, err := s.clientNames(r, me, latest)
		if err != nil {
			return err
		}
		return views.Render(w, r, http.StatusOK, views.WorkspaceHome(c, views.WorkspaceHomeProps{
			ForClient: waitingRows(c, waiting),
			ForUs:     forUsRows(c, ours),
			InReview:  reviewRows(c, notAsked(review, waiting)),
			Projects:  projectRows(c, projects[:min(len(projects), 6)]),
			Clients:   clientRows(c.Base, clients),
			Latest:    eventRows(c.Base, me, latest, names),
			CanCreate: me.MayNow(store.EditWork) && me.Tenant.Kind == store.TenantClient,
		}))
	}}
}

func clientHome(c views.Chrome, me store.Member, projects []store.Project, waiting []store.WaitingRequest, unopened, approved []store.DeliverableLine) views.ClientHomeProps {
	p := views.ClientHomeProps{
		FirstName: firstName(me.Name),
		Welcome:   me.Tenant.Welcome,
		ForYou:    waitingRows(c, waiting),
		New:       workRows(c, notAsked(unopened, waiting)),
		Projects:  projectRows(c, projects),
	}
	if len(p.New) == 0 && len(approved) > 0 {
		p.Approved = &workRows(c, approved)[0]
		if approved[0].WithChanges {
			p.Approved.What += ", approved with changes"
		}
	}
	return p
}

// waitingRows are the open requests to decide.
func waitingRows(c views.Chrome, waiting []store.WaitingRequest) []views.WorkRow {
	rows := make([]views.WorkRow, len(waiting))
	for i, q := range waiting {
		asked := &views.AskedWork{By: q.AskerName, Since: q.AskedAt, Reminded: frame.OrZero(q.LastReminderAt)}
		if c.Staff {
			asked.Who, asked.Told, asked.Opened = q.Name, true, frame.OrZero(q.OpenedAt)
		}
		rows[i] = views.WorkRow{
			URL:      c.Base.DeliverableVersion(q.DeliverableID.String(), q.Version),
			Title:    q.Title,
			Project:  q.ProjectName,
			ThumbURL: thumbURL(c.Base, q.Preview),
			Version:  q.Version,
			Due:      frame.OrZero(q.DueOn),
			Late:     overdue(q.DueOn, c),
			Asked:    asked,
		}
	}
	return rows
}

// notAsked leaves out the deliverables on which somebody is asked to decide. They are
// listed already.
func notAsked(list []store.DeliverableLine, waiting []store.WaitingRequest) (rest []store.DeliverableLine) {
	for _, d := range list {
		if !slices.ContainsFunc(waiting, func(q store.WaitingRequest) bool { return q.DeliverableID == d.ID }) {
			rest = append(rest, d)
		}
	}
	return rest
}

func firstName(name string) string { return strings.Fields(name + " ")[0] }

// waitingShown is how many deliverables the home of a workspace lists at most as waiting.
const waitingShown = 100

// forUsRows are the deliverables whose next step is the agency's, the newest first.
func forUsRows(c views.Chrome, ours []store.DeliverableLine) []views.WorkRow {
	rows := workRows(c, ours)
	for i, d := range ours {
		switch {
		case d.State == store.DeliverableChanges:
			rows[i].What = "Changes to make"
		case d.Draft > 0:
			rows[i].What = versionWord(d.Draft) + " to publish"
		}
	}
	return rows
}

// clientsAtHome is how many clients an agency's home lists.
const clientsAtHome = 10

// newShown is how many deliverables a portal lists as new at most.
const newShown = 50

// reviewRows are deliverables in review, by due date and then the oldest first.
func reviewRows(c views.Chrome, review []store.DeliverableLine) []views.WorkRow {
	slices.SortStableFunc(review, func(a, b store.DeliverableLine) int {
		return cmp.Or(dueOrNever(a).Compare(dueOrNever(b)), a.UpdatedAt.Compare(b.UpdatedAt))
	})
	return workRows(c, review)
}

func workRows(c views.Chrome, list []store.DeliverableLine) []views.WorkRow {
	today, rows := c.Dates.Today(), make([]views.WorkRow, len(list))
	for i, d := range list {
		rows[i] = views.WorkRow{
			URL:      c.Base.Deliverable(d.ID.String()),
			Title:    d.Title,
			Project:  d.ProjectName,
			ThumbURL: thumbURL(c.Base, d.Preview),
			Version:  d.Version,
			Since:    d.UpdatedAt,
			Due:      frame.OrZero(d.DueOn),
			Late:     c.Staff && late(d.DueOn, d.State, today),
		}
		if d.Version > 0 {
			rows[i].What = versionWord(d.Version)
		}
	}
	return rows
}

func dueOrNever(d store.DeliverableLine) time.Time {
	if d.DueOn == nil {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return *d.DueOn
}
