package handlers

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"portico/handlers/api"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// program is a route for programs with an API key. No session opens it, and no key opens
// another route. Its paths exist on the main host only.
func (s *Server) program(pattern string, needs store.Capability, h func(http.ResponseWriter, *http.Request, store.Member) error) Route {
	method, path, _ := strings.Cut(pattern, " ")
	route := Route{Method: method, Path: api.Prefix + path, Who: AProgram, Needs: needs, JSON: true}
	if path == "" { // every other path, with any method
		route.Method, route.Path = "", api.Prefix+"/"
	}
	route.program = h
	return route
}

// readByProgram is a page's reads and answer as a route for programs.
func (s *Server) readByProgram(make func(*http.Request) page) func(http.ResponseWriter, *http.Request, store.Member) error {
	return func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		return s.showPage(w, r, me, make(r))
	}
}

// serveProgram answers a program: as the member that made its key, with the rights that the
// key opens.
func (s *Server) serveProgram(w http.ResponseWriter, r *http.Request, route Route) error {
	token, ok := bearer(r)
	if err := s.limitProgram(w, r, token, ok); err != nil {
		return err
	}
	if !ok {
		return store.ErrNoKey
	}
	me, err := s.db.IdentifyKey(r.Context(), token, web.RequestID(r))
	if errors.Is(err, store.ErrNoKey) {
		s.programs.Forget(token.String())
		if !s.visitors.Allow("network " + web.Network(r)) {
			return web.ErrRateLimit
		}
	}
	if err != nil {
		return err
	}
	s.tellLimit(w, token)
	if !s.tenants.Allow(me.TenantID().String()) {
		return web.ErrRateLimit
	}
	return s.serveMember(w, r, me, route, route.program)
}

// bearer returns the key of the header Authorization, the only place where one is read.
func bearer(r *http.Request) (store.TenantToken, bool) {
	values := r.Header["Authorization"]
	if len(values) != 1 {
		return store.TenantToken{}, false
	}
	scheme, text, _ := strings.Cut(values[0], " ")
	text, ours := strings.CutPrefix(text, store.KeyPrefix)
	if !strings.EqualFold(scheme, "Bearer") || !ours {
		return store.TenantToken{}, false
	}
	return store.ParseTenantToken(text)
}

// limitProgram refuses a key that sends too many requests, or a network that sends too many
// with keys that haven't been found yet. It does not use the database.
func (s *Server) limitProgram(w http.ResponseWriter, r *http.Request, token store.TenantToken, ok bool) error {
	limiter, key := s.visitors, "network "+web.Network(r)
	switch {
	case !ok:
	case s.programs.Knows(token.String()):
		limiter, key = s.programs, token.String()
		defer s.tellLimit(w, token)
	default:
		limiter = s.unproved
	}
	if !limiter.Allow(key) {
		return web.ErrRateLimit
	}
	return nil
}

// tellLimit tells a program how many requests its key may send: at once, now, and in how
// many seconds all of them again.
func (s *Server) tellLimit(w http.ResponseWriter, token store.TenantToken) {
	if s.programs.Burst() == 0 {
		return
	}
	if !s.programs.Knows(token.String()) {
		s.programs.Allow(token.String())
	}
	left, full := s.programs.Left(token.String())
	h := w.Header()
	h.Set("RateLimit-Limit", strconv.Itoa(s.programs.Burst()))
	h.Set("RateLimit-Remaining", strconv.Itoa(left))
	h.Set("RateLimit-Reset", strconv.Itoa(int(math.Ceil(full.Seconds()))))
}

// programMembers are what a problem tells a program besides its words.
func programMembers(err error) map[string]any {
	members := map[string]any{}
	if full, ok := errors.AsType[*store.PlanLimitError](err); ok {
		members["metric"], members["limit"] = full.Metric.JSON(), full.Limit
		if full.Next > 0 {
			members["next_usage"] = full.Next
		}
	}
	if invalid, ok := errors.AsType[store.InvalidError](err); ok {
		members["fields"] = invalid
	}
	return members
}

// refuseProgram answers a program's request that failed.
func (s *Server) refuseProgram(w http.ResponseWriter, r *http.Request, p web.Problem, err error) {
	switch {
	case errors.Is(err, store.ErrRunning):
		p.Name, p.Sentence = "request-running", "A request with this Idempotency-Key is running. Send it again in a moment."
	case errors.Is(err, store.ErrUnpaid):
		p.Name, p.Sentence = "read-only", unpaidSentence
	case errors.Is(err, store.ErrKeyReused):
		p.Name, p.Sentence = "idempotency-key-reused", "This Idempotency-Key came with another request before."
	}
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Portico"`)
	}
	web.WriteProblem(w, &p, s.cfg.URL.String()+views.PathAPI, web.RequestID(r), programMembers(err))
}
