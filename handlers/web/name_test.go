package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portico/handlers/web"
)

// A name has a visible character. What changes the order of others or is invisible is
// dropped; what scripts and emoji need stays.
func TestNamesCanBeSeen(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"  Ada \t Byte ":             "Ada Byte",
		"Ada\u202eetyB":              "AdaetyB",
		"\u2066Ada\u2069 Byte":       "Ada Byte",
		"Ada\u200b Byte\ufeff":       "Ada Byte",
		"A\u00adda\u2060":            "Ada",
		"\u200fאדה\u200e":            "אדה",
		"E\u0301va":                  "Éva",
		"می\u200cخواهم":              "می\u200cخواهم",
		"Ada\u200d":                  "Ada",
		"\u200dAda":                  "Ada",
		"Ada \u200c Byte":            "Ada Byte",
		"👩\u200d💻 Ada":               "👩\u200d💻 Ada",
		"क\u094d\u200dष":             "क\u094d\u200dष",
		"🏴\U000E0067\U000E007F":      "🏴\U000E0067\U000E007F",
		"Ada\U000E0041\U000E007F":    "Ada",
		"Ada\u3164":                  "Ada",
		"王小明":                        "王小明",
		"O’Neil-Smith, Jr.":          "O’Neil-Smith, Jr.",
		"❤\ufe0f":                    "❤\ufe0f",
		"":                           "",
		"\u200b":                     "",
		"\u202e\u202c":               "",
		"\u3164\uffa0":               "",
		"\u115f\u1160":               "",
		"\u2800":                     "",
		"\u0301":                     "",
		"\u200d\u200d":               "",
		"\u00a0\u3000":               "",
		"\ufe0f":                     "",
		"\ue000":                     "",
		"\U000E0001\U000E0041":       "",
		"\u2062 \u2063":              "",
		strings.Repeat("\u200e", 50): "",
	} {
		f := formOf(t, url.Values{"name": {typed}})
		got := f.Text("name", "a name", 120)
		if want == "" {
			if f.Valid() {
				t.Errorf("%q is a name: %q", typed, got)
			}
			continue
		}
		if !f.Valid() || got != want {
			t.Errorf("%q is %q, %v", typed, got, f.Errors)
		}
	}
}

func formOf(t *testing.T, values url.Values) *web.Form {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(values.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	f, err := web.NewForm(r)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
