package spreadsheet_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"portico/handlers/spreadsheet"
)

// No piece of an exported table starts a formula, however a program cuts its lines.
func TestNoCellStartsAFormula(t *testing.T) {
	t.Parallel()
	attacks := []string{
		"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "  \t -1", "\u00a0=1", "\u3000=1", "\u200b=1", "\ufeff=1", "\u202e=1",
		"＝1+1", "＋1", "－1", "＠SUM", "−1", "﹦1", `"=1"`, `""=1`, "x;=1", "x; =1", `x;"=1"`, `x;""=1`, "x,=1", "x|=1", "x\t=1", "x\n=1", "x\r\n+1",
		"x;y;@z", "x;＝1", `x";=1`, ";=1", ";;=1", "“=1", "=cmd|'/c calc'!A1", "x\u2028=1", "x\u0085=1", "x\v=1",
		"x،=1", "x؛ -1", "x、+1", "x，＝1", "x；＠SUM", "x｜－1", "،=1", "x；\"=1\"", "名，=1；+2", "a;\"b\";-2+3", "\u0301=1",
	}
	for _, attack := range attacks {
		safe := spreadsheet.SafeCell(attack)
		var line bytes.Buffer
		w := csv.NewWriter(&line)
		for _, cell := range [][]string{{safe, safe}, {"x", safe}, {safe, "x"}, {"a;", safe}} {
			if err := w.Write(cell); err != nil {
				t.Fatal(err)
			}
		}
		w.Flush()
		for _, sep := range ",;|\t\n\v\u0085\u2028،؛、，；｜" {
			for piece := range strings.FieldsFuncSeq(line.String(), func(c rune) bool { return c == sep || c == '\n' }) {
				piece = strings.TrimLeftFunc(piece, func(c rune) bool {
					return c == '"' || c == '“' || unicode.IsSpace(c) || !unicode.IsGraphic(c) || unicode.Is(unicode.Mn, c)
				})
				if first, _ := utf8.DecodeRuneInString(piece); strings.ContainsRune("=+-@＝＋－＠−﹦", first) {
					t.Errorf("%q: between %q is %q", attack, sep, piece)
				}
			}
		}
	}
}

// A cell that no program takes for a formula stays as it is.
func TestPlainCellsStay(t *testing.T) {
	t.Parallel()
	for _, cell := range []string{"", "Ada Byte", "a - b", "3 + 4", "mia@acme.example", "1. März, 10:30", "T-7; next", "O'Neil", "x,y;z|w", "2026-11-29T12:00:00Z", "王小明", "\"quoted\"", "王，小明；a、b", "أحمد، علي؛ x", "a，b-c"} {
		if got := spreadsheet.SafeCell(cell); got != cell {
			t.Errorf("%q became %q", cell, got)
		}
	}
}
