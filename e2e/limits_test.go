package e2e

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// requiredFields are the limits of time and size that a server, client or transport
// must set. "|" means or.
var requiredFields = map[string][]string{
	"http.Server":    {"ReadHeaderTimeout", "IdleTimeout", "MaxHeaderBytes"},
	"http.Client":    {"Timeout|Transport"},
	"http.Transport": {"DialContext", "TLSHandshakeTimeout", "ResponseHeaderTimeout", "IdleConnTimeout"},
}

// withoutTimeouts are functions that have no timeouts.
var withoutTimeouts = []string{
	"http.DefaultClient", "http.Get", "http.Head", "http.Post", "http.PostForm",
	"http.ListenAndServe", "http.ListenAndServeTLS", "http.Serve", "http.ServeTLS", "net.Dial", "tls.Dial", "smtp.Dial", "smtp.SendMail",
}

// Every listener and client of the product sets limits. Other tests check that the
// limits work: slow visitors, dependencies that hang.
func TestEveryListenerAndClientHasLimits(t *testing.T) {
	t.Parallel()
	servers := 0
	for _, room := range []string{"cmd/portico", "handlers", "store", "files", "static", "views"} {
		err := filepath.WalkDir("../"+room, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "storetest") {
				return err
			}
			found, complaints := withoutLimits(t, path, nil)
			servers += found
			for _, c := range complaints {
				t.Error(c)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if servers == 0 {
		t.Error("no server found: the check looks in the wrong place")
	}
	_, said := withoutLimits(t, "planted.go", `package p
func plant() { _ = []*http.Server{{IdleTimeout: 1}}; _ = &http.Client{}; _, _ = http.Get("") }`)
	for _, part := range []string{"ReadHeaderTimeout", "MaxHeaderBytes", "Timeout|Transport", "http.Get"} {
		if !strings.Contains(strings.Join(said, "\n"), part) {
			t.Errorf("a planted file: %q says nothing of %s", said, part)
		}
	}
}

func withoutLimits(t *testing.T, path string, source any) (servers int, complaints []string) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if slices.Contains(withoutTimeouts, dotted(n)) {
				complaints = append(complaints, fmt.Sprintf("%v: %s has no limits", set.Position(n.Pos()), dotted(n)))
			}
		case *ast.CompositeLit:
			if list, ok := n.Type.(*ast.ArrayType); ok {
				for _, e := range n.Elts {
					if inner, ok := e.(*ast.CompositeLit); ok && inner.Type == nil {
						inner.Type = list.Elt // as Go reads it
					}
				}
			}
			kind := dotted(n.Type)
			if kind == "http.Server" {
				servers++
			}
			for _, need := range requiredFields[kind] {
				if !slices.ContainsFunc(n.Elts, func(e ast.Expr) bool { return names(e, need) }) {
					complaints = append(complaints, fmt.Sprintf("%v: an %s without %s", set.Position(n.Pos()), kind, need))
				}
			}
		}
		return true
	})
	return servers, complaints
}

func dotted(e ast.Expr) string {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if s, ok := e.(*ast.SelectorExpr); ok {
		if x, ok := s.X.(*ast.Ident); ok {
			return x.Name + "." + s.Sel.Name
		}
	}
	return ""
}

func names(e ast.Expr, need string) bool {
	kv, ok := e.(*ast.KeyValueExpr)
	if !ok {
		return false
	}
	key, ok := kv.Key.(*ast.Ident)
	return ok && slices.Contains(strings.Split(need, "|"), key.Name)
}
