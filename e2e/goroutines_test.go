package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recoversInside lists functions that recover from panics themselves, so a goroutine
// that calls them need not, and says where they do.
var recoversInside = map[string]string{
	"d.run":      "handlers/web/readiness.go: pings through pingSafely",
	"pingSafely": "handlers/web/readiness.go",
	"s.Serve":    "net/http: recovers from panics of handlers",
}

// Case 70: an unrecovered panic in a goroutine ends the process for everybody, so
// every goroutine of the product recovers.
func TestGoroutinesRecoverPanics(t *testing.T) {
	t.Parallel()
	found := 0
	for _, room := range []string{"handlers", "store", "files", "views", "static", "cmd/portico"} {
		err := filepath.WalkDir(filepath.Join("..", room), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "test/") {
				return err
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			n, complaints := unguarded(path, string(src))
			found += n
			for _, c := range complaints {
				t.Error(c)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 4 {
		t.Errorf("only %d goroutines were looked at", found)
	}
}

// The check finds goroutines that don't recover.
func TestGoroutinesCheckFindsUnguarded(t *testing.T) {
	t.Parallel()
	for body, complaints := range map[string]int{
		"go func() { defer func() { recover() }(); work() }()": 0,
		"go func() { work() }()":                               1,
		"go work()":                                            1,
		"go func() { defer wg.Done(); recover() }()":           1,
		"go func() { pingSafely(ctx, check) }()":               0,
	} {
		n, said := unguarded("x.go", "package x\nfunc f() { "+body+" }")
		if n != 1 || len(said) != complaints {
			t.Errorf("%s: %d, %q", body, n, said)
		}
	}
}

func unguarded(path, src string) (found int, complaints []string) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, src, parser.SkipObjectResolution)
	if err != nil {
		return 0, []string{err.Error()}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		g, ok := n.(*ast.GoStmt)
		if !ok {
			return true
		}
		found++
		if !guards(g.Call) {
			complaints = append(complaints, set.Position(g.Pos()).String()+": a panic in this goroutine ends the process: begin it with a defer that recovers")
		}
		return true
	})
	return found, complaints
}

// guards reports whether a deferred function of the goroutine recovers, or whether
// the goroutine calls a function of recoversInside.
func guards(call *ast.CallExpr) (guarded bool) {
	ast.Inspect(call, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.DeferStmt:
			ast.Inspect(n, func(n ast.Node) bool {
				c, ok := n.(*ast.CallExpr)
				guarded = guarded || (ok && called(c) == "recover")
				return true
			})
			return false
		case *ast.CallExpr:
			guarded = guarded || recoversInside[called(n)] != ""
		}
		return true
	})
	return guarded
}

func called(c *ast.CallExpr) string {
	if id, ok := c.Fun.(*ast.Ident); ok {
		return id.Name
	}
	return dotted(c.Fun)
}
