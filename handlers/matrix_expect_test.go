package handlers_test

import (
	"net/http"
	"strings"

	"portico/handlers"
	"portico/store"
)

// allowed is not a status: the visitor may use the route, and the answer depends on the
// request.
const allowed = 0

// expectedStatus is the status that the route's line and the rights table give to a
// visitor, or allowed.
func expectedStatus(route handlers.Route, p *visitor, method string, json bool) int {
	signIn := http.StatusFound
	if json {
		signIn = http.StatusUnauthorized
	}
	switch route.Who {
	case handlers.Everybody:
		return allowed
	case handlers.APerson, handlers.AnAgent:
		switch {
		case p.signedOut():
			return signIn
		case p.agent && !route.Agents, route.Who == handlers.AnAgent && !p.agent:
			return http.StatusNotFound
		}
		return allowed
	case handlers.AProgram:
		return expectedOfProgram(route, p)
	}
	switch {
	case p.signedOut():
		return signIn
	case !p.inside, route.Agency && !p.atAgency:
		return http.StatusNotFound
	case !store.May(route.Needs, p.party, p.role), !supportMay(route, p, method):
		return http.StatusForbidden
	}
	return allowed
}

func supportMay(route handlers.Route, p *visitor, method string) bool {
	look := method == http.MethodGet || method == http.MethodHead
	switch {
	case p.mode == "":
		return true
	case route.Support == handlers.SupportReads:
		return look
	case route.Support == handlers.SupportWrites:
		return p.mode == "write"
	}
	return false
}

// router finds the route of the table that serves a request.
type router struct {
	mux    *http.ServeMux
	routes map[string]handlers.Route
}

func newRouter(routes []handlers.Route) *router {
	r := &router{http.NewServeMux(), map[string]handlers.Route{}}
	for _, route := range routes {
		r.routes[route.Pattern()] = route
		r.mux.Handle(route.Pattern(), http.NotFoundHandler())
	}
	return r
}

func (r *router) meets(method, path string) handlers.Route {
	req := must(http.NewRequest(method, "http://portals.test"+path, nil))
	_, pattern := r.mux.Handler(req)
	return r.routes[pattern]
}

// plausible reports whether a status fits a visitor who may use the route.
func plausible(status int) bool {
	switch status {
	case http.StatusConflict, http.StatusUnprocessableEntity:
		return true
	}
	return status >= 200 && status < 400
}

// fill replaces the wildcards of a path.
func fill(path, slug, id string) string {
	path = strings.Replace(path, "{tenant}", slug, 1)
	path = strings.Replace(path, "{id}", id, 1)
	for name, value := range pathValues {
		path = strings.Replace(path, "{"+name+"}", value, 1)
	}
	if rest, ok := strings.CutSuffix(path, "/{$}"); ok {
		return rest + "/"
	}
	if strings.HasSuffix(path, "/") {
		return path + "no/such/place"
	}
	return path
}
