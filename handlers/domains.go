package handlers

import (
	"errors"
	"net/http"
	"time"

	"portico/handlers/dnscheck"
	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// mainHostOnly redirects a page, and its forms, from a tenant's host to the main host:
// changing domains needs a step-up, and a session of a tenant's host never has one.
func (s *Server) mainHostOnly(h func(http.ResponseWriter, *http.Request, store.Member) error) func(http.ResponseWriter, *http.Request, store.Member) error {
	return func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		if frame.AddressOf(r).Host == "" {
			return h(w, r, me)
		}
		if r.PathValue("id") != "" { // an unknown domain is a 404 on every host
			if err := s.db.Read(r.Context(), me, store.GetDomain(web.PathID(r), new(store.Domain))); err != nil {
				return err
			}
		}
		to := views.PathBase(me.Tenant.Slug).Domains()
		if routeOf(r).Billing {
			to = views.PathBase(me.Tenant.Slug).Billing()
		}
		http.Redirect(w, r, s.cfg.URL.String()+to, http.StatusSeeOther)
		return nil
	}
}

func (s *Server) domainsShow(w http.ResponseWriter, r *http.Request, me store.Member) error {
	return s.domainsPage(w, r, me, http.StatusOK, views.DomainForm{})
}

func (s *Server) domainsPage(w http.ResponseWriter, r *http.Request, me store.Member, status int, form views.DomainForm) error {
	var domains []store.Domain
	var fresh bool
	if err := s.db.Read(r.Context(), me, store.ListDomains(&domains), store.FreshStepUp(me, &fresh)); err != nil {
		return err
	}
	c := frame.Tenant(r, me)
	looking := r.URL.Query().Get("did") == "domain.check_requested"
	p := views.DomainsProps{
		Form: form, StepUpURL: views.StepUpTo(c.Base.Domains()), Fresh: fresh,
		Main: s.cfg.URL.Hostname(), Address: s.addressOfTenant(me.Tenant),
	}
	for _, d := range domains {
		row := s.domainRow(c.Base, d)
		row.InLinks = d.Host == me.Tenant.Host
		p.Domains = append(p.Domains, row)
		looking = looking || d.Looking
	}
	if looking && status == http.StatusOK {
		// Reload without the flash until the check is done.
		w.Header().Set("Refresh", "4; url="+c.Base.Domains())
	}
	return views.Render(w, r, status, views.Domains(c, p))
}

func (s *Server) domainRow(base views.Base, d store.Domain) views.DomainRow {
	return views.DomainRow{
		Host:       d.Host,
		Verified:   d.VerifiedAt != nil,
		Proof:      views.Found(d.Proof),
		Pointing:   views.Found(d.Pointing),
		ProofName:  dnscheck.ProofName(d.Host),
		ProofValue: dnscheck.ProofValue(d.Token),
		Seen:       d.Seen,
		Looking:    d.Looking,
		LastTry:    frame.OrZero(d.CheckedAt),
		NextTry:    nextTry(d, time.Now()),
		CheckURL:   base.DomainCheck(d.ID.String()),
		RemoveURL:  base.DomainRemove(d.ID.String()),
	}
}

func nextTry(d store.Domain, now time.Time) string {
	if d.NextCheckAt == nil {
		return "Checks stopped after two weeks. Check now to start again"
	}
	switch left := d.NextCheckAt.Sub(now); {
	case left < time.Minute:
		return "Next check within a minute"
	case left < 2*time.Hour:
		return "Next check in " + ui.Count(int(left/time.Minute), "minute", "minutes")
	default:
		return "Next check in " + ui.Count(int(left/time.Hour), "hour", "hours")
	}
}

func (s *Server) domainAdd(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	host, why := s.platform().Normalize(f.Raw("host"))
	if why == "" {
		err = s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.AddDomain(r.Context(), me, host) })
	}
	var invalid store.InvalidError
	if errors.As(err, &invalid) {
		why = invalid["host"]
	}
	if why != "" {
		return s.domainsPage(w, r, me, http.StatusUnprocessableEntity,
			views.DomainForm{Host: f.Raw("host"), Errors: ui.Errors{"host": why}})
	}
	return s.domainDone(w, r, me, "domain.added", err)
}

func (s *Server) domainCheck(w http.ResponseWriter, r *http.Request, me store.Member) error {
	err := s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.CheckDomain(r.Context(), web.PathID(r)) })
	return s.domainDone(w, r, me, "domain.check_requested", err)
}

func (s *Server) domainRemove(w http.ResponseWriter, r *http.Request, me store.Member) error {
	err := s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.RemoveDomain(r.Context(), me, web.PathID(r)) })
	return s.domainDone(w, r, me, "domain.removed", err)
}

// domainDone redirects to the list, or to a step-up if the deed needs one.
func (s *Server) domainDone(w http.ResponseWriter, r *http.Request, me store.Member, deed string, err error) error {
	to := frame.Base(r, me).Domains()
	if errors.Is(err, store.ErrStepUp) {
		http.Redirect(w, r, views.StepUpTo(to), http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	return frame.Done(w, r, to, deed, "")
}

// addressOfTenant is the canonical URL of a tenant, used in all its links.
func (s *Server) addressOfTenant(t store.Tenant) string {
	if t.Host != "" {
		return s.originOf(t.Host) + views.PathHome
	}
	return s.cfg.URL.String() + views.PathBase(t.Slug).Home()
}
