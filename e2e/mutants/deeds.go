package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// deedTests are the tests in package store of the deeds in each file of store, where they
// are not all of them.
var deedTests = map[string]string{
	"acts":             "Act",
	"audit":            "Audit|Activity|Refus|Record",
	"bin":              "Bin|Archive|Restore|Purge|Count|Hidden",
	"brand":            "Logo|Brand|Second",
	"clients":          "Client|Staff|Discard|Manage|Plan",
	"deliverables":     "Deliverable|Draft|Move|Lead|Race|AtOnce|New|Opened",
	"domains":          "Domain|Act",
	"files":            "File|Upload|Download|Lead",
	"files_previews":   "Preview|Picture",
	"files_purge":      "Purge|Cancel|Expire|Bin|Storage|File",
	"files_reconcile":  "Reconcile|Missing|Scrub|File",
	"files_upload":     "Upload|Part|Finish|Storage|Draft|File",
	"invites":          "Invite|Invitation|Act|People",
	"invites_accept":   "Invite|Accept|Join",
	"invites_list":     "Invite|List",
	"jobs":             "Job|Effect|Support",
	"memberships":      "Person|People|Member|Staff|Owner",
	"move":             "Move|Order|AtOnce",
	"notifications":    "Mail|Publish|Support",
	"people":           "Person|People|Owner|Role|Leave|Remove|Staff",
	"projects":         "Project|Draft|Second",
	"seen":             "Second|Expect|Seen",
	"settings":         "Setting|Second|Support",
	"staff":            "Staff|Assign|Work|Placement",
	"support":          "Support|Consent|Access",
	"support_console":  "Support|People|Agent",
	"support_requests": "Support|Access|Request|Agents",
	"support_view_as":  "View|Support",
	"support_write":    "Support|Write",
	"usage_drift":      "Drift|Count|Usage|Reconcile",
	"versions":         "Version|Publish|Draft|Race|AtOnce|Second|Act",
}

var (
	sqlVerb = regexp.MustCompile(`(?i)\b(select|insert|update|delete|where|and)\b`)
	// ofTenant is a filter that a policy repeats, so that nothing is lost without it.
	ofTenant = regexp.MustCompile(`^(\w+\.)?tenant_id = (@tenant_id|\w+\.tenant_id)$`)
	asks     = regexp.MustCompile(`^(require|may|check|lock|reserve|spend|compare|refuse|exists)`)
)

// deedMutants returns a mutant for each condition in the SQL of each deed whose name or file
// matches, and for each of its refusals: a condition of a query always holds, a lock is not
// taken, and a refusal never happens. They are switched mutants: see [withSwitches].
func deedMutants(only *regexp.Regexp) ([]mutant, error) {
	var all []mutant
	return all, eachDeed(".", func(name string, src []byte, deeds []deed, n int) error {
		area := strings.TrimSuffix(filepath.Base(name), ".go")
		for _, d := range deeds {
			for _, c := range d.conditions {
				n++
				if only.MatchString(d.name) || only.MatchString(area) {
					words := strings.Join(strings.Fields(string(src[c.from:c.to])), " ")
					all = append(all, mutant{guard: fmt.Sprintf("%s: %s", d.name, words), file: name, new: strconv.Itoa(n), pkg: storeRoom, tests: deedTests[area]})
				}
			}
		}
		return nil
	})
}

// eachDeed calls visit with each file of store that has deeds, and with how many conditions
// there are in the files before.
func eachDeed(dir string, visit func(name string, src []byte, deeds []deed, n int) error) error {
	names, err := filepath.Glob(filepath.Join(dir, "store/*.go"))
	if err != nil {
		return err
	}
	n := 0
	for _, path := range names {
		name := "store/" + filepath.Base(path)
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		deeds, err := deedsIn(name, src)
		if err != nil {
			return err
		}
		if err := visit(name, src, deeds, n); err != nil {
			return err
		}
		for _, d := range deeds {
			n += len(d.conditions)
		}
	}
	return nil
}

const (
	switchFile     = "store/mutant_switch.go"
	switchVariable = "PORTICO_MUTANT"
	switches       = `package store

import (
	"os"
	"strconv"
)

var mutantOn, _ = strconv.Atoi(os.Getenv("` + switchVariable + `"))

func mutantIf(n int, refused bool) bool { return n != mutantOn && refused }

func mutantSQL(n int, text string, without ...string) string {
	if i := mutantOn - n; i >= 0 && i < len(without) {
		return without[i]
	}
	return text
}
`
)

// withSwitches writes store with all mutants of deeds, each behind the number that
// switches it on, so that they are built once and not one by one.
func withSwitches(root string, to *overlay) error {
	if err := to.write(switchFile, []byte(switches)); err != nil {
		return err
	}
	return eachDeed(root, func(name string, src []byte, deeds []deed, n int) error {
		var edits []edit
		for _, d := range deeds {
			for i, c := range d.conditions {
				n++
				switch {
				case c.text == [2]int{}:
					edits = append(edits, edit{c.from, c.to, fmt.Sprintf("mutantIf(%d, (%s))", n, src[c.from:c.to])})
				default:
					text := string(src[c.text[0]:c.text[1]])
					without := ", " + text[:c.from-c.text[0]] + c.instead + text[c.to-c.text[0]:]
					if last := len(edits) - 1; i > 0 && last >= 0 && edits[last].from == c.text[0] {
						edits[last].text = strings.TrimSuffix(edits[last].text, ")") + without + ")"
						continue
					}
					edits = append(edits, edit{c.text[0], c.text[1], fmt.Sprintf("mutantSQL(%d, %s%s)", n, text, without)})
				}
			}
		}
		return to.write(name, applied(src, edits))
	})
}

