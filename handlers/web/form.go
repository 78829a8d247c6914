package web

import (
	"errors"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Form reads the typed values of a request and collects what is wrong with them,
// a sentence a field.
type Form struct {
	r      *http.Request
	Errors map[string]string // by field
}

var (
	// ErrMalformedForm is a body that cannot be read as a form.
	ErrMalformedForm = &Problem{Status: http.StatusUnprocessableEntity}
	// ErrSlowForm is a form whose end did not come in time.
	ErrSlowForm = &Problem{Status: http.StatusRequestTimeout, Sentence: "What you sent did not arrive in time. Try again."}
)

// NewForm parses the body. It fails with [ErrMalformedForm], [ErrSlowForm],
// [ErrTooManyFields] or *http.MaxBytesError.
func NewForm(r *http.Request) (*Form, error) {
	err := r.ParseForm()
	_, isTooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case err == nil:
		return &Form{r: r, Errors: map[string]string{}}, nil
	case isTooLarge, errors.Is(err, ErrTooManyFields):
		return nil, err
	case IsTooSlow(err):
		return nil, ErrSlowForm
	}
	return nil, ErrMalformedForm
}

// IsTooSlow says whether reading a body failed because it took too long to come.
func IsTooSlow(err error) bool {
	late, ok := errors.AsType[net.Error](err)
	return errors.Is(err, os.ErrDeadlineExceeded) || (ok && late.Timeout())
}

// Raw is a value as it was typed, for showing it again.
func (f *Form) Raw(name string) string { return f.r.PostForm.Get(name) }

// Text is one line of text, 1 to most characters.
func (f *Form) Text(name, what string, most int) string {
	v := strings.Join(strings.Fields(f.Raw(name)), " ")
	switch {
	case v == "":
		f.Errors[name] = "Enter " + what + "."
	case utf8.RuneCountInString(v) > most:
		f.Errors[name] = "That is too long."
	case !Printable(v):
		f.Errors[name] = "Remove the characters that can't be displayed."
	}
	return v
}

// Optional is one line of text that may be empty.
func (f *Form) Optional(name string, most int) string {
	if strings.TrimSpace(f.Raw(name)) == "" {
		return ""
	}
	return f.Text(name, "a name", most)
}

// Prose is text of several lines that may be empty.
func (f *Form) Prose(name string, most int) string {
	v := strings.TrimSpace(strings.ReplaceAll(f.Raw(name), "\r\n", "\n"))
	switch {
	case utf8.RuneCountInString(v) > most:
		f.Errors[name] = "That is too long."
	case !Printable(strings.ReplaceAll(v, "\n", "")):
		f.Errors[name] = "Remove the characters that can't be displayed."
	}
	return v
}

// Date is a day, or nil when nothing was typed.
func (f *Form) Date(name string) *time.Time {
	v := strings.TrimSpace(f.Raw(name))
	if v == "" {
		return nil
	}
	day, err := time.Parse(time.DateOnly, v)
	if err != nil || day.Year() < 2000 || day.Year() > 2200 {
		f.Errors[name] = "Enter a date, such as 2026-11-25."
		return nil
	}
	return &day
}

var color = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// IsColor says whether s is a colour as CSS writes it: # and six digits, in lower
// case.
func IsColor(s string) bool { return color.MatchString(s) }

// Color is a colour, in lower case.
func (f *Form) Color(name string) string {
	v := strings.ToLower(strings.TrimSpace(f.Raw(name)))
	if !IsColor(v) {
		f.Errors[name] = "Enter a colour as # and six characters, 0 to 9 and a to f."
	}
	return v
}

// Checked says whether a box was ticked.
func (f *Form) Checked(name string) bool { return f.Raw(name) != "" }

// Valid says whether all values so far could be accepted.
func (f *Form) Valid() bool { return len(f.Errors) == 0 }

// Printable says whether s is valid text without control characters.
func Printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
