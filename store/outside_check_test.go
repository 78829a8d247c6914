package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// checkStore reads package store, with a planted file unless it is empty. It returns
// the violations and which listed uses it found. An error comes from the compiler.
func checkStore(t *testing.T, planted string) (wrong []string, used map[string]bool, err error) {
	t.Helper()
	set := token.NewFileSet()
	var parsed []*ast.File
	names := storeFiles()
	if planted != "" {
		src := plantedHead + planted
		if strings.HasPrefix(planted, "import") {
			src = "package store\n" + planted
		}
		file, err := parser.ParseFile(set, "planted.go", src, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	for _, name := range names {
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Types: map[ast.Expr]types.TypeAndValue{}}
	conf := types.Config{Importer: importer.ForCompiler(set, "gc", openExport)}
	if _, err := conf.Check("portico/store", set, parsed, info); err != nil {
		return nil, nil, err
	}
	c := outsideCheck{info: info, used: map[string]bool{}}
	for _, file := range parsed {
		if c.file = filepath.Base(set.Position(file.Package).Filename); ownerTools[c.file] == "" {
			c.look(file)
		}
	}
	return c.wrong, c.used, nil
}

const plantedHead = `package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"portico/store/engine"
)

var (
	_ pgx.StrictNamedArgs
	_ engine.Query
)

`

// listed runs `go list` for package store and all its imports.
var listed = sync.OnceValues(func() (map[string]goListed, error) {
	out, err := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export,GoFiles", ".").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	packages := map[string]goListed{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goListed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		packages[p.ImportPath] = p
	}
})

type goListed struct {
	ImportPath, Export string
	GoFiles            []string
}

func storeFiles() []string {
	packages, err := listed()
	if err != nil {
		panic(err)
	}
	return packages["portico/store"].GoFiles
}

func openExport(path string) (io.ReadCloser, error) {
	packages, err := listed()
	if err != nil {
		return nil, err
	}
	return os.Open(packages[path].Export)
}

// outsideCheck walks the files that serve requests and jobs.
type outsideCheck struct {
	info  *types.Info
	file  string
	by    string // the current function
	used  map[string]bool
	wrong []string
}

func (c *outsideCheck) look(file *ast.File) {
	for _, imported := range file.Imports {
		if path := strings.Trim(imported.Path.Value, `"`); isDriver(path) && path != "github.com/jackc/pgx/v5" && c.file != "store.go" {
			c.complain("%s imports %s", c.file, path)
		}
	}
	for _, decl := range file.Decls {
		c.by = c.file
		if f, ok := decl.(*ast.FuncDecl); ok {
			c.by = funcName(f)
			c.driver(f.Type)
			if f.Body != nil {
				c.body(f.Body)
			}
			continue
		}
		c.driver(decl)
		ast.Inspect(decl, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				c.body(spec)
			}
			return true
		})
	}
}

// driver reports each use of the driver's names, methods of values included.
func (c *outsideCheck) driver(in ast.Node) {
	ast.Inspect(in, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		o := c.info.Uses[id]
		if o == nil || o.Pkg() == nil || !isDriver(o.Pkg().Path()) {
			return true
		}
		if name := objectName(o); !slices.Contains(driverNames, name) && !slices.Contains(driverNames, c.file+" "+name) {
			c.complain("%s uses %s, of the driver", c.file, name)
		}
		return true
	})
}

func (c *outsideCheck) body(in ast.Node) {
	c.driver(in)
	called := map[*ast.Ident]bool{}
	ast.Inspect(in, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if id := lastName(n.Fun); id != nil {
				called[id] = true
				c.text(objectName(c.info.Uses[id]), n)
			}
		case *ast.AssignStmt:
			for _, to := range n.Lhs {
				c.scopeOf(to)
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				c.scopeOf(n.X)
			}
		case *ast.Ident:
			name := objectName(c.info.Uses[n])
			switch {
			case guarded[name] == nil:
			case name == "engine.Scope":
				c.use(name, "makes an")
			default:
				c.use(name, "uses")
				if sqlArgument[name] > 0 && !called[n] {
					c.complain("%s uses %s other than by a call", c.by, name)
				}
			}
		}
		return true
	})
}

// use records that the function uses a guarded name, and reports it if it may not.
func (c *outsideCheck) use(name, how string) {
	c.used[name+" "+c.by] = true
	if guarded[name][c.by] == "" {
		c.complain("%s %s %s and is not listed in store/outside_test.go", c.by, how, name)
	}
}

// text reports a statement that could read a tenant table.
func (c *outsideCheck) text(name string, call *ast.CallExpr) {
	at := sqlArgument[name]
	if at == 0 || c.by == "DB.personDeed" || len(call.Args) <= at {
		return
	}
	value := c.info.Types[call.Args[at]].Value
	switch {
	case value == nil:
		c.complain("%s gives %s a text that is not constant", c.by, name)
	case !strings.Contains(constant.StringVal(value), " lookup.") && !strings.Contains(constant.StringVal(value), "from river."):
		c.complain("%s gives %s a text that calls no function of schema lookup", c.by, name)
	}
}

// scopeOf reports an assignment to a scope or to a part of one.
func (c *outsideCheck) scopeOf(to ast.Expr) {
	sel, ok := ast.Unparen(to).(*ast.SelectorExpr)
	if ok && (isScope(c.info.Types[sel].Type) || isScope(c.info.Types[sel.X].Type)) {
		c.use("engine.Scope", "changes an")
	}
}

func (c *outsideCheck) complain(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

func isDriver(path string) bool {
	return strings.HasPrefix(path, "github.com/jackc/") || strings.HasPrefix(path, "database/sql") ||
		strings.HasPrefix(path, "github.com/riverqueue/river/riverdriver")
}

func isScope(t types.Type) bool {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	return ok && objectName(named.Obj()) == "engine.Scope"
}

// objectName returns "package.Name" or "package.Type.Method", or "" for other
// objects.
func objectName(o types.Object) string {
	if o == nil || o.Pkg() == nil {
		return ""
	}
	name := o.Name()
	if f, ok := o.(*types.Func); ok {
		if recv := f.Signature().Recv(); recv != nil {
			t := recv.Type()
			if p, ok := t.(*types.Pointer); ok {
				t = p.Elem()
			}
			if named, ok := t.(*types.Named); ok {
				name = named.Obj().Name() + "." + name
			}
		}
	}
	return o.Pkg().Name() + "." + name
}

func lastName(fun ast.Expr) *ast.Ident {
	switch fun := ast.Unparen(fun).(type) {
	case *ast.Ident:
		return fun
	case *ast.SelectorExpr:
		return fun.Sel
	}
	return nil
}

func funcName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	return types.ExprString(t) + "." + f.Name.Name
}
