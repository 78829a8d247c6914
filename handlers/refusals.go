package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// errorProps is what the page of a refusal shows: what was saved and what was not, what
// the form held, and one link.
func errorProps(r *http.Request, p web.Problem) views.ErrorProps {
	props := views.ErrorProps{Status: p.Status, RequestID: web.RequestID(r), Title: p.Title, Sentence: p.Sentence,
		LinkURL: p.Link.URL, LinkLabel: p.Link.Label}
	if web.IsSafe(r.Method) {
		return props
	}
	props.Kept = typed(r)
	if p.Status == http.StatusRequestEntityTooLarge && p.Sentence == "" && len(props.Kept) > 0 {
		props.Sentence = "That is more text than a form can send. Shorten it, then send it again."
	}
	props.Outcome = outcome(p, len(props.Kept) > 0)
	if form := formPage(r); p.Link.URL == "" && form != "" && p.Status != http.StatusNotFound {
		props.LinkURL, props.LinkLabel = form, "Go back"
		if len(props.Kept) > 0 {
			props.LinkLabel = "Back to the form"
		}
	}
	return props
}

// outcome says what a refused change left behind. A failure may come after the change.
func outcome(p web.Problem, typed bool) string {
	switch {
	case p.Saved != "":
		return p.Saved
	case p.Status >= http.StatusInternalServerError && typed:
		return "Check whether it was saved before you send it again. Your text is kept below."
	case p.Status >= http.StatusInternalServerError:
		return "Check whether it was saved before you send it again."
	case typed && (p.Status == http.StatusRequestEntityTooLarge || p.Status == http.StatusRequestTimeout):
		return "Nothing was saved. Not all of your text arrived; what did is kept below."
	case typed:
		return "Nothing was saved. Your text is kept below."
	}
	return "Nothing was changed."
}

// typed is what the form of the request held, "" if it can't be read.
func typed(r *http.Request) []views.KeptText {
	route := routeOf(r)
	if route.Path == "" || (route.Streams && r.PostForm == nil) {
		return nil
	}
	if _, err := web.NewForm(r); err != nil {
		return nil
	}
	return views.KeptTexts(r.PostForm)
}

// formPage is the page with the form that the request came from: the route's own, or
// else the page that the browser names. It is "" for neither.
func formPage(r *http.Request) string {
	from, route := web.CameFrom(r), routeOf(r)
	if route.Form == "" {
		return from
	}
	page := strings.ReplaceAll(route.Form, "{id}", url.PathEscape(r.PathValue("id")))
	if route.Who == AMember && frame.AddressOf(r).Host == "" {
		page = "/w/" + url.PathEscape(r.PathValue("tenant")) + page
	}
	if path, _, _ := strings.Cut(from, "?"); path == page {
		return from
	}
	return web.LocalPath(page)
}

// planRefused says who can give the tenant a larger plan, and leads those who can to it.
func (s *Server) planRefused(r *http.Request, me store.Member, refused error) error {
	full, _ := errors.AsType[*store.PlanLimitError](refused)
	p := problemOf(refused)
	p.Sentence = planFull(full) + " " + s.planHelp(me, full)
	if me.Key != nil {
		return &p
	}
	if me.May(store.SeeSettings) {
		p.Link = web.Link{URL: frame.Base(r, me).Usage(), Label: "See the plan"}
	}
	agency, err := s.plannedBy(r, me)
	if err != nil {
		return err
	}
	if me.Tenant.Kind == store.TenantAgency && me.Support == nil && me.May(store.PayBills) {
		agency = me.Tenant.Slug
	}
	billing := web.Link{URL: frame.AddressOf(r).Platform + views.PathBase(agency).Billing(), Label: "Choose a larger plan"}
	switch {
	case agency == "":
	case me.Tenant.Kind == store.TenantAgency || full.Capped:
		if s.billing != nil {
			p.Link = billing
		}
	default:
		p.Sentence = planFull(full) + " As an owner of " + me.Tenant.AgencyName + " you can choose a larger plan."
		p.Link = web.Link{URL: frame.AddressOf(r).Platform + views.PathBase(agency).Client(me.TenantID().String()), Label: "Choose a larger plan"}
	}
	return &p
}

