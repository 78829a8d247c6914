package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program shows what each of its functions does, with every kind of signature.
const program = `package main

import "fmt"

const most = 2

const (
	first = "first"
	other = 7
)

var (
	table         = map[string]int{"a": 1}
	typed float64 = 1
)

type list[T any] struct{ all []T }

func (l *list[T]) add(more ...T) int {
	l.all = append(l.all, more...)
	return len(l.all)
}

func named(_ int, in string) (out string, err error) {
	defer func() { out += "!" }()
	out = in
	return
}

func pick[K comparable, V any](m map[K]V, k K) (V, bool) {
	v, ok := m[k]
	return v, ok
}

func note(to *[]string) {
	again := 0
retry:
	*to = append(*to, "noted")
	if again++; again < 2 {
		goto retry
	}
}

func safe(f func()) (ok bool) {
	defer rescue(&ok)
	f()
	return true
}

func rescue(ok *bool) {
	if recover() != nil {
		*ok = false
	}
}

func twice(n int) func() int {
	return func() int { n *= 2; return n }
}

func main() {
	l := &list[int]{}
	l.add(1)
	out, err := named(1, "in")
	v, ok := pick(table, "a")
	var notes []string
	note(&notes)
	f := twice(3)
	f()
	fmt.Println(l.add(2, 3), out, err, v, ok, notes, safe(func() {}), safe(func() { panic(1) }), f(), most, first, other, typed)
}
`

// mutantsOfProgram are mutants of program, each with whether it can be switched on.
var mutantsOfProgram = []struct {
	old, new string
	fits     bool
}{
	{"l.all = append(l.all, more...)", "l.all = append(l.all, more[:1]...)", true},
	{"return len(l.all)\n", "return -len(l.all)\n", true},
	{`out += "!"`, `out += "?"`, true},
	{"out = in\n", "out = in + in\n", true},
	{"return v, ok", "return v, !ok", true},
	{"again < 2", "again < 3", true},
	{"n *= 2", "n *= 5", true},
	{"return true", "return false", true},
	{"const most = 2", "const most = 3", true},
	{`first = "first"`, `first = "last"`, true},
	{`"a": 1`, `"a": 9`, true},
	{"typed float64 = 1", "typed float64 = 4", true},
	{"*ok = false", "*ok = true", false},                  // recover does nothing in a closure
	{"func note(", "func more() {}\n\nfunc note(", false}, // a declaration more
	{"_ int, in string", "in, _ string", false},           // another signature
	{"package main", "package other", false},
}

// Every mutant that is switched on does what it does when it is built alone, and without
// a number the program does what it did. Those that can't be switched on are known.
func TestSwitchedMutantsDoWhatTheyDoAlone(t *testing.T) {
	t.Parallel()
	var all []mutant
	for i, m := range mutantsOfProgram {
		all = append(all, mutant{guard: fmt.Sprint(i), file: "cmd/program.go", old: m.old, new: m.new, pkg: "./cmd"})
	}
	w := newTestTree(t, map[string]string{"cmd/program.go": program}, all)
	shared, alone := filepath.Join(t.TempDir(), "shared"), filepath.Join(t.TempDir(), "alone")
	w.compileTo(t, shared, w.overlay(t))
	w.compileTo(t, alone, "")
	if was, is := show(t, alone, ""), show(t, shared, ""); was != is {
		t.Errorf("without a mutant: %s, was %s", is, was)
	}
	for i, m := range mutantsOfProgram {
		number := w.tests.shared.number(all[i])
		if number > 0 != m.fits {
			t.Errorf("%s: switched on by %d", m.new, number)
		}
		if number == 0 {
			continue
		}
		w.write(t, "cmd/program.go", strings.ReplaceAll(program, m.old, m.new))
		w.compileTo(t, alone, "")
		if want, got := show(t, alone, ""), show(t, shared, fmt.Sprint(number)); got != want {
			t.Errorf("%s: %s, alone %s", m.new, got, want)
		}
	}
}

// A mutant that doesn't build is left out, and so is one of a constant that has to stay
// one. The others stay.
func TestMutantsThatDoNotBuildAreLeftOut(t *testing.T) {
	t.Parallel()
	const src = `package main

const size = 2

var sizes [size]int

func a() int { return 1 }

func b() error { return nil }

func main() { println(a(), b(), len(sizes)) }
`
	all := []mutant{
		{"fits", "main.go", "return 1", "return 2", ".", ""},
		{"unknown name", "main.go", "return 1", "return nowhere", ".", ""},
		{"no result", "main.go", "return nil", "", ".", ""},
		{"unused", "main.go", "return nil", "x := 1; return nil", ".", ""},
		{"constant", "main.go", "size = 2", "size = 3", ".", ""},
	}
	w := newTestTree(t, map[string]string{"main.go": src}, all)
	for _, m := range all {
		if n := w.tests.shared.number(m); n > 0 != (m.guard == "fits") {
			t.Errorf("%s: number %d", m.guard, n)
		}
	}
}

// testTree is a tree with a module of its own.
type testTree struct{ *tree }

func newTestTree(t *testing.T, files map[string]string, all []mutant) testTree {
	t.Helper()
	w := testTree{&tree{dir: filepath.Join(t.TempDir(), "module"), tests: &binaries{dir: t.TempDir()}}}
	w.write(t, "go.mod", "module portico\n\ngo 1.26\n")
	for name, text := range files {
		w.write(t, name, text)
	}
	if err := w.tests.combine(t.Context(), w.tree, all); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w testTree) write(t *testing.T, name, text string) {
	t.Helper()
	to := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w testTree) overlay(t *testing.T) string {
	t.Helper()
	name, err := w.tests.overlay(w.tree)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func (w testTree) compileTo(t *testing.T, binary, overlay string) {
	t.Helper()
	if out, err := w.compile(t.Context(), overlay, "build", "-o", binary, "./cmd"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func show(t *testing.T, binary, number string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Env = []string{switchVariable + "=" + number}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// Nearly all guards in Go share a build. What needs its own takes half a minute.
func TestMostGuardsShareABuild(t *testing.T) {
	t.Parallel()
	s, err := newSchemata("../..", mutants)
	if err != nil {
		t.Fatal(err)
	}
	var alone []string
	for _, m := range mutants {
		if strings.HasSuffix(m.file, ".go") && s.number(m) == 0 && m.pkg != faults && m.pkg != operator {
			alone = append(alone, m.guard)
		}
	}
	if len(alone) > 10 {
		t.Errorf("%d guards need their own build: %q", len(alone), alone)
	}
}
