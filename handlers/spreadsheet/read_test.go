package spreadsheet_test

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"portico/handlers/spreadsheet"
)

// A file comes back as the text that was written, in every encoding that spreadsheets
// use where its language is spoken.
func TestFilesAreReadInTheirEncoding(t *testing.T) {
	t.Parallel()
	type encoder interface{ String(string) (string, error) }
	for what, c := range map[string]struct {
		text, languages string
		in              encoder
		charset         string
	}{
		"UTF-8":                {"Jürgen Müller", "de", nil, ""},
		"UTF-16, little, mark": {"Jürgen,Łukasz,王", "de", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder(), ""},
		"UTF-16, big, mark":    {"Jürgen,Łukasz,王", "de", unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder(), ""},
		"UTF-16, little":       {"Jurgen Muller", "de", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder(), ""},
		"UTF-16, big":          {"Jurgen Muller", "de", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder(), ""},
		"UTF-32":               {"Jürgen", "de", utf32.UTF32(utf32.LittleEndian, utf32.UseBOM).NewEncoder(), ""},
		"German":               {"Jürgen Müller, Straße", "de-DE,de;q=0.9", charmap.Windows1252.NewEncoder(), "windows-1252"},
		"French":               {"Éloïse Lefèvre, Noël", "fr", charmap.Windows1252.NewEncoder(), "windows-1252"},
		"no language":          {"José Núñez", "", charmap.Windows1252.NewEncoder(), "windows-1252"},
		"Mac":                  {"Jürgen Müller, Zoë Pérez", "de", charmap.Macintosh.NewEncoder(), "macintosh"},
		"MS-DOS":               {"Jürgen Müller, André", "de", charmap.CodePage850.NewEncoder(), "ibm850"},
		"Polish":               {"Łukasz Żółć, Święta", "pl", charmap.Windows1250.NewEncoder(), "windows-1250"},
		"Czech":                {"Jiří Dvořák, Žofie", "cs-CZ", charmap.Windows1250.NewEncoder(), "windows-1250"},
		"Russian":              {"Иван Петров", "ru-RU", charmap.Windows1251.NewEncoder(), "windows-1251"},
		"Russian seen abroad":  {"Иван Петров", "en-US", charmap.Windows1251.NewEncoder(), "windows-1251"},
		"Greek":                {"Ελένη Παππά", "el", charmap.Windows1253.NewEncoder(), "windows-1253"},
		"Turkish":              {"Şule Yıldız, Çağrı", "tr", charmap.Windows1254.NewEncoder(), "windows-1254"},
		"Hebrew":               {"אדה לוי", "he", charmap.Windows1255.NewEncoder(), "windows-1255"},
		"Arabic":               {"محمد علي", "ar", charmap.Windows1256.NewEncoder(), "windows-1256"},
		"Baltic":               {"Jānis Bērziņš", "lv", charmap.Windows1257.NewEncoder(), "windows-1257"},
		"Thai":                 {"สมชาย", "th", charmap.Windows874.NewEncoder(), "windows-874"},
		"Japanese":             {"山田 太郎", "ja", japanese.ShiftJIS.NewEncoder(), "shift_jis"},
		"Chinese":              {"王小明", "zh-CN", simplifiedchinese.GBK.NewEncoder(), "gb18030"},
		"Korean":               {"김철수", "ko-KR", korean.EUCKR.NewEncoder(), "euc-kr"},
	} {
		raw := c.text
		if c.in != nil {
			var err error
			if raw, err = c.in.String(c.text); err != nil {
				t.Fatal(what, err)
			}
		}
		got, charset, err := spreadsheet.Decode([]byte(raw), "", c.languages)
		if got = strings.TrimPrefix(got, "\ufeff"); err != nil || got != c.text || charset != c.charset {
			t.Errorf("%s: %q in %q, %v", what, got, charset, err)
		}
		if charset != "" {
			if again, _, err := spreadsheet.Decode([]byte(raw), charset, ""); err != nil || again != c.text {
				t.Errorf("%s, chosen: %q, %v", what, again, err)
			}
		}
	}
}

// The cells are the same, empty ones included, whatever separates cells and lines.
func TestEverySeparatorMakesTheSameCells(t *testing.T) {
	t.Parallel()
	known := func(cell string) bool { return strings.Contains(cell, "@") || cell == "E-mail" }
	const want = "Name|E-mail|Role // Byte, Ada; Dr.|ada@x.test| // |bo@x.test|viewer // "
	for what, text := range map[string]string{
		"commas":            "Name,E-mail,Role\r\n\"Byte, Ada; Dr.\",ada@x.test,\r\n,bo@x.test,viewer\r\n",
		"semicolons":        "Name;E-mail;Role\n\"Byte, Ada; Dr.\";ada@x.test;\n;bo@x.test;viewer",
		"tabs":              "Name\tE-mail\tRole\r\nByte, Ada; Dr.\tada@x.test\t\r\n\tbo@x.test\tviewer\r\n",
		"bars":              "Name|E-mail|Role\nByte, Ada; Dr.|ada@x.test|\n|bo@x.test|viewer",
		"lone CR":           "Name,E-mail,Role\r\"Byte, Ada; Dr.\",ada@x.test,\r,bo@x.test,viewer\r",
		"sep=":              "sep=;\r\nName;E-mail;Role\r\n\"Byte, Ada; Dr.\";ada@x.test;\r\n;bo@x.test;viewer",
		"SEP= in quotes":    "\"SEP=,\"\nName,E-mail,Role\n\"Byte, Ada; Dr.\",ada@x.test,\n,bo@x.test,viewer",
		"sep= of a tab":     "sep=\t\nName\tE-mail\tRole\nByte, Ada; Dr.\tada@x.test\t\n\tbo@x.test\tviewer",
		"sep= of a tilde":   "sep=~\nName~E-mail~Role\nByte, Ada; Dr.~ada@x.test~\n~bo@x.test~viewer",
		"a mark":            "\ufeffName;E-mail;Role\n\"Byte, Ada; Dr.\";ada@x.test;\n;bo@x.test;viewer",
		"empty lines":       "\n\nName;E-mail;Role\n;;\n\"Byte, Ada; Dr.\";ada@x.test;\n\n;bo@x.test;viewer\n\n",
		"all in quotes":     "\"Name\",\"E-mail\",\"Role\"\n\"Byte, Ada; Dr.\",\"ada@x.test\",\"\"\n\"\",\"bo@x.test\",\"viewer\"",
		"sep= with its own": "sep=;;\nName;E-mail;Role\n\"Byte, Ada; Dr.\";ada@x.test;\n;bo@x.test;viewer",
	} {
		var got strings.Builder
		for _, r := range spreadsheet.Read(spreadsheet.Lines(text), 100, known) {
			got.WriteString(strings.Join(r.Cells, "|") + " // ")
		}
		if got.String() != want {
			t.Errorf("%s: %s", what, got.String())
		}
	}
}

// Names of lines count every line of the text.
func TestRecordsKnowTheirLine(t *testing.T) {
	t.Parallel()
	text := spreadsheet.Lines("sep=,\r\nname,mail\r\n\r\n\"Ada\r\nByte\",ada@x.test\r\nbo,bo@x.test")
	var lines []int
	for _, r := range spreadsheet.Read(text, 100, func(c string) bool { return strings.Contains(c, "@") }) {
		lines = append(lines, r.Line)
	}
	if len(lines) != 3 || lines[0] != 2 || lines[1] != 4 || lines[2] != 6 {
		t.Errorf("lines %v", lines)
	}
}
