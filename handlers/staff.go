package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// maxAssigned is how many clients one page offers to assign somebody to.
const maxAssigned = 1000

// assigns says whether the member may assign the agency's staff to its clients now.
func assigns(me store.Member) bool {
	return me.Tenant.Kind == store.TenantAgency && me.MayNow(store.ManageStaff) && me.Support == nil
}

// allClients are the agency's clients that are not archived, by name.
func (s *Server) allClients(r *http.Request, me store.Member) (all []store.Client, err error) {
	page := store.PageOf(199, store.Cursor{})
	for {
		var clients []store.Client
		if err := s.db.Read(r.Context(), me, store.ListClients(store.ClientFilter{Page: page}, &clients)); err != nil {
			return nil, err
		}
		clients, next := store.Cut(clients, page, func(c store.Client) store.Cursor { return store.Cursor{Name: c.Name, ID: c.ID} })
		all = append(all, clients...)
		if next.ID == uuid.Nil || len(all) >= maxAssigned {
			return all, nil
		}
		page = store.PageOf(199, next)
	}
}

// staffWork is the form with which a person of the agency is assigned to its clients. It
// is nil for people who don't work here.
func (s *Server) staffWork(r *http.Request, me store.Member, person uuid.UUID) (*views.StaffWork, []store.Placement, error) {
	var at []store.Placement
	if err := s.db.Read(r.Context(), me, store.ListPlacements([]uuid.UUID{person}, &at)); err != nil || len(at) == 0 {
		return nil, nil, err
	}
	clients, err := s.allClients(r, me)
	if err != nil {
		return nil, nil, err
	}
	chosen := store.RoleMember
	if at[0].Role != nil {
		chosen = *at[0].Role
	}
	if at[0].EveryClientRole != nil {
		chosen = *at[0].EveryClientRole
	}
	work := &views.StaffWork{Name: at[0].Name, Member: at[0].Role != nil, Everywhere: at[0].EveryClientRole != nil, Roles: assignableRoles(me, chosen)}
	for _, c := range clients {
		choice := views.StaffChoice{ID: c.ID.String(), Name: c.Name}
		for _, p := range at {
			if p.ClientID != nil && *p.ClientID == c.ID {
				choice.Role = frame.RoleNames[*p.ClientRole]
			}
		}
		work.Clients = append(work.Clients, choice)
	}
	return work, at, nil
}

// assignableRoles are the roles that the member may give the agency's staff in clients.
// The chosen one, or else the highest below it, is preselected.
func assignableRoles(me store.Member, chosen store.Role) (roles []ui.Option) {
	selected := false
	for _, role := range store.Roles() {
		if !store.MayGive(me.Party, me.Role, store.PartyAgency, role) {
			continue
		}
		here := !selected && slices.Index(store.Roles(), role) >= slices.Index(store.Roles(), chosen)
		selected = selected || here
		roles = append(roles, ui.Option{Value: string(role), Label: frame.RoleNames[role], Selected: here})
	}
	return roles
}

// outsideStaffPage shows somebody who works in the agency's clients and is no member of
// the agency itself.
func (s *Server) outsideStaffPage(w http.ResponseWriter, r *http.Request, me store.Member, status int, refused string) error {
	work, at, err := s.staffWork(r, me, web.PathID(r))
	if err != nil {
		return err
	}
	if work == nil {
		return store.ErrNotFound
	}
	return views.Render(w, r, status, views.Member(frame.Tenant(r, me), views.MemberProps{
		ID:      at[0].UserID.String(),
		Name:    at[0].Name,
		Email:   at[0].Email,
		Role:    "None in the agency",
		May:     "They work in client workspaces only, and don't see this one.",
		Side:    me.Tenant.Name,
		Work:    work,
		Refused: refused,
	}))
}

// memberClients assigns a person to the clients that were ticked, and ends their work in
// those that were unticked. Clients that the page did not show stay as they are.
func (s *Server) memberClients(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	id, role := web.PathID(r), store.Role(f.Raw("client_role"))
	was, ticked := ids(strings.Split(f.Raw("was"), ",")), ids(r.PostForm["client"])
	added, ended := without(ticked, was), without(was, ticked)
	everywhere := f.Checked("everywhere")
	did := "member.assigned"
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		var at []store.Placement
		if err := tx.Read(r.Context(), store.ListPlacements([]uuid.UUID{id}, &at)); err != nil {
			return err
		}
		if len(at) == 0 {
			return store.ErrNotFound
		}
		if len(ended) > 0 {
			did = "member.unassigned"
			if err := tx.UnassignStaff(r.Context(), id, ended); err != nil {
				return err
			}
		}
		if len(added) > 0 {
			did = "member.assigned"
			if err := tx.AssignStaff(r.Context(), id, added, role); err != nil {
				return err
			}
		}
		switch {
		case everywhere && f.Raw("was_everywhere") == "":
			did = "member.assigned_everywhere"
			return tx.AssignEverywhere(r.Context(), id, role)
		case !everywhere && f.Raw("was_everywhere") != "":
			did = "member.unassigned_everywhere"
			return tx.AssignEverywhere(r.Context(), id, "")
		}
		return nil
	})
	switch {
	case errors.Is(err, store.ErrStepUp):
		return frame.StepUpFirst(w, r, views.PathBase(me.Tenant.Slug).Member(id.String()))
	case errors.Is(err, store.ErrLastOwner):
		return s.memberPage(w, r, me, http.StatusConflict, "One of those workspaces would have no owner. Make someone else an owner there first.", nil)
	case errors.Is(err, store.ErrConflict):
		return s.memberPage(w, r, me, http.StatusConflict, "They belong to the client's own side in one of those workspaces. Nothing was changed.", nil)
	case err != nil:
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Member(id.String()), did, "")
}

