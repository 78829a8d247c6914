package handlers

import (
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

func (s *Server) settingsShow(*http.Request) page {
	return s.settingsPage(http.StatusOK, nil, nil)
}

// settingsPage shows the tenant's own settings, or what was typed, and the inherited
// values of the settings that the tenant has not set.
func (s *Server) settingsPage(status int, typed *views.SettingsForm, wrong ui.Errors) page {
	var own store.Settings
	return page{always(store.GetSettings(&own)), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		if typed == nil {
			typed = &views.SettingsForm{
				Name:         own.Name,
				PortalName:   frame.OrZero(own.PortalName),
				Welcome:      frame.OrZero(own.Welcome),
				MailName:     frame.OrZero(own.MailName),
				Accent:       me.Tenant.Accent,
				OwnAccent:    own.Accent != nil,
				ForgetsNames: own.ForgetsNames,
				Seen:         string(own.Seen),
			}
		}
		if status == http.StatusConflict && wrong == nil {
			typed.Seen, typed.Theirs = string(own.Seen), settingsDifferences(*typed, own)
			if len(typed.Theirs) == 0 {
				return frame.Done(w, r, frame.Base(r, me).Settings(), "tenant.updated", "")
			}
			frame.MarkOwn(r.Context(), s.db, me, typed.Theirs, me.TenantID(), "tenant.updated", "tenant.renamed")
		}
		typed.Errors = wrong
		c := frame.Tenant(r, me)
		return views.Render(w, r, status, views.Settings(c, views.SettingsProps{
			Form:      *typed,
			Address:   s.addressOfTenant(me.Tenant),
			Domains:   me.MayNow(store.ManageDomains) && me.Support == nil,
			Keys:      me.MayNow(store.ManageKeys) && me.Support == nil,
			Billing:   s.billing != nil && me.Tenant.Kind == store.TenantAgency && me.May(store.SeeBilling) && me.Support == nil,
			AgencyOf:  me.Tenant.AgencyName,
			Inherited: views.Inherited{PortalName: me.Tenant.PortalName, Welcome: me.Tenant.Welcome, LogoURL: views.Logo(me.Tenant.LogoID)},
			LogoSeen:  logoSeen(own.LogoID),
			OwnLogo:   own.LogoID != nil,
			CanEdit:   me.MayNow(store.EditSettings),
			IsAgency:  me.Tenant.Kind == store.TenantAgency,
			LogoLimit: ui.Size(maxLogo),
		}))
	}}
}

func (s *Server) settingsUpdate(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	in := settingsInput(f)
	typed := &views.SettingsForm{
		Name:         f.Raw("name"),
		PortalName:   f.Raw("portal_name"),
		Welcome:      f.Raw("welcome"),
		MailName:     f.Raw("mail_name"),
		Accent:       f.Raw("accent"),
		OwnAccent:    pickedAccent(f),
		AccentShown:  f.Raw("accent_shown"),
		ForgetsNames: f.Checked("forgets_names"),
		Seen:         f.Raw("seen"),
	}
	if !f.Valid() {
		return s.showPage(w, r, me, s.settingsPage(http.StatusUnprocessableEntity, typed, ui.Errors(f.Errors)))
	}
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		expect(tx, f)
		return tx.UpdateSettings(r.Context(), in)
	})
	if errors.Is(err, store.ErrChanged) {
		return s.showPage(w, r, me, s.settingsPage(http.StatusConflict, typed, nil))
	}
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Settings(), "tenant.updated", "")
}

// settingsDifferences are the settings that somebody else saved while the form was open.
func settingsDifferences(typed views.SettingsForm, own store.Settings) []ui.Saved {
	color := ""
	if typed.OwnAccent {
		color = strings.ToLower(typed.Accent)
	}
	line := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	forgets := map[bool]string{true: "yes", false: "no"}
	return differences(
		field{"Name", line(typed.Name), own.Name},
		field{"Name of the portal", line(typed.PortalName), frame.OrZero(own.PortalName)},
		field{"Welcome message", strings.TrimSpace(strings.ReplaceAll(typed.Welcome, "\r\n", "\n")), frame.OrZero(own.Welcome)},
		field{"Sender name", line(typed.MailName), frame.OrZero(own.MailName)},
		field{"Own colour", color, frame.OrZero(own.Accent)},
		field{"Forget names", forgets[typed.ForgetsNames], forgets[own.ForgetsNames]},
	)
}

func logoSeen(id *uuid.UUID) string {
	if id == nil {
		return "none"
	}
	return id.String()
}

func settingsInput(f *web.Form) store.SettingsInput {
	in := store.SettingsInput{
		Name:         f.Text("name", "a name", 120),
		PortalName:   f.Optional("portal_name", 120),
		Welcome:      f.Prose("welcome", 500),
		MailName:     f.Optional("mail_name", 80),
		ForgetsNames: f.Checked("forgets_names"),
	}
	if pickedAccent(f) {
		in.Accent = f.Color("accent")
	}
	if strings.ContainsAny(in.MailName, `@<>"`) {
		f.Errors["mail_name"] = "Enter a name, not an address, without @, quotes or brackets."
	}
	return in
}

// pickedAccent says whether the colour of the form is chosen. A colour field always sends
// a colour, so it counts if it differs from the one that the form was opened with, or if
// it was chosen before, and isn't given up.
func pickedAccent(f *web.Form) bool {
	accent := f.Raw("accent")
	return accent != "" && !f.Checked("no_accent") && (f.Checked("own_accent") || !strings.EqualFold(accent, f.Raw("accent_shown")))
}
