package handlers

import (
	"net/http"

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
	c := frame.Person(me)
	if all && len(rows) == 0 {
		return views.Render(w, r, http.StatusOK, views.NoWorkspaces(c))
	}
	return views.Render(w, r, http.StatusOK, views.StaffHome(c, views.StaffHomeProps{
		Query:      page.Text,
		Workspaces: rows,
		NewerURL:   page.first(views.PathHome),
		OlderURL:   page.more(views.PathHome),
	}))
}

const workspacesShown = 50

func workspaceRows(mine []store.Workspace) []views.WorkspaceRow {
	rows := make([]views.WorkspaceRow, len(mine))
	for i, m := range mine {
		// Deliverables wait for the client. Client users read that as waiting for us.
		forClient, forUs := m.Waiting, 0
		if m.Party == store.PartyClient {
			forClient, forUs = 0, m.Waiting
		}
		rows[i] = views.WorkspaceRow{
			URL:           views.PathBase(m.Slug).Again(),
			HomeURL:       views.PathBase(m.Slug).Home(),
			Name:          m.Name,
			Accent:        frame.OrZero(m.Accent),
			LogoURL:       logoURL(m.LogoID),
			Under:         workspaceSubtitle(m),
			WaitingClient: forClient,
			WaitingUs:     forUs,
			Unread:        m.Unread,
			LastActivity:  frame.OrZero(m.LastActivityAt),
			State:         views.State(m.State),
		}
	}
	return rows
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
