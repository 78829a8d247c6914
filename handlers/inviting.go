package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// invitableParties are the parties that the member may invite people to.
func invitableParties(me store.Member, byClient bool) (may []store.Party) {
	for _, p := range []store.Party{store.PartyClient, store.PartyAgency} {
		if me.MayGiveNow(p, store.RoleViewer, byClient) && (p == store.PartyAgency || me.Tenant.Kind == store.TenantClient) {
			may = append(may, p)
		}
	}
	return may
}

func inviteRows(base views.Base, me store.Member, invites []store.Invite, byClient bool) []views.InviteRow {
	rows := make([]views.InviteRow, len(invites))
	for n, i := range invites {
		rows[n] = views.InviteRow{
			Name:      frame.NameOr(i.Name, i.Email, i.Email),
			Email:     i.Email,
			Role:      frame.RoleNames[i.Role],
			Side:      partyName(me, i.Party),
			By:        i.InviterName,
			SentAt:    frame.OrZero(i.SentAt),
			ExpiresAt: i.ExpiresAt,
			Expired:   i.Expired,
			Refused:   mailRefused(i.MailRefusedCode),
			Lapsed:    i.InviterLostRight(byClient),
		}
		if !me.MayGiveNow(i.Party, i.Role, byClient) {
			continue
		}
		rows[n].RevokeURL = base.InviteRevoke(i.ID.String())
		if !rows[n].Lapsed {
			rows[n].ResendURL = base.InviteResend(i.ID.String())
		}
	}
	return rows
}

// mailRefused says that mail to somebody was refused, with the server's code, or "".
func mailRefused(code *int) string {
	switch {
	case code == nil:
		return ""
	case *code == 0:
		return "our mail server can't write to this address"
	}
	return "the mail server refuses this address (" + strconv.Itoa(*code) + ")"
}

// inviteNew shows the form. Inviting an owner needs a recent step-up, which is asked
// for first, so that nothing typed is lost.
func (s *Server) inviteNew(w http.ResponseWriter, r *http.Request, me store.Member) error {
	role := r.URL.Query().Get("role")
	if role == string(store.RoleOwner) && !frame.SteppedUp(me.Person) {
		return frame.StepUpFirst(w, r, views.PathBase(me.Tenant.Slug).InviteNewOwner())
	}
	return s.invitingPage(w, r, me, http.StatusOK, views.InviteNewForm{Role: role}, "")
}

func (s *Server) invitingPage(w http.ResponseWriter, r *http.Request, me store.Member, status int, typed views.InviteNewForm, proveURL string) error {
	var byClient bool
	if err := s.db.Read(r.Context(), me, store.ClientManagesPeople(&byClient)); err != nil {
		return err
	}
	may := invitableParties(me, byClient)
	if len(may) == 0 {
		return &web.Problem{Status: http.StatusForbidden, Cause: store.ErrForbidden,
			Sentence: "People in this portal are managed by " + me.Tenant.AgencyName + ". Ask them to send an invitation."}
	}
	if typed.Role == "" {
		typed.Role = string(store.RoleMember)
	}
	c := frame.Tenant(r, me)
	c.MailAway = frame.MailAway(r)
	props := views.InviteNewProps{Form: typed, ProveURL: proveURL}
	for _, p := range may {
		props.Parties = append(props.Parties, ui.Option{Value: string(p), Label: partyName(me, p), Selected: string(p) == typed.Party})
	}
	for _, role := range store.Roles() {
		switch {
		case !slices.ContainsFunc(may, func(p store.Party) bool { return me.MayGiveNow(p, role, byClient) }):
		case role == store.RoleOwner && !frame.SteppedUp(me.Person) && typed.Role != string(store.RoleOwner):
			props.OwnerURL = c.Base.InviteNewOwner()
		default:
			props.Roles = append(props.Roles, ui.Option{Value: string(role), Label: frame.RoleNames[role], Selected: string(role) == typed.Role})
		}
	}
	return views.Render(w, r, status, views.InviteNew(c, props))
}

func (s *Server) inviteCreate(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	typed := views.InviteNewForm{Name: f.Raw("name"), Email: f.Raw("email"), Party: f.Raw("party"), Role: f.Raw("role")}
	p, did := newPerson(f, me), "member.invited"
	if f.Valid() {
		err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
			invite, err := tx.InvitePerson(r.Context(), p)
			if invite == uuid.Nil {
				did = "member.added"
			}
			return err
		})
	}
	wrong, invalid := errors.AsType[store.InvalidError](err)
	prove := ""
	switch {
	case !f.Valid():
		wrong = f.Errors
	case errors.Is(err, store.ErrStepUp):
		wrong = store.InvalidError{"role": "To invite an owner, confirm it's you. Confirm in a new tab, then send this form."}
		prove = frame.AddressOf(r).Platform + views.StepUpTo(views.PathBase(me.Tenant.Slug).InviteNewOwner())
	case invalid:
	case err != nil:
		return err
	default:
		return frame.Done(w, r, frame.Base(r, me).Members(), did, "")
	}
	typed.Errors = ui.Errors(wrong)
	return s.invitingPage(w, r, me, http.StatusUnprocessableEntity, typed, prove)
}

// newPerson reads who is to be invited. The form does not ask for the party where only
// one is possible.
func newPerson(f *web.Form, me store.Member) store.NewPerson {
	p := store.NewPerson{
		Name:  f.Text("name", "a name", 120),
		Email: emailOf(f, "email"),
		Party: store.Party(f.Raw("party")),
		Role:  store.Role(f.Raw("role")),
	}
	switch {
	case p.Party == "" && (me.Tenant.Kind == store.TenantAgency || me.Party == store.PartyClient):
		p.Party = me.Party
	case p.Party != store.PartyAgency && (p.Party != store.PartyClient || me.Tenant.Kind == store.TenantAgency):
		f.Errors["party"] = "Choose a side."
	}
	if !slices.Contains(store.Roles(), p.Role) {
		f.Errors["role"] = "Choose a role."
	}
	return p
}

// emailOf is a typed address in the spelling that the store keeps.
func emailOf(f *web.Form, name string) string {
	email, err := web.ParseEmail(f.Raw(name))
	if err != nil {
		f.Errors[name] = web.EmailSentence(err)
	}
	return email
}

func (s *Server) inviteResend(w http.ResponseWriter, r *http.Request, me store.Member) error {
	err := s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.ResendInvite(r.Context(), web.PathID(r)) })
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Members(), "member.invite_resent", "")
}

func (s *Server) inviteRevoke(w http.ResponseWriter, r *http.Request, me store.Member) error {
	err := s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.RevokeInvite(r.Context(), web.PathID(r)) })
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Members(), "member.invite_revoked", "")
}
