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

// SignUpRule says who may create an agency by themselves.
func (s *Service) SignUpRule() store.SignUpRule { return s.signUp }

// signsUp reports whether a proof that leads to the path is a sign-up. The address of the
// page decides, so that every way of signing in can lead there.
func (s *Service) signsUp(to string) bool {
	return s.signUp != store.SignUpOff && to == views.PathSignUpAgency
}

// ruleFor is the rule under which a proof that leads to the path may create an account.
func (s *Service) ruleFor(to string) store.SignUpRule {
	if s.signsUp(to) {
		return s.signUp
	}
	return store.SignUpOff
}

// SignUp shows the page that asks for an address, or leads people who are signed in to the
// form for a new agency.
func (s *Service) SignUp(w http.ResponseWriter, r *http.Request, v store.Visitor) error {
	if _, ok := v.Person(); ok {
		http.Redirect(w, r, views.PathSignUpAgency, http.StatusSeeOther)
		return nil
	}
	return s.signInPage(w, r, http.StatusOK, views.SignInProps{ReturnTo: views.PathSignUpAgency})
}

// NewAgency shows the form for a new agency to somebody who has proved their address.
func (s *Service) NewAgency(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if me.SupportSlug != "" && !me.SupportOver {
		return insideAnother(w, r)
	}
	var may bool
	if err := s.db.ReadOwn(r.Context(), me, store.MaySignUp(s.signUp, &may)); err != nil {
		return err
	}
	if !may {
		return errNotInvited
	}
	return s.agencyForm(w, r, me, http.StatusOK, views.NewAgencyForm{})
}

// errNotInvited answers somebody about their own, proved address.
var errNotInvited = &web.Problem{Status: http.StatusForbidden, Title: "You need an invitation", Sentence: "Here only invited addresses can create an agency. Ask whoever runs this site."}

func (s *Service) agencyForm(w http.ResponseWriter, r *http.Request, me store.Person, status int, typed views.NewAgencyForm) error {
	return views.Render(w, r, status, views.NewAgency(frame.Person(me), views.NewAgencyProps{
		Form: typed, Address: s.mainHost + string(views.PathBase("")), AsksOwner: ownName(me) == "",
	}))
}

// ownName is the person's name, or "" if they are only called by their address.
func ownName(me store.Person) string { return frame.NameOr(me.Name, me.Email, "") }

// CreateAgency creates an agency, of which the person is the owner, and leads to its home.
// A form that is sent twice creates one.
func (s *Service) CreateAgency(w http.ResponseWriter, r *http.Request, me store.Person) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	agency, typed := newAgency(f, ownName(me))
	if !f.Valid() {
		typed.Errors = ui.Errors(f.Errors)
		return s.agencyForm(w, r, me, http.StatusUnprocessableEntity, typed)
	}
	// A refused slug is no agency, so this limit alone counts it: nobody tries slugs all day.
	if err := s.countAttempt(r.Context(), slugsOfPerson, me.ID().String()); err != nil {
		return err
	}
	if err := s.countAgency(r, me); err != nil {
		return err
	}
	made, err := s.db.SignUp(r.Context(), me, s.signUp, agency)
	if !made {
		if e := s.refundAgency(r, me); e != nil {
			return errors.Join(err, e)
		}
	}
	wrong, invalid := errors.AsType[store.InvalidError](err)
	switch {
	case invalid:
		typed.Errors = ui.Errors(wrong)
		return s.agencyForm(w, r, me, http.StatusUnprocessableEntity, typed)
	case errors.Is(err, store.ErrInSupportSession):
		return insideAnother(w, r)
	case errors.Is(err, store.ErrForbidden):
		return errNotInvited
	case err != nil:
		return err
	}
	http.Redirect(w, r, views.PathBase(agency.Slug).Home(), http.StatusSeeOther)
	return nil
}

// newAgency reads the form, for the store and for showing it again. Whoever has a name of
// their own is not asked for one.
func newAgency(f *web.Form, owner string) (store.NewAgency, views.NewAgencyForm) {
	agency := store.NewAgency{Name: f.Text("name", "a name", 120), Owner: owner}
	typed := views.NewAgencyForm{Name: f.Raw("name"), Owner: f.Raw("owner")}
	agency.Slug, typed.Slug = frame.ReadSlug(f, agency.Name)
	if owner == "" {
		agency.Owner = f.Text("owner", "your name", 120)
	}
	// Both are in mails to strangers, whose programs make links of addresses.
	for field, name := range map[string]string{"name": agency.Name, "owner": agency.Owner} {
		if strings.Contains(name, "://") && f.Errors[field] == "" {
			f.Errors[field] = "A name can't be an address of a page."
		}
	}
	return agency, typed
}

// countMailTo counts a request for a mail whose proof leads to the path.
func (s *Service) countMailTo(r *http.Request, email, to string) error {
	if s.signsUp(to) {
		if err := s.countAll(r, append(s.accountLimits(r, email), counted{signUpToAddress, email})...); err != nil {
			return err
		}
	}
	return s.countMail(r, email)
}

// accountLimits are what each account counts against that a sign-up may make. By invitation
// the operator chooses the addresses, so their domain doesn't matter.
func (s *Service) accountLimits(r *http.Request, email string) []counted {
	limits := []counted{{signUpFromNetwork, web.Site(r)}}
	if domain := ownDomain(email); domain != "" && s.signUp == store.SignUpOpen {
		limits = append(limits, counted{signUpOfDomain, domain})
	}
	return limits
}

// countAgency counts an agency before it is made, so that two forms at once are counted.
func (s *Service) countAgency(r *http.Request, me store.Person) error {
	return s.countAll(r, counted{agenciesOfPerson, me.ID().String()}, counted{agenciesFromNetwork, web.Site(r)})
}

// refundAgency uncounts an agency that was not made.
func (s *Service) refundAgency(r *http.Request, me store.Person) error {
	return s.db.RefundRate(r.Context(), s.limitKey(agenciesOfPerson, me.ID().String()), s.limitKey(agenciesFromNetwork, web.Site(r)))
}

// counted is a limit and what it counts.
type counted struct {
	limit limit
	of    string
}

// countAll counts an attempt against each of the limits, in order. What one of them refuses
// doesn't use up those before it.
func (s *Service) countAll(r *http.Request, all ...counted) error {
	var before [][32]byte
	for _, c := range all {
		err := s.countAttempt(r.Context(), c.limit, c.of)
		if web.HasStatus(err, http.StatusTooManyRequests) && len(before) > 0 {
			return errors.Join(err, s.db.RefundRate(r.Context(), before...))
		}
		if err != nil {
			return err
		}
		before = append(before, s.limitKey(c.limit, c.of))
	}
	return nil
}
