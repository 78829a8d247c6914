package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/support"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

const peopleShown = 50

// partyName is what a party is called in the member's tenant.
func partyName(me store.Member, p store.Party) string {
	if p == store.PartyAgency && me.Tenant.Kind == store.TenantClient {
		return me.Tenant.AgencyName
	}
	return me.Tenant.Name
}

func (s *Server) memberList(r *http.Request) page {
	q := r.URL.Query()
	filter := store.PeopleFilter{Text: strings.TrimSpace(q.Get("q")), Page: store.PageOf(peopleShown, frame.ParseCursor(q.Get("after")))}
	var (
		people   []store.Membership
		count    store.PeopleCount
		invites  []store.Invite
		byClient bool
	)
	return page{always(store.SearchPeople(filter, &people), store.CountPeople(filter.Text, &count),
		store.ListInvites(&invites), store.ClientManagesPeople(&byClient)), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		c := frame.Tenant(r, me)
		props := views.MembersProps{Query: filter.Text}
		people, next := store.Cut(people, filter.Page, func(p store.Membership) store.Cursor { return store.Cursor{ID: p.UserID} })
		if after := frame.WriteCursor(next); after != "" {
			props.MoreURL = c.Base.MembersIn(url.Values{"q": {filter.Text}, "after": {after}})
		}
		props.Groups = memberGroups(c.Base, me, people, count)
		if filter.After.ID != uuid.Nil {
			props.FirstURL = c.Base.MembersIn(url.Values{"q": {filter.Text}})
		} else if filter.Text == "" {
			props.Invites = inviteRows(c.Base, me, invites, byClient)
			c.MailAway = slices.ContainsFunc(invites, func(i store.Invite) bool { return i.SentAt == nil }) && frame.MailAway(r)
		}
		if len(invitableParties(me, byClient)) > 0 {
			props.InviteURL = c.Base.InviteNew()
		}
		if me.Tenant.Kind == store.TenantClient && me.MayNow(store.ManageStaff) && me.Support == nil {
			props.ByClient = &views.ByClient{Client: me.Tenant.Name, May: byClient}
		}
		if assigns(me.Standing()) {
			if err := s.placedPeople(r, me, &props, people, filter.Text); err != nil {
				return err
			}
		}
		return views.Render(w, r, http.StatusOK, views.Members(c, props))
	}}
}

func memberGroups(base views.Base, me store.Member, people []store.Membership, count store.PeopleCount) (groups []views.MemberGroup) {
	clients := views.MemberGroup{Title: partyName(me, store.PartyClient), Count: count.Client}
	team := views.MemberGroup{Title: partyName(me, store.PartyAgency), Count: count.Agency}
	if me.Party == store.PartyAgency {
		clients.Hint, team.Hint = "Your client's people.", "Your team in this workspace."
	}
	if me.Tenant.Kind == store.TenantAgency {
		team.Title, team.Hint = me.Tenant.Name, "Everyone on the team."
	}
	for _, p := range people {
		row := views.MemberRow{
			Name:     p.Name,
			Email:    p.Email,
			Role:     frame.RoleNames[p.Role],
			LastSeen: frame.OrZero(p.LastSeenAt),
			You:      p.UserID == me.ID(),
			Refused:  mailRefused(p.MailRefusedCode),
			URL:      base.Member(p.UserID.String()),
		}
		if p.Party == store.PartyClient {
			if support.MayViewAs(me) {
				row.ViewAs = p.UserID.String()
			}
			clients.People = append(clients.People, row)
		} else {
			team.People = append(team.People, row)
		}
	}
	return slices.DeleteFunc([]views.MemberGroup{clients, team}, func(g views.MemberGroup) bool { return len(g.People) == 0 })
}

func (s *Server) memberShow(w http.ResponseWriter, r *http.Request, me store.Member) error {
	return s.memberPage(w, r, me, http.StatusOK, "", nil)
}

// memberPage shows one of the tenant's people, and why the last change was refused, if
// it was.
func (s *Server) memberPage(w http.ResponseWriter, r *http.Request, me store.Member, status int, refused string, wrong ui.Errors, theirs ...ui.Saved) error {
	return s.memberPageEdited(w, r, me, status, func(p *views.MemberProps) { p.Refused, p.Errors, p.Theirs = refused, wrong, theirs })
}

func (s *Server) memberPageEdited(w http.ResponseWriter, r *http.Request, me store.Member, status int, edit func(*views.MemberProps)) error {
	var p store.Membership
	var byClient bool
	err := s.db.Read(r.Context(), me, store.GetPerson(web.PathID(r), &p), store.ClientManagesPeople(&byClient))
	if errors.Is(err, store.ErrNotFound) && assigns(me.Standing()) {
		return s.outsideStaffPage(w, r, me, status, edit)
	}
	if err != nil {
		return err
	}
	var work *views.StaffWork
	if assigns(me.Standing()) {
		if work, _, err = s.staffWork(r, me, p.UserID); err != nil {
			return err
		}
	}
	who := "They"
	if p.UserID == me.ID() {
		who = "You"
	}
	props := views.MemberProps{
		ID:       p.UserID.String(),
		Name:     p.Name,
		Email:    p.Email,
		Role:     frame.RoleNames[p.Role],
		May:      roleSentence(who, p.Party, p.Role),
		Side:     partyName(me, p.Party),
		Since:    p.CreatedAt,
		LastSeen: frame.OrZero(p.LastSeenAt),
		NoMail:   mailRefused(p.MailRefusedCode),
		You:      p.UserID == me.ID(),
		Team:     me.Tenant.Kind == store.TenantAgency,
		Owner:    p.Role == store.RoleOwner,
		Seen:     string(p.Role),
		Work:     work,
	}
	if me.MayGiveNow(p.Party, p.Role, byClient) {
		chosen := p.Role
		if role := store.Role(r.FormValue("role")); slices.Contains(store.Roles(), role) {
			chosen = role
		}
		for _, role := range store.Roles() {
			if me.MayGiveNow(p.Party, role, byClient) {
				props.Roles = append(props.Roles, ui.Option{Value: string(role), Label: frame.RoleNames[role], Selected: role == chosen})
			}
		}
	}
	edit(&props)
	return views.Render(w, r, status, views.Member(frame.Tenant(r, me), props))
}

