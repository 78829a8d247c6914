package handlers

import (
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"portico/handlers/signin"
	"portico/store"
)

func isID(s string) bool {
	_, err := uuid.Parse(s)
	return err == nil && len(s) == 36
}

// form reads the typed values of a request and collects what is wrong with them,
// a sentence a field.
type form struct {
	r      *http.Request
	errors store.InvalidError
}

// newForm parses the body; one that is no form is [store.ErrInvalid].
func newForm(r *http.Request) (*form, error) {
	if err := r.ParseForm(); err != nil {
		if statusOf(err) == http.StatusRequestEntityTooLarge {
			return nil, err
		}
		if signin.TooSlow(err) {
			return nil, errFormTooSlow
		}
		return nil, store.ErrInvalid
	}
	return &form{r: r, errors: store.InvalidError{}}, nil
}

// raw is a value as it was typed, for showing it again.
func (f *form) raw(name string) string { return f.r.PostForm.Get(name) }

// text is one line of text, 1 to most characters.
func (f *form) text(name, what string, most int) string {
	v := strings.Join(strings.Fields(f.raw(name)), " ")
	switch {
	case v == "":
		f.errors[name] = "Enter " + what + "."
	case utf8.RuneCountInString(v) > most:
		f.errors[name] = "That is too long."
	case !printable(v):
		f.errors[name] = "Remove the characters that can't be displayed."
	}
	return v
}

// optional is one line of text that may be empty.
func (f *form) optional(name string, most int) string {
	if strings.TrimSpace(f.raw(name)) == "" {
		return ""
	}
	return f.text(name, "a name", most)
}

// prose is text of several lines that may be empty.
func (f *form) prose(name string, most int) string {
	v := strings.TrimSpace(strings.ReplaceAll(f.raw(name), "\r\n", "\n"))
	switch {
	case utf8.RuneCountInString(v) > most:
		f.errors[name] = "That is too long."
	case !printable(strings.ReplaceAll(v, "\n", "")):
		f.errors[name] = "Remove the characters that can't be displayed."
	}
	return v
}

// date is a day, or nil when nothing was typed.
func (f *form) date(name string) *time.Time {
	v := strings.TrimSpace(f.raw(name))
	if v == "" {
		return nil
	}
	day, err := time.Parse(time.DateOnly, v)
	if err != nil || day.Year() < 2000 || day.Year() > 2200 {
		f.errors[name] = "Enter a date, such as 2026-11-25."
		return nil
	}
	return &day
}

var accents = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// accent is a colour.
func (f *form) accent(name string) string {
	v := strings.ToLower(strings.TrimSpace(f.raw(name)))
	if !accents.MatchString(v) {
		f.errors[name] = "Enter a colour as # and six characters, 0 to 9 and a to f."
	}
	return v
}

func (f *form) checked(name string) bool { return f.raw(name) != "" }

// valid says whether everything could be accepted.
func (f *form) valid() bool { return len(f.errors) == 0 }

func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, c := range s {
		if unicode.IsControl(c) {
			return false
		}
	}
	return true
}
