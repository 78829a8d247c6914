package handlers

import (
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"portico/handlers/spreadsheet"
	"portico/handlers/web"
	"portico/names"
	"portico/store"
)

// Limits of one list of people.
const (
	maxImport      = 200        // people
	maxColumns     = 200        // address books export fewer than a hundred
	maxImportBytes = 200 * 1024 // bytes of text
)

// importRow is a line of a list of people: a person to invite, or what is wrong.
type importRow struct {
	line    int
	person  store.NewPerson
	wrong   string // a sentence; "" for somebody who can be invited
	skipped string // why the person is skipped: a member or invited already
	note    string // what differs from the list, or ""
}

// readPeople reads a list as spreadsheets and address books export it: with any
// separator, with or without a line that names the columns. An invalid line has its
// error in its row, and the others are still read. notes say how the list was read; whole
// is what is wrong with all of it, or "".
func readPeople(text string, side store.Party) (rows []importRow, notes []string, whole string) {
	if len(text) > maxImportBytes {
		return nil, nil, fmt.Sprintf("The list is too long. Send at most %d people at a time.", maxImport)
	}
	records := spreadsheet.Read(spreadsheet.Lines(text), maxImport+headingWithin+2, isKnownCell)
	l, whole := layoutOf(records)
	if whole != "" {
		return nil, nil, whole
	}
	seen := map[string]int{}
	for _, record := range l.people {
		row := importRow{line: record.Line}
		if record.Err != nil {
			row.wrong = brokenQuotes(record.Err)
			rows = append(rows, row)
			continue
		}
		row.person, row.note, row.wrong = personOf(record.Cells, l.columns, side)
		if before, twice := seen[row.person.Email]; twice && row.wrong == "" {
			row.wrong = fmt.Sprintf("Line %d has the same address.", before)
		} else if row.wrong == "" {
			seen[row.person.Email] = record.Line
		}
		rows = append(rows, row)
	}
	switch {
	case len(rows) > maxImport:
		return nil, nil, fmt.Sprintf("The list has more than %d people. Send them in parts.", maxImport)
	case len(rows) == 0:
		return nil, nil, "The list is empty."
	}
	return rows, l.notes, ""
}

func brokenQuotes(err *csv.ParseError) string {
	if errors.Is(err.Err, csv.ErrBareQuote) {
		return fmt.Sprintf("There is a quotation mark inside a field, at character %d. Put quotation marks around the whole field and double those inside it.", err.Column)
	}
	return "A field starts with a quotation mark but doesn't end with one."
}

// personOf reads one record, or returns the first thing that is wrong with it.
func personOf(record []string, columns []column, side store.Party) (p store.NewPerson, note, wrong string) {
	cells := map[column][]string{}
	for i, cell := range record {
		if cell = names.CleanLine(cell); cell == "" {
			continue
		}
		if i >= len(columns) {
			return p, "", fmt.Sprintf("This line has %d fields, but the list has %d columns.", len(record), len(columns))
		}
		cells[columns[i]] = append(cells[columns[i]], cell)
	}
	p = store.NewPerson{Name: nameOf(cells), Party: side, Role: store.RoleMember}
	beside, email, note, wrong := addressOf(cells)
	if p.Name == "" {
		p.Name = beside
	}
	switch {
	case p.Name == "" && wrong == "":
		p.Name = nameFromAddress(email)
		note = strings.TrimSpace(note + " The name is taken from the address.")
	case p.Name == "":
		return p, "", wrong
	case !web.Printable(p.Name):
		return p, "", "The name has characters that can't be displayed."
	case !names.Visible(p.Name):
		return p, "", "The name is empty."
	case utf8.RuneCountInString(p.Name) > 120:
		return p, "", "The name is longer than 120 characters."
	case wrong != "":
		return p, "", wrong
	}
	p.Email = email
	return p, note, placeOf(&p, strings.Join(cells[colRole], " "), strings.Join(cells[colSide], " "))
}

// placeOf reads the role and the side of a person, or returns what is wrong with them.
func placeOf(p *store.NewPerson, role, side string) (wrong string) {
	switch r := store.Role(strings.ToLower(role)); {
	case r == store.RoleOwner:
		return "Invite owners one at a time, with “Invite someone”."
	case r != "" && !slices.Contains(store.Roles(), r):
		return "“" + truncate(role) + "” is not a role. Use admin, member or viewer."
	case r != "":
		p.Role = r
	}
	switch s := sideOf(side); {
	case s != "":
		p.Party = s
	case side != "":
		return "“" + truncate(side) + "” is neither client nor agency."
	}
	return ""
}

// sideOf is the side that a cell names, or "".
func sideOf(cell string) store.Party {
	switch strings.ToLower(strings.TrimSpace(cell)) {
	case "client":
		return store.PartyClient
	case "agency", "team":
		return store.PartyAgency
	}
	return ""
}

// nameOf is the name of a record: the whole one, or its parts, or one to show.
func nameOf(cells map[column][]string) string {
	part := func(c column) string { return strings.Join(cells[c], " ") }
	name, given, family := part(colName), part(colGiven), part(colFamily)
	switch {
	case name != "" && given != "" && family == "" && !strings.Contains(strings.ToLower(name), strings.ToLower(given)):
		return joinName(given, part(colMiddle), name) // “Vorname, Name”
	case name != "" && family != "" && given == "" && !strings.Contains(strings.ToLower(name), strings.ToLower(family)):
		return joinName(name, part(colMiddle), family) // “Nombre, Apellidos”
	case name != "":
		return name
	case given+family != "":
		return joinName(given, part(colMiddle), family)
	}
	return part(colShown)
}

// addressOf is the address of a record, and the name that stands beside it in the same
// cell. A note says that it is one of several.
func addressOf(cells map[column][]string) (beside, email, note, wrong string) {
	typed := append(slices.Clone(cells[colEmail]), cells[colEmail2]...)
	if len(typed) == 0 {
		return "", "", "", "The email address is missing."
	}
	for _, cell := range typed {
		for i, one := range strings.FieldsFunc(strings.ReplaceAll(cell, ":::", ";"), func(c rune) bool { return c == ';' }) {
			name, address, err := web.ParseMailbox(one)
			if err != nil {
				continue
			}
			if i > 0 || strings.Contains(cell, ":::") || strings.Contains(strings.TrimRight(cell, "; "), ";") {
				note = "The first of several addresses."
			}
			return names.CleanLine(name), address, note, ""
		}
	}
	first := typed[0]
	if i := slices.IndexFunc(typed, func(s string) bool { return strings.Contains(s, "@") }); i >= 0 {
		first = typed[i]
	}
	_, _, err := web.ParseMailbox(first)
	why, _ := errors.AsType[web.EmailError](err)
	return "", "", "", strings.TrimSpace("“" + truncate(first) + "” is not an email address. " + string(why))
}

// nameFromAddress makes a name of what stands before the @.
func nameFromAddress(email string) string {
	words := strings.FieldsFunc(web.LocalPart(email), func(c rune) bool { return strings.ContainsRune("._-", c) || unicode.IsSpace(c) })
	for i, w := range words {
		first, size := utf8.DecodeRuneInString(w)
		words[i] = string(unicode.ToTitle(first)) + w[size:]
	}
	if name := names.CleanLine(strings.Join(words, " ")); names.Visible(name) {
		return name
	}
	return email
}

// truncate shortens what somebody typed to 60 characters, for quoting it.
func truncate(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if runes := []rune(s); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return s
}
