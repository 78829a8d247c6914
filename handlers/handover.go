package handlers

import (
	"errors"
	"net/http"
	"strings"

	"portico/handlers/dnscheck"
	"portico/handlers/frame"
	"portico/handlers/signin"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// leaveToSignIn sends a browser without a session on a tenant's host to the main
// host, which hands over its session there, after sign-in if needed. A form leads to a
// page first, because our content policy forbids forms to lead to another host.
func (s *Server) leaveToSignIn(w http.ResponseWriter, r *http.Request) error {
	a := frame.AddressOf(r)
	if !web.IsSafe(r.Method) {
		http.Redirect(w, r, views.PathHandoverOver, http.StatusFound)
		return nil
	}
	to := pathAtHost(r)
	if strings.HasPrefix(to, views.PathLogin) {
		to = views.PathHome // the door is on the main host
	}
	page, err := s.signin.RequestHandover(w, r, a.Host, to)
	if err != nil {
		return err
	}
	http.Redirect(w, r, a.Platform+page, http.StatusFound)
	return nil
}

// handoverBegin hands the session over to the host that asked for it. The browser
// goes on by itself from a page, and not by a redirect, because somebody who has
// just signed in came here from a form.
func (s *Server) handoverBegin(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if r.Method != http.MethodGet {
		return &web.Problem{Status: http.StatusMethodNotAllowed}
	}
	h, ok := signin.ParseHandover(r.URL.Query())
	if !ok {
		return store.ErrNotFound
	}
	token := signin.NewHandoverToken()
	h.Token = store.Secret(token)
	h.Slug, h.Domain = s.tenantAt(h.Host)
	stays, err := s.db.BeginHandover(r.Context(), me, h)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s.refuseStranger(w, r, me)
	case err != nil:
		return err
	case stays != "":
		http.Redirect(w, r, string(views.PathBase(stays))+h.ReturnTo, http.StatusSeeOther)
		return nil
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
		return &web.Problem{Status: http.StatusMethodNotAllowed}
	}
	host := frame.AddressOf(r).Host
	if host == "" {
		return store.ErrNotFound
	}
	to, err := s.signin.AcceptHandover(w, r, host, r.PathValue("token"))
	if errors.Is(err, store.ErrNotFound) {
		if _, ok := v.Person(); !ok {
			return &web.Problem{Status: http.StatusGone, Sentence: "That sign-in link was already used or took too long."}
		}
		to, err = views.PathHome, nil // somebody went back in their browser
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// betterHost is the host at which a page of the tenant is to be seen, if it is not
// the one of the request: a domain of its own that leads here. Pages that people
// come back to move there; settings stay in reach when a domain is broken. Support
// stays on the main host, and so do the agency's people with a client's domain,
// which is in the client's hands.
func (s *Server) betterHost(r *http.Request, me store.Member, rule Route) string {
	host := me.Tenant.Host
	theirs := me.Party == store.PartyAgency && me.Tenant.Kind == store.TenantClient
	if host == "" || theirs || host == frame.AddressOf(r).Host || !rule.Place || r.Method != http.MethodGet || me.Support != nil || wantsJSON(r) {
		return ""
	}
	return host
}

// pathAtHost is the path of a tenant's page as it reads on the tenant's own host.
func pathAtHost(r *http.Request) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.RequestURI(), "/w/"), "/")
	return "/" + rest
}

// tenantAt says how a host names its tenant.
func (s *Server) tenantAt(host string) (slug, domain string) { return s.ours().Tenant(host) }

// ours are the names that are no tenant's own.
func (s *Server) ours() dnscheck.Platform {
	return dnscheck.Platform{MainHost: s.cfg.URL.Hostname(), TenantDomain: s.cfg.TenantDomain}
}

// originOf is where a tenant's host is reached.
func (s *Server) originOf(host string) string { return dnscheck.Origin(s.cfg.URL, host) }
