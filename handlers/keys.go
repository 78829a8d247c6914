package handlers

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// scopeWords are what a key with a scope may do, in the words of the form.
var scopeWords = map[store.KeyScope]struct{ name, label, hint string }{
	store.ScopeReadWork:    {"scope_read", "Read work", "Projects, deliverables and their files."},
	store.ScopeWriteUsage:  {"scope_usage", "Report usage", "Report what the workspace used, such as AI runs, and read what is counted."},
	store.ScopeDeliverWork: {"scope_deliver", "Deliver work", "Create projects and deliverables, upload files, and publish. Includes reading."},
}

// keyDays are the lifetimes of a key that the form offers, in days.
var keyDays = []int{30, 90, store.MaxKeyDays}

func (s *Server) keysShow(w http.ResponseWriter, r *http.Request, me store.Member) error {
	return s.keysPage(w, r, me, http.StatusOK, views.KeysProps{Form: keyForm(me, web.FormOf(nil))})
}

func (s *Server) keysPage(w http.ResponseWriter, r *http.Request, me store.Member, status int, p views.KeysProps) error {
	var keys []store.APIKey
	if err := s.db.Read(r.Context(), me, store.ListAPIKeys(&keys), store.FreshStepUp(me, &p.Fresh)); err != nil {
		return err
	}
	c := frame.Tenant(r, me)
	p.StepUpURL = views.StepUpTo(c.Base.Keys())
	for _, k := range keys {
		p.Keys = append(p.Keys, keyRow(c.Base, k))
	}
	return views.Render(w, r, status, views.Keys(c, p))
}

func keyRow(base views.Base, k store.APIKey) views.KeyRow {
	row := views.KeyRow{
		ID: k.ID.String(), Name: k.Name, Prefix: k.Prefix, Maker: k.MakerName, MadeAt: k.CreatedAt,
		UsedAt: frame.OrZero(k.LastUsedAt), ExpiresAt: k.ExpiresAt,
	}
	var may []string
	for _, scope := range k.Scopes {
		may = append(may, views.ScopeWords(string(scope)))
	}
	row.Scopes = strings.Join(may, ", ")
	switch {
	case k.RevokedAt != nil:
		row.Over = "Revoked"
	case k.Expired:
		row.Over = "Expired"
	case k.MakerLeft:
		row.Over = k.MakerName + " left"
	default:
		row.RevokeURL = base.KeyRevoke(row.ID)
	}
	return row
}

// keyForm is the form as it was typed. It offers the scopes that the member may give.
func keyForm(me store.Member, f *web.Form) views.KeyForm {
	form := views.KeyForm{ID: store.NewID().String(), Name: f.Raw("name"), Errors: ui.Errors(f.Errors)}
	for _, scope := range store.KeyScopes {
		if store.MayScope(scope, me.Party, me.Role) {
			words := scopeWords[scope]
			form.Scopes = append(form.Scopes, views.KeyScopeChoice{Name: words.name, Label: words.label, Hint: words.hint, Checked: f.Checked(words.name)})
		}
	}
	for _, days := range keyDays {
		value := strconv.Itoa(days)
		form.Days = append(form.Days, ui.Option{Value: value, Label: "in " + value + " days", Selected: f.Raw("days") == value || f.Raw("days") == "" && days == keyDays[1]})
	}
	return form
}

// keyCreate makes a key and shows its secret, once: the answer is a page and no redirect,
// because the secret is stored nowhere.
func (s *Server) keyCreate(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	in := store.NewAPIKey{Name: f.Text("name", "a name", 80)}
	in.Days, _ = strconv.Atoi(f.Raw("days")) // 0 is refused
	in.ID, _ = web.ParseID(f.Raw("new_key")) // without one the key gets its own
	for _, scope := range store.KeyScopes {
		if f.Checked(scopeWords[scope].name) {
			in.Scopes = append(in.Scopes, scope)
		}
	}
	var token store.TenantToken
	if f.Valid() {
		err = s.db.Write(r.Context(), me, func(tx *store.Tx) (err error) {
			token, _, err = tx.MakeAPIKey(r.Context(), in)
			return err
		})
	}
	if invalid, ok := errors.AsType[store.InvalidError](err); ok {
		f.Errors, err = invalid, nil
	}
	switch {
	case errors.Is(err, store.ErrStepUp):
		return frame.StepUpFirst(w, r, frame.Base(r, me).Keys())
	case err != nil:
		return err
	case !f.Valid():
		return s.keysPage(w, r, me, http.StatusUnprocessableEntity, views.KeysProps{Form: keyForm(me, f)})
	}
	return s.keysPage(w, r, me, http.StatusCreated, views.KeysProps{
		Form: keyForm(me, web.FormOf(nil)), Made: store.KeyPrefix + token.String(), MadeName: in.Name,
	})
}

func (s *Server) keyRevoke(w http.ResponseWriter, r *http.Request, me store.Member) error {
	err := s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.RevokeAPIKey(r.Context(), web.PathID(r)) })
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Keys(), "api_key.revoked", "")
}
