package jobs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every kind of job is one of a tenant or of the platform, by type, and somebody
// works it. One that is neither would be asked for and never done.
func TestJobKindsAreDeclared(t *testing.T) {
	t.Parallel()
	asked, worked := parseFolder(t, "../../store/queue"), parseFolder(t, ".")
	for _, complaint := range undeclaredJobs(asked, worked) {
		t.Error(complaint)
	}
}

// A job kind that was added by halves is noticed, and the test says what to
// declare and where.
func TestUndeclaredJobIsNoticed(t *testing.T) {
	t.Parallel()
	asked, worked := parseFolder(t, "../../store/queue"), parseFolder(t, ".")
	for _, c := range []struct{ name, source, says string }{
		{"of no tenant", `package queue
type Polish struct{ Platform }
func (Polish) Kind() string { return "polish" }`, "handlers/jobs/jobs.go"},
		{"neither", `package queue
type Polish struct{ Gadget string }
func (Polish) Kind() string { return "polish" }`, "store/queue/jobs.go"},
		{"the same name", `package queue
type Polish struct{ Signature }
func (Polish) Kind() string { return "sweep" }`, "already"},
	} {
		planted, err := parser.ParseFile(token.NewFileSet(), "planted.go", c.source, 0)
		if err != nil {
			t.Fatal(err)
		}
		said := fmt.Sprint(undeclaredJobs(append(slices.Clone(asked), planted), worked))
		if !strings.Contains(said, "Polish") || !strings.Contains(said, c.says) {
			t.Errorf("%s: %s", c.name, said)
		}
	}
}

// undeclaredJobs says which kinds of jobs are no tenant's and not the platform's,
// and which nobody works.
func undeclaredJobs(asked, worked []*ast.File) (complaints []string) {
	kinds, embeds := jobTypes(asked)
	registered := workedTypes(worked)
	names := map[string]string{}
	for _, job := range slices.Sorted(maps.Keys(kinds)) {
		if !embeds[job] {
			complaints = append(complaints, fmt.Sprintf("%s is neither a tenant's job nor the platform's: embed Signature or Platform in it, in store/queue/jobs.go", job))
		}
		if !registered[job] {
			complaints = append(complaints, fmt.Sprintf("nobody works %s: add it to Runner.register in handlers/jobs/jobs.go", job))
		}
		if other, taken := names[kinds[job]]; taken {
			complaints = append(complaints, fmt.Sprintf("%s and %s: the kind %s is taken already", other, job, kinds[job]))
		}
		names[kinds[job]] = job
	}
	return complaints
}

// jobTypes are the types with a method Kind and what it returns, and which of
// them embed a seal or the mark of the platform.
func jobTypes(files []*ast.File) (kinds map[string]string, embeds map[string]bool) {
	kinds, embeds = map[string]string{}, map[string]bool{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil || n.Name.Name != "Kind" {
					break
				}
				of := n.Recv.List[0].Type
				if star, ok := of.(*ast.StarExpr); ok {
					of = star.X
				}
				kinds[of.(*ast.Ident).Name] = kindOf(n.Body)
			case *ast.TypeSpec:
				fields, ok := n.Type.(*ast.StructType)
				for i := 0; ok && i < len(fields.Fields.List); i++ {
					field := fields.Fields.List[i]
					name, plain := field.Type.(*ast.Ident)
					embeds[n.Name.Name] = embeds[n.Name.Name] ||
						(plain && len(field.Names) == 0 && (name.Name == "Signature" || name.Name == "Platform"))
				}
			}
			return true
		})
	}
	return kinds, embeds
}

// kindOf is the literal that a method Kind returns, else a word that is no kind, so
// that a kind said in another way is asked for too.
func kindOf(body *ast.BlockStmt) string {
	if out, ok := body.List[0].(*ast.ReturnStmt); ok {
		if literal, ok := out.Results[0].(*ast.BasicLit); ok {
			return literal.Value
		}
	}
	return "not a literal"
}

// workedTypes are the job types whose methods of the runner are registered.
func workedTypes(files []*ast.File) map[string]bool {
	takes, worked := map[string]string{}, map[string]bool{}
	var registered []string
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				params := n.Type.Params.List
				if n.Recv == nil || len(params) == 0 {
					break
				}
				if of, ok := params[len(params)-1].Type.(*ast.SelectorExpr); ok {
					takes[n.Name.Name] = of.Sel.Name
				}
			case *ast.CallExpr:
				if fn, ok := n.Fun.(*ast.Ident); ok && (fn.Name == "platformJob" || fn.Name == "tenantJob") {
					if do, ok := n.Args[len(n.Args)-1].(*ast.SelectorExpr); ok {
						registered = append(registered, do.Sel.Name)
					}
				}
			}
			return true
		})
	}
	for _, method := range registered {
		worked[takes[method]] = true
	}
	return worked
}

// parseFolder reads the source of a folder, without its tests.
func parseFolder(t *testing.T, dir string) (files []*ast.File) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
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
