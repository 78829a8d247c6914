package views_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"portico/views"
	"portico/views/ui"
)

var limited = regexp.MustCompile(`(?s)ui\.FieldProps\{\s*Name: "(\w+)", Label: "([^"]+)"([^{}]*?\})`)

// The summary above a form names the field of a text that is too long, in every form.
func TestSummariesNameTheFieldThatIsTooLong(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.templ")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "ui.Summary(") {
			continue
		}
		for _, field := range limited.FindAllStringSubmatch(string(text), -1) {
			entry := `"` + field[1] + ":" + field[2] + `"`
			if !strings.Contains(field[3], "MaxLength") || strings.Contains(field[3], `InputMode: "email"`) || field[1] == "email" || field[1] == "passkey" || field[1] == "address" {
				continue // an address that is too long is no address, and says so
			}
			checked++
			all := string(text)
			if file == "clients.templ" {
				order, err := os.ReadFile("clients.go")
				if err != nil {
					t.Fatal(err)
				}
				all += string(order)
			}
			if !strings.Contains(all, entry) {
				t.Errorf("%s: the summary lacks %s", file, entry)
			}
		}
	}
	if checked < 15 {
		t.Errorf("only %d fields are checked", checked)
	}
	_, doc := render(t, sample{"", views.ProjectEdit(staff(), views.ProjectFormProps{Form: views.ProjectForm{Errors: ui.Errors{"name": "That has 312 characters. At most 160 fit."}}})})
	if got := doc.Find(`.notice a[href="#name"]`).Text(); got != "Name: 312 characters. At most 160 fit." {
		t.Errorf("the summary says %q", got)
	}
}

// Below a text that is too long stands one sentence: the error, or the count once somebody types.
func TestOneSentenceIsBelowATextThatIsTooLong(t *testing.T) {
	t.Parallel()
	page, url := openGallery(t)
	if _, err := page.Goto(url + "/project-long.html"); err != nil {
		t.Fatal(err)
	}
	says := func(when, want string) {
		t.Helper()
		got, err := page.Evaluate(`() => [...document.querySelectorAll("#name ~ *")].filter((p) => p.checkVisibility()).map((p) => p.textContent.trim()).join(" + ")`)
		if err != nil || got != want {
			t.Errorf("%s the field says %v, want %q, %v", when, got, want, err)
		}
	}
	says("before", "That has 161 characters. At most 160 fit.")
	if err := page.Locator("#name").PressSequentially("ab"); err != nil {
		t.Fatal(err)
	}
	says("after two more letters", "3 characters too many")
}
