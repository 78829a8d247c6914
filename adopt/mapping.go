package adopt

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// mapping says where each of our rows comes from. The expressions are SQL of their database.
type mapping struct {
	Agency struct {
		Slug, Name, Plan string
		Owner            string // address
		OwnerName        string `toml:"owner_name"`
	} `toml:"agency"`
	TimeZone     string   `toml:"time_zone"` // of dates without one
	Directory    string   // of their files, relative to the mapping
	Clients      *mapped  `toml:"clients"`
	People       *mapped  `toml:"people"`
	Projects     *mapped  `toml:"projects"`
	Deliverables *mapped  `toml:"deliverables"`
	Files        *mapped  `toml:"files"`
	Notes        *mapped  `toml:"notes"`
	Decisions    decision `toml:"decisions"`

	zone *time.Location
}

// mapped says how rows of one of our tables come out of their database.
type mapped struct {
	From    string            // a table, or several joined
	Where   string            // "" for all rows
	Key     string            // what tells their rows apart
	Client  string            // the key of the row's client; "" if its parent says it
	Columns map[string]string // an expression for each of our columns
}

// decision settles problems.
type decision struct {
	Accept   []string                     // kinds of problems whose proposals are taken
	LeaveOut map[string][]string          `toml:"leave_out"` // keys by table
	Assign   map[string]map[string]string // by table: the key of a row, and of its parent
}

// kind is what a column holds.
type kind int

const (
	line     kind = iota // one line of text
	text                 // text of several lines
	address              // an e-mail address
	fileName             // the name of a file
	word                 // compared, never shown: a role, a state, a path
	key                  // the key of a row of another table
	flag                 // true or false
	number               // an integer
	day                  // a date
	moment               // a time
)

type column struct {
	name     string
	kind     kind
	most     int    // characters of a text
	required bool   // the mapping must have it
	fallback string // stands for a missing name
}

// table is one of our tables that rows come into.
type table struct {
	name    string
	one     string // of its rows
	columns []column
	parent  string // the column that names the row that it belongs to
	within  string // the table of that row
}

var tables = []table{
	{name: "clients", one: "client", columns: []column{
		{name: "slug", kind: word, required: true}, {name: "name", kind: line, most: 120, required: true, fallback: "Untitled client"},
		{name: "created_at", kind: moment}}},
	{name: "people", one: "person", parent: "client", within: "clients", columns: []column{
		{name: "name", kind: line, most: 120, required: true, fallback: "Unnamed person"}, {name: "email", kind: address, required: true},
		{name: "staff", kind: flag}, {name: "role", kind: word}, {name: "active", kind: flag}, {name: "created_at", kind: moment}}},
	{name: "projects", one: "project", parent: "client", within: "clients", columns: []column{
		{name: "name", kind: line, most: 160, required: true, fallback: "Untitled project"}, {name: "summary", kind: text, most: 2000},
		{name: "due_on", kind: day}, {name: "archived", kind: flag}, {name: "created_at", kind: moment}, {name: "created_by", kind: key}}},
	{name: "deliverables", one: "deliverable", parent: "project", within: "projects", columns: []column{
		{name: "project", kind: key, required: true}, {name: "title", kind: line, most: 160, required: true, fallback: "Untitled"},
		{name: "brief", kind: text, most: 4000}, {name: "state", kind: word}, {name: "due_on", kind: day},
		{name: "created_at", kind: moment}, {name: "created_by", kind: key}}},
	{name: "files", one: "file", parent: "deliverable", within: "deliverables", columns: []column{
		{name: "deliverable", kind: key, required: true}, {name: "version", kind: number}, {name: "path", kind: word, required: true},
		{name: "name", kind: fileName, most: 255, required: true, fallback: "file"}, {name: "created_at", kind: moment}, {name: "created_by", kind: key}}},
	{name: "notes", one: "note", parent: "deliverable", within: "deliverables", columns: []column{
		{name: "deliverable", kind: key, required: true}, {name: "file", kind: key}, {name: "reply_to", kind: key},
		{name: "words", kind: text, required: true}, {name: "team", kind: flag}, {name: "created_at", kind: moment}, {name: "created_by", kind: key}}},
}

func tableOf(name string) table {
	return tables[slices.IndexFunc(tables, func(t table) bool { return t.name == name })]
}

func (m *mapping) of(t table) *mapped {
	return map[string]*mapped{"clients": m.Clients, "people": m.People, "projects": m.Projects,
		"deliverables": m.Deliverables, "files": m.Files, "notes": m.Notes}[t.name]
}

// loadMapping reads the mapping and, unless decisions is "", the decisions of another file.
// It reports all mistakes together.
func loadMapping(path, decisions string) (*mapping, error) {
	m := &mapping{}
	if err := decodeFile(path, m); err != nil {
		return nil, err
	}
	if decisions != "" {
		var d struct {
			Decisions decision `toml:"decisions"`
		}
		if err := decodeFile(decisions, &d); err != nil {
			return nil, err
		}
		m.Decisions = d.Decisions
	}
	if m.Directory != "" && !filepath.IsAbs(m.Directory) {
		m.Directory = filepath.Join(filepath.Dir(path), m.Directory)
	}
	return m, m.check()
}

func decodeFile(path string, dst any) error {
	source, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	meta, err := toml.Decode(string(source), dst)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var wrong []error
	for _, key := range meta.Undecoded() {
		wrong = append(wrong, fmt.Errorf("%s: %q means nothing here", path, key))
	}
	return errors.Join(wrong...)
}

func (m *mapping) check() error {
	var wrong []error
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf("mapping: "+format, args...)) }
	for name, value := range map[string]string{"slug": m.Agency.Slug, "name": m.Agency.Name, "owner": m.Agency.Owner, "owner_name": m.Agency.OwnerName} {
		if strings.TrimSpace(value) == "" {
			complain("[agency] needs %s", name)
		}
	}
	if m.TimeZone == "" {
		complain("time_zone is missing: in which zone are dates that name none?")
	}
	var err error
	if m.zone, err = time.LoadLocation(m.TimeZone); err != nil {
		complain("time_zone %q is unknown", m.TimeZone)
	}
	for _, t := range tables {
		m.checkTable(t, complain)
	}
	for _, code := range m.Decisions.Accept {
		if p, ok := problems[code]; !ok || p.proposal == "" {
			complain("decisions: there is nothing to accept for %q", code)
		}
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(m.Decisions.LeaveOut)), slices.Collect(maps.Keys(m.Decisions.Assign))) {
		if !slices.ContainsFunc(tables, func(t table) bool { return t.name == name }) {
			complain("decisions: there is no table %q", name)
		}
	}
	slices.SortFunc(wrong, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(wrong...)
}

func (m *mapping) checkTable(t table, complain func(string, ...any)) {
	of := m.of(t)
	if of == nil {
		complain("[%s] is missing", t.name)
		return
	}
	if of.From == "" || of.Key == "" {
		complain("[%s] needs from and key", t.name)
	}
	for _, c := range t.columns {
		if c.required && of.Columns[c.name] == "" {
			complain("[%s.columns] needs %s", t.name, c.name)
		}
	}
	for name := range of.Columns {
		if !slices.ContainsFunc(t.columns, func(c column) bool { return c.name == name }) {
			complain("[%s.columns] has %s, which we don't have", t.name, name)
		}
	}
	if t.parent == "client" && of.Client == "" {
		complain("[%s] needs client", t.name)
	}
	if t.name == "clients" && of.Client != "" {
		complain("[clients] is itself the client: it needs no client")
	}
}
