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
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// ownerTools are the files that do not serve: they connect as another role or
// look at the catalog, and so may use the driver itself.
var ownerTools = map[string]string{
	"bootstrap.go": "connects as the administrator, who creates the roles",
	"catalog.go":   "reads the catalog on whatever connection it is given",
	"doctor.go":    "reads the catalog of a database that Open might refuse",
	"migrate.go":   "connects as portico_owner",
	"operator.go":  "connects as portico_owner, for the command line",
}

// driverNames are what files that serve may name of the database driver: none of
// it reaches a connection. A name with a file in front is for that file alone.
var driverNames = []string{
	"pgx.StrictNamedArgs",
	"store.go pgx.QueryTracer", // to count round trips
	"store.go pgxpool.Pool",    // passed on to the job runner
	"store.go pgxpool.Stat",
}

// guarded are the names that lead around a tenant, or say which one it is, and
// everyone in package store who may use each, with the reason.
var guarded = map[string]map[string]string{
	"engine.DB.OutsideTenant": {
		"DB.ActiveTenants":       "the schedule goes through all tenants",
		"DB.BeginCeremony":       "begins to prove who somebody is",
		"DB.BeginHandover":       "finds the tenant of a host for a person",
		"DB.EnqueueDomainChecks": "the schedule goes through all tenants",
		"DB.Identify":            "finds the person and the tenant of a request",
		"DB.MintFlow":            "a mailed proof belongs to an address",
		"DB.PeekFlow":            "a mailed link says whose it is",
		"DB.PublicLogo":          "logos are public on sign-in pages",
		"DB.QueueLines":          "counts the jobs of the whole installation",
		"DB.RefundRate":          "rate limits have no tenant",
		"DB.RefuseJob":           "the tenant that a forged job names is a claim",
		"DB.RefusedJobs":         "counts the jobs of the whole installation",
		"DB.SignInBrand":         "names of tenants are public on sign-in pages",
		"DB.SignInByCode":        "proves who somebody is",
		"DB.SignInByIdentity":    "proves who somebody is",
		"DB.SignInByLink":        "proves who somebody is",
		"DB.SpendCeremony":       "proves who somebody is",
		"DB.SpendHandover":       "opens the session of a tenant's host",
		"DB.SpendState":          "proves who somebody is",
		"DB.StepUpByCode":        "proves who somebody is",
		"DB.Sweep":               "sessions, flows and rate limits have no tenant",
		"DB.personDeed":          "keys and identities belong to a person; its callers are listed below",
		"DB.rateHit":             "rate limits have no tenant",
	},
	"store.DB.personDeed": {
		"DB.AddPasskey":       "belongs to a person",
		"DB.LinkIdentity":     "belongs to a person",
		"DB.RemovePasskey":    "belongs to a person",
		"DB.SignInByPasskey":  "proves who somebody is",
		"DB.StepUpByIdentity": "proves who somebody is",
		"DB.StepUpByPasskey":  "proves who somebody is",
		"DB.UnlinkIdentity":   "belongs to a person",
	},
	"engine.DB.JobPool": {
		"DB.JobPool": "for the job runner, see TestJobPoolIsForJobs",
	},
	"engine.Open":      {"Open": "checks the role"},
	"engine.Connect":   {},
	"store.DB.JobPool": {},
	"engine.Tx.Enter":  {"Tx.accept": "whoever joins acts from then on as what they joined as"},
	"engine.Tx.EnterClient": {
		"Tx.EnterClient": "the only way a transaction changes its tenant",
	},
	"engine.Scope": {
		"DB.AcceptInvite":  "the token names the tenant and proves the invitation",
		"DB.BeginMailFlow": "nobody is signed in: the zero scope, which sees nothing",
		"DB.BeginOIDCFlow": "nobody is signed in: the zero scope, which sees nothing",
		"DB.PeekInvite":    "the token names the tenant and proves the invitation",
		"DB.Recipient":     "a person of the job's tenant, read only",
		"DB.Record":        "a support session that only reads still writes its audit row",
		"DB.VerifyJob":     "a signed job names its tenant",
		"Tx.EnterClient":   "follows the engine's",
		"Tx.accept":        "whoever joins acts from then on as what they joined as",
		"Tx.asSupport":     "names the tenant in a job's signature; the policies are told nothing",
		"Visitor.Member":   "what the database said of the request",
		"Visitor.Person":   "what the database said of the request",
	},
}

// sqlArgument is where these calls take their text, which has to be a constant.
var sqlArgument = map[string]int{"engine.DB.OutsideTenant": 3, "store.DB.personDeed": 2}

// In package store no statement runs outside a tenant but those listed above,
// and nothing but them and the owner's tools reaches the driver.
func TestNoQueryOutsideATenant(t *testing.T) {
	t.Parallel()
	wrong, used, err := checkStore(t, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Error(w)
	}
	for name, list := range guarded {
		for by := range list {
			if !used[name+" "+by] {
				t.Errorf("%s is listed for %s and does not use it", by, name)
			}
		}
	}
}