// lastOwner says why the last owner of a tenant cannot leave or change role.
const lastOwner = "There is no other owner. Make someone else an owner first. Nothing was changed."

// whyNotGone says why a person cannot leave or be removed.
func whyNotGone(err error) string {
	if errors.Is(err, store.ErrLastClientOwner) {
		return "One of your clients would have no owner. Make someone else an owner there first. Nothing was changed."
	}
	return lastOwner
}

func (s *Server) memberRole(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	id, role := web.PathID(r), f.Raw("role")
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		expect(tx, f)
		return tx.ChangeRole(r.Context(), id, store.Role(role))
	})
	wrong, invalid := errors.AsType[store.InvalidError](err)
	switch {
	case errors.Is(err, store.ErrChanged):
		return s.roleConflict(w, r, me, store.Role(role))
	case errors.Is(err, store.ErrStepUp):
		return frame.StepUpFirst(w, r, views.PathBase(me.Tenant.Slug).MemberAs(id.String(), role))
	case errors.Is(err, store.ErrLastOwner):
		return s.memberPage(w, r, me, http.StatusConflict, lastOwner, nil)
	case invalid:
		return s.memberPage(w, r, me, http.StatusUnprocessableEntity, "", ui.Errors(wrong))
	case err != nil:
		return err
	case id == me.ID():
		// With their new role they may no longer see this page.
		return frame.Done(w, r, frame.Base(r, me).Home(), "member.role_changed", "")
	}
	return frame.Done(w, r, frame.Base(r, me).Member(id.String()), "member.role_changed", "")
}

// roleConflict shows the role that somebody else gave a person meanwhile.
func (s *Server) roleConflict(w http.ResponseWriter, r *http.Request, me store.Member, typed store.Role) error {
	var p store.Membership
	if err := s.db.Read(r.Context(), me, store.GetPerson(web.PathID(r), &p)); err != nil {
		return err
	}
	theirs := differences(field{"Role", frame.RoleNames[typed], frame.RoleNames[p.Role]})
	if len(theirs) == 0 {
		return frame.Done(w, r, frame.Base(r, me).Member(p.UserID.String()), "member.role_changed", "")
	}
	frame.MarkOwn(r.Context(), s.db, me, theirs, p.UserID, "member.role_changed")
	return s.memberPage(w, r, me, http.StatusConflict, "", nil, theirs...)
}

func (s *Server) memberRemove(w http.ResponseWriter, r *http.Request, me store.Member) error {
	id := web.PathID(r)
	if id == me.ID() {
		http.Redirect(w, r, frame.Base(r, me).Leave(), http.StatusSeeOther)
		return nil
	}
	err := s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.RemovePerson(r.Context(), id) })
	switch {
	case errors.Is(err, store.ErrStepUp):
		return frame.StepUpFirst(w, r, views.PathBase(me.Tenant.Slug).Member(id.String()))
	case errors.Is(err, store.ErrLastOwner):
		return s.memberPage(w, r, me, http.StatusConflict, whyNotGone(err), nil)
	case err != nil:
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Members(), "member.removed", "")
}

// membersByClient lets the agency decide whether a client manages its own people.
func (s *Server) membersByClient(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.SetClientManagesPeople(r.Context(), f.Checked("may")) })
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Members(), "tenant.people_managers_changed", "")
}

func (s *Server) leaveShow(w http.ResponseWriter, r *http.Request, me store.Member) error {
	return s.leavePage(w, r, me, http.StatusOK, "")
}

func (s *Server) leavePage(w http.ResponseWriter, r *http.Request, me store.Member, status int, refused string) error {
	c := frame.Tenant(r, me)
	return views.Render(w, r, status, views.Leave(c, views.LeaveProps{Name: c.Workspace.Name, Team: me.Tenant.Kind == store.TenantAgency, Owner: me.Role == store.RoleOwner, Refused: refused}))
}

func (s *Server) leave(w http.ResponseWriter, r *http.Request, me store.Member) error {
	err := s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.Leave(r.Context()) })
	switch {
	case errors.Is(err, store.ErrStepUp):
		return frame.StepUpFirst(w, r, views.PathBase(me.Tenant.Slug).Leave())
	case errors.Is(err, store.ErrLastOwner):
		return s.leavePage(w, r, me, http.StatusConflict, whyNotGone(err))
	case err != nil:
		return err
	}
	http.Redirect(w, r, frame.AddressOf(r).Platform+views.PathHome, http.StatusSeeOther)
	return nil
}
