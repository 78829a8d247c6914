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

// Limits of one list of people.
const (
	maxImport      = 200        // people
	maxImportBytes = 200 * 1024 // bytes of text
)

// importRow is a line of a list of people: a person to invite, or what is wrong.
type importRow struct {
	line    int
	person  store.NewPerson
	wrong   string // a sentence; "" for somebody who can be invited
	skipped string // why the person is skipped: a member or invited already
}

// importColumns are the names that a heading line may use for the columns.
var importColumns = map[string]string{
	"name": "name", "full name": "name",
	"email": "email", "e-mail": "email", "mail": "email", "address": "email", "e-mail address": "email", "email address": "email",
	"role": "role",
	"side": "side", "party": "side", "belongs to": "side",
}

// importOrder is the order of the columns in a list without a heading line.
var importOrder = []string{"name", "email", "role", "side"}

// readPeople reads a list as spreadsheets write it: with commas, semicolons or tabs,
// with or without a heading line. An invalid line has its error in its row, and the
// others are still read. The second result is what is wrong with the whole list, or "".
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

// invalidAt is the number of the first line that is not UTF-8, or 0.
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

// headerOf is the columns that a heading line names, or nil if the record is not a
// heading. A column with an unknown name is "" and is not read.
func headerOf(record []string) (columns []string) {
	known := false
	for _, cell := range record {
		column := importColumns[strings.ToLower(strings.TrimSpace(cell))]
		known = known || column != ""
		if strings.Contains(cell, "@") {
			return nil // a person, not a heading
		}
		columns = append(columns, column)
	}
	if !known {
		return nil
	}
	return columns
}

// personOf reads one record, or returns the first thing that is wrong with it.
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
		return p, "“" + truncate(cells["email"]) + "” is not an email address."
	}
	p.Email = email
	switch role := store.Role(strings.ToLower(cells["role"])); {
	case role == store.RoleOwner:
		return p, "Invite owners one at a time, with “Invite someone”."
	case role != "" && !slices.Contains(store.Roles(), role):
		return p, "“" + truncate(cells["role"]) + "” is not a role. Use admin, member or viewer."
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
		return p, "“" + truncate(cells["side"]) + "” is not a side. Use client or agency."
	}
	return p, ""
}

// truncate shortens what somebody typed to 60 characters, for quoting it.
func truncate(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if runes := []rune(s); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return s
}
