package handlers

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"portico/handlers/frame"
	"portico/handlers/signin"
	"portico/handlers/support"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// Route is one line of the route table: a method and a path, who may enter, and what
// a support session may do there. Tests go through the table.
type Route struct {
	Method  string // "" is any
	Path    string // with /w/{tenant} for tenant routes
	Who     Who
	Needs   store.Capability // of a member
	Support SupportRule
	Asset   bool // not a page; recorded once in a support session
	Streams bool // sets its own body size limit and deadlines
	Metered bool // what it sends are bytes of files, which count as downloads
	Agents  bool // a person's route that support agents may enter too
	JSON    bool // for programs: errors are JSON too
	Place   bool // a page that is remembered as the last place
	Agency  bool // exists only in an agency's own tenant
	Billing bool // exists only with BILLING=stripe
	// DespiteUnpaid: it changes something even where the agency didn't pay in time.
	DespiteUnpaid bool
	// Form is the path of the page whose form posts here, if it isn't Path.
	Form string
	// PerMinute is the rate limit per person and tenant, or per network for visitors
	// who are not signed in; 0 is no limit.
	PerMinute int
	// SignUp: exists only where people may sign up.
	SignUp bool
	// EveryHost: also on tenants' hosts. Other routes without a tenant exist on the main
	// host only.
	EveryHost bool
	handle    func(http.ResponseWriter, *http.Request, store.Visitor) error
	page      func(*http.Request) page                                     // nil unless it is a page of [Server.page]
	program   func(http.ResponseWriter, *http.Request, store.Member) error // of a route for programs
}

// Who is the kind of visitor that may enter a route.
type Who string

// Everybody, somebody signed in, a support agent, a member of the tenant, or a program with
// an API key.
const (
	Everybody Who = "everybody"
	APerson   Who = "person"
	AnAgent   Who = "agent"
	AMember   Who = "member"
	AProgram  Who = "program"
)

// SupportRule is what a support session may do at a route.
type SupportRule string

// SupportRefused is the zero value: a new route refuses support.
const (
	SupportRefused SupportRule = ""
	SupportReads   SupportRule = "reads"
	SupportWrites  SupportRule = "writes" // in write mode only
)

const tenantPrefix = "/w/{tenant}"

func (route Route) pattern() string { return strings.TrimSpace(route.Method + " " + route.Path) }

func (route Route) supportReads() Route  { route.Support = SupportReads; return route }
func (route Route) supportWrites() Route { route.Support = SupportWrites; return route }
func (route Route) agentsToo() Route     { route.Agents = true; return route }
func (route Route) asset() Route         { route.Asset = true; return route }
func (route Route) streams() Route       { route.Streams = true; return route }
func (route Route) metered() Route       { route.Metered = true; return route }
func (route Route) json() Route          { route.JSON = true; return route }
func (route Route) place() Route         { route.Place = true; return route }
func (route Route) agency() Route        { route.Agency = true; return route }
func (route Route) billing() Route       { route.Billing = true; return route }
func (route Route) despiteUnpaid() Route { route.DespiteUnpaid = true; return route }

func (route Route) form(page string) Route      { route.Form = page; return route }
func (route Route) limited(perMinute int) Route { route.PerMinute = perMinute; return route }
func (route Route) everyHost() Route            { route.EveryHost = true; return route }
func (route Route) signUp() Route               { route.SignUp = true; return route }

func newRoute(pattern string, who Who) Route {
	method, path, found := strings.Cut(pattern, " ")
	if !found {
		method, path = "", pattern
	}
	if who == AMember {
		path = tenantPrefix + path
	}
	return Route{Method: method, Path: path, Who: who}
}

func (s *Server) public(pattern string, h func(http.ResponseWriter, *http.Request, store.Visitor) error) Route {
	route := newRoute(pattern, Everybody)
	route.handle = h
	return route
}

func (s *Server) person(pattern string, h func(http.ResponseWriter, *http.Request, store.Person) error) Route {
	route := newRoute(pattern, APerson)
	route.handle = func(w http.ResponseWriter, r *http.Request, v store.Visitor) error {
		me, ok := v.Person()
		if !ok {
			return s.askToSignIn(w, r)
		}
		if me.Agent && !routeOf(r).Agents {
			return store.ErrNotFound
		}
		return h(w, r, me)
	}
	return route
}

func (s *Server) agent(pattern string, h func(http.ResponseWriter, *http.Request, store.Person) error) Route {
	route := s.person(pattern, func(w http.ResponseWriter, r *http.Request, me store.Person) error {
		if !me.Agent {
			return store.ErrNotFound
		}
		return h(w, r, me)
	})
	route.Who = AnAgent
	return route.agentsToo()
}

