// Package rooms tests the structure of the module: which packages import which, and
// what the binary links. It needs no running dependency, so `make check` runs it.
package rooms

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "portico"

// rooms says which of our packages each room may import, with their subpackages. A
// package belongs to the room with the longest matching prefix. A package without a
// room is an error.
var rooms = map[string][]string{
	"cmd/portico": {"adopt", "handlers", "views", "store", "archive", "certificate", "trail", "files", "static", "migrations", "names"},
	"cmd/demo":    {"e2e"},
	// Programs of others, which have the standard library only.
	"docs/examples": {},
	"handlers":      {"handlers", "views", "store", "archive", "certificate", "trail", "files", "static", "names"},
	// Below all rooms of handlers: code without domain knowledge, and what all pages share.
	"handlers/web":   {"handlers/web", "names"},
	"handlers/frame": {"handlers/frame", "handlers/web", "views", "store"},
	// Rooms of their own do not know the product that mounts them, nor each other.
	"handlers/signin":  {"handlers/signin", "handlers/frame", "handlers/web", "handlers/dnscheck", "handlers/metrics", "views", "store"},
	"handlers/support": {"handlers/support", "handlers/frame", "handlers/web", "handlers/metrics", "handlers/spreadsheet", "views", "store"},
	"handlers/api":     {"handlers/api", "handlers/web", "views", "store", "files"},
	// Billing knows Stripe's client, which knows nothing of ours.
	"handlers/billing": {"handlers/billing", "handlers/stripe", "handlers/frame", "handlers/web", "views", "store"},
	"handlers/stripe":  {},
	// Tables as spreadsheets read and write them.
	"handlers/spreadsheet": {},
	// Below handlers and jobs, which both use it.
	"handlers/upload": {"handlers/upload", "handlers/metrics", "handlers/web", "store", "files"},
	"views":           {"views", "static"},
	"views/ui":        {"views/ui", "static"},
	"store":           {"store", "migrations", "names"},
	// The engine knows nothing of the domain, and only store imports it.
	"store/engine": {},
	"archive":      {},
	"certificate":  {},
	"trail":        {},
	"files":        {"files", "names"},
	// Data that never had tenants, on its way in.
	"adopt": {"store", "files", "names"},
	// Below everything that keeps what people type.
	"names":       {},
	"static":      {},
	"migrations":  {},
	"e2e":         {"e2e", "handlers", "views", "store", "files", "static", "migrations"},
	"e2e/stack":   {},
	"e2e/browser": {"e2e/stack"},
	// Test fixtures; no binary may link them, see TestPorticoLinksNoTestPackages.
	"e2e/storetest": {"store", "migrations", "e2e/stack"},
}

// goPackage is the output of `go list` for one package.
type goPackage struct {
	ImportPath string
	Imports    []string
}

// forbiddenImports returns a sentence for each import that the rooms forbid.
func forbiddenImports(p goPackage) []string {
	from := strings.TrimPrefix(p.ImportPath, module+"/")
	room := roomOf(from)
	if room == "" {
		return []string{p.ImportPath + " belongs to no room"}
	}
	var wrong []string
	for _, imported := range p.Imports {
		to, ours := strings.CutPrefix(imported, module+"/")
		if ours && !slices.ContainsFunc(rooms[room], func(allowed string) bool { return within(to, allowed) }) {
			wrong = append(wrong, from+" imports "+to)
		}
		if ours && within(to, "e2e/storetest") && !within(from, "e2e") {
			wrong = append(wrong, from+" imports fixtures outside a test")
		}
		if ours && within(to, "store/engine") && !within(from, "store") {
			wrong = append(wrong, from+" imports the engine; only store may")
		}
	}
	return wrong
}

func roomOf(pkg string) string {
	for room := pkg; room != "."; room = path.Dir(room) {
		if _, ok := rooms[room]; ok {
			return room
		}
	}
	return ""
}

func within(pkg, room string) bool { return pkg == room || strings.HasPrefix(pkg, room+"/") }

