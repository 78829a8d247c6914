package handlers

import (
	"net/http"

	"portico/store"
)

// page is a page of a member, made anew for each request: what it reads, and how it is
// shown once that was read. Both close over the variables that the reads fill.
type page struct {
	// reads are the reads for a standing. They go to the database together with the
	// question who is asking, before anybody knows the answer; see [store.DB.Open].
	reads func(store.Standing) []store.Read
	show  func(http.ResponseWriter, *http.Request, store.Member) error
}

// page is a member's route whose reads travel with the question who is asking, under the
// scope that the database sets for the visitor. Without a scope, as in a support session,
// or if they were those of another standing, they run after the route's checks.
func (s *Server) page(pattern string, needs store.Capability, make func(*http.Request) page) Route {
	route := s.member(pattern, needs, func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		answered, err := me.Answered()
		switch {
		case !answered:
			return s.showPage(w, r, me, make(r))
		case err != nil:
			return err
		}
		return routedOf(r).page.show(w, r, me)
	})
	route.page = make
	return route
}

// showPage reads a page in a round trip of its own, and shows it.
func (s *Server) showPage(w http.ResponseWriter, r *http.Request, me store.Member, p page) error {
	if err := s.db.Read(r.Context(), me, p.reads(me.Standing())...); err != nil {
		return err
	}
	return p.show(w, r, me)
}

// always are reads that don't depend on the member.
func always(reads ...store.Read) func(store.Standing) []store.Read {
	return func(store.Standing) []store.Read { return reads }
}
