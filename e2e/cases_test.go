package e2e

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// cases is the number of cases. required lists those that must have a test, as
// ranges of first and last number.
const cases = 80

var required = [][2]int{{1, 4}, {6, 17}, {20, 22}, {24, 32}, {34, 40}, {43, 44}, {46, 47}, {50, 50}, {52, 55}, {59, 61}, {71, 80}}

// In docs/cases.md each test exists, each case has a line, and each required case
// has a test.
func TestCasesNameExistingTests(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("../docs/cases.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range checkCases(string(table), allTests(t)) {
		t.Error(complaint)
	}
}

// The check finds missing tests and lines.
func TestCasesCheckFindsMistakes(t *testing.T) {
	t.Parallel()
	var sound strings.Builder
	for n := range cases {
		fmt.Fprintf(&sound, "| %d | x | handlers.TestIt |\n", n+1)
	}
	tests := map[string]bool{"handlers.TestIt": true}
	if said := checkCases(sound.String(), tests); len(said) != 0 {
		t.Errorf("a sound table: %q", said)
	}
	for line, says := range map[string]string{
		"| 4 | x | handlers.TestGone |": "handlers.TestGone, which is not there",
		"| 4 | x | later |":             "4 has no test",
		"| 4 | x | |":                   "4 has neither a test nor the word",
		"":                              "4 has no line",
	} {
		broken := strings.Replace(sound.String(), "| 4 | x | handlers.TestIt |", line, 1)
		if said := strings.Join(checkCases(broken, tests), "\n"); !strings.Contains(said, says) {
			t.Errorf("%q: said %q", line, said)
		}
	}
}

var (
	caseLine = regexp.MustCompile(`(?m)^\| *(\d+) *\|[^|\n]*\|([^|\n]*)\|$`)
	caseTest = regexp.MustCompile(`[a-z0-9/]+\.Test\w+`)
)

func checkCases(table string, tests map[string]bool) (complaints []string) {
	say := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	named, later := map[int][]string{}, map[int]bool{}
	for _, line := range caseLine.FindAllStringSubmatch(table, -1) {
		n, _ := strconv.Atoi(line[1])
		named[n] = caseTest.FindAllString(line[2], -1)
		later[n] = strings.TrimSpace(line[2]) == "later"
		for _, test := range named[n] {
			if !tests[test] {
				say("case %d names %s, which is not there: correct docs/cases.md", n, test)
			}
		}
	}
	for n := 1; n <= cases; n++ {
		_, there := named[n]
		switch {
		case !there:
			say("case %d has no line in docs/cases.md", n)
		case len(named[n]) == 0 && !later[n]:
			say("case %d has neither a test nor the word later in docs/cases.md", n)
		}
	}
	for _, run := range required {
		for n := run[0]; n <= run[1]; n++ {
			if len(named[n]) == 0 {
				say("case %d has no test: its feature exists, so name one in docs/cases.md", n)
			}
		}
	}
	return complaints
}

// allTests returns the tests of the module, as "path/of/package.TestName".
func allTests(t *testing.T) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".." {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		room, err := filepath.Rel("..", filepath.Dir(path))
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				tests[filepath.ToSlash(room)+"."+fn.Name.Name] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}
