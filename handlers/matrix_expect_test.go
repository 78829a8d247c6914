package handlers_test

import (
	"net/http"
	"strings"

	"portico/handlers"
	"portico/store"
)

// allowed is no status: the visitor may pass, and what comes back is up to what
// they do.
const allowed = 0

// declared is the answer that the route's own line and the table of rights give
// to a visitor, before anything else is looked at.
func declared(route handlers.Route, p *persona, method string, json bool) int {
	door := http.StatusFound
	if json {
		door = http.StatusUnauthorized
	}
	switch route.Who {
	case handlers.Everybody:
		return allowed
	case handlers.APerson, handlers.AnAgent:
		switch {
		case p.nobody():
			return door
		case p.agent && !route.Agents, route.Who == handlers.AnAgent && !p.agent:
			return http.StatusNotFound
		}
		return allowed
	}
	switch {
	case p.nobody():
		return door
	case !p.inside, route.Agency && !p.above:
		return http.StatusNotFound
	case !store.May(route.Needs, p.party, p.role), !supportMay(route, p, method):
		return http.StatusForbidden
	}
	return allowed
}

func supportMay(route handlers.Route, p *persona, method string) bool {
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

// router answers which route of the table a request would meet.
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

// believable says whether a visitor who may pass was answered like one.
func believable(status int) bool {
	switch status {
	case http.StatusConflict, http.StatusUnprocessableEntity:
		return true
	}
	return status >= 200 && status < 400
}

// fill writes a path of the table out.
func fill(path, slug, id string) string {
	path = strings.Replace(path, "{tenant}", slug, 1)
	path = strings.Replace(path, "{id}", id, 1)
	for name, value := range blanks {
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
