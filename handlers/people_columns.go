package handlers

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"portico/handlers/spreadsheet"
	"portico/handlers/web"
	"portico/names"
	"portico/store"
)

// headingWithin is in how many lines from the start the names of the columns may stand:
// some programs put a title above them.
const headingWithin = 10

// layout says what the columns of a list hold and where the people begin.
type layout struct {
	columns []column
	labels  []string // the names of the columns; nil if no line names them
	notes   []string // sentences: how the list was read
	people  []spreadsheet.Record
}

// isKnownCell reports whether a cell is what lists of people hold: an address or the
// name of a column.
func isKnownCell(cell string) bool { return columnOf(cell) != colUnknown || isAddress(cell) }

func isAddress(cell string) bool {
	if !strings.ContainsAny(cell, "@\uff20") {
		return false
	}
	_, _, err := web.ParseMailbox(cell)
	return err == nil
}

// layoutOf finds the columns: by their names if a line has them, else by what they hold.
func layoutOf(records []spreadsheet.Record) (l layout, whole string) {
	if list := addressesAlone(records); list != nil {
		return layout{columns: []column{colEmail}, people: list, notes: []string{"The list has only email addresses. Names are taken from the address until people enter their own."}}, ""
	}
	// Each column is compared with the cells of every line.
	if widest(records) > maxColumns {
		return l, fmt.Sprintf("The list has more than %d columns. Delete those that hold neither names, addresses, roles nor sides.", maxColumns)
	}
	first := slices.IndexFunc(records, func(r spreadsheet.Record) bool { return slices.ContainsFunc(r.Cells, isAddress) })
	at := headingAt(records, first)
	if at < 0 {
		l.people = records
		l.byContent()
		return l, ""
	}
	heads := records[at]
	l.people, l.labels = records[at+1:], heads.Cells
	for _, cell := range heads.Cells {
		l.columns = append(l.columns, columnOf(cell))
	}
	for _, r := range records[:at] {
		l.notes = append(l.notes, fmt.Sprintf("Line %d, “%s”, is above the header row and was skipped.", r.Line, truncate(names.CleanLine(strings.Join(r.Cells, " ")))))
	}
	l.completeByContent()
	if !l.has(colEmail) && !l.has(colEmail2) {
		return l, "The header row has no column “email”. Add it."
	}
	l.notes = append(l.notes, fmt.Sprintf("Line %d is the header row. %s", heads.Line, l.sentence()))
	return l, ""
}

// headingAt is the index of the record that names the columns, or -1. first is the index
// of the first record with an address, or -1.
func headingAt(records []spreadsheet.Record, first int) int {
	above := records[:min(len(records), headingWithin)]
	if first >= 0 {
		above = records[:min(first, headingWithin)]
	}
	for _, want := range []func(column) bool{
		func(c column) bool { return c == colEmail || c == colEmail2 },
		func(c column) bool { return c != colUnknown },
	} {
		at := slices.IndexFunc(above, func(r spreadsheet.Record) bool {
			return slices.ContainsFunc(r.Cells, func(cell string) bool { return want(columnOf(cell)) })
		})
		if at >= 0 {
			return at
		}
	}
	if first < 1 || first > headingWithin {
		return -1
	}
	// In a language that we don't know: the line just above, if it names the column of the addresses.
	heads, addresses := records[first-1].Cells, slices.IndexFunc(records[first].Cells, isAddress)
	if addresses >= len(heads) || strings.TrimSpace(heads[addresses]) == "" || strings.Contains(heads[addresses], "@") || slices.ContainsFunc(heads, isRole) {
		return -1
	}
	return first - 1
}

// addressesAlone is a record for each address of a list that holds nothing else, or nil.
func addressesAlone(records []spreadsheet.Record) (list []spreadsheet.Record) {
	for _, r := range records {
		for _, cell := range r.Cells {
			switch {
			case strings.TrimSpace(cell) == "":
			case !isAddress(cell):
				return nil
			default:
				list = append(list, spreadsheet.Record{Line: r.Line, Cells: []string{cell}})
			}
		}
		if r.Err != nil {
			return nil
		}
	}
	return list
}

func (l *layout) has(c column) bool { return slices.Contains(l.columns, c) }

func (l *layout) width() int { return widest(l.people) }

// widest is how many columns the widest line has.
func widest(records []spreadsheet.Record) (n int) {
	for _, r := range records {
		n = max(n, len(r.Cells))
	}
	return n
}

// count is in how many lines a column holds such a cell, and in how many it is not empty.
func (l *layout) count(at int, is func(string) bool) (n, filled int) {
	for _, r := range l.people {
		if at < len(r.Cells) && strings.TrimSpace(r.Cells[at]) != "" {
			filled++
			if is(r.Cells[at]) {
				n++
			}
		}
	}
	return n, filled
}

