package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// Each condition of a deed's SQL and each refusal is found, with the code that removes it.
// Other functions are no deeds, and a condition that repeats a policy is no guard.
func TestDeedsAreFound(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		"if a { return nil }; if b || c { return ErrInvalid }":                                        {"false", "false"},
		"if err := f(); err != nil { return err }":                                                    nil,
		"if err := tx.requireRight(ctx); err != nil { return err }":                                   {"false"},
		"switch { case err != nil: return err; case n == 0: return fmt.Errorf(`x: %w`, ErrInvalid) }": {"false"},
		"switch v { case `busy`: return ErrConflict }":                                                nil,
		"if x { return uuid.Nil, InvalidError{`a`: `b`} }; if y { return nil, &PlanLimitError{} }":    {"false", "false"},
		"tx.exec(`update t set a = 1 where tenant_id = @tenant_id and id = @id and b is null`)":       {" (true or (id = @id)) ", " (true or (b is null)) "},
		"tx.exec(`select 1 from t where u.tenant_id = t.tenant_id and a for update`)":                 {" (true or (a)) ", ""},
		"tx.exec(`select 1 from t where a and ` + which + ` and b and exists (` + more + `)`)":        {" (true or (a)) ", " (true or (b)) "},
		"say(`nothing of SQL`); say(\"where a and b\")":                                               nil,
	} {
		src := "package store\n\nfunc (tx *Tx) Do(ctx context.Context) error {\n\t" + body + "\n}\n\nfunc other() error { if a { return ErrInvalid } }\n"
		deeds, err := deedsIn("x.go", []byte(src))
		if err != nil || len(deeds) != 1 {
			t.Errorf("%s: %d deeds, %v", body, len(deeds), err)
			continue
		}
		var got []string
		for _, c := range deeds[0].conditions {
			got = append(got, c.instead)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", body, got)
		}
	}
}

// Conditions are found in the deeds of store, and every file that has its own tests is there.
func TestDeedsHaveConditions(t *testing.T) {
	t.Chdir("../..")
	all, err := deedMutants(regexp.MustCompile("."))
	if err != nil || len(all) < 300 {
		t.Fatalf("%d conditions, %v", len(all), err)
	}
	for area := range deedTests {
		if _, err := os.Stat(filepath.Join("store", area+".go")); err != nil {
			t.Errorf("%v", err)
		}
	}
}

// The copy of store with all mutants in it parses as Go and has a switch for each mutant.
func TestEveryDeedMutantCanBeSwitchedOn(t *testing.T) {
	t.Chdir("../..")
	all, err := deedMutants(regexp.MustCompile("."))
	if err != nil {
		t.Fatal(err)
	}
	files := &overlay{t.TempDir(), map[string]string{}}
	if err := withSwitches(".", files); err != nil {
		t.Fatal(err)
	}
	switched := 0
	for _, name := range files.replace {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch f, _ := call.Fun.(*ast.Ident); {
			case f == nil:
			case f.Name == "mutantIf":
				switched++
			case f.Name == "mutantSQL":
				switched += len(call.Args) - 2
			}
			return true
		})
	}
	if switched != len(all) {
		t.Errorf("%d of %d mutants can be switched on", switched, len(all))
	}
}

// Each condition that the list calls no guard still exists and has a reason.
func TestEquivalentsAreThere(t *testing.T) {
	t.Chdir("../..")
	there := map[string]bool{}
	for _, find := range []func(*regexp.Regexp) ([]mutant, error){narrowMutants, deedMutants} {
		all, err := find(regexp.MustCompile("."))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			there[m.guard] = true
		}
	}
	for guard, why := range equivalent {
		if !there[guard] || len(why) < 10 {
			t.Errorf("%s: not found, or no reason", guard)
		}
	}
}
