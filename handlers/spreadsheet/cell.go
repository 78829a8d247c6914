package spreadsheet

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// SafeCell returns a cell that no spreadsheet reads as a formula. A program whose
// language separates cells by another character than ours cuts the cell there, so
// every piece between separators of any language is made safe.
func SafeCell(cell string) string {
	var safe strings.Builder
	for len(cell) > 0 {
		end := len(cell)
		if at := strings.IndexFunc(cell, isSeparator); at >= 0 {
			_, size := utf8.DecodeRuneInString(cell[at:])
			end = at + size
		}
		if startsFormula(cell[:end]) {
			safe.WriteByte('\'')
		}
		safe.WriteString(cell[:end])
		cell = cell[end:]
	}
	return safe.String()
}

// isSeparator reports whether a spreadsheet in some language starts a new cell or line
// after c. Arabic and East Asian text has commas and semicolons of its own.
func isSeparator(c rune) bool {
	return strings.ContainsRune(",;|\t\r\n\v\f\u0085\u2028\u2029،؛、，；｜", c)
}

// startsFormula reports whether a spreadsheet could take a piece for a formula. Spaces,
// invisible characters and quotation marks before it don't count, because programs drop
// them. East Asian versions also accept wide forms.
func startsFormula(piece string) bool {
	for _, c := range piece {
		switch {
		case strings.ContainsRune("=+-@＝＋－＠﹦﹢﹣﹫−", c), c == '\t', c == '\r', c == '\n':
			return true
		case c != '"' && c != '“' && c != '”' && c != '＂' && unicode.IsGraphic(c) && !unicode.IsSpace(c) && !unicode.Is(unicode.Mn, c):
			return false
		}
	}
	return false
}
