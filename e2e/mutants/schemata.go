package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// schemata are the mutants of Go code that one build holds together: beside its own body,
// a function has the body that each of its mutants gives it, and the number in
// [switchVariable] says which one runs. So the tests of a package are built once and not
// once for each mutant.
type schemata struct {
	numbers map[mutant]int
	parts   map[string][]part // by file
	dropped map[int]bool      // numbers of mutants that don't build beside the others
}

// part is what a mutant changes in one declaration of a file.
type part struct {
	number   int
	declared string // the name of the variable or constant; "" for a function
	constant bool
	line     int    // where the declaration begins
	text     string // the body or the value that the mutant gives it
}

// newSchemata finds the mutants that fit, in the files below root. One that doesn't fit
// needs its own build: a mutant of anything but a function, a variable or a constant, or
// one that adds or removes declarations.
func newSchemata(root string, all []mutant) (*schemata, error) {
	s := &schemata{numbers: map[mutant]int{}, parts: map[string][]part{}, dropped: map[int]bool{}}
	for i, m := range all {
		if m.switched() || path.Ext(m.file) != ".go" || m.pkg == faults || m.pkg == operator {
			continue // these two build the product from the tree as they run
		}
		was, err := os.ReadFile(filepath.Join(root, m.file))
		if err != nil {
			return nil, err
		}
		parts, ok := partsOf(was, bytes.ReplaceAll(was, []byte(m.old), []byte(m.new)))
		if !ok {
			continue
		}
		s.numbers[m] = i + 1
		for _, p := range parts {
			p.number = i + 1
			s.parts[m.file] = append(s.parts[m.file], p)
		}
	}
	return s, nil
}

// number returns what switches the mutant on, or 0 if it needs its own build.
func (s *schemata) number(m mutant) int {
	n := s.numbers[m]
	if s.dropped[n] {
		return 0
	}
	return n
}

// drop leaves out the mutants that the compiler complains of. Where it complains of other
// lines only, those need a constant that a mutant made a variable. It returns false if
// there is nothing to leave out.
func (s *schemata) drop(said []byte) bool {
	before := len(s.dropped)
	for _, hit := range mutantFile.FindAllSubmatch(said, -1) {
		n, _ := strconv.Atoi(string(hit[1]))
		s.dropped[n] = true
	}
	if len(s.dropped) > before {
		return true
	}
	for _, parts := range s.parts {
		for _, p := range parts {
			if p.constant {
				s.dropped[p.number] = true
			}
		}
	}
	return len(s.dropped) > before
}

// packages are the directories that have mutants.
func (s *schemata) packages() []string {
	dirs := map[string]bool{}
	for name := range s.parts {
		dirs["./"+path.Dir(name)] = true
	}
	return slices.Sorted(maps.Keys(dirs))
}

// partsOf returns what differs between the two texts of a file, or false if that does not
// fit.
func partsOf(was, is []byte) (parts []part, ok bool) {
	before, after := parse(was), parse(is)
	if before == nil || after == nil || len(before.file.Decls) != len(after.file.Decls) {
		return nil, false
	}
	for i, d := range before.file.Decls {
		e := after.file.Decls[i]
		if before.text(d) == after.text(e) {
			continue
		}
		p, ok := functionPart(before, after, d, e)
		if !ok {
			p, ok = valuePart(before, after, d, e)
		}
		if !ok {
			return nil, false
		}
		p.line = before.files.Position(d.Pos()).Line
		parts = append(parts, p)
	}
	return parts, len(parts) > 0
}

func functionPart(before, after *source, d, e ast.Decl) (part, bool) {
	f, ok := d.(*ast.FuncDecl)
	g, also := e.(*ast.FuncDecl)
	if !ok || !also || f.Body == nil || g.Body == nil || before.head(f) != after.head(g) || recovers(g.Body) {
		return part{}, false
	}
	body := after.text(g.Body)
	return part{text: body[1 : len(body)-1]}, true
}

// recovers reports whether a body calls recover itself, which does nothing in the closure
// that the body becomes.
func recovers(body *ast.BlockStmt) (found bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.Ident:
			found = found || n.Name == "recover"
		}
		return true
	})
	return found
}

// valuePart is a part for one of the values that a declaration gives.
func valuePart(before, after *source, d, e ast.Decl) (p part, ok bool) {
	f, ok := d.(*ast.GenDecl)
	g, also := e.(*ast.GenDecl)
	if !ok || !also || f.Tok != g.Tok || len(f.Specs) != len(g.Specs) || f.Tok != token.VAR && f.Tok != token.CONST {
		return part{}, false
	}
	for i, spec := range f.Specs {
		v, w := spec.(*ast.ValueSpec), g.Specs[i].(*ast.ValueSpec)
		if len(v.Values) == 0 || strings.Contains(before.text(v), "iota") {
			return part{}, false // values depend on their places
		}
		if before.text(v) == after.text(w) {
			continue
		}
		if p.declared != "" || len(v.Names) != 1 || len(w.Names) != 1 || len(w.Values) != 1 || v.Names[0].Name != w.Names[0].Name {
			return part{}, false
		}
		p = part{declared: v.Names[0].Name, constant: f.Tok == token.CONST, text: after.text(w.Values[0])}
	}
	return p, p.declared != ""
}

// source is a parsed file.
type source struct {
	src   []byte
	files *token.FileSet
	file  *ast.File
}

// parse returns nil for a file that is no Go.
func parse(src []byte) *source {
	s := &source{src: src, files: token.NewFileSet()}
	var err error
	if s.file, err = parser.ParseFile(s.files, "", src, parser.SkipObjectResolution); err != nil {
		return nil
	}
	return s
}

