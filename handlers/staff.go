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
func assigns(at store.Standing) bool {
	return at.Kind == store.TenantAgency && at.MayNow(store.ManageStaff) && !at.Support
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
	work := &views.StaffWork{Seen: string(store.SeenPlacements(at)), Name: at[0].Name, Member: at[0].Role != nil, Everywhere: at[0].EveryClientRole != nil, Roles: assignableRoles(me, chosen)}
	work.EverywhereTicked = work.Everywhere
	for _, c := range clients {
		choice := views.StaffChoice{ID: c.ID.String(), Name: c.Name}
		for _, p := range at {
			if p.ClientID != nil && *p.ClientID == c.ID {
				choice.Role, choice.Ticked = frame.RoleNames[*p.ClientRole], true
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
func (s *Server) outsideStaffPage(w http.ResponseWriter, r *http.Request, me store.Member, status int, edit func(*views.MemberProps)) error {
	work, at, err := s.staffWork(r, me, web.PathID(r))
	if err != nil {
		return err
	}
	if work == nil {
		return store.ErrNotFound
	}
	props := views.MemberProps{
		ID:    at[0].UserID.String(),
		Name:  at[0].Name,
		Email: at[0].Email,
		Role:  "None in the agency",
		May:   "They work in client workspaces only, and don't see this one.",
		Side:  me.Tenant.Name,
		Work:  work,
	}
	edit(&props)
	return views.Render(w, r, status, views.Member(frame.Tenant(r, me), props))
}

// memberClients assigns a person to the clients that were ticked, and ends their work in
// those that were unticked. Clients that the page did not show stay as they are.
func (s *Server) memberClients(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	id, role := web.PathID(r), store.Role(f.Raw("client_role"))
	was, ticked, err := clientTicks(r)
	if err != nil {
		return err
	}
	added, ended := without(ticked, was), without(was, ticked)
	everywhere := f.Checked("everywhere")
	did := "member.assigned"
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		expect(tx, f)
		var at []store.Placement
		list := func(dst *[]store.Placement) store.Read { return store.ListPlacements([]uuid.UUID{id}, dst) }
		if err := tx.ComparePlacements(r.Context(), list); err != nil {
			return err
		}
		if err := tx.Read(r.Context(), list(&at)); err != nil {
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
	case errors.Is(err, store.ErrChanged):
		return s.placedByOther(w, r, me, typedWork{ticked, added, everywhere, role})
	case errors.Is(err, store.ErrStepUp):
		return frame.StepUpFirst(w, r, views.PathBase(me.Tenant.Slug).Member(id.String()))
	case errors.Is(err, store.ErrLastOwner):
		return s.memberPage(w, r, me, http.StatusConflict, "One of those workspaces would have no owner. Make someone else an owner there first.", nil)
	case errors.Is(err, store.ErrConflict):
		return s.memberPage(w, r, me, http.StatusConflict, "They are a client user in one of those workspaces, so you can't assign them there. Nothing was changed.", nil)
	case err != nil:
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Member(id.String()), did, "")
}

// typedWork is where a form lets a person work.
type typedWork struct {
	clients, added []uuid.UUID
	everywhere     bool
	role           store.Role // in those added
}

// is reports whether the person works there already, as that.
func (w typedWork) is(at []store.Placement) bool {
	var here []uuid.UUID
	for _, p := range at {
		if p.ClientID == nil {
			continue
		}
		here = append(here, *p.ClientID)
		if slices.Contains(w.added, *p.ClientID) && *p.ClientRole != w.role {
			return false
		}
	}
	return len(without(here, w.clients)) == 0 && len(without(w.clients, here)) == 0 && (len(at) > 0 && at[0].EveryClientRole != nil) == w.everywhere
}

// placedByOther shows where somebody else placed a person meanwhile, and the form as it
// was typed.
func (s *Server) placedByOther(w http.ResponseWriter, r *http.Request, me store.Member, typed typedWork) error {
	var at []store.Placement
	if err := s.db.Read(r.Context(), me, store.ListPlacements([]uuid.UUID{web.PathID(r)}, &at)); err != nil {
		return err
	}
	if typed.is(at) {
		return frame.Done(w, r, frame.Base(r, me).Member(web.PathID(r).String()), "member.assigned", "")
	}
	return s.memberPageEdited(w, r, me, http.StatusConflict, func(p *views.MemberProps) {
		if p.Work == nil {
			return
		}
		var places []string
		for i := range p.Work.Clients {
			choice := &p.Work.Clients[i]
			if choice.Role != "" {
				places = append(places, choice.Name+" ("+choice.Role+")")
			}
			choice.Ticked = slices.ContainsFunc(typed.clients, func(id uuid.UUID) bool { return id.String() == choice.ID })
		}
		p.Theirs = []ui.Saved{{Label: "Clients", Value: strings.Join(places, ", ")}}
		if p.Work.Everywhere != typed.everywhere {
			p.Theirs = append(p.Theirs, ui.Saved{Label: "All clients, present and future", Value: map[bool]string{true: "yes", false: "no"}[p.Work.Everywhere]})
		}
		frame.MarkOwn(r.Context(), s.db, me, p.Theirs, web.PathID(r), "member.assigned", "member.unassigned", "member.assigned_everywhere", "member.unassigned_everywhere")
		p.Work.EverywhereTicked = typed.everywhere
		chooseOption(p.Work.Roles, string(typed.role))
	})
}

// chooseOption selects the option with that value, if there is one.
func chooseOption(options []ui.Option, value string) {
	if !slices.ContainsFunc(options, func(o ui.Option) bool { return o.Value == value }) {
		return
	}
	for i := range options {
		options[i].Selected = options[i].Value == value
	}
}

// clientStaff assigns the ticked people to a client.
func (s *Server) clientStaff(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	client := web.PathID(r)
	people, err := formIDs(r.PostForm["person"])
	if err != nil {
		return err
	}
	if len(people) == 0 {
		return s.clientAgain(w, r, me, http.StatusUnprocessableEntity, func(p *views.ClientShowProps) {
			p.Form.Errors = ui.Errors{"person": "Choose at least one person."}
		})
	}
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		expect(tx, f)
		err := tx.ComparePlacements(r.Context(), func(dst *[]store.Placement) store.Read { return store.ListClientStaff(client, dst) })
		if err != nil {
			return err
		}
		for _, person := range people {
			if err := tx.AssignStaff(r.Context(), person, []uuid.UUID{client}, store.Role(f.Raw("role"))); err != nil {
				return err
			}
		}
		return nil
	})
	wrong, invalid := errors.AsType[store.InvalidError](err)
	switch {
	case errors.Is(err, store.ErrChanged):
		return s.teamOfOther(w, r, me, people, store.Role(f.Raw("role")))
	case errors.Is(err, store.ErrStepUp):
		return frame.StepUpFirst(w, r, views.PathBase(me.Tenant.Slug).Client(client.String()))
	case errors.Is(err, store.ErrConflict):
		return s.clientAgain(w, r, me, http.StatusConflict, func(p *views.ClientShowProps) {
			p.Refused = "One of them is a client user here, so you can't assign them. Nothing was changed."
		})
	case invalid:
		return s.clientAgain(w, r, me, http.StatusUnprocessableEntity, func(p *views.ClientShowProps) { p.Form.Errors = ui.Errors(wrong) })
	case err != nil:
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Client(client.String()), "member.assigned", "")
}

// teamOfOther shows whom somebody else added to a client meanwhile, and the form as it
// was typed.
func (s *Server) teamOfOther(w http.ResponseWriter, r *http.Request, me store.Member, people []uuid.UUID, role store.Role) error {
	var at []store.Placement
	if err := s.db.Read(r.Context(), me, store.ListClientStaff(web.PathID(r), &at)); err != nil {
		return err
	}
	rest := slices.DeleteFunc(slices.Clone(people), func(id uuid.UUID) bool {
		return slices.ContainsFunc(at, func(p store.Placement) bool { return p.UserID == id && *p.ClientRole == role })
	})
	if len(rest) == 0 {
		return frame.Done(w, r, frame.Base(r, me).Client(web.PathID(r).String()), "member.assigned", "")
	}
	return s.clientAgain(w, r, me, http.StatusConflict, func(p *views.ClientShowProps) {
		if p.Team == nil {
			return
		}
		var here []string
		for _, m := range p.Team.People {
			here = append(here, m.Name+" ("+m.Role+")")
		}
		p.Form.Theirs = []ui.Saved{{Label: "Your team here", Value: strings.Join(here, ", ")}}
		for i := range p.Team.Others {
			choice := &p.Team.Others[i]
			choice.Ticked = slices.ContainsFunc(people, func(id uuid.UUID) bool { return id.String() == choice.ID })
		}
		chooseOption(p.Team.Roles, string(role))
	})
}

// clientPeople is what the team of a client is read from.
type clientPeople struct {
	here, outside []store.Placement
	agency        []store.Membership
}

func (p *clientPeople) reads(at store.Standing, client uuid.UUID) []store.Read {
	if !assigns(at) {
		return nil
	}
	return []store.Read{store.ListClientStaff(client, &p.here), store.ListOutsideStaff("", &p.outside), store.ListPeople(&p.agency)}
}

// team shows who of the agency works in a client, and who else could.
func (p *clientPeople) team(base views.Base, me store.Member) *views.ClientTeam {
	if !assigns(me.Standing()) {
		return nil
	}
	works := map[uuid.UUID]bool{}
	team := &views.ClientTeam{Seen: string(store.SeenPlacements(p.here)), Roles: assignableRoles(me, store.RoleMember)}
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

// formIDs returns the values as ids, each once. A malformed one is [store.ErrNotFound]: left
// out, a ticked client would look like one that was unticked.
func formIDs(values []string) (all []uuid.UUID, err error) {
	for _, v := range values {
		id, ok := web.ParseID(v)
		if !ok {
			return nil, store.ErrNotFound
		}
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all, nil
}

// clientTicks returns the clients that the form showed as ticked, and those that are now.
func clientTicks(r *http.Request) (was, ticked []uuid.UUID, err error) {
	if shown := r.PostForm.Get("was"); shown != "" {
		if was, err = formIDs(strings.Split(shown, ",")); err != nil {
			return nil, nil, err
		}
	}
	ticked, err = formIDs(r.PostForm["client"])
	return was, ticked, err
}

func without(all, some []uuid.UUID) (rest []uuid.UUID) {
	for _, id := range all {
		if !slices.Contains(some, id) {
			rest = append(rest, id)
		}
	}
	return rest
}
