package handlers_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"portico/handlers"
	"portico/store"
)

// A route that declares too little is reported, with what to declare and where.
func TestIncompleteRouteIsReported(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		route handlers.Route
		says  []string
	}{
		{handlers.Route{Method: "GET", Path: "/w/{tenant}/gadgets"}, []string{"who may enter", "handlers/routes.go"}},
		{handlers.Route{Method: "GET", Path: "/w/{tenant}/gadgets", Who: handlers.Everybody}, []string{"inside a tenant", "handlers/routes.go"}},
		{handlers.Route{Method: "GET", Path: "/w/{tenant}/gadgets", Who: handlers.AMember}, []string{"rights table", "store/rights.go"}},
		{handlers.Route{Method: "GET", Path: "/w/{tenant}/gadgets", Who: handlers.AMember, Needs: store.SeeWork, Support: "sells"},
			[]string{"support", "handlers/matrix_expect_test.go"}},
		{handlers.Route{Method: "POST", Path: "/w/{tenant}/gadgets", Who: handlers.AMember, Needs: store.EditWork},
			[]string{"what a visitor would send", "handlers/matrix_acts_test.go"}},
		{handlers.Route{Method: "GET", Path: "/w/{tenant}/gadgets/{id}", Who: handlers.AMember, Needs: store.SeeWork},
			[]string{`one of "gadgets"`, "handlers/matrix_acts_test.go"}},
		{handlers.Route{Method: "GET", Path: "/w/{tenant}/gadgets/{colour}", Who: handlers.AMember, Needs: store.SeeWork},
			[]string{"{colour}", "handlers/matrix_acts_test.go"}},
	} {
		said := strings.Join(missingDeclarations([]handlers.Route{c.route}), "\n")
		for _, part := range append(c.says, c.route.Pattern()) {
			if !strings.Contains(said, part) {
				t.Errorf("%+v: said %q, which lacks %q", c.route, said, part)
			}
		}
	}
	if said := missingDeclarations(table()); len(said) != 0 {
		t.Errorf("the product's own: %q", said)
	}
}

// Case 38: a route without a rule for support refuses it, in read and in write mode.
func TestRouteWithoutSupportRuleRefusesSupport(t *testing.T) {
	t.Parallel()
	route := handlers.Route{Method: "GET", Path: "/w/{tenant}/gadgets", Who: handlers.AMember, Needs: store.SeeWork}
	inside := &visitor{email: "sam", agent: true, inside: true, mode: "write", party: store.PartyAgency, role: store.RoleOwner}
	if got := expectedStatus(route, inside, "GET", false); got != 403 {
		t.Errorf("in a session: %d", got)
	}
	inside.mode = ""
	if got := expectedStatus(route, inside, "GET", false); got != allowed {
		t.Errorf("in person: %d", got)
	}
}

// notInTable are the routes that are on the mux but not in the table, because they do
// not depend on a visitor or a tenant.
var notInTable = []string{"GET /static/", "GET /healthz", "GET /readyz"}

// A route that is not in the table would have no access rule, so there must be none.
func TestEveryRouteIsInTheTable(t *testing.T) {
	t.Parallel()
	source := parsePackage(t, ".")
	for _, complaint := range routesNotInTable(source) {
		t.Error(complaint)
	}
	planted := must(parser.ParseFile(token.NewFileSet(), "planted.go", `package handlers
func plant(mux *http.ServeMux) { mux.HandleFunc("GET /w/{tenant}/gadgets", nil); mux.Handle("GET /healthz", nil) }`, 0))
	said := fmt.Sprint(routesNotInTable([]*ast.File{planted}))
	if !strings.Contains(said, "GET /w/{tenant}/gadgets") || !strings.Contains(said, "handlers/routes.go") || strings.Contains(said, "healthz") {
		t.Errorf("a planted route: %s", said)
	}
}

func routesNotInTable(files []*ast.File) (complaints []string) {
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			fn, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || (fn.Sel.Name != "Handle" && fn.Sel.Name != "HandleFunc") {
				return true
			}
			literal, ok := call.Args[0].(*ast.BasicLit)
			if !ok {
				return true
			}
			if pattern := must(strconv.Unquote(literal.Value)); !slices.Contains(notInTable, pattern) {
				complaints = append(complaints, fmt.Sprintf(
					"%q is on the mux but not in the table: make it a line of handlers/routes.go, or of notInTable in handlers/declared_test.go if it does not depend on the visitor", pattern))
			}
			return true
		})
	}
	return complaints
}

// parsePackage parses the Go files of a directory, without tests.
func parsePackage(t *testing.T, dir string) (files []*ast.File) {
	t.Helper()
	for _, path := range must(filepath.Glob(filepath.Join(dir, "*.go"))) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}