func (s *Server) member(pattern string, needs store.Capability, h func(http.ResponseWriter, *http.Request, store.Member) error) Route {
	route := newRoute(pattern, AMember)
	route.Needs = needs
	route.handle = func(w http.ResponseWriter, r *http.Request, v store.Visitor) error {
		person, ok := v.Person()
		if !ok {
			return s.askToSignIn(w, r)
		}
		if person.ViewsAsElsewhere {
			return s.viewsAsElsewhere(w, r)
		}
		me, ok := v.Member()
		if !ok {
			return s.refuseStranger(w, r, person)
		}
		if person.SupportOver && person.SupportSlug == me.Tenant.Slug {
			return s.viewAsEnded(w, r, person.SupportOverHow)
		}
		route := routeOf(r)
		if host := s.canonicalHost(r, me, route); host != "" {
			return s.sendToHost(w, r, host, pathAtHost(r))
		}
		return s.serveMember(w, r, me, route, h)
	}
	return route
}

// serveMember answers a member at a route, and records what is refused to them. Error
// pages keep the tenant's frame, except for support when no audit row was written or
// support is turned off: then support sees nothing of the tenant.
func (s *Server) serveMember(w http.ResponseWriter, r *http.Request, me store.Member, route Route, h func(http.ResponseWriter, *http.Request, store.Member) error) error {
	err := s.authorize(r, me, route)
	recorded := err == nil
	if route.DespiteUnpaid {
		me = me.DespiteUnpaid()
	}
	if err == nil {
		err = s.handleMember(w, r, me, route, h)
	}
	if err == nil {
		if route.Method == http.MethodGet && !route.Asset && !route.JSON {
			s.noteVisit(r, me)
		}
		return nil
	}
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrForbidden) {
		if e := s.db.RecordRefusal(r.Context(), me, route.Method+" "+route.Path); e != nil {
			return errors.Join(store.ErrUnavailable, e)
		}
		recorded = true
	}
	switch _, isPlanFull := errors.AsType[*store.PlanLimitError](err); {
	case errors.Is(err, store.ErrUnpaid):
		err = s.unpaid(r, me)
	case isPlanFull && (!wantsJSON(r) || me.Key != nil):
		err = s.planRefused(r, me, err)
	case isSessionRefusal(r, me, err):
		err = sessionProblem(r, me, route)
	}
	if me.Support != nil && (!recorded || errors.Is(err, support.ErrOff)) || me.Key != nil {
		return err
	}
	return inFrame(r, me, err)
}

// handleMember runs the handler of a route. One that streams needs a free transfer first.
func (s *Server) handleMember(w http.ResponseWriter, r *http.Request, me store.Member, route Route, h func(http.ResponseWriter, *http.Request, store.Member) error) error {
	if route.Streams {
		end, err := s.beginTransfer(me)
		if err != nil {
			return err
		}
		defer end()
	}
	if route.Metered {
		metered, end := s.meter(w, me)
		defer end()
		w = metered
	}
	return h(w, r, me)
}

// authorize checks whether a member, or support as that member, may use a route: the
// tenant's state, the member's capability and, in a support session, the route's
// SupportRule. A page that support sees is recorded in the tenant's trail before it is
// shown.
func (s *Server) authorize(r *http.Request, me store.Member, route Route) error {
	if route.Agency && me.Tenant.Kind != store.TenantAgency {
		return store.ErrNotFound
	}
	if me.Tenant.State != store.TenantActive && (me.Party == store.PartyClient || !web.IsSafe(r.Method)) {
		if me.Tenant.Kind == store.TenantAgency {
			return errSuspended
		}
		if me.Party == store.PartyAgency {
			return errClosed
		}
		return pausedFor(r, me)
	}
	if !me.May(route.Needs) {
		return store.ErrForbidden
	}
	if me.Unpaid && !route.DespiteUnpaid && !web.IsSafe(r.Method) {
		return store.ErrUnpaid
	}
	if me.Support == nil {
		return nil
	}
	if s.cfg.Support == support.Off && !me.Support.ViewAs() {
		return support.ErrOff
	}
	switch {
	case route.Support == SupportRefused,
		route.Support == SupportReads && !web.IsSafe(r.Method),
		route.Support == SupportWrites && me.Support.Mode != store.SupportWrite:
		return store.ErrForbidden
	}
	record, seen := s.db.Record, store.Event{
		Verb:       "support.page_seen",
		TargetKind: targetKind(route.Path),
		TargetID:   web.PathID(r),
		Detail:     map[string]any{"route": route.Method + " " + route.Path},
	}
	if route.Asset {
		record, seen.Verb = s.db.RecordOnce, "support.asset_seen"
	}
	if err := record(r.Context(), me, seen); err != nil {
		return errors.Join(store.ErrUnavailable, err)
	}
	return nil
}

