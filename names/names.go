// Package names keeps what people type as names: composed, in one line, and so that
// somebody who looks at it sees it. Names of people, workspaces, work, passkeys and files
// all go through it.
package names

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// CleanLine returns one line of text as it is kept: composed, with single spaces, and
// without characters that change the order of others or that nobody can see.
func CleanLine(s string) string {
	return strings.Join(strings.Fields(norm.NFC.String(CleanText(s))), " ")
}

// CleanText drops characters that change the order of others or that nobody can see.
// Joiners stay where scripts and emoji need them: between two visible characters.
func CleanText(s string) string {
	if !strings.ContainsFunc(s, func(c rune) bool { return c >= utf8.RuneSelf }) {
		return s
	}
	runes := []rune(s)
	var kept []rune
	for i, c := range runes {
		switch {
		case c == '\u200c' || c == '\u200d':
			if len(kept) == 0 || i+1 == len(runes) || !visibleOrMark(kept[len(kept)-1]) || !visible(runes[i+1]) {
				continue
			}
		case isTag(c):
			// Only after a black flag, where tags make the flag of a country's part.
			if len(kept) == 0 || (kept[len(kept)-1] != '\U0001F3F4' && !isTag(kept[len(kept)-1])) {
				continue
			}
		case unicode.Is(unicode.Cf, c), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, c) && unicode.IsLetter(c):
			continue
		}
		kept = append(kept, c)
	}
	return string(kept)
}

// Visible reports whether somebody who looks at a text sees something.
func Visible(s string) bool { return strings.ContainsFunc(s, visible) }

func visible(c rune) bool {
	return unicode.In(c, unicode.L, unicode.N, unicode.P, unicode.S) &&
		!unicode.Is(unicode.Other_Default_Ignorable_Code_Point, c) && c != '\u2800' // the empty Braille pattern
}

func visibleOrMark(c rune) bool { return visible(c) || unicode.Is(unicode.M, c) }

func isTag(c rune) bool { return c >= '\U000E0020' && c <= '\U000E007F' }
