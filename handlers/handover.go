package handlers

import (
	"errors"
	"net/http"
	"strings"

	"portico/handlers/signin"
	"portico/store"
	"portico/views"
)

// leaveToSignIn sends a browser that is nobody's on a tenant's host to the main
// one, which knows it or asks it to sign in, and hands it over. What was sent by
// a form leads to a page first: our content policy lets no form lead elsewhere.
func (s *Server) leaveToSignIn(w http.ResponseWriter, r *http.Request) error {
	a := addressOf(r)
	if !safe(r.Method) {
		http.Redirect(w, r, views.PathHandoverOver, http.StatusFound)
		return nil
	}
	to := strings.TrimPrefix(r.URL.RequestURI(), "/w/"+a.slug)
	if strings.HasPrefix(to, views.PathLogin) {
		to = views.PathHome // the door is on the main host
	}
	page, err := s.signin.AskHandover(w, r, a.host, to)
	if err != nil {
		return err
	}
	http.Redirect(w, r, a.platform+page, http.StatusFound)
	return nil
}

// handoverBegin hands the session over to the host that asked for it. The browser
// goes on by itself from a page, and not by a redirect, because somebody who has
// just signed in came here from a form.
func (s *Server) handoverBegin(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if r.Method != http.MethodGet {
		return &statusError{status: http.StatusMethodNotAllowed}
	}
	h, ok := signin.HandoverAsked(r.URL.Query())
	if !ok {
		return store.ErrNotFound
	}
	token := signin.NewHandoverToken()
	h.Token = store.Secret(token)
	h.Slug, h.Domain = s.tenantAt(h.Host)
	err := s.db.BeginHandover(r.Context(), me, h)
	if errors.Is(err, store.ErrNotFound) {
		return s.refuseStranger(w, r, me)
	}
	if err != nil {
		return err
	}
	return s.leaveFor(w, r, h.Host, views.HandoverSpend(token))
}

// leaveFor shows a page that leads on to a path at the host of a tenant.
func (s *Server) leaveFor(w http.ResponseWriter, r *http.Request, host, path string) error {
	to := s.originOf(host) + path
	w.Header().Set("Refresh", "0; url="+to)
	return views.Render(w, r, http.StatusOK, views.Leaving(views.LeavingProps{Host: host, URL: to}))
}

// handoverSpend takes a hand-over where it leads. It is one of the two GETs that
// spend something: the token is that of this host, and a cookie binds it to this
// browser.
func (s *Server) handoverSpend(w http.ResponseWriter, r *http.Request, v store.Visitor) error {
	if r.Method != http.MethodGet {
		return &statusError{status: http.StatusMethodNotAllowed}
	}
	host := addressOf(r).host
	if host == "" {
		return store.ErrNotFound
	}
	to, err := s.signin.TakeHandover(w, r, host, r.PathValue("token"))
	if errors.Is(err, store.ErrNotFound) {
		if _, ok := v.Person(); !ok {
			return &statusError{status: http.StatusGone, sentence: "That way in was used already, or took too long."}
		}
		to, err = views.PathHome, nil // somebody went back in their browser
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// tenantAt says how a host names its tenant: by a slug, or as a domain of its own.
func (s *Server) tenantAt(host string) (slug, domain string) {
	label, under := strings.CutSuffix(host, "."+s.cfg.TenantDomain)
	if under && s.cfg.TenantDomain != "" && !strings.Contains(label, ".") {
		return label, ""
	}
	return "", host
}

// originOf is where a tenant's host is reached: behind the same front as the main
// one, by the same scheme and port.
func (s *Server) originOf(host string) string {
	at := *s.cfg.URL
	at.Host = host
	if port := s.cfg.URL.Port(); port != "" {
		at.Host += ":" + port
	}
	return at.String()
}
