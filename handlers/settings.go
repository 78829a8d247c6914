package handlers

import (
	"net/http"
	"strings"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

func (s *Server) settingsShow(w http.ResponseWriter, r *http.Request, me store.Member) error {
	return s.settingsPage(w, r, me, http.StatusOK, nil, nil)
}

// settingsPage shows the tenant's own settings, or what was typed, and the inherited
// values of the settings that the tenant has not set.
func (s *Server) settingsPage(w http.ResponseWriter, r *http.Request, me store.Member, status int, typed *views.SettingsForm, wrong ui.Errors) error {
	var own store.Settings
	if err := s.db.Read(r.Context(), me, store.GetSettings(&own)); err != nil {
		return err
	}
	if typed == nil {
		typed = &views.SettingsForm{
			Name:         own.Name,
			PortalName:   frame.OrZero(own.PortalName),
			Welcome:      frame.OrZero(own.Welcome),
			MailName:     frame.OrZero(own.MailName),
			Accent:       me.Tenant.Accent,
			OwnAccent:    own.Accent != nil,
			ForgetsNames: own.ForgetsNames,
		}
	}
	typed.Errors = wrong
	c := frame.Tenant(r, me)
	return views.Render(w, r, status, views.Settings(c, views.SettingsProps{
		Form:      *typed,
		Address:   s.addressOfTenant(me.Tenant),
		Domains:   me.MayNow(store.ManageDomains) && me.Support == nil,
		AgencyOf:  me.Tenant.AgencyName,
		Worn:      views.Worn{PortalName: me.Tenant.PortalName, Welcome: me.Tenant.Welcome, LogoURL: views.Logo(me.Tenant.LogoID)},
		OwnLogo:   own.LogoID != nil,
		CanEdit:   me.MayNow(store.EditSettings),
		IsAgency:  me.Tenant.Kind == store.TenantAgency,
		LogoLimit: ui.Size(maxLogo),
	}))
}

func (s *Server) settingsUpdate(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	in := settingsInput(f)
	if !f.Valid() {
		return s.settingsPage(w, r, me, http.StatusUnprocessableEntity, &views.SettingsForm{
			Name:         f.Raw("name"),
			PortalName:   f.Raw("portal_name"),
			Welcome:      f.Raw("welcome"),
			MailName:     f.Raw("mail_name"),
			Accent:       f.Raw("accent"),
			OwnAccent:    f.Checked("own_accent"),
			ForgetsNames: f.Checked("forgets_names"),
		}, ui.Errors(f.Errors))
	}
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.UpdateSettings(r.Context(), in) })
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Settings(), "tenant.updated", "")
}

func settingsInput(f *web.Form) store.SettingsInput {
	in := store.SettingsInput{
		Name:         f.Text("name", "a name", 120),
		PortalName:   f.Optional("portal_name", 120),
		Welcome:      f.Prose("welcome", 500),
		MailName:     f.Optional("mail_name", 80),
		ForgetsNames: f.Checked("forgets_names"),
	}
	// A colour field always sends a colour, so a checkbox says whether to use it.
	if f.Checked("own_accent") {
		in.Accent = f.Color("accent")
	}
	if strings.ContainsAny(in.MailName, `@<>"`) {
		f.Errors["mail_name"] = "Enter a name, not an address, without @, quotes or brackets."
	}
	return in
}
