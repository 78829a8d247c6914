package rooms

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	roomRow    = regexp.MustCompile("(?m)^\\| `([a-z0-9/]+)` \\| [^|]+ \\| ([^|]+) \\|$")
	packageRow = regexp.MustCompile("(?m)^\\| `(handlers/[a-z0-9/]+)` \\| [^|]+ \\|$")
	quotedName = regexp.MustCompile("`([^`]+)`")
)

// docs/architecture.md lists the rooms, what each may import, and the packages
// below handlers, as they are.
func TestArchitectureIsTrue(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string][]string{}
	for _, row := range roomRow.FindAllStringSubmatch(string(page), -1) {
		listed[row[1]] = []string{}
		for _, name := range quotedName.FindAllStringSubmatch(row[2], -1) {
			listed[row[1]] = append(listed[row[1]], name[1])
		}
	}
	if !maps.EqualFunc(listed, rooms, slices.Equal) {
		t.Errorf("docs/architecture.md lists the rooms\n%v\nand e2e/rooms/rooms_test.go\n%v", listed, rooms)
	}

	var described, there []string
	for room := range listed {
		if strings.HasPrefix(room, "handlers/") {
			described = append(described, room)
		}
	}
	for _, row := range packageRow.FindAllStringSubmatch(string(page), -1) {
		described = append(described, row[1])
	}
	for pkg := range strings.FieldsSeq(string(goList(t, "./handlers/..."))) {
		name := strings.TrimPrefix(pkg, module+"/")
		if name != "handlers" && !strings.HasSuffix(name, "test") {
			there = append(there, name)
		}
	}
	slices.Sort(described)
	if !slices.Equal(described, there) {
		t.Errorf("docs/architecture.md describes the packages\n%v\nand there are\n%v", described, there)
	}
}
