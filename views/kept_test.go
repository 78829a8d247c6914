package views_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"portico/views"
)

// unkept are the text fields that a refusal doesn't show again, and why.
var unkept = map[string]string{
	"code":    "a secret",
	"address": "a confirmation",
	"q":       "a search, whose text is in the address",
	"from":    "a search, whose days are in the address",
	"until":   "the same, and of a note: its time is kept with its words",
	"passkey": "sent by a script, which keeps the page",
}

var textField = regexp.MustCompile(`<(?:input|textarea)\b[^>]*>`)

var fieldName, fieldType = regexp.MustCompile(`\sname="([^"]+)"`), regexp.MustCompile(`\stype="([^"]+)"`)

// Every field in which somebody types is kept by a refusal, with the words of its form,
// or listed with the reason why not.
func TestRefusalsKeepEveryTextField(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range samples() {
		html, _ := render(t, s)
		for _, field := range textField.FindAllString(string(html), -1) {
			name, kind := fieldName.FindStringSubmatch(field), fieldType.FindStringSubmatch(field)
			if name == nil || (kind != nil && (kind[1] == "hidden" || kind[1] == "checkbox" || kind[1] == "radio" || kind[1] == "file")) {
				continue
			}
			if strings.HasPrefix(name[1], "place_") || strings.HasPrefix(name[1], "line_") && len(views.KeptTexts(url.Values{name[1]: {"typed"}})) == 1 { // one for each row of a list
				continue
			}
			seen[name[1]] = true
			if unkept[name[1]] == "" && len(views.KeptTexts(url.Values{name[1]: {"typed"}})) != 1 {
				t.Errorf("%s: what is typed into %q is lost at a refusal: add it to keptFields in views/kept.go", s.name, name[1])
			}
		}
	}
	for _, name := range []string{"name", "title", "summary", "brief", "note", "welcome", "people", "reason", "word", "words", "email_1"} {
		if !seen[name] {
			t.Errorf("no sample has the field %q", name)
		}
	}
}

// unkeptHidden are the hidden fields of forms with text that the script neither keeps nor tells forms apart by, and why.
var unkeptHidden = map[string]string{
	"return_to":   "of a page without a person",
	"email":       "of a page without a person",
	"raw":         "of a step of a longer form",
	"charset_now": "of a step of a longer form",
	"checked":     "of a step of a longer form",
	"content":     "what the page shows, which a decision is about",
	"new_key":     "of a key that isn't made yet",
	"form_key":    "of one sending; the page that has the text again brings its own",
	"shown":       "where the page that follows goes back to",
	"leave_out":   "the path names the version, whose files the page chose",
}

// A form that is kept for one subject doesn't fill the form of another: its path or a hidden field names the subject.
func TestKeptFormsNameTheirSubject(t *testing.T) {
	t.Parallel()
	found := 0
	for _, s := range samples() {
		_, doc := render(t, s)
		doc.Find(`form[method="post"]:not([data-unkept])`).Each(func(_ int, form *goquery.Selection) {
			if form.Find(`textarea, input:not([type=hidden], [type=submit])`).Length() == 0 {
				return
			}
			form.Find(`input[type="hidden"]`).Each(func(_ int, field *goquery.Selection) {
				name, _ := field.Attr("name")
				if field.Is("[data-subject]") {
					found++
				} else if name != "seen" && !field.Is("[data-keep]") && unkeptHidden[name] == "" {
					t.Errorf("%s: the hidden field %q is neither kept nor the subject of its form", s.name, name)
				}
			})
		})
	}
	if found == 0 {
		t.Error("no sample has a form whose subject is a hidden field")
	}
}