// clientStaff assigns the ticked people to a client.
func (s *Server) clientStaff(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	client, people := web.PathID(r), ids(r.PostForm["person"])
	if len(people) == 0 {
		return s.clientPage(w, r, me, http.StatusUnprocessableEntity, func(p *views.ClientShowProps) {
			p.Form.Errors = ui.Errors{"person": "Choose at least one person."}
		})
	}
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		for _, person := range people {
			if err := tx.AssignStaff(r.Context(), person, []uuid.UUID{client}, store.Role(f.Raw("role"))); err != nil {
				return err
			}
		}
		return nil
	})
	wrong, invalid := errors.AsType[store.InvalidError](err)
	switch {
	case errors.Is(err, store.ErrStepUp):
		return frame.StepUpFirst(w, r, views.PathBase(me.Tenant.Slug).Client(client.String()))
	case errors.Is(err, store.ErrConflict):
		return s.clientPage(w, r, me, http.StatusConflict, func(p *views.ClientShowProps) {
			p.Refused = "One of them belongs to the client's own side. Nothing was changed."
		})
	case invalid:
		return s.clientPage(w, r, me, http.StatusUnprocessableEntity, func(p *views.ClientShowProps) { p.Form.Errors = ui.Errors(wrong) })
	case err != nil:
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Client(client.String()), "member.assigned", "")
}

// clientPeople is what the team of a client is read from.
type clientPeople struct {
	here, outside []store.Placement
	agency        []store.Membership
}

func (p *clientPeople) reads(me store.Member, client uuid.UUID) []store.Read {
	if !assigns(me) {
		return nil
	}
	return []store.Read{store.ListClientStaff(client, &p.here), store.ListOutsideStaff("", &p.outside), store.ListPeople(&p.agency)}
}

// team shows who of the agency works in a client, and who else could.
func (p *clientPeople) team(base views.Base, me store.Member) *views.ClientTeam {
	if !assigns(me) {
		return nil
	}
	works := map[uuid.UUID]bool{}
	team := &views.ClientTeam{Roles: assignableRoles(me, store.RoleMember)}
	for _, at := range p.here {
		works[at.UserID] = true
		team.People = append(team.People, views.MemberRow{Name: at.Name, Email: at.Email, Role: frame.RoleNames[*at.ClientRole],
			You: at.UserID == me.ID(), URL: base.Member(at.UserID.String())})
	}
	offer := func(id uuid.UUID, name, email string) {
		if !works[id] {
			works[id] = true
			team.Others = append(team.Others, views.StaffChoice{ID: id.String(), Name: name, Role: email})
		}
	}
	for _, m := range p.agency {
		offer(m.UserID, m.Name, m.Email)
	}
	for _, at := range p.outside {
		offer(at.UserID, at.Name, at.Email)
	}
	return team
}

// placedPeople says of the agency's people where they work, and adds those who work in
// clients only.
func (s *Server) placedPeople(r *http.Request, me store.Member, props *views.MembersProps, people []store.Membership, text string) error {
	members := make([]uuid.UUID, len(people))
	for i, p := range people {
		members[i] = p.UserID
	}
	var at, outside []store.Placement
	if err := s.db.Read(r.Context(), me, store.ListPlacements(members, &at), store.ListOutsideStaff(text, &outside)); err != nil {
		return err
	}
	base := frame.Base(r, me)
	places := map[string][]string{}
	everywhere := map[string]bool{}
	for _, p := range slices.Concat(at, outside) {
		url := base.Member(p.UserID.String())
		everywhere[url] = everywhere[url] || p.EveryClientRole != nil
		if p.ClientName != nil {
			places[url] = append(places[url], *p.ClientName)
		}
	}
	only := views.MemberGroup{Title: "In client workspaces only", Hint: "They work in the clients named, and don't see this workspace."}
	seen := map[uuid.UUID]bool{}
	for _, p := range outside {
		if !seen[p.UserID] && props.FirstURL == "" {
			seen[p.UserID] = true
			only.Count++
			only.People = append(only.People, views.MemberRow{Name: p.Name, Email: p.Email, URL: base.Member(p.UserID.String())})
		}
	}
	if only.Count > 0 {
		props.Groups = append(props.Groups, only)
	}
	for g := range props.Groups {
		for i := range props.Groups[g].People {
			row := &props.Groups[g].People[i]
			row.Where = views.WorksIn(places[row.URL], everywhere[row.URL])
		}
	}
	return nil
}

// ids are the values that are ids.
func ids(values []string) (all []uuid.UUID) {
	for _, v := range values {
		if id, err := uuid.Parse(v); err == nil && web.IsID(v) && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

func without(all, some []uuid.UUID) (rest []uuid.UUID) {
	for _, id := range all {
		if !slices.Contains(some, id) {
			rest = append(rest, id)
		}
	}
	return rest
}
