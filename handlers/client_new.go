package handlers

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// peopleLines is how many people can be invited with the form for a new client.
const peopleLines = 4

// clientNew shows the form for a new client.
func (s *Server) clientNew(w http.ResponseWriter, r *http.Request, me store.Member) error {
	typed := views.ClientForm{Accent: me.Tenant.Accent, People: make([]views.ClientPerson, peopleLines)}
	for i := range typed.People {
		typed.People[i].Role = string(store.RoleMember)
	}
	typed.People[0].Role = string(store.RoleOwner)
	return s.clientForm(w, r, me, http.StatusOK, typed)
}

func (s *Server) clientForm(w http.ResponseWriter, r *http.Request, me store.Member, status int, typed views.ClientForm) error {
	roles := make([]views.Choice, 0, len(frame.RoleNames))
	for _, role := range store.Roles() {
		roles = append(roles, views.Choice{Value: string(role), Label: frame.RoleNames[role]})
	}
	var own store.TenantPlan
	if err := s.db.Read(r.Context(), me, store.GetPlan(&own)); err != nil {
		return err
	}
	c := frame.Tenant(r, me)
	c.MailAway = frame.MailAway(r)
	return views.Render(w, r, status, views.ClientNew(c, views.ClientNewProps{
		Form:    typed,
		Address: s.cfg.URL.Host + string(views.PathBase("")),
		Plans:   s.assignablePlans(me, own),
		Roles:   roles,
	}))
}

// clientCreate creates a client and invites its first people, in one transaction.
func (s *Server) clientCreate(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	client, typed := newClient(f)
	if !f.Valid() {
		typed.Errors = ui.Errors(f.Errors)
		return s.clientForm(w, r, me, http.StatusUnprocessableEntity, typed)
	}
	var id uuid.UUID
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) (err error) {
		id, _, err = tx.CreateClient(r.Context(), client)
		return err
	})
	wrong, invalid := errors.AsType[store.InvalidError](err)
	switch {
	case invalid:
		typed.Errors = ui.Errors(wrong)
		return s.clientForm(w, r, me, http.StatusUnprocessableEntity, typed)
	case err != nil:
		return err
	}
	did := "tenant.created"
	if len(client.People) == 0 {
		did = "tenant.created_alone"
	}
	return frame.Done(w, r, frame.Base(r, me).Client(id.String()), did, "")
}

// newClient reads the form, for the store and for showing it again.
func newClient(f *web.Form) (store.NewClient, views.ClientForm) {
	typed := views.ClientForm{
		Name: f.Raw("name"), Accent: f.Raw("accent"), OwnAccent: pickedAccent(f), AccentShown: f.Raw("accent_shown"), Plan: f.Raw("plan"),
	}
	client := store.NewClient{Name: f.Text("name", "a name", 120), Plan: f.Raw("plan")}
	client.Slug, typed.Slug = frame.ReadSlug(f, client.Name)
	if typed.OwnAccent {
		client.Accent = f.Color("accent")
	}
	client.People, typed.People = firstPeople(f)
	return client, typed
}

// firstPeople reads the lines of people. A line without an address stays in the list
// as an empty person, so that errors appear next to the right line.
func firstPeople(f *web.Form) (people []store.NewPerson, typed []views.ClientPerson) {
	seen := map[string]bool{}
	for n := 1; n <= peopleLines; n++ {
		email, role := "email_"+strconv.Itoa(n), "role_"+strconv.Itoa(n)
		typed = append(typed, views.ClientPerson{Email: f.Raw(email), Role: f.Raw(role)})
		p := store.NewPerson{Party: store.PartyClient, Role: store.Role(f.Raw(role))}
		if strings.TrimSpace(f.Raw(email)) != "" {
			var err error
			if p.Email, err = web.ParseEmail(f.Raw(email)); err != nil {
				f.Errors[email] = web.EmailSentence(err)
			} else if seen[p.Email] {
				f.Errors[email] = "That address is already on another line."
			}
			if frame.RoleNames[p.Role] == "" {
				f.Errors[role] = "Choose a role."
			}
			seen[p.Email] = true
			// They type their own name when they join.
			p.Name = p.Email
		}
		people = append(people, p)
	}
	return people, typed
}
