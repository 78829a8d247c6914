package handlers

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/store"
	"portico/views"
)

// home is the first page after sign-in: the console for agents, the workspace of a
// person who has only one, and the list of workspaces for everybody else.
func (s *Server) home(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if me.Agent {
		http.Redirect(w, r, views.PathConsole, http.StatusSeeOther)
		return nil
	}
	rows, page, err := s.workspaces(r, me, workspacesShown)
	if err != nil {
		return err
	}
	all := page.Text == "" && page.After.ID == uuid.Nil
	if all && len(rows) == 1 {
		http.Redirect(w, r, rows[0].HomeURL, http.StatusSeeOther)
		return nil
	}
	c := frame.Branded(r.Context(), s.db, me)
	if all && len(rows) == 0 {
		var signUp bool
		if err := s.db.ReadOwn(r.Context(), me, store.MaySignUp(s.signin.SignUpRule(), &signUp)); err != nil {
			return err
		}
		return views.Render(w, r, http.StatusOK, views.NoWorkspaces(c, signUp))
	}
	props := views.StaffHomeProps{
		Query:      page.Text,
		Workspaces: rows,
		NewerURL:   page.first(views.PathHome),
		OlderURL:   page.more(views.PathHome),
	}
	if all {
		if props.Since, err = s.sinceYesterday(r.Context(), me, c.Dates.Today().AddDate(0, 0, -1)); err != nil {
			return err
		}
	}
	return views.Render(w, r, http.StatusOK, views.StaffHome(c, props))
}

// sinceYesterday is what happened lately in the person's workspaces.
func (s *Server) sinceYesterday(ctx context.Context, me store.Person, since time.Time) ([]views.WorkspaceNews, error) {
	recent, err := s.db.RecentActivity(ctx, me, since)
	if err != nil {
		return nil, err
	}
	news := make([]views.WorkspaceNews, len(recent))
	for i, in := range recent {
		base := views.PathBase(in.Slug)
		news[i] = views.WorkspaceNews{Name: in.Name, Accent: frame.OrZero(in.Accent), LogoURL: logoURL(in.LogoID), URL: base.Home()}
		for _, e := range in.Events {
			row := eventRow(base, e)
			if e.TargetKind == store.KindTenant && e.TargetID != nil && *e.TargetID != in.TenantID {
				row.Verb, row.Target, row.After = views.ClientVerb(e.Verb), cmp.Or(in.Names[*e.TargetID], "a client"), ""
			}
			if e.SupportSessionID != nil {
				row.Support = e.By(frame.OrZero(in.AgencyName))
			}
			news[i].Events = append(news[i].Events, row)
		}
	}
	return news, nil
}

const workspacesShown = 50

func workspaceRows(mine []store.Workspace) []views.WorkspaceRow {
	rows := make([]views.WorkspaceRow, len(mine))
	for i, m := range mine {
		inReview := m.Waiting
		if m.Party == store.PartyClient {
			inReview = 0 // only staff see the count
		}
		rows[i] = views.WorkspaceRow{
			URL:          views.PathBase(m.Slug).Again(),
			HomeURL:      views.PathBase(m.Slug).Home(),
			Name:         m.Name,
			Accent:       frame.OrZero(m.Accent),
			LogoURL:      logoURL(m.LogoID),
			Under:        workspaceSubtitle(m),
			ForUs:        m.ForUs,
			InReview:     inReview,
			Unread:       m.Unread,
			LastActivity: frame.OrZero(m.LastActivityAt),
			State:        stateFor(m),
		}
	}
	return rows
}

// stateFor is the state of a workspace in the words of its reader: what staff suspend or
// archive is paused for the client's people.
func stateFor(m store.Workspace) views.State {
	if m.Party == store.PartyClient && m.State != store.TenantActive {
		return views.StatePaused
	}
	return views.State(m.State)
}

func logoURL(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return views.Logo(id.String())
}

func workspaceSubtitle(m store.Workspace) string {
	switch {
	case m.Kind == store.TenantAgency:
		return "Your agency"
	case m.Party == store.PartyClient:
		return "Portal by " + frame.OrZero(m.AgencyName)
	}
	return "Client of " + frame.OrZero(m.AgencyName)
}
