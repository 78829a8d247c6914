package signin

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// LinkBegin sends the person to a provider to link their account there. It requires a
// fresh step-up, because the linked account can sign them in.
func (s *Service) LinkBegin(w http.ResponseWriter, r *http.Request, me store.Person) error {
	provider, err := s.provider(r)
	if err != nil {
		return err
	}
	if !frame.SteppedUp(me) {
		return frame.StepUpFirst(w, r, views.PathAccount)
	}
	there, err := s.beginProviderFlow(w, r, provider, Challenge{SelectAccount: true}, func(cookie store.Secret, f store.OIDCFlow) error {
		f.Purpose, f.ReturnTo = store.OIDCLink, views.PathAccount
		return s.db.BeginOwnOIDCFlow(r.Context(), me, cookie, f)
	})
	if errors.Is(err, store.ErrStepUp) {
		return frame.StepUpFirst(w, r, views.PathAccount)
	}
	if err != nil {
		return err
	}
	return renderProviderRedirect(w, r, provider, there)
}

// StepUpAtProvider sends the person to a provider to sign in again as a step-up.
func (s *Service) StepUpAtProvider(w http.ResponseWriter, r *http.Request, me store.Person) error {
	provider, err := s.provider(r)
	if err != nil {
		return err
	}
	if !provider.StepsUp() {
		return store.ErrNotFound
	}
	posted, err := parseForm(r)
	if err != nil {
		return err
	}
	there, err := s.beginProviderFlow(w, r, provider, Challenge{SignedInSince: time.Now()}, func(cookie store.Secret, f store.OIDCFlow) error {
		f.Purpose, f.ReturnTo = store.OIDCStepUp, web.LocalPath(posted.Raw("return_to"))
		return s.db.BeginOwnOIDCFlow(r.Context(), me, cookie, f)
	})
	if errors.Is(err, ErrProviderRefused) {
		return notConfirmed(err, provider, views.StepUpTo(web.LocalPath(posted.Raw("return_to"))))
	}
	if err != nil {
		return err
	}
	return renderProviderRedirect(w, r, provider, there)
}

// renderProviderRedirect shows a page that redirects to a provider. These flows begin
// with a form, so that other sites can't start them, and form-action of our content
// security policy refuses a redirect to another host after a form.
func renderProviderRedirect(w http.ResponseWriter, r *http.Request, provider Provider, there string) error {
	w.Header().Set("Refresh", "0; url="+there)
	return views.Render(w, r, http.StatusOK, views.ToProvider(views.ToProviderProps{Label: provider.Label(), URL: there}))
}

// linkAt links the account at the provider to the person whose session began the flow.
// If it is linked to another person already, the answer does not say to whom.
func (s *Service) linkAt(w http.ResponseWriter, r *http.Request, me store.Person, provider Provider, f store.OIDCFlow) error {
	if r.URL.Query().Has("error") {
		http.Redirect(w, r, declinedTo(f.Purpose, f.ReturnTo), http.StatusSeeOther)
		return nil
	}
	who, err := s.identityFrom(r, provider, f, time.Time{})
	if err == nil {
		err = s.db.LinkIdentity(r.Context(), me, f.ID, who)
	}
	full, isFull := errors.AsType[store.InvalidError](err)
	switch {
	case errors.Is(err, store.ErrConflict):
		return accountProblem("That account is taken", "Someone else signs in with that account at "+provider.Label()+", so it wasn't linked to yours. Link another account.")
	case isFull:
		return accountProblem("That account wasn't linked", full[""])
	case err != nil:
		return err
	}
	s.cookies.clearFlow(w, providerCookie)
	http.Redirect(w, r, views.AccountDid("identity.linked"), http.StatusSeeOther)
	return nil
}