// The check itself notices, or the compiler does.
func TestOutsideCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, says string }{
		"a call that is not listed":   {"return db.engine.OutsideTenant(ctx, `x`, engine.Nothing, `select lookup.sweep()`)", "DB.planted uses engine.DB.OutsideTenant"},
		"another deed of a person":    {"return db.personDeed(ctx, `x`, `select lookup.sweep()`)", "DB.planted uses store.DB.personDeed"},
		"a text made at run time":     {"return db.engine.OutsideTenant(ctx, `x`, engine.Nothing, sql)", "text that is not constant"},
		"a table of tenants":          {"return db.engine.OutsideTenant(ctx, `x`, engine.Nothing, `select * from projects`)", "text that calls no function of schema lookup"},
		"a call under another name":   {"f := db.engine.OutsideTenant; return f(ctx, `x`, engine.Nothing, `select * from projects`)", "other than by a call"},
		"the job runner's pool":       {"_, err := db.JobPool().Exec(ctx, `select 1`); return err", "DB.planted uses store.DB.JobPool"},
		"a method of the driver":      {"_, err := db.JobPool().Exec(ctx, `select 1`); return err", "planted.go uses pgxpool.Pool.Exec"},
		"the engine's pool":           {"db.engine.JobPool(); return nil", "DB.planted uses engine.DB.JobPool"},
		"a transaction of the driver": {"var tx pgx.Tx; _ = tx; return nil", "planted.go uses pgx.Tx"},
		"a connection of its own":     {"_, err := pgx.Connect(ctx, sql); return err", "planted.go uses pgx.Connect"},
		"rows of the driver":          {"return db.engine.Read(ctx, me.scope, query{Scan: func(r pgx.Rows) error { r.Conn(); return nil }})", "planted.go uses pgx.Rows"},
		"another engine":              {"_, err := engine.Connect(ctx, engine.Config{}); return err", "DB.planted uses engine.Connect"},
		"a made-up tenant":            {"return db.write(ctx, engine.Scope{Tenant: me.TenantID()}, ``, ``, nil)", "DB.planted makes an engine.Scope"},
		"nobody's transaction":        {"var s engine.Scope; return db.write(ctx, s, ``, ``, nil)", "DB.planted makes an engine.Scope"},
		"another tenant":              {"s := me.scope; s.Tenant = NewID(); return db.write(ctx, s, ``, ``, nil)", "DB.planted changes an engine.Scope"},
		"another's scope":             {"me.scope = me.Person.scope; return nil", "DB.planted changes an engine.Scope"},
		"a scope by its address":      {"p := &me.scope.Tenant; *p = NewID(); return nil", "DB.planted changes an engine.Scope"},
		"a second scope":              {"return db.Write(ctx, me, func(tx *Tx) error { return tx.engine.Enter(ctx, me.scope) })", "DB.planted uses engine.Tx.Enter"},
		"the pool itself":             {"db.engine.pool.Close(); return nil", "pool undefined"},
		"the transaction itself":      {"return db.Write(ctx, me, func(tx *Tx) error { tx.engine.tx.Conn(); return nil })", "tx undefined"},
		"a read outside a member":     {"return db.Read(ctx, ListProjects(``, nil))", "cannot use ListProjects"},
		"a read under a member":       {"return db.Read(ctx, me, ListProjects(``, nil))", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wrong, _, err := checkStore(t, "func (db *DB) planted(ctx context.Context, me Member, sql string) error { "+c.body+" }")
			if err != nil {
				wrong = append(wrong, err.Error())
			}
			if c.says == "" && len(wrong) > 0 || c.says != "" && !slices.ContainsFunc(wrong, func(w string) bool { return strings.Contains(w, c.says) }) {
				t.Errorf("want %q, got %q", c.says, wrong)
			}
		})
	}
	if wrong, _, err := checkStore(t, `import _ "github.com/jackc/pgx/v5/stdlib"`); err != nil || len(wrong) != 1 {
		t.Errorf("an import of the driver: %q, %v", wrong, err)
	}
}

// The pool leaves store for the job runner alone.
func TestJobPoolIsForJobs(t *testing.T) {
	t.Parallel()
	var holders []string
	for _, room := range []string{"cmd", "files", "handlers", "views"} {
		err := filepath.WalkDir(filepath.Join("..", room), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			src, err := os.ReadFile(path)
			if strings.Contains(string(src), ".JobPool") {
				holders = append(holders, filepath.ToSlash(path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(holders, []string{"../handlers/jobs/jobs.go"}) {
		t.Errorf("the pool is held by %q", holders)
	}
}

// checkStore reads package store, with a planted file unless it is empty, and
// returns what is wrong and which listed uses there are. An error is one of the
// compiler's.
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

// listed is what `go list` says of package store and of all that it imports.
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

// outsideCheck goes through the files that serve.
type outsideCheck struct {
	info  *types.Info
	file  string
	by    string // the function it is in
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

// driver complains of what is named of the driver, a method of a value included.
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

// use notes that the function uses a guarded name, and complains if it may not.
func (c *outsideCheck) use(name, how string) {
	c.used[name+" "+c.by] = true
	if guarded[name][c.by] == "" {
		c.complain("%s %s %s and is not listed in store/outside_test.go", c.by, how, name)
	}
}

// text complains of a statement that could read a table of tenants.
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

// scopeOf complains if a scope or a part of one is written, or could be.
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

// objectName is "package.Name" or "package.Type.Method", "" for what has neither.
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