func (s *source) at(p token.Pos) int { return s.files.Position(p).Offset }

func (s *source) text(n ast.Node) string { return string(s.src[s.at(n.Pos()):s.at(n.End())]) }

// head is the text of a function before its body.
func (s *source) head(f *ast.FuncDecl) string {
	return string(s.src[s.at(f.Pos()):s.at(f.Body.Pos())])
}

// overlay are files of a tree, each with one that the compiler reads in its place.
type overlay struct {
	dir     string // of the files to read
	replace map[string]string
}

func (o *overlay) write(name string, b []byte) error {
	to := filepath.Join(o.dir, strings.ReplaceAll(name, "/", "+"))
	o.replace[name] = to
	return os.WriteFile(to, b, 0o600)
}

// write writes the files with their mutants, and one more in each package.
func (s *schemata) write(root string, to *overlay) error {
	for _, name := range slices.Sorted(maps.Keys(s.parts)) {
		parts := slices.DeleteFunc(slices.Clone(s.parts[name]), func(p part) bool { return s.dropped[p.number] })
		if len(parts) == 0 {
			continue
		}
		src, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		parsed := parse(src)
		if parsed == nil {
			return fmt.Errorf("%s is no Go", name)
		}
		switches := "package " + parsed.file.Name.Name + chooser
		if err := errors.Join(to.write(name, parsed.with(path.Base(name), parts)), to.write(path.Dir(name)+"/mutant_chooser.go", []byte(switches))); err != nil {
			return err
		}
	}
	return nil
}

// chooser is the file that a package with mutants has more.
const chooser = `

import "os"

var mutantOn = os.Getenv("` + switchVariable + `")

func mutantValue[T any](number string, is, was T) T {
	if mutantOn == number {
		return is
	}
	return was
}

var _ = mutantValue[int]
`

// with returns the file with its mutants. The lines of each mutant are those of a file
// with its number, and all others are as they were, so that what the compiler says names
// one or the other.
func (s *source) with(name string, parts []part) []byte {
	var edits []edit
	var end strings.Builder
	for _, d := range s.file.Decls {
		line := s.files.Position(d.Pos()).Line
		own := slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return p.line != line })
		if len(own) == 0 {
			continue
		}
		switch d := d.(type) {
		case *ast.FuncDecl:
			edits = append(edits, s.function(name, d, own))
		case *ast.GenDecl:
			edits = append(edits, s.values(name, d, own, &end)...)
		}
	}
	return append(applied(s.src, edits), end.String()...)
}

func (s *source) function(name string, d *ast.FuncDecl, parts []part) edit {
	results := ""
	if d.Type.Results != nil {
		results = s.text(d.Type.Results)
	}
	var b strings.Builder
	for _, p := range parts {
		call, after := "func()", "; return"
		if results != "" {
			call, after = "return func() "+results, ""
		}
		fmt.Fprintf(&b, "\nif mutantOn == \"%d\" { %s {%s%s\n}()%s }\n", p.number, call, mutantLine(p.number), p.text, after)
	}
	body := s.at(d.Body.Lbrace) + 1
	return edit{body, body, b.String() + s.line(name, d.Body.Lbrace+1)}
}

// values gives variables the value that is switched on. A constant becomes a variable,
// written into end.
func (s *source) values(name string, d *ast.GenDecl, parts []part, end *strings.Builder) (edits []edit) {
	for _, spec := range d.Specs {
		v := spec.(*ast.ValueSpec)
		own := slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return p.declared != v.Names[0].Name })
		if len(own) == 0 {
			continue
		}
		last := v.Values[0]
		value, kind, of := s.text(last), "", ""
		if v.Type != nil {
			kind = s.text(v.Type)
			of = "[" + kind + "]"
		}
		for _, p := range own {
			value = fmt.Sprintf("mutantValue%s(\"%d\", %s(%s), %s%s)", of, p.number, mutantLine(p.number), p.text, s.line(name, last.Pos()), value)
		}
		switch {
		case d.Tok == token.VAR:
			edits = append(edits, edit{s.at(last.Pos()), s.at(last.End()), value})
		case d.Lparen.IsValid():
			edits = append(edits, edit{s.at(v.Pos()), s.at(v.End()), blank(s.text(v))})
		default:
			edits = append(edits, edit{s.at(d.Pos()), s.at(d.End()), blank(s.text(d))})
		}
		if d.Tok == token.CONST {
			fmt.Fprintf(end, "\nvar %s = %s\n", strings.TrimSpace(v.Names[0].Name+" "+kind), value)
		}
	}
	return edits
}

// blank is as many lines as a text has.
func blank(text string) string { return strings.Repeat("\n", strings.Count(text, "\n")) }

// mutantFile finds the numbers of mutants in what the compiler says.
var mutantFile = regexp.MustCompile(`\bmutant-(\d+):\d`)

func mutantLine(number int) string { return fmt.Sprintf("/*line mutant-%d:1:1*/", number) }

// line says that what follows is at a position of the file.
func (s *source) line(name string, p token.Pos) string {
	at := s.files.Position(p)
	return fmt.Sprintf("/*line %s:%d:%d*/", name, at.Line, at.Column)
}

// edit puts a text in place of another.
type edit struct {
	from, to int
	text     string
}

// applied returns src with edits, of which no two overlap.
func applied(src []byte, edits []edit) []byte {
	slices.SortFunc(edits, func(a, b edit) int { return b.from - a.from })
	for _, e := range edits {
		src = slices.Concat(src[:e.from], []byte(e.text), src[e.to:])
	}
	return src
}
