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

// Every kind of job is a tenant job or a platform job, by type, and has a worker.
// Without one, its jobs would be enqueued and never run.
func TestJobKindsAreDeclared(t *testing.T) {
	t.Parallel()
	declared, worked := parseFolder(t, "../../store/queue"), parseFolder(t, ".")
	for _, complaint := range undeclaredJobs(declared, worked) {
		t.Error(complaint)
	}
}

// The check reports a half-declared job kind and says what to declare and where.
func TestUndeclaredJobIsReported(t *testing.T) {
	t.Parallel()
	declared, worked := parseFolder(t, "../../store/queue"), parseFolder(t, ".")
	for _, c := range []struct{ name, source, says string }{
		{"no worker", `package queue
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
		said := fmt.Sprint(undeclaredJobs(append(slices.Clone(declared), planted), worked))
		if !strings.Contains(said, "Polish") || !strings.Contains(said, c.says) {
			t.Errorf("%s: %s", c.name, said)
		}
	}
}

// undeclaredJobs reports job kinds that are neither tenant jobs nor platform jobs, have
// no worker, or share a name.
func undeclaredJobs(declared, worked []*ast.File) (complaints []string) {
	kinds, embeds := jobTypes(declared)
	registered := workedTypes(worked)
	names := map[string]string{}
	for _, job := range slices.Sorted(maps.Keys(kinds)) {
		if !embeds[job] {
			complaints = append(complaints, fmt.Sprintf("%s is neither a tenant job nor a platform job: embed Signature or Platform in it, in store/queue/jobs.go", job))
		}
		if !registered[job] {
			complaints = append(complaints, fmt.Sprintf("%s has no worker: add it to Runner.register in handlers/jobs/jobs.go", job))
		}
		if other, taken := names[kinds[job]]; taken {
			complaints = append(complaints, fmt.Sprintf("%s and %s: the kind %s is already taken", other, job, kinds[job]))
		}
		names[kinds[job]] = job
	}
	return complaints
}

// jobTypes returns the types with a method Kind, the kind it returns, and which of the
// types embed Signature or Platform.
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

// kindOf returns the literal that a method Kind returns. If it is not a literal, it
// returns a text that is no kind, so that the type is still checked.
func kindOf(body *ast.BlockStmt) string {
	if out, ok := body.List[0].(*ast.ReturnStmt); ok {
		if literal, ok := out.Results[0].(*ast.BasicLit); ok {
			return literal.Value
		}
	}
	return "not a literal"
}

// workedTypes returns the job types that have a registered method of the runner.
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