// plannedBy is the slug of the agency in which the member can change this client's plan,
// "" if they can't.
func (s *Server) plannedBy(r *http.Request, me store.Member) (string, error) {
	if me.Tenant.Kind != store.TenantClient || me.Party != store.PartyAgency || me.Support != nil {
		return "", nil
	}
	var own []store.OwnAgency
	if err := s.db.Read(r.Context(), me, store.GetOwnAgency(&own)); err != nil {
		return "", err
	}
	return planning(own), nil
}

// planning is the slug of the agency in which the reader can change its clients' plans, or "".
func planning(own []store.OwnAgency) string {
	for _, a := range own {
		if store.May(store.PlanClients, store.PartyAgency, a.Role) {
			return a.Slug
		}
	}
	return ""
}

// sessionProblem is what a support session may not do, in words that say who allows what.
func sessionProblem(r *http.Request, me store.Member, route Route) *web.Problem {
	p := &web.Problem{Status: http.StatusForbidden}
	switch {
	case !me.May(route.Needs):
		p.Title, p.Sentence = "Not allowed for this role", "You act as "+me.Name+". Their role here is "+strings.ToLower(frame.RoleNames[me.Role])+", which doesn't allow this."
	case me.Support.ViewAs():
		p.Title, p.Sentence = "Read-only view", "You view this as "+me.Name+". To change something, stop viewing and act as yourself."
	case route.Support != SupportWrites:
		p.Title, p.Sentence = "Support can't do this", "This isn't allowed in a support session. "+me.Name+" or a colleague can do it."
	case me.Support.MayWrite:
		p.Title, p.Sentence = "This session is read-only", me.Tenant.Name+" also allows support to make changes. Switch to write access first."
		p.Link = web.Link{URL: frame.AddressOf(r).Platform + views.PathConsoleWrite, Label: "Make changes"}
	default:
		p.Title, p.Sentence = "This session is read-only", me.Tenant.Name+" allows support read-only access."
	}
	return p
}

// isSessionRefusal says whether the words of the support session answer an error. Problems
// with words of their own keep them.
func isSessionRefusal(r *http.Request, me store.Member, err error) bool {
	p := problemOf(err)
	return me.Support != nil && p.Status == http.StatusForbidden && p.Title == "" && p.Sentence == "" && !wantsJSON(r)
}

// placedError is an error and what its page shows around it: the frame of the member's
// pages, or a brand, or for neither the product's own look.
type placedError struct {
	error
	frame *views.Chrome
	brand *views.Brand
}

func (e *placedError) Unwrap() error { return e.error }

// inFrame keeps the frame of a member's pages around an error. The client of a suspended
// tenant sees its brand only, because no link of the frame leads anywhere.
func inFrame(r *http.Request, me store.Member, err error) error {
	if me.Tenant.State != store.TenantActive && me.Party == store.PartyClient {
		return &placedError{error: err, brand: frame.TenantBrand(me.Tenant)}
	}
	c := frame.Tenant(r, me)
	return &placedError{error: err, frame: &c}
}

// branded puts a brand around an error that has no frame. It depends on who asks and on the
// host, and never on whether the thing that they asked for exists.
func (s *Server) branded(r *http.Request, v store.Visitor, err error) error {
	person, isPerson := v.Person()
	host := frame.AddressOf(r).Host
	switch {
	case errors.As(err, new(*placedError)), wantsJSON(r), errors.Is(err, store.ErrUnavailable), r.Context().Err() != nil:
		return err
	case host != "":
		return &placedError{error: err, brand: s.hostBrand(r, host)}
	case isPerson:
		return &placedError{error: err, brand: frame.OwnBrand(r.Context(), s.db, person, "")}
	}
	return err
}

// hostBrand is the brand of a tenant's host, which is as public as the host, or nil.
func (s *Server) hostBrand(r *http.Request, host string) *views.Brand {
	slug, domain := s.tenantAt(host)
	b, err := s.db.SignInBrand(r.Context(), slug, domain)
	if err != nil {
		return nil
	}
	return frame.BrandOf(b)
}
