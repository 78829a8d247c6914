package handlers

import (
	"cmp"
	"errors"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// inviteShow shows an invitation: who invites, to which tenant, and the visitor's next
// step. Opening the page does not spend the invitation.
func (s *Server) inviteShow(w http.ResponseWriter, r *http.Request, v store.Visitor) error {
	me, _ := v.Person()
	if home, joined, err := s.joinedBefore(r, me); joined || err != nil {
		return goOn(w, r, home, err)
	}
	return s.invitePage(w, r, me, http.StatusOK, views.InviteForm{})
}

func (s *Server) invitePage(w http.ResponseWriter, r *http.Request, me store.Person, status int, typed views.InviteForm) error {
	token, ok := store.ParseTenantToken(r.PathValue("token"))
	if !ok {
		return s.inviteOver(w, r, store.EndedGone)
	}
	i, err := s.db.PeekInvite(r.Context(), token)
	switch {
	case err != nil:
		return err
	case i.EndReason != "":
		return s.inviteOver(w, r, i.EndReason)
	case i.Tenant.State != store.TenantActive:
		return paused(i.Tenant.AgencyName)
	}
	if typed.Errors == nil {
		typed.Name = frame.NameOr(i.Name, i.Email, frame.NameOr(me.Name, me.Email, ""))
	}
	props := s.inviteProps(i, me, views.Invite(token.String()), typed)
	props.MailAway = me.Email != i.Email && frame.MailAway(r)
	return views.Render(w, r, status, views.InviteShow(props))
}

func (s *Server) inviteProps(i store.Invitation, me store.Person, self string, typed views.InviteForm) views.InviteProps {
	p := views.InviteProps{
		Brand:     *frame.InviteBrand(i),
		By:        i.InviterName,
		From:      i.InviterSide,
		Place:     views.InvitePlace(i.Tenant.AgencyName, i.Tenant.Name, i.Party == store.PartyAgency),
		Team:      i.Party == store.PartyAgency,
		Role:      frame.RoleNames[i.Role],
		May:       roleSentence("You", i.Party, i.Role),
		Email:     i.Email,
		SignedIn:  me.Email,
		URL:       self,
		Providers: s.signin.ProviderLinks(),
		Form:      typed,
	}
	if p.By == "" {
		p.By = i.Tenant.AgencyName
	}
	return p
}

// roleSentence says what a person with a role can do. It begins with who, "You" or "They".
func roleSentence(who string, party store.Party, role store.Role) string {
	can := " can see the projects and download files"
	if store.May(store.EditWork, party, role) {
		can = " can see, edit and publish work"
	}
	if store.MayGive(party, role, party, store.RoleViewer) {
		can += ", and manage people"
		if party == store.PartyClient {
			can += " if the agency allows it"
		}
	}
	return who + can + "."
}

func (s *Server) inviteOver(w http.ResponseWriter, r *http.Request, why store.EndReason) error {
	return views.Render(w, r, http.StatusGone, views.InviteOver(views.InviteOverProps{Why: string(why)}))
}

// joinedBefore returns the home of the workspace that the person joined by this invitation
// and still belongs to.
func (s *Server) joinedBefore(r *http.Request, me store.Person) (home string, joined bool, err error) {
	token, ok := store.ParseTenantToken(r.PathValue("token"))
	if !ok || me.ID() == uuid.Nil {
		return "", false, nil
	}
	i, err := s.db.PeekInvite(r.Context(), token)
	if err != nil || i.EndReason != store.EndedUsed || i.AcceptedBy != me.ID() {
		return "", false, err
	}
	var mine []store.Workspace
	err = s.db.ReadOwn(r.Context(), me, store.MyWorkspaces(store.WorkspaceFilter{Text: i.Tenant.Slug, Page: store.Page{Limit: 50}}, &mine))
	joined = slices.ContainsFunc(mine, func(w store.Workspace) bool { return w.Slug == i.Tenant.Slug })
	return views.PathBase(i.Tenant.Slug).Home(), joined, err
}

// goOn leads somebody on who did the same before.
func goOn(w http.ResponseWriter, r *http.Request, to string, err error) error {
	if err == nil {
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
	return err
}

// inviteAccept makes the person who was invited a member, under the name they type.
func (s *Server) inviteAccept(w http.ResponseWriter, r *http.Request, me store.Person) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	token, ok := store.ParseTenantToken(r.PathValue("token"))
	if !ok {
		return s.inviteOver(w, r, store.EndedGone)
	}
	name := f.Text("name", "a name", 120)
	if !f.Valid() {
		return s.invitePage(w, r, me, http.StatusUnprocessableEntity, views.InviteForm{Name: f.Raw("name"), Errors: map[string]string(f.Errors)})
	}
	slug, err := s.db.AcceptInvite(r.Context(), me, token, name)
	var over store.EndedError
	switch {
	case errors.As(err, &over), errors.Is(err, store.ErrOtherAddress):
		if home, joined, err := s.joinedBefore(r, me); joined || err != nil {
			return goOn(w, r, home, err)
		}
		if e := s.db.RecordOwn(r.Context(), me, store.Event{Verb: "invite.refused", Denied: true}); e != nil {
			return errors.Join(store.ErrUnavailable, e)
		}
		return s.invitePage(w, r, me, http.StatusForbidden, views.InviteForm{})
	case errors.Is(err, store.ErrForbidden):
		i, err := s.db.PeekInvite(r.Context(), token)
		return cmp.Or(err, error(paused(i.Tenant.AgencyName)))
	case err != nil:
		return err
	}
	return frame.Done(w, r, views.PathBase(slug).Home(), "member.joined", "")
}
