package signin

import (
	"errors"
	"net/http"
	"strings"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// Forget shows what is erased and what is kept when the person erases their account.
func (s *Service) Forget(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if me.SupportSlug != "" && !me.SupportOver {
		return insideAnother(w, r)
	}
	return s.forgetPage(w, r, http.StatusOK, me, views.ForgetForm{})
}

// ForgetMe erases the person's account. They must type their own address and have a
// fresh step-up, and every tenant must keep an owner.
func (s *Service) ForgetMe(w http.ResponseWriter, r *http.Request, me store.Person) error {
	posted, err := parseForm(r)
	if err != nil {
		return err
	}
	typed := posted.Raw("address")
	if email, _ := web.ParseEmail(typed); email != me.Email && !strings.EqualFold(strings.TrimSpace(typed), me.Email) {
		return s.forgetPage(w, r, http.StatusUnprocessableEntity, me, views.ForgetForm{
			Address: typed, Errors: ui.Errors{"address": "That is not the address of this account."}})
	}
	err = s.db.ForgetMe(r.Context(), me)
	switch {
	case errors.Is(err, store.ErrStepUp):
		http.Redirect(w, r, views.StepUpTo(views.PathForget), http.StatusSeeOther)
		return nil
	case errors.Is(err, store.ErrLastOwner):
		return s.forgetPage(w, r, http.StatusConflict, me, views.ForgetForm{})
	case errors.Is(err, store.ErrInSupportSession):
		return insideAnother(w, r)
	case err != nil:
		return err
	}
	s.endSession(w, r, views.SignedOutForgotten())
	return nil
}

func (s *Service) forgetPage(w http.ResponseWriter, r *http.Request, status int, me store.Person, form views.ForgetForm) error {
	var leaving []store.WorkspaceToLeave
	if err := s.db.ReadOwn(r.Context(), me, store.ListWorkspacesToLeave(&leaving)); err != nil {
		return err
	}
	p := views.ForgetProps{Email: me.Email, Form: form, Places: len(leaving), Fresh: frame.SteppedUp(me) || len(form.Errors) > 0, Refused: status == http.StatusConflict}
	for _, l := range leaving {
		if l.Alone {
			p.Alone = append(p.Alone, views.ForgetWorkspace{Name: l.Name, MembersURL: views.PathBase(l.Slug).Members()})
		}
		if l.ForgetsName {
			p.Nameless = append(p.Nameless, l.Name)
		}
	}
	return views.Render(w, r, status, views.Forget(frame.Branded(r.Context(), s.db, me), p))
}

// insideAnother tells somebody who is viewing as another person to stop that first.
func insideAnother(w http.ResponseWriter, r *http.Request) error {
	return views.Render(w, r, http.StatusConflict, views.ViewAsOver(views.ViewAsOverProps{
		Title:    "You are viewing as a client",
		Sentence: "Stop that session first. It may be open in another browser.",
		Button:   "Stop viewing",
	}))
}
