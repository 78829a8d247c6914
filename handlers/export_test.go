package handlers

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"portico/store"
	"portico/views"
)

// Routes is the route table, for tests.
func (s *Server) Routes() []Route { return s.routes() }

// TakeLogoSlots holds every slot for decoding logos until the test releases them.
func (s *Server) TakeLogoSlots() (release func()) {
	var releases []func()
	for range logosAtOnce {
		if release, ok := s.logoSlots.TryAcquire(""); ok {
			releases = append(releases, release)
		}
	}
	return func() {
		for _, release := range releases {
			release()
		}
	}
}

// TakeChecksumSlot holds the tenant's slot for computing checksums until the test
// releases it.
func (s *Server) TakeChecksumSlot(t *testing.T, tenant uuid.UUID) (release func()) {
	t.Helper()
	release, ok := s.checksumSlots.TryAcquire(tenant.String())
	if !ok {
		t.Fatal("somebody computes a checksum already")
	}
	return release
}

// TakeTransfers begins as many transfers as a tenant may have, until the test lets them end.
func (s *Server) TakeTransfers(tenant uuid.UUID) (end func()) {
	var ends []func()
	for {
		end, ok := s.tenantTransfers.TryAcquire(tenant.String())
		if !ok {
			break
		}
		ends = append(ends, end)
	}
	return func() {
		for _, end := range ends {
			end()
		}
	}
}

// Pattern is a route's method and path as the mux knows it.
func (route Route) Pattern() string { return route.pattern() }

// BreakingServer is the product with more routes. One of them never returns by itself;
// the others panic with a value that contains the secret.
func (s *Server) BreakingServer(secret string) *http.Server {
	page := func(name string, fn func(http.ResponseWriter, *http.Request, store.Member) error) Route {
		return s.member("GET /breaks/"+name, store.SeeWork, fn)
	}
	half := templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, _ = io.WriteString(w, "<p>half of a page")
		panic(errors.New(secret))
	})
	return s.httpServer(s.handler(append(s.routes(),
		page("handler", func(http.ResponseWriter, *http.Request, store.Member) error { panic(secret) }),
		page("nil", func(http.ResponseWriter, *http.Request, store.Member) error { return *(*error)(nil) }),
		page("template", func(w http.ResponseWriter, r *http.Request, _ store.Member) error {
			return views.Render(w, r, http.StatusOK, half)
		}),
		page("sent", func(w http.ResponseWriter, _ *http.Request, _ store.Member) error {
			_, _ = io.WriteString(w, "<p>half of a page")
			panic(secret)
		}),
		page("waits", func(_ http.ResponseWriter, r *http.Request, _ store.Member) error {
			<-r.Context().Done()
			return r.Context().Err()
		}),
		page("after", func(w http.ResponseWriter, r *http.Request, _ store.Member) error {
			s.inBackground(r, "break", func(context.Context) error { panic(secret) })
			return views.Render(w, r, http.StatusOK, templ.NopComponent)
		}),
		s.member("POST /breaks/deed", store.EditWork, func(_ http.ResponseWriter, r *http.Request, me store.Member) error {
			return s.db.Write(r.Context(), me, func(tx *store.Tx) error {
				if _, err := tx.CreateProject(r.Context(), store.ProjectInput{Name: secret}); err != nil {
					return err
				}
				panic(secret)
			})
		}),
		s.member("POST /breaks/read", store.EditWork, func(_ http.ResponseWriter, r *http.Request, me store.Member) error {
			return s.db.Read(r.Context(), me, func() store.Read { panic(secret) }())
		}),
	)))
}

// ExplainsForTest reports whether the page of the API explains a type of problem.
func ExplainsForTest(kind string) bool {
	return slices.ContainsFunc(problems, func(p views.APIProblem) bool { return p.Type == kind })
}

// FewerPages is what the page says of a document that has more pages than are shown.
var FewerPages = fewerPages
