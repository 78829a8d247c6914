package handlers

import (
	"net/http"
	"strings"

	"github.com/google/uuid"

	"portico/store"
	"portico/views"
)

// home leads people to where they belong: agents to their console, a client with
// one portal into it, everybody else to the list of their workspaces.
func (s *Server) home(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if me.Agent {
		http.Redirect(w, r, views.PathConsole, http.StatusSeeOther)
		return nil
	}
	filter := strings.TrimSpace(r.URL.Query().Get("q"))
	var mine []store.Workspace
	if err := s.db.ReadOwn(r.Context(), me, store.MyWorkspaces(filter, workspacesShown, &mine)); err != nil {
		return err
	}
	if filter == "" && len(mine) == 1 {
		http.Redirect(w, r, views.PathBase(mine[0].Slug).Home(), http.StatusSeeOther)
		return nil
	}
	c := lobby(me)
	if filter == "" && len(mine) == 0 {
		return s.page(w, r, http.StatusOK, views.NoWorkspaces(c))
	}
	return s.page(w, r, http.StatusOK, views.StaffHome(c, views.StaffHomeProps{
		Query:      filter,
		Workspaces: workspaceRows(mine),
	}))
}

const (
	workspacesShown = 100
	switcherShown   = 20
)

// switcher is the inside of the switcher, as it is opened and typed into.
func (s *Server) switcher(w http.ResponseWriter, r *http.Request, me store.Person) error {
	filter := strings.TrimSpace(r.URL.Query().Get("q"))
	var mine []store.Workspace
	if err := s.db.ReadOwn(r.Context(), me, store.MyWorkspaces(filter, switcherShown+1, &mine)); err != nil {
		return err
	}
	more := len(mine) > switcherShown
	return s.page(w, r, http.StatusOK, views.Switcher(views.SwitcherProps{
		Query:      filter,
		Workspaces: workspaceRows(mine[:min(len(mine), switcherShown)]),
		More:       more,
	}))
}

func workspaceRows(mine []store.Workspace) []views.WorkspaceRow {
	rows := make([]views.WorkspaceRow, len(mine))
	for i, m := range mine {
		// What waits for the client waits, to a client, for us.
		forClient, forUs := m.Waiting, 0
		if m.Party == store.PartyClient {
			forClient, forUs = 0, m.Waiting
		}
		rows[i] = views.WorkspaceRow{
			URL:           views.PathBase(m.Slug).Home(),
			Name:          m.Name,
			Accent:        orZero(m.Accent),
			LogoURL:       logoURL(m.LogoID),
			Under:         under(m),
			WaitingClient: forClient,
			WaitingUs:     forUs,
			LastActivity:  orZero(m.LastActivityAt),
			Suspended:     m.State != "active",
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

func under(m store.Workspace) string {
	switch {
	case m.Kind == "agency":
		return "Your agency"
	case m.Party == store.PartyClient:
		return "Portal by " + orZero(m.AgencyName)
	}
	return "Client of " + orZero(m.AgencyName)
}

func orZero[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