// goList runs `go list` with args in the module's root.
func goList(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			err = errors.New(string(failed.Stderr))
		}
		t.Fatalf("go list %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// Rooms import each other only in the allowed direction.
func TestRooms(t *testing.T) {
	t.Parallel()
	list := json.NewDecoder(bytes.NewReader(goList(t, "-json=ImportPath,Imports", "./...")))
	for {
		var p goPackage
		if err := list.Decode(&p); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range forbiddenImports(p) {
			t.Error(wrong)
		}
	}
}

// The check tells forbidden imports from allowed ones.
func TestRoomsCheckFindsForbiddenImports(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to string
		allowed  bool
	}{
		{"handlers", "store/queue", true},
		{"handlers/signin", "views", true},
		{"handlers/signin", "handlers/web", true},
		{"handlers/web", "store", false},
		{"handlers/web", "views", false},
		{"handlers/frame", "handlers/signin", false},
		{"handlers/support", "handlers/frame", true},
		{"handlers/support", "handlers/signin", false},
		{"handlers/signin", "handlers", false},
		{"handlers/jobs", "handlers/upload", true},
		{"handlers/upload", "files", true},
		{"handlers/upload", "views", false},
		{"handlers/upload", "handlers/jobs", false},
		{"store", "migrations", true},
		{"store", "store/engine", true},
		{"store/engine", "store/queue", false},
		{"handlers", "store/engine", false},
		{"e2e/storetest", "store/engine", false},
		{"e2e/storetest", "e2e/stack", true},
		{"cmd/portico", "handlers/jobs", true},
		{"views", "store", false},
		{"views/mail", "store/queue", false},
		{"views/ui", "views", false},
		{"store", "files", false},
		{"store", "names", true},
		{"files", "names", true},
		{"names", "store", false},
		{"files", "store", false},
		{"store", "handlers", false},
		{"adopt", "store", true},
		{"adopt", "handlers", false},
		{"store", "adopt", false},
		{"handlers", "e2e/storetest", false},
		{"cmd/portico", "e2e/stack", false},
		{"e2e/stack", "store", false},
		{"utils", "store", false},
	} {
		wrong := forbiddenImports(goPackage{ImportPath: module + "/" + c.from, Imports: []string{module + "/" + c.to}})
		if c.allowed != (len(wrong) == 0) {
			t.Errorf("%s -> %s: %q", c.from, c.to, wrong)
		}
	}
}

// The product's binary links no package that only tests and the demo need.
func TestPorticoLinksNoTestPackages(t *testing.T) {
	t.Parallel()
	deps := strings.Fields(string(goList(t, "-deps", "./cmd/portico")))
	if !slices.Contains(deps, module+"/cmd/portico") {
		t.Fatalf("cmd/portico is not among the %d packages it links", len(deps))
	}
	for _, dep := range deps {
		for _, banned := range []string{
			module + "/e2e", module + "/e2e/storetest", "testing",
			"github.com/versity/versitygw", "github.com/zitadel/oidc", "github.com/emersion/go-smtp",
			"github.com/miekg/dns", "github.com/playwright-community",
		} {
			if dep == banned || strings.HasPrefix(dep, banned+"/") {
				t.Errorf("cmd/portico links %s", dep)
			}
		}
	}
}

// The product migrates with its embedded SQL. Only test fixtures read migrations from
// a directory.
func TestPorticoEmbedsItsMigrations(t *testing.T) {
	t.Parallel()
	replaces := regexp.MustCompile(`migrations\.(Files|Lookup)\b[^\n]*[^:=!<>]=[^=]|&migrations\.`)
	for _, line := range []string{"migrations.Files = x", "_, migrations.Lookup = x, y", "migrations.Files, b = x, y", "&migrations.Files"} {
		if !replaces.MatchString(line) {
			t.Errorf("not noticed: %s", line)
		}
	}
	for _, room := range []string{"cmd", "handlers", "views", "store", "files", "static", "migrations"} {
		err := filepath.WalkDir("../../"+room, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") {
				return err
			}
			source, err := os.ReadFile(path)
			if replaces.Match(source) {
				t.Errorf("%s replaces the migrations", path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// The binary embeds the time zone database, because containers often lack it.
func TestPorticoLinksTimeZones(t *testing.T) {
	t.Parallel()
	if deps := strings.Fields(string(goList(t, "-deps", "./cmd/portico"))); !slices.Contains(deps, "time/tzdata") {
		t.Error("cmd/portico does not link time/tzdata")
	}
}
