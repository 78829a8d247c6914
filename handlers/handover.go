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
		http.Redirect(w, r, views.HandoverEnded(formPage(r)), http.StatusFound)
		return nil
	}
	to := pathAtHost(r)
	if strings.HasPrefix(to, views.PathLogin) {
		to = views.PathHome // the sign-in page is on the main host
	}
	page, err := s.signin.RequestHandover(w, r, a.Host, to)
	if err != nil {
		return err
	}
	http.Redirect(w, r, a.Platform+page, http.StatusFound)
	return nil
}

// handoverBegin hands the session over to the host that asked for it. A page leads the
// browser there, not a redirect: after sign-in this request results from a form, and
// our content policy forbids forms to lead to another host.
func (s *Server) handoverBegin(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if r.Method != http.MethodGet {
		return &web.Problem{Status: http.StatusMethodNotAllowed}
	}
	if me.ViewsAsElsewhere || (!me.Agent && me.SupportSlug != "" && !me.SupportOver) {
		return s.viewsAsElsewhere(w, r)
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
	return s.sendToHost(w, r, h.Host, views.HandoverSpend(token))
}

// sendToHost shows a page that sends the browser on to a path on a tenant's host.
func (s *Server) sendToHost(w http.ResponseWriter, r *http.Request, host, path string) error {
	to := s.originOf(host) + path
	w.Header().Set("Refresh", "0; url="+to)
	return views.Render(w, r, http.StatusOK, views.Leaving(views.LeavingProps{Brand: s.hostBrand(r, host), Host: host, URL: to}))
}

// handoverSpend exchanges a hand-over token for a session on this host. It is one of
// the two GETs that spend something, which is safe because the token is bound to this
// host, and by a cookie to this browser.
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
			if back := r.URL.Query().Get("return_to"); back != "" {
				return &web.Problem{Status: http.StatusGone, Title: "Your session has ended",
					Sentence: "Nothing was saved. Sign in again: this browser keeps what you typed and fills in the form.",
					Link:     web.Link{URL: web.LocalPath(back), Label: "Sign in again"}}
			}
			sentence := "That sign-in link was already used or took too long."
			if errors.Is(err, signin.ErrNoCookie) {
				sentence += " " + signin.ErrNoCookie.Sentence
			}
			return &web.Problem{Status: http.StatusGone, Sentence: sentence}
		}
		to, err = s.signin.UsedHandover(r, host, r.PathValue("token")), nil // already signed in, and gone back in the browser
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// canonicalHost is the tenant's own domain if the request should move there, else "".
// Only pages that are remembered as a place move, so that settings stay reachable when
// a domain is broken. Support stays on the main host. So do staff of a client, because
// the client controls that domain and every cookie on it.
func (s *Server) canonicalHost(r *http.Request, me store.Member, route Route) string {
	host := me.Tenant.Host
	theirs := me.Party == store.PartyAgency && me.Tenant.Kind == store.TenantClient
	if host == "" || theirs || host == frame.AddressOf(r).Host || !route.Place || r.Method != http.MethodGet || me.Support != nil || wantsJSON(r) {
		return ""
	}
	return host
}

// pathAtHost is the path of a tenant's page on the tenant's own host.
func pathAtHost(r *http.Request) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.RequestURI(), "/w/"), "/")
	return "/" + rest
}

// tenantAt is the slug or the domain by which a host names a tenant.
func (s *Server) tenantAt(host string) (slug, domain string) { return s.platform().Tenant(host) }

// platform has the host names that belong to the installation.
func (s *Server) platform() dnscheck.Platform {
	return dnscheck.Platform{MainHost: s.cfg.URL.Hostname(), TenantDomain: s.cfg.TenantDomain}
}

// originOf is the scheme, host and port of a tenant's host.
func (s *Server) originOf(host string) string { return dnscheck.Origin(s.cfg.URL, host) }