// deed is a method of Tx or DB, and the conditions in it.
type deed struct {
	name       string
	conditions []condition
}

// deedsIn finds the deeds of a file.
func deedsIn(name string, src []byte) ([]deed, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, src, 0)
	if err != nil {
		return nil, err
	}
	at := func(p token.Pos) int { return files.Position(p).Offset }
	var all []deed
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv == nil || f.Body == nil {
			continue
		}
		of, ok := f.Recv.List[0].Type.(*ast.StarExpr)
		if !ok {
			continue
		}
		if id, ok := of.X.(*ast.Ident); !ok || id.Name != "Tx" && id.Name != "DB" {
			continue
		}
		d := deed{name: f.Name.Name}
		never := func(e ast.Expr) {
			for _, part := range alternatives(e) {
				from, to := at(part.Pos()), at(part.End())
				d.conditions = append(d.conditions, condition{from: from, to: to, instead: "false"})
			}
		}
		joined := map[ast.Expr]bool{} // texts that another follows
		ast.Inspect(f.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GenDecl:
				return n.Tok != token.CONST
			case *ast.BinaryExpr:
				for x := ast.Expr(n); n.Op == token.ADD; {
					b, ok := x.(*ast.BinaryExpr)
					if !ok {
						joined[x] = true
						break
					}
					if right, ok := b.X.(*ast.BinaryExpr); ok {
						joined[right.Y] = true
					}
					x = b.X
				}
			case *ast.IfStmt:
				if refuses(n.Body.List) || passesOn(n) {
					never(n.Cond)
				}
			case *ast.CaseClause:
				if refuses(n.Body) {
					for _, e := range n.List {
						if isCondition(e) {
							never(e)
						}
					}
				}
			case *ast.BasicLit:
				d.conditions = append(d.conditions, sqlConditions(n, at(n.Pos()), joined[n])...)
			}
			return true
		})
		all = append(all, d)
	}
	return all, nil
}

// alternatives returns the operands of "||", or e itself.
func alternatives(e ast.Expr) []ast.Expr {
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.LOR {
		return append(alternatives(b.X), alternatives(b.Y)...)
	}
	return []ast.Expr{e}
}

// isCondition reports whether a case of a switch is a condition and not a value.
func isCondition(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		switch e.Op {
		case token.LOR, token.LAND, token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
			return true
		}
	case *ast.UnaryExpr:
		return e.Op == token.NOT
	case *ast.CallExpr:
		return true
	}
	return false
}

// refuses reports whether the statements end with the return of an error that begins here.
func refuses(body []ast.Stmt) bool {
	if len(body) == 0 {
		return false
	}
	r, ok := body[len(body)-1].(*ast.ReturnStmt)
	if !ok || len(r.Results) == 0 {
		return false
	}
	return isError(r.Results[len(r.Results)-1])
}

func isError(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return strings.HasPrefix(e.Name, "Err") || strings.HasSuffix(e.Name, "Error")
	case *ast.UnaryExpr:
		return isError(e.X)
	case *ast.CompositeLit:
		return isError(e.Type)
	case *ast.CallExpr:
		s, ok := e.Fun.(*ast.SelectorExpr)
		return ok && s.Sel.Name == "Errorf"
	}
	return false
}

// passesOn reports whether an if statement asks a check of the deed and returns its error.
func passesOn(n *ast.IfStmt) bool {
	assign, ok := n.Init.(*ast.AssignStmt)
	if !ok || len(assign.Rhs) != 1 {
		return false
	}
	call, ok := assign.Rhs[0].(*ast.CallExpr)
	if !ok {
		return false
	}
	s, ok := call.Fun.(*ast.SelectorExpr)
	return ok && asks.MatchString(s.Sel.Name)
}

// sqlConditions finds the conditions in a text at an offset of its file, if that is SQL. It
// leaves out those that go on in another text, and those that a policy repeats. What it
// takes away is still there for its arguments, all of which a statement must use.
func sqlConditions(lit *ast.BasicLit, offset int, joined bool) []condition {
	text, err := strconv.Unquote(lit.Value)
	if lit.Kind != token.STRING || lit.Value[0] != '`' || err != nil || !sqlVerb.MatchString(text) {
		return nil
	}
	var found []condition
	for _, c := range conditions(text) {
		was := strings.TrimSpace(text[c.from:c.to])
		if ofTenant.MatchString(was) || strings.Count(was, "(") != strings.Count(was, ")") || joined && c.to == len(text) {
			continue
		}
		switch c.instead {
		case "true":
			c.instead = " (true or (" + was + ")) "
		case "false":
			c.instead = " (false and (" + was + ")) "
		}
		found = append(found, condition{offset + 1 + c.from, offset + 1 + c.to, c.instead, [2]int{offset, offset + len(lit.Value)}})
	}
	return found
}
