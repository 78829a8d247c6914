package handlers

import (
	"errors"
	"net/http"
	"time"

	"portico/handlers/web"
	"portico/store"
)

// limitVisitor refuses a browser, or a network without a session, that sends too many
// requests. It runs before the first round trip and does not use the database. A session
// that hasn't been found yet may be none: all of a network share a limit.
func (s *Server) limitVisitor(r *http.Request, token *store.Token) error {
	limiter, key := s.visitors, "network "+web.Network(r)
	switch {
	case token == nil:
	case s.visitors.Knows(string(token[:])):
		key = string(token[:])
	default:
		limiter = s.unproved
	}
	if !limiter.Allow(key) {
		return web.ErrRateLimit
	}
	return nil
}

// limitSession counts a request that came with a session, once it is known whether there is
// one. Without one it counts for the network, so that dead cookies have no limits of their
// own.
func (s *Server) limitSession(r *http.Request, token *store.Token, v store.Visitor) error {
	if token == nil {
		return nil
	}
	key := string(token[:])
	if _, ok := v.Person(); ok {
		if !s.visitors.Knows(key) {
			s.visitors.Allow(key)
		}
		return nil
	}
	s.visitors.Forget(key)
	if !s.visitors.Allow("network " + web.Network(r)) {
		return web.ErrRateLimit
	}
	return nil
}

// How many transfers run at once in this process. Each has memory, a connection to object
// storage and as much time as the visitor's own connection takes.
const (
	transfersAtOnce       = 16 // of a visitor in a tenant
	tenantTransfersAtOnce = 200
)

var errTransfers = web.TooMany(5*time.Second, errors.New("too many transfers at once"))

// beginTransfer counts an upload or download until it ends, or refuses it.
func (s *Server) beginTransfer(me store.Member) (end func(), err error) {
	tenant := me.TenantID().String()
	visitor := tenant + " " + me.ID().String()
	if me.Support != nil {
		visitor += " " + me.Support.ID.String() // it doesn't use up what the person may
	}
	endOwn, ok := s.transfers.TryAcquire(visitor)
	if !ok {
		return nil, errTransfers
	}
	endTenants, ok := s.tenantTransfers.TryAcquire(tenant)
	if !ok {
		endOwn()
		return nil, errTransfers
	}
	return func() { endTenants(); endOwn() }, nil
}

// limitTenant refuses a tenant whose members together send too many requests. Only
// members count, so nobody can use up another tenant's limit.
func (s *Server) limitTenant(v store.Visitor) error {
	if me, ok := v.Member(); ok && !s.tenants.Allow(me.TenantID().String()) {
		return web.ErrRateLimit
	}
	return nil
}

// limitRoute applies the limit of the route, if it has one: per person and tenant, or
// per network for a visitor who is not signed in. It is counted in the database,
// for all processes.
func (s *Server) limitRoute(r *http.Request, route Route, v store.Visitor) error {
	if route.PerMinute == 0 {
		return nil
	}
	of := "network " + web.Network(r)
	if me, ok := v.Person(); ok {
		of = "person " + me.ID().String()
	}
	if me, ok := v.Member(); ok {
		of += " in " + me.TenantID().String()
	}
	return s.attempts.Count(r.Context(), route.PerMinute, time.Minute, route.pattern()+" by "+of)
}
