package spreadsheet

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	utf "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/language"
)

// ErrWorkbook means that a file is a spreadsheet itself and not a list exported from it.
var ErrWorkbook = errors.New("a workbook, not a list")

// ErrNotText means that a file is neither text nor a workbook.
var ErrNotText = errors.New("not a text")

// Charset is how a program without Unicode writes letters as bytes. Nothing in the file
// says which one it is.
type Charset struct {
	Name  string // "windows-1252"
	Label string // "Western European (Windows)"
	code  encoding.Encoding
	langs string // whose Windows uses it
}

// Charsets are those that spreadsheets export, the most common first.
var Charsets = []Charset{
	{"windows-1252", "Western European (Windows)", charmap.Windows1252, ""},
	{"macintosh", "Western European (Mac)", charmap.Macintosh, ""},
	{"ibm850", "Western European (MS-DOS)", charmap.CodePage850, ""},
	{"windows-1250", "Central European (Windows)", charmap.Windows1250, "pl cs sk hu sl hr ro sq bs"},
	{"ibm852", "Central European (MS-DOS)", charmap.CodePage852, "pl cs sk hu sl hr ro sq bs"},
	{"windows-1251", "Cyrillic (Windows)", charmap.Windows1251, "ru uk bg be sr mk kk ky mn"},
	{"x-mac-cyrillic", "Cyrillic (Mac)", charmap.MacintoshCyrillic, "ru uk bg be sr mk"},
	{"ibm866", "Cyrillic (MS-DOS)", charmap.CodePage866, "ru uk bg be sr mk"},
	{"windows-1253", "Greek (Windows)", charmap.Windows1253, "el"},
	{"windows-1254", "Turkish (Windows)", charmap.Windows1254, "tr az"},
	{"windows-1255", "Hebrew (Windows)", charmap.Windows1255, "he yi"},
	{"windows-1256", "Arabic (Windows)", charmap.Windows1256, "ar fa ur"},
	{"windows-1257", "Baltic (Windows)", charmap.Windows1257, "lt lv et"},
	{"windows-1258", "Vietnamese (Windows)", charmap.Windows1258, "vi"},
	{"windows-874", "Thai (Windows)", charmap.Windows874, "th"},
	{"shift_jis", "Japanese (Shift JIS)", japanese.ShiftJIS, "ja"},
	{"gb18030", "Chinese, simplified (GB 18030)", simplifiedchinese.GB18030, "zh-Hans"},
	{"big5", "Chinese, traditional (Big5)", traditionalchinese.Big5, "zh-Hant"},
	{"euc-kr", "Korean (EUC-KR)", korean.EUCKR, "ko"},
}

// Decode returns a file as text. charset is "" if the file is in Unicode, which shows.
// Otherwise it is the one called want, or the likeliest where the given languages are
// spoken (as in the header Accept-Language).
func Decode(raw []byte, want, languages string) (text, charset string, err error) {
	switch {
	case bytes.HasPrefix(raw, []byte("PK\x03\x04")), bytes.HasPrefix(raw, []byte("\xd0\xcf\x11\xe0")):
		return "", "", ErrWorkbook
	case bytes.HasPrefix(raw, []byte("%PDF-")):
		return "", "", ErrNotText
	}
	if code := unicodeOf(raw); code != nil {
		b, err := code.NewDecoder().Bytes(raw)
		if text = string(b); err != nil || isBinary(text) {
			return "", "", ErrNotText
		}
		return text, "", nil
	}
	if utf8.Valid(raw) && want == "" {
		return string(raw), "", nil
	}
	var best Charset
	var most int
	for i, c := range candidates(want, languages) {
		b, err := c.code.NewDecoder().Bytes(raw)
		if err != nil {
			continue
		}
		if score := plausible(string(b)); i == 0 || score > most {
			best, most, text = c, score, string(b)
		}
	}
	if text == "" || isBinary(text) {
		return "", "", ErrNotText
	}
	return text, best.Name, nil
}

// unicodeOf returns the encoding of a file in UTF-16 or UTF-32, with or without the mark
// at its start, or nil.
func unicodeOf(raw []byte) encoding.Encoding {
	switch {
	case bytes.HasPrefix(raw, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(raw, []byte("\x00\x00\xfe\xff")):
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)
	case bytes.HasPrefix(raw, []byte("\xff\xfe")), bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return utf.UTF16(utf.LittleEndian, utf.UseBOM)
	}
	var nul [2]int
	for i, c := range raw {
		if c == 0 {
			nul[i%2]++
		}
	}
	switch few := len(raw) / 8; {
	case nul[1] > few && nul[0] < few/4+1:
		return utf.UTF16(utf.LittleEndian, utf.IgnoreBOM)
	case nul[0] > few && nul[1] < few/4+1:
		return utf.UTF16(utf.BigEndian, utf.IgnoreBOM)
	}
	return nil
}

// candidates are the charsets of the languages, and then those that are used everywhere.
func candidates(want, languages string) (list []Charset) {
	if i := slices.IndexFunc(Charsets, func(c Charset) bool { return c.Name == want }); i >= 0 {
		return Charsets[i : i+1]
	}
	tags, _, _ := language.ParseAcceptLanguage(languages)
	for _, tag := range tags {
		base, _ := tag.Base()
		script, _ := tag.Script()
		for _, c := range Charsets {
			if slices.Contains(strings.Fields(c.langs), base.String()) || slices.Contains(strings.Fields(c.langs), base.String()+"-"+script.String()) {
				list = append(list, c)
			}
		}
		if len(list) > 0 {
			break
		}
	}
	for _, c := range Charsets {
		if c.langs == "" || c.Name == "windows-1251" {
			list = append(list, c)
		}
	}
	return list
}

// plausible scores how much a text looks like names: letters count for it, and symbols
// count against it, as do capitals inside words, Latin words of accented letters, and
// words of two scripts.
func plausible(text string) (score int) {
	before := ' '
	for _, c := range text {
		inWord := unicode.IsLetter(before)
		switch {
		case c < utf8.RuneSelf:
			if unicode.IsLetter(c) && inWord && !unicode.Is(unicode.Latin, before) {
				score -= 2
			}
		case !unicode.IsLetter(c) && !unicode.IsMark(c):
			score -= 3
		case unicode.IsUpper(c) && inWord, inWord && unicode.Is(unicode.Latin, before) != unicode.Is(unicode.Latin, c):
			score -= 2
		case unicode.Is(unicode.Latin, c) && before >= utf8.RuneSelf && inWord:
			score--
		default:
			score++
		}
		before = c
	}
	return score
}

// isBinary reports whether a text has characters that no program exports in a list.
func isBinary(text string) bool {
	return strings.ContainsFunc(text, func(c rune) bool { return c == 0 || (c < ' ' && !strings.ContainsRune("\t\n\v\f\r\a\b\x1b\x1a", c)) })
}
