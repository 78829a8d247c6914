package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

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
		Name: f.Raw("name"), Slug: f.Raw("slug"), Accent: f.Raw("accent"), OwnAccent: pickedAccent(f), AccentShown: f.Raw("accent_shown"), Plan: f.Raw("plan"),
	}
	client := store.NewClient{Name: f.Text("name", "a name", 120), Plan: f.Raw("plan")}
	client.Slug = strings.ToLower(strings.TrimSpace(typed.Slug))
	if client.Slug == "" && client.Name != "" {
		client.Slug = suggestSlug(client.Name)
		typed.Slug = client.Slug
	}
	if n := utf8.RuneCountInString(client.Slug); n > 40 {
		f.Errors["slug"] = fmt.Sprintf("That has %d characters. At most 40 fit.", n)
	} else if f.Errors["name"] == "" && !slugs.MatchString(client.Slug) {
		f.Errors["slug"] = "An address has up to 40 characters: a to z, 0 to 9 and -, with no - at either end."
	}
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

// suggestSlug makes a slug from a name; "" when no letter of it can be in a slug.
func suggestSlug(name string) string {
	var slug strings.Builder
	for _, c := range norm.NFKD.String(strings.ToLower(name)) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			slug.WriteRune(c)
		case unicode.Is(unicode.Mn, c), c == '\'', c == '’':
		case slug.Len() > 0 && !strings.HasSuffix(slug.String(), "-"):
			slug.WriteByte('-')
		}
	}
	s := slug.String()
	return strings.Trim(s[:min(len(s), 40)], "-")
}
