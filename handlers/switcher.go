package handlers

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

const switcherShown = 20

// switcher lists the person's workspaces, the most recently used first. It is a page,
// and a dialog loads its list from it.
func (s *Server) switcher(w http.ResponseWriter, r *http.Request, me store.Person) error {
	rows, page, err := s.workspaces(r, me, switcherShown)
	if err != nil {
		return err
	}
	return views.Render(w, r, http.StatusOK, views.Switcher(frame.Branded(r.Context(), s.db, me), views.SwitcherProps{
		Query:      page.Text,
		Workspaces: rows,
		FirstURL:   page.first(views.PathSwitcher),
		MoreURL:    page.more(views.PathSwitcher),
	}))
}

// workspacePage is a page of a person's list of workspaces.
type workspacePage struct {
	store.WorkspaceFilter
	next string // cursor of the next page, "" on the last
}

func (p workspacePage) more(path string) string {
	if p.next == "" {
		return ""
	}
	return path + "?" + url.Values{"q": {p.Text}, "after": {p.next}}.Encode()
}

func (p workspacePage) first(path string) string {
	if p.After.ID == uuid.Nil {
		return ""
	}
	return path + "?" + url.Values{"q": {p.Text}}.Encode()
}

// workspaces reads the page of the person's workspaces that the query asks for.
func (s *Server) workspaces(r *http.Request, me store.Person, shown int) ([]views.WorkspaceRow, workspacePage, error) {
	q := r.URL.Query()
	page := workspacePage{WorkspaceFilter: store.WorkspaceFilter{Text: strings.TrimSpace(q.Get("q")), Page: store.PageOf(shown, frame.ParseCursor(q.Get("after")))}}
	var mine []store.Workspace
	if err := s.db.ReadOwn(r.Context(), me, store.MyWorkspaces(page.WorkspaceFilter, &mine)); err != nil {
		return nil, page, err
	}
	mine, next := store.Cut(mine, page.Page, func(w store.Workspace) store.Cursor { return store.Cursor{At: w.UsedAt, ID: w.TenantID} })
	page.next = frame.WriteCursor(next)
	return workspaceRows(mine), page, nil
}

// again redirects to the page where the member was last in this tenant, if it still
// exists, and otherwise to the tenant's home.
func (s *Server) again(w http.ResponseWriter, r *http.Request, me store.Member) error {
	base, place := frame.Base(r, me), me.LastPlace
	there, err := s.stillThere(r.Context(), me, place)
	if err != nil {
		return err
	}
	if !there {
		place = "/"
	}
	http.Redirect(w, r, string(base)+place, http.StatusSeeOther)
	return nil
}

func (s *Server) stillThere(ctx context.Context, me store.Member, place string) (bool, error) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(place, "/"), "/")
	id, ok := web.ParseID(rest)
	if !ok {
		return rest == "" && strings.HasPrefix(place, "/"), nil
	}
	var err error
	var project store.Project
	var deliverable store.Deliverable
	switch kind {
	case "projects":
		err = s.db.Read(ctx, me, store.GetProject(id, &project))
	case "deliverables":
		err = s.db.Read(ctx, me, store.GetDeliverable(id, &deliverable))
	default:
		return false, nil
	}
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// noteVisit records after the page is sent when the member was last here, and where, and
// only if that has changed. [store.Member.NextVisit] records nothing in a support session.
func (s *Server) noteVisit(r *http.Request, me store.Member) {
	place := ""
	if routeOf(r).Place {
		place = strings.TrimPrefix(r.URL.Path, string(views.PathBase(me.Tenant.Slug)))
	}
	visit, news := me.NextVisit(place)
	if !news {
		return
	}
	s.inBackground(r, "note visit", func(ctx context.Context) error {
		err := s.db.Write(ctx, me.DespiteUnpaid(), func(tx *store.Tx) error { return tx.RecordVisit(ctx, visit) })
		if errors.Is(err, store.ErrForbidden) {
			return nil // they signed out or lost access since
		}
		return err
	})
}
