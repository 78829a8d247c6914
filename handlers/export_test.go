package handlers

import "fmt"

// Routes is the table that the server is built from, for tests that walk it.
func (s *Server) Routes() []Route { return s.routes() }

// Pattern is a route's method and path as the mux knows it.
func (route Route) Pattern() string { return route.pattern() }

// KnownShares says how many shares are remembered once there were so
// many, and whether it still knows the last of them.
func KnownShares(met int) (remembered int, knowsLast bool) {
	s := newShares(Share{PerSecond: 1e-9, Burst: 1})
	for i := range met {
		s.allows(fmt.Sprint(i))
	}
	return len(s.known) + len(s.old), !s.allows(fmt.Sprint(met - 1))
}

// MostShares is how many it may remember.
const MostShares = 2 * knownShares
