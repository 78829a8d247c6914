package handlers

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"portico/handlers/signin"
	"portico/handlers/web"
	"portico/store"
)

// How much one list of people may hold.
const (
	maxImport      = 200        // people
	maxImportBytes = 200 * 1024 // of text
)

// importRow is a line of a list of people: somebody, or why it is nobody.
type importRow struct {
	line   int
	person store.NewPerson
	wrong  string // a sentence; "" for somebody who can be invited
	left   string // why they are left out, though nothing is wrong: they are here already
}

// importColumns are the words that the first line may use for its columns.
var importColumns = map[string]string{
	"name": "name", "full name": "name",
	"email": "email", "e-mail": "email", "mail": "email", "address": "email", "e-mail address": "email", "email address": "email",
	"role": "role",
	"side": "side", "party": "side", "belongs to": "side",
}

// importOrder is the order of the columns where no first line names them.
var importOrder = []string{"name", "email", "role", "side"}

// readPeople reads a list as spreadsheets write it: with commas, semicolons or
// tabs, with or without a first line that names the columns. A line that cannot be
// read says why and takes no other with it. The second result is what is wrong with
// the list as a whole, else "".
func readPeople(text string, side store.Party) (rows []importRow, whole string) {
	text = strings.TrimPrefix(text, "\ufeff")
	switch at := invalidAt(text); {
	case len(text) > maxImportBytes:
		return nil, fmt.Sprintf("The list is too long. Send at most %d people at a time.", maxImport)
	case at > 0:
		return nil, fmt.Sprintf("Line %d has characters that aren't UTF-8. Save the list as “CSV UTF-8” and send it again.", at)
	}
	in := csv.NewReader(strings.NewReader(text))
	in.Comma, in.FieldsPerRecord, in.TrimLeadingSpace = delimiter(text), -1, true
	columns := importOrder
	seen := map[string]int{}
	for first := true; ; first = false {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if len(rows) == maxImport {
			return nil, fmt.Sprintf("The list has more than %d people. Send them in parts.", maxImport)
		}
		if broken, ok := errors.AsType[*csv.ParseError](err); ok {
			rows = append(rows, importRow{line: broken.StartLine, wrong: brokenQuotes(broken)})
			continue
		}
		if strings.TrimSpace(strings.Join(record, "")) == "" {
			continue
		}
		if first {
			if named := headerOf(record); named != nil {
				if !slices.Contains(named, "email") {
					return nil, "The first line names the columns but has no column “email”. Add it."
				}
				columns = named
				continue
			}
		}
		line, _ := in.FieldPos(0)
		row := importRow{line: line}
		row.person, row.wrong = personOf(record, columns, side)
		if before, twice := seen[row.person.Email]; twice && row.wrong == "" {
			row.wrong = fmt.Sprintf("Line %d has the same address.", before)
		} else if row.wrong == "" {
			seen[row.person.Email] = line
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil, "The list is empty."
	}
	return rows, ""
}

// invalidAt is the line of the first byte that is no UTF-8; 0 for none.
func invalidAt(text string) int {
	if utf8.ValidString(text) {
		return 0
	}
	for i, line := range strings.Split(text, "\n") {
		if !utf8.ValidString(line) {
			return i + 1
		}
	}
	return 1
}

func delimiter(text string) rune {
	line, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	most, n := ',', 0
	for _, c := range []rune{',', ';', '\t'} {
		if found := strings.Count(line, string(c)); found > n {
			most, n = c, found
		}
	}
	return most
}

func brokenQuotes(err *csv.ParseError) string {
	if errors.Is(err.Err, csv.ErrBareQuote) {
		return fmt.Sprintf("There is a quotation mark inside a field, at character %d. Put quotation marks around the whole field and double those inside it.", err.Column)
	}
	return "A field starts with a quotation mark but doesn't end with one."
}

// headerOf is what the columns are if the record names them, else nil. A column
// of another name is "" and is not read.
func headerOf(record []string) (columns []string) {
	known := false
	for _, cell := range record {
		column := importColumns[strings.ToLower(strings.TrimSpace(cell))]
		known = known || column != ""
		if strings.Contains(cell, "@") {
			return nil // somebody, not a heading
		}
		columns = append(columns, column)
	}
	if !known {
		return nil
	}
	return columns
}

// personOf reads one record, or says the first thing that is wrong with it.
func personOf(record, columns []string, side store.Party) (p store.NewPerson, wrong string) {
	cells := map[string]string{}
	for i, cell := range record {
		cell = strings.Join(strings.Fields(cell), " ")
		if i < len(columns) {
			cells[columns[i]] = cell
		} else if cell != "" {
			return p, fmt.Sprintf("This line has %d fields, but the list has %d columns.", len(record), len(columns))
		}
	}
	p = store.NewPerson{Name: cells["name"], Party: side, Role: store.RoleMember}
	switch {
	case p.Name == "":
		return p, "The name is missing."
	case !web.Printable(p.Name):
		return p, "The name has characters that can't be displayed."
	case utf8.RuneCountInString(p.Name) > 120:
		return p, "The name is longer than 120 characters."
	}
	email, ok := signin.FoldEmail(cells["email"])
	switch {
	case cells["email"] == "":
		return p, "The email address is missing."
	case !ok:
		return p, "“" + clip(cells["email"]) + "” is not an email address."
	}
	p.Email = email
	switch role := store.Role(strings.ToLower(cells["role"])); {
	case role == store.RoleOwner:
		return p, "Invite owners one at a time, with “Invite someone”."
	case role != "" && !slices.Contains(store.Roles(), role):
		return p, "“" + clip(cells["role"]) + "” is not a role. Use admin, member or viewer."
	case role != "":
		p.Role = role
	}
	switch strings.ToLower(cells["side"]) {
	case "":
	case "client":
		p.Party = store.PartyClient
	case "agency", "team":
		p.Party = store.PartyAgency
	default:
		return p, "“" + clip(cells["side"]) + "” is not a side. Use client or agency."
	}
	return p, ""
}

// clip keeps what somebody typed short enough to be quoted.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if runes := []rune(s); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return s
}
