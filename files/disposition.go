package files

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"portico/names"
)

// maxNameLength is the longest file name in bytes of UTF-8, which is what file systems allow.
const maxNameLength = 255

// disposition formats a Content-Disposition header (RFC 6266) for a file name that may be hostile. It holds an ASCII name
// for every client and, where that differs, the full name in RFC 8187's encoding.
func disposition(kind, name string) string {
	name = safeName(name)
	plain := strings.Map(quotedRune, name)
	header := kind + `; filename="` + plain + `"`
	if plain != name {
		header += "; filename*=UTF-8''" + percentEncode(name)
	}
	return header
}

// safeName reduces a name to one path segment: no invisible characters that reverse the reading direction
// (evil[U+202E]gnp.exe), no line breaks, no leading dot, no trailing dot or space. A name that is too long loses its
// middle, because versions and dates stand at its end.
func safeName(name string) string {
	name = strings.Map(safeRune, strings.ToValidUTF8(name, "_"))
	name = strings.Trim(name, " ")
	name = strings.TrimLeft(strings.TrimRight(name, ". "), ".")
	name = names.CutBytes(name, maxNameLength)
	if name == "" {
		return "file"
	}
	return name
}

func safeRune(r rune) rune {
	switch {
	case r == '/' || r == '\\':
		return '_'
	case unicode.IsControl(r), unicode.Is(invisibleRunes, r):
		return -1
	case unicode.IsSpace(r):
		return ' '
	}
	return r
}

// invisibleRunes are invisible characters that change how their neighbours are read. Joiners (U+200C, U+200D) are
// allowed because Persian, Hindi and some emoji need them.
var invisibleRunes = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00ad, Hi: 0x00ad, Stride: 1}, // soft hyphen
		{Lo: 0x061c, Hi: 0x061c, Stride: 1}, // Arabic letter mark
		{Lo: 0x180e, Hi: 0x180e, Stride: 1}, // Mongolian vowel separator
		{Lo: 0x200b, Hi: 0x200b, Stride: 1}, // zero width space
		{Lo: 0x200e, Hi: 0x200f, Stride: 1}, // direction marks
		{Lo: 0x2028, Hi: 0x202e, Stride: 1}, // line and paragraph separators, embeddings and overrides
		{Lo: 0x2060, Hi: 0x206f, Stride: 1}, // word joiner, isolates
		{Lo: 0xfeff, Hi: 0xfeff, Stride: 1}, // byte order mark
		{Lo: 0xfff9, Hi: 0xfffb, Stride: 1}, // interlinear annotation
	},
	R32: []unicode.Range32{{Lo: 0xe0000, Hi: 0xe007f, Stride: 1}}, // tags
}

// quotedRune keeps the characters that every parser of a quoted string reads the same way. It replaces the percent sign,
// because some parsers decode it.
func quotedRune(r rune) rune {
	if r < ' ' || r > '~' || strings.ContainsRune(`"\%;`, r) {
		return '_'
	}
	return r
}

// percentEncode keeps the attr-char set of RFC 8187 and encodes every other byte.
func percentEncode(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c < utf8.RuneSelf && (unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c)) ||
			strings.IndexByte("!#$&+-.^_`|~", c) >= 0) {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return b.String()
}
