package handlers

import (
	"net/http"
	"regexp"
	"strings"

	"portico/store"
	"portico/views"
	"portico/views/ui"
)

func (s *Server) settingsShow(w http.ResponseWriter, r *http.Request, me store.Member) error {
	portal := me.Tenant.PortalName
	if portal == me.Tenant.Name {
		portal = ""
	}
	return s.settingsPage(w, r, me, http.StatusOK, views.SettingsForm{
		Name:       me.Tenant.Name,
		PortalName: portal,
		Welcome:    me.Tenant.Welcome,
		Accent:     me.Tenant.Accent,
	})
}

func (s *Server) settingsPage(w http.ResponseWriter, r *http.Request, me store.Member, status int, typed views.SettingsForm) error {
	c := s.chrome(r, me)
	edit := me.Does(store.EditSettings)
	return s.page(w, r, status, views.Settings(c, views.SettingsProps{
		Form:      typed,
		Address:   s.cfg.URL.String() + c.Base.Home(),
		AgencyOf:  me.Tenant.AgencyName,
		CanEdit:   edit,
		CanAccent: edit,
		CanPortal: edit && me.Tenant.Kind == "client",
	}))
}

var accents = regexp.MustCompile(`^#[0-9a-f]{6}$`)

func (s *Server) settingsUpdate(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := newForm(r)
	if err != nil {
		return err
	}
	in := store.SettingsInput{
		Name:    f.text("name", "a name", 120),
		Welcome: f.prose("welcome", 500),
		Accent:  strings.ToLower(strings.TrimSpace(f.raw("accent"))),
	}
	if strings.TrimSpace(f.raw("portal_name")) != "" {
		in.PortalName = f.text("portal_name", "a name", 120)
	}
	if in.Accent != "" && !accents.MatchString(in.Accent) {
		f.errors["accent"] = "A colour is # and six of 0 to 9 and a to f."
	}
	if !f.valid() {
		return s.settingsPage(w, r, me, http.StatusUnprocessableEntity, views.SettingsForm{
			Name:       f.raw("name"),
			PortalName: f.raw("portal_name"),
			Welcome:    f.raw("welcome"),
			Accent:     f.raw("accent"),
			Errors:     ui.Errors(f.errors),
		})
	}
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.UpdateSettings(r.Context(), in) })
	if err != nil {
		return err
	}
	return done(w, r, baseOf(r, me).Settings(), "settings.saved", "")
}

// brandStylesheet is the tenant's accent as a stylesheet of its own, so that no
// page needs an inline style. Its name carries the hash of its content.
func (s *Server) brandStylesheet(w http.ResponseWriter, r *http.Request, me store.Member) error {
	if me.Tenant.Accent == "" || r.PathValue("stylesheet") != "brand-"+views.BrandHash(me.Tenant.Accent)+".css" {
		return store.ErrNotFound
	}
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	_, _ = w.Write([]byte(views.BrandCSS(me.Tenant.Accent)))
	return nil
}
