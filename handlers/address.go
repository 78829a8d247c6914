package handlers

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
)

type routeKey struct{}

// routed is the route that took a request, and its page, if its reads were sent already.
type routed struct {
	route Route
	page  page
}

// withRoute is the request with the route that took it, for [routeOf].
func withRoute(r *http.Request, route Route) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), routeKey{}, &routed{route: route}))
}

func routedOf(r *http.Request) *routed {
	to, _ := r.Context().Value(routeKey{}).(*routed)
	return cmp.Or(to, &routed{})
}

func routeOf(r *http.Request) Route { return routedOf(r).route }

// noSlug is in the path of a tenant that is named by its own domain. No tenant can
// have it as its slug.
const noSlug = "-"

// resolveHost finds the tenant that the host names, if it names one, and rewrites the
// path to the form that the route table uses. Only host and path name a tenant.
func (s *Server) resolveHost(next http.Handler) http.Handler {
	shared := sharedPaths(s.routes())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux refuses what is not a path: "*", and the preface of HTTP/2.
		if r.Host == s.cfg.URL.Host || internalPath(r.URL.Path) || !strings.HasPrefix(r.URL.Path, "/") {
			next.ServeHTTP(w, r)
			return
		}
		// Clean the path here, or the mux would redirect to the rewritten path.
		if clean := web.CleanPath(r.URL.Path); clean != r.URL.Path {
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, (&url.URL{Path: clean, RawQuery: r.URL.RawQuery}).String(), http.StatusTemporaryRedirect)
			return
		}
		host := web.HostName(r.Host)
		if host == "" {
			s.refuse(w, r, errUnknownHost)
			return
		}
		a := frame.Address{Host: host, Slug: noSlug, Platform: s.cfg.URL.String()}
		if slug, domain := s.tenantAt(host); domain != "" {
			a.Domain = domain
		} else {
			a.Slug = slug
		}
		r = frame.WithAddress(r, a)
		if slices.ContainsFunc(shared, func(prefix string) bool { return strings.HasPrefix(r.URL.Path, prefix) }) {
			next.ServeHTTP(w, r)
			return
		}
		before := "/w/" + a.Slug
		r.URL = &url.URL{Path: before + r.URL.Path, RawPath: before + r.URL.EscapedPath(), RawQuery: r.URL.RawQuery}
		next.ServeHTTP(w, r)
	})
}

// sharedPaths are the path prefixes of the routes that are the same on every host.
func sharedPaths(routes []Route) (prefixes []string) {
	for _, route := range routes {
		if prefix, _, _ := strings.Cut(route.Path, "{"); route.EveryHost {
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes
}

// internalPath reports whether a path answers on every host without identifying the
// visitor.
func internalPath(path string) bool {
	return strings.HasPrefix(path, "/static/") || path == "/healthz" || path == "/readyz"
}

// credentials are what the first round trip finds the visitor by.
func (s *Server) credentials(r *http.Request, route Route) store.Credentials {
	a := frame.AddressOf(r)
	c := store.Credentials{Host: a.Host, Domain: a.Domain, RequestID: web.RequestID(r)}
	slug := r.PathValue("tenant")
	if a.Host != "" {
		slug = a.Slug
	}
	if (a.Host != "" || route.Who == AMember) && frame.IsSlug(slug) {
		c.Slug = slug
	}
	return c
}