// stepUpAt accepts a fresh sign-in at a provider, with one of the person's linked
// accounts, as a step-up. The session gets a new token.
func (s *Service) stepUpAt(w http.ResponseWriter, r *http.Request, me store.Person, provider Provider, f store.OIDCFlow) error {
	to := declinedTo(f.Purpose, f.ReturnTo)
	if r.URL.Query().Has("error") {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	}
	who, err := s.identityFrom(r, provider, f, f.BegunAt)
	if errors.Is(err, ErrProviderRefused) {
		return notConfirmed(err, provider, to)
	}
	if err != nil {
		return err
	}
	renewed := newToken()
	err = s.db.StepUpByIdentity(r.Context(), me, f.ID, who, renewed)
	s.metrics.SignIn(byProviderStepUp, outcome(err))
	if errors.Is(err, store.ErrForbidden) {
		if err := s.countInvalidProof(r); err != nil {
			return err
		}
		return &web.Problem{
			Status: http.StatusForbidden, Title: "That is another account", Link: tryAgain(to),
			Sentence: "The account you signed in with at " + provider.Label() + " isn't linked to yours. Use the linked account, or request a code by email.",
		}
	}
	if err != nil {
		return err
	}
	return s.finishSignIn(w, r, renewed, providerCookie, f.ReturnTo)
}

// Unlink unlinks an account at a provider, after a fresh step-up.
func (s *Service) Unlink(w http.ResponseWriter, r *http.Request, me store.Person) error {
	id, err := pathID(r)
	if err == nil {
		err = s.db.UnlinkIdentity(r.Context(), me, id)
	}
	switch {
	case errors.Is(err, store.ErrStepUp):
		return frame.StepUpFirst(w, r, views.PathAccount)
	case errors.Is(err, store.ErrConflict):
		return errLastCredential
	case err != nil:
		return err
	}
	http.Redirect(w, r, views.AccountDid("identity.unlinked"), http.StatusSeeOther)
	return nil
}

// tryAgain links back to the step-up page.
func tryAgain(to string) web.Link { return web.Link{URL: to, Label: "Try again"} }

func notConfirmed(err error, provider Provider, to string) error {
	return &web.Problem{
		Status: http.StatusBadRequest, Title: "That didn't confirm it's you", Cause: err, Link: tryAgain(to),
		Sentence: provider.Label() + " didn't confirm that you signed in there just now. Try again, or request a code by email.",
	}
}

func accountProblem(title, sentence string) error {
	return &web.Problem{
		Status: http.StatusConflict, Title: title, Sentence: sentence,
		Link: web.Link{URL: views.PathAccount, Label: "Go to your account"},
	}
}

var errLastCredential = accountProblem("You can't remove your only way to sign in", "Without it you couldn't sign in. Add another way to sign in first, then remove this one.")

// linkedRows returns the person's linked accounts and the providers that they can still
// link.
func (s *Service) linkedRows(linked []store.LinkedIdentity) (rows []views.LinkedRow, more []views.Provider) {
	for _, l := range linked {
		row := views.LinkedRow{Label: hostOf(l.Issuer), Email: l.Email, AddedAt: l.CreatedAt, UnlinkURL: views.Unlink(l.ID.String())}
		if provider, ok := s.providerByIssuer(l.Issuer); ok {
			row.Label = provider.Label()
		}
		if l.LastUsedAt != nil {
			row.UsedAt = *l.LastUsedAt
		}
		rows = append(rows, row)
	}
	for _, provider := range s.providers {
		if !slices.ContainsFunc(linked, func(l store.LinkedIdentity) bool { return l.Issuer == provider.Issuer() }) {
			more = append(more, views.Provider{Name: provider.Name(), Label: provider.Label()})
		}
	}
	return rows, more
}

// stepUpProviders returns the providers that the person can step up with. Support agents
// have none: they use passkeys and mail, which the platform controls.
func (s *Service) stepUpProviders(me store.Person, linked []store.LinkedIdentity) (list []views.Provider) {
	for _, provider := range s.providers {
		if !me.Agent && provider.StepsUp() && slices.ContainsFunc(linked, func(l store.LinkedIdentity) bool { return l.Issuer == provider.Issuer() }) {
			list = append(list, views.Provider{Name: provider.Name(), Label: provider.Label()})
		}
	}
	return list
}

func (s *Service) providerByIssuer(issuer string) (Provider, bool) {
	i := slices.IndexFunc(s.providers, func(provider Provider) bool { return provider.Issuer() == issuer })
	if i < 0 {
		return nil, false
	}
	return s.providers[i], true
}

// hostOf returns the host of an issuer, as the label of a provider that is no longer
// configured.
func hostOf(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" {
		return issuer
	}
	return u.Host
}