func (l *layout) holdsOnly(at int, is func(string) bool) bool {
	n, filled := l.count(at, is)
	return n > 0 && n == filled
}

// addressColumn is the column with the most addresses, or -1.
func (l *layout) addressColumn() int {
	best, most := -1, 0
	for at := range l.width() {
		if n, _ := l.count(at, isAddress); n > most {
			best, most = at, n
		}
	}
	return best
}

// completeByContent finds what a list with names of columns has no known name for.
func (l *layout) completeByContent() {
	if at := l.addressColumn(); !l.has(colEmail) && !l.has(colEmail2) && at >= 0 && at < len(l.columns) {
		l.columns[at] = colEmail
	}
	role := l.has(colRole)
	for at, c := range l.columns {
		switch {
		case c == colUnknown && !role && l.holdsOnly(at, isRole):
			l.columns[at], role = colRole, true
		case c == colUnknown && l.holdsOnly(at, isAddress):
			l.columns[at] = colEmail2 // another address, in a language that we don't know
		}
	}
	if l.has(colName) || l.has(colGiven) || l.has(colFamily) || l.has(colShown) {
		return
	}
	for at, c := range l.columns {
		if _, filled := l.count(at, isRole); c == colUnknown && filled > 0 {
			l.columns[at] = colName
			return
		}
	}
}

// byContent finds the columns of a list that doesn't name them: the address, names to
// its left or else to its right, then the role and the side.
func (l *layout) byContent() {
	address := l.addressColumn()
	if address < 0 {
		l.columns = []column{colName, colEmail, colRole, colSide}
		return
	}
	named := false
	for at := range address {
		c := colName
		if l.holdsOnly(at, isRole) && !l.has(colRole) {
			c = colRole
		} else if l.holdsOnly(at, isSide) && !l.has(colSide) {
			c = colSide
		}
		named = named || c == colName
		l.columns = append(l.columns, c)
	}
	l.columns = append(l.columns, colEmail)
	for at := address + 1; at < l.width(); at++ {
		roles, _ := l.count(at, isRole)
		switch sides, _ := l.count(at, isSide); {
		case !named && roles == 0 && sides == 0 && !l.has(colRole):
			l.columns = append(l.columns, colName)
		case !l.has(colRole) && (roles > 0 || sides == 0):
			l.columns = append(l.columns, colRole)
		case !l.has(colSide):
			l.columns = append(l.columns, colSide)
		default:
			l.notes = append(l.notes, "There is no header row. "+l.sentence())
			return
		}
	}
	l.notes = append(l.notes, "There is no header row. "+l.sentence())
}

// sentence says what each column was read as, and which were not read.
func (l *layout) sentence() string {
	var parts []string
	for _, part := range []struct {
		what string
		cols []column
	}{
		{"Name", []column{colName, colGiven, colMiddle, colFamily, colShown}}, {"Address", []column{colEmail, colEmail2}}, {"Role", []column{colRole}}, {"Side", []column{colSide}},
	} {
		var from []string
		for at, c := range l.columns {
			if slices.Contains(part.cols, c) {
				from = append(from, l.label(at))
			}
		}
		if len(from) > 0 {
			parts = append(parts, part.what+": "+strings.Join(from, " and ")+".")
		}
	}
	var unused []string
	for at, c := range l.columns {
		if _, filled := l.count(at, isRole); c == colUnknown && filled > 0 {
			unused = append(unused, l.label(at))
		}
	}
	switch n := len(unused); {
	case n > 8:
		parts = append(parts, fmt.Sprintf("Not read: %s and %d more columns.", strings.Join(unused[:8], ", "), n-8))
	case n > 0:
		parts = append(parts, "Not read: "+strings.Join(unused, ", ")+".")
	}
	return strings.Join(parts, " ")
}

func (l *layout) label(at int) string {
	if at < len(l.labels) && names.CleanLine(l.labels[at]) != "" {
		return "“" + truncate(names.CleanLine(l.labels[at])) + "”"
	}
	return fmt.Sprintf("column %d", at+1)
}

func isRole(cell string) bool {
	return slices.Contains(store.Roles(), store.Role(strings.ToLower(strings.TrimSpace(cell))))
}

func isSide(cell string) bool {
	return sideOf(cell) != ""
}

// joinName makes one name of its parts. Chinese, Japanese and Korean names start with
// the family's.
func joinName(given, middle, family string) string {
	all := family + given
	if given != "" && family != "" && !strings.ContainsFunc(all, func(c rune) bool {
		return !unicode.In(c, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana) && c != 'ー'
	}) {
		if strings.ContainsFunc(all, func(c rune) bool { return unicode.In(c, unicode.Hiragana, unicode.Katakana) }) {
			return family + " " + given
		}
		return all
	}
	return strings.Join(strings.Fields(given+" "+middle+" "+family), " ")
}
