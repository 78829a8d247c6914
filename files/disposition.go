package files

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNameLength is in bytes of UTF-8. File systems take 255; percent-encoding makes three of each.
const maxNameLength = 180

// disposition is a Content-Disposition header (RFC 6266) with the name of a file in it, however hostile: a name in
// ASCII for every client, and where that lost something the true one (RFC 8187) beside it.
func disposition(kind, name string) string {
	name = safeName(name)
	plain := strings.Map(plainRune, name)
	header := kind + `; filename="` + plain + `"`
	if plain != name {
		header += "; filename*=UTF-8''" + percentEncode(name)
	}
	return header
}

// safeName is a name that can only be a name: one path segment, nothing invisible that turns the direction of reading
// around (evil[U+202E]gnp.exe) or ends a line, no leading dot, no trailing dot or space, of bearable length with its
// extension kept.
func safeName(name string) string {
	name = strings.Map(safeRune, strings.ToValidUTF8(name, "_"))
	name = strings.Trim(name, " ")
	name = strings.TrimLeft(strings.TrimRight(name, ". "), ".")
	if len(name) > maxNameLength {
		ext := path.Ext(name)
		if len(ext) > 20 {
			ext = ""
		}
		name = truncate(strings.TrimSuffix(name, ext), maxNameLength-len(ext)) + ext
	}
	if name == "" {
		return "file"
	}
	return name
}

func safeRune(r rune) rune {
	switch {
	case r == '/' || r == '\\':
		return '_'
	case unicode.IsControl(r), unicode.Is(deceptive, r):
		return -1
	case unicode.IsSpace(r):
		return ' '
	}
	return r
}

// deceptive are characters that take no place themselves and change how others are read. Joiners (U+200C, U+200D) are
// not among them: Persian, Hindi and family emoji are spelled with them.
var deceptive = &unicode.RangeTable{
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

// plainRune leaves only what every parser of the quoted form agrees on. A percent sign is not: some decode it.
func plainRune(r rune) rune {
	if r < ' ' || r > '~' || strings.ContainsRune(`"\%;`, r) {
		return '_'
	}
	return r
}

// percentEncode keeps RFC 8187's attr-char and encodes every other byte.
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

// truncate cuts after at most n bytes, never inside a character.
func truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
