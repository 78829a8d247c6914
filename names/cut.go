package names

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const ellipsis = "..." // ASCII, so that an ASCII name stays one

// CutBytes shortens a name to at most n bytes, and [CutCharacters] to at most n characters,
// without splitting a character or what combines with it. The name loses its middle,
// because versions, dates and extensions stand at its end: the last third stays, with as
// much of the beginning as fits.
func CutBytes(s string, n int) string {
	return cutMiddle(s, n, func(part string) int { return len(part) })
}

// CutCharacters is [CutBytes] by characters.
func CutCharacters(s string, n int) string { return cutMiddle(s, n, utf8.RuneCountInString) }

func cutMiddle(s string, n int, length func(string) int) string {
	if length(s) <= n {
		return s
	}
	tail, kept := len(s), 0
	for i := len(s) - 1; i >= 0; i-- {
		if !startsCharacter(s, i) {
			continue
		}
		more := length(s[i:tail])
		if kept+more > n/3 {
			break
		}
		tail, kept = i, kept+more
	}
	head, room := 0, n-len(ellipsis)-kept
	for i := 1; i <= tail; i++ {
		if i < len(s) && !startsCharacter(s, i) {
			continue
		}
		more := length(s[head:i])
		if more > room {
			break
		}
		head, room = i, room-more
	}
	return strings.TrimRight(s[:head], " ") + ellipsis + s[tail:]
}

// startsCharacter reports whether a character that people see starts at byte i, as far as
// one can tell from it and its neighbour.
func startsCharacter(s string, i int) bool {
	if !utf8.RuneStart(s[i]) {
		return false
	}
	const joiner = '\u200d'
	r, _ := utf8.DecodeRuneInString(s[i:])
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	return !unicode.In(r, unicode.M, unicode.Sk) && r != joiner && before != joiner
}