// targetKind is the path segment before {id}, in the singular.
func targetKind(path string) store.Kind {
	before, _, found := strings.Cut(path, "/{id}")
	if !found {
		return ""
	}
	return store.Kind(strings.TrimSuffix(before[strings.LastIndex(before, "/")+1:], "s"))
}

// viewAsEnded answers staff whose view-as session has ended.
func (s *Server) viewAsEnded(w http.ResponseWriter, r *http.Request, how store.SupportEnd) error {
	if wantsJSON(r) {
		return support.ErrViewAsEnded
	}
	return support.ViewAsEnded(w, r, how)
}

// viewsAsElsewhere refuses what staff do on one host while they view as a client on
// another of the same browser.
func (s *Server) viewsAsElsewhere(w http.ResponseWriter, r *http.Request) error {
	if wantsJSON(r) {
		return support.ErrViewsAsElsewhere
	}
	return support.ViewsAsElsewhere(w, r)
}

// refuseStranger answers somebody who is not a member of the addressed tenant exactly
// as if there were no such tenant. The refusal is recorded in their own account.
func (s *Server) refuseStranger(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if me.Agent && me.SupportOver {
		http.Redirect(w, r, views.PathConsole+"?over=1", http.StatusSeeOther)
		return nil
	}
	if err := s.db.RecordOwnRefusal(r.Context(), me); err != nil {
		return errors.Join(store.ErrUnavailable, err)
	}
	return store.ErrNotFound
}

// askToSignIn redirects people to sign-in and answers programs with a 401.
func (s *Server) askToSignIn(w http.ResponseWriter, r *http.Request) error {
	if wantsJSON(r) {
		return errSignIn
	}
	w.Header().Set("Cache-Control", "no-store")
	if frame.AddressOf(r).Host != "" {
		return s.leaveToSignIn(w, r)
	}
	if web.IsSafe(r.Method) {
		http.Redirect(w, r, views.LoginTo(r.URL.RequestURI()), http.StatusFound)
		return nil
	}
	http.Redirect(w, r, views.LoginBecause(signin.ReasonEnded, cmp.Or(formPage(r), views.PathHome)), http.StatusFound)
	return nil
}

// serve runs every request to a route: limits, the first round trip, the handler,
// the error page.
func (s *Server) serve(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = withRoute(r, route)
		noteRoute(r, route)
		if !route.Streams {
			r.Body = http.MaxBytesReader(w, r.Body, web.MaxForm)
			web.LimitTime(w)
			ctx, cancel := context.WithTimeout(r.Context(), s.cfg.AnswerTime)
			defer cancel()
			r = r.WithContext(ctx)
		}
		// Here the request knows its route and its form, so that the page of a panic
		// keeps what was typed.
		web.GuardPanics(s.log, s.refuse, http.HandlerFunc(s.answer)).ServeHTTP(w, r)
	})
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	route := routeOf(r)
	w.Header().Set("Cache-Control", "private, no-store")
	if route.Who == AProgram {
		if err := s.serveProgram(w, r, route); err != nil {
			s.refuse(w, r, err)
		}
		return
	}
	v, err := s.visitor(r, route, s.signin.Token(w, r))
	if _, known := v.Tenant(); err == nil && !known && frame.AddressOf(r).Host != "" {
		err = errUnknownHost
	}
	if err == nil {
		err = route.handle(w, r, v)
	}
	if err != nil {
		s.refuse(w, r, s.branded(r, v, err))
	}
}

// memberNotFound answers a path inside a tenant that no route has.
func (s *Server) memberNotFound(http.ResponseWriter, *http.Request, store.Member) error {
	return store.ErrNotFound
}

// notFound answers a path that no route has.
func (s *Server) notFound(http.ResponseWriter, *http.Request, store.Visitor) error {
	return store.ErrNotFound
}

// visitor identifies who sends the request, unless a rate limit refuses it first.
func (s *Server) visitor(r *http.Request, route Route, token *store.Token) (store.Visitor, error) {
	if err := s.limitVisitor(r, token); err != nil {
		return store.Visitor{}, err
	}
	c := s.credentials(r, route)
	c.Token = token
	v, err := s.identify(r, route, c)
	if err == nil {
		err = s.limitSession(r, token, v)
	}
	if err == nil {
		err = s.limitTenant(v)
	}
	if err == nil {
		err = s.limitRoute(r, route, v)
	}
	return v, err
}

// identify asks the database who is asking, and sends the reads of a page along.
func (s *Server) identify(r *http.Request, route Route, c store.Credentials) (store.Visitor, error) {
	if route.page == nil {
		return s.db.Identify(r.Context(), c)
	}
	p := route.page(r)
	routedOf(r).page = p
	return s.db.Open(r.Context(), c, p.reads)
}

func wantsJSON(r *http.Request) bool {
	return routeOf(r).JSON || strings.HasPrefix(r.Header.Get("Accept"), "application/json") ||
		strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
}
