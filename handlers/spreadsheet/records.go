package spreadsheet

import (
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Record is one line of a list, or several if a quoted cell holds line breaks.
type Record struct {
	Line  int // in the text, from 1
	Cells []string
	Err   *csv.ParseError // what is wrong with its quotation marks; then Cells is empty
}

// sepLine is the first line in which Excel names the separator.
var sepLine = regexp.MustCompile(`^"?[sS][eE][pP]=([^"\n])"?[,;\t ]*(?:\n|$)`)

// separators are those that spreadsheets use, the most common first.
var separators = []rune{',', ';', '\t', '|'}

// sample is how many records decide about the separator.
const sample = 50

// Lines returns a text with "\n" after each line, however its lines end.
func Lines(text string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(strings.TrimPrefix(text, "\ufeff"))
}

// Read cuts a text of [Lines] into at most limit records that are not empty. known
// reports whether a cell is one that the caller looks for: the separator that makes most
// known cells is the list's.
func Read(text string, limit int, known func(cell string) bool) []Record {
	if m := sepLine.FindStringSubmatch(text); m != nil {
		if sep, _ := utf8.DecodeRuneInString(m[1]); sep != utf8.RuneError && sep != '\r' {
			// The line is left empty, so that the others keep their numbers.
			return cut(strings.Repeat("\n", strings.Count(m[0], "\n"))+text[len(m[0]):], sep, limit)
		}
	}
	best, most, cells := separators[0], 0, 0
	for _, sep := range separators {
		score, n := 0, 0
		for _, r := range cut(text, sep, sample) {
			if r.Err != nil {
				score -= 2
			}
			for _, cell := range r.Cells {
				if known(cell) {
					score++
				}
			}
			n += len(r.Cells)
		}
		if sep == separators[0] || score > most || (score == most && n > cells) {
			best, most, cells = sep, score, n
		}
	}
	return cut(text, best, limit)
}

func cut(text string, sep rune, limit int) (records []Record) {
	in := csv.NewReader(strings.NewReader(text))
	in.Comma, in.FieldsPerRecord = sep, -1
	// Between tabs, a space is part of a cell and a quotation mark inside it is usual:
	// that is how spreadsheets copy. Trimming would also skip empty cells there.
	in.TrimLeadingSpace, in.LazyQuotes = sep != '\t', sep == '\t'
	for len(records) < limit {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if broken, ok := errors.AsType[*csv.ParseError](err); ok {
			records = append(records, Record{Line: broken.StartLine, Err: broken})
			continue
		}
		if strings.TrimSpace(strings.Join(cells, "")) == "" {
			continue
		}
		line, _ := in.FieldPos(0)
		records = append(records, Record{Line: line, Cells: cells})
	}
	return records
}
