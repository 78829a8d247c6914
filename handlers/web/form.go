package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"portico/names"
)

// Form reads the values of a posted form and collects one error sentence for each
// invalid field.
type Form struct {
	r      *http.Request
	Errors map[string]string // by field
}

var (
	// ErrMalformedForm is returned for a body that is not a form.
	ErrMalformedForm = &Problem{Status: http.StatusUnprocessableEntity}
	// ErrSlowForm is returned for a form that did not arrive in time.
	ErrSlowForm = &Problem{Status: http.StatusRequestTimeout, Sentence: "What you sent did not arrive in time. Try again."}
)

// NewForm parses the body. It fails with [ErrMalformedForm], [ErrSlowForm],
// [ErrTooManyFields] or *http.MaxBytesError. What arrived of a body that broke off is in
// r.PostForm then, so that the refusal can show it again.
func NewForm(r *http.Request) (*Form, error) {
	err := readForm(r)
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

// FormOf returns a Form of these values, which did not come as a form.
func FormOf(values url.Values) *Form {
	return &Form{r: &http.Request{PostForm: values}, Errors: map[string]string{}}
}

// readForm is [http.Request.ParseForm], but keeps what arrived of a body that breaks off.
func readForm(r *http.Request) error {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.PostForm != nil || r.Body == nil || IsSafe(r.Method) || kind != "application/x-www-form-urlencoded" {
		return r.ParseForm()
	}
	body, broken := io.ReadAll(http.MaxBytesReader(nil, r.Body, MaxForm))
	if broken != nil {
		// A %-escape that is cut would lose its whole field.
		if at := bytes.LastIndexByte(body, '%'); at >= 0 && at >= len(body)-2 {
			body = body[:at]
		}
	}
	var malformed error
	r.PostForm, malformed = url.ParseQuery(string(body))
	return errors.Join(broken, malformed, r.ParseForm())
}

// IsTooSlow reports whether reading a body failed because of a deadline.
func IsTooSlow(err error) bool {
	late, ok := errors.AsType[net.Error](err)
	return errors.Is(err, os.ErrDeadlineExceeded) || (ok && late.Timeout())
}

// Raw returns a value as it was typed, to show it again.
func (f *Form) Raw(name string) string { return f.r.PostForm.Get(name) }

// Text returns one line of text of 1 to most characters, as [names.CleanLine] keeps it. what
// names the field in its error sentence.
func (f *Form) Text(name, what string, most int) string {
	v := names.CleanLine(f.Raw(name))
	switch {
	case v == "":
		f.Errors[name] = "Enter " + what + "."
	case utf8.ValidString(v) && !names.Visible(v) && Printable(v):
		f.Errors[name] = "Enter " + what + " that can be seen."
	case utf8.RuneCountInString(v) > most:
		f.Errors[name] = tooLong(v, most)
	case !Printable(v):
		f.Errors[name] = "Remove the characters that can't be displayed."
	}
	return v
}

// tooLong says by how much a text is too long. Nothing is cut.
func tooLong(v string, most int) string {
	return fmt.Sprintf("That has %d characters. At most %d fit.", utf8.RuneCountInString(v), most)
}

// Optional returns one line of text that may be empty.
func (f *Form) Optional(name string, most int) string {
	if strings.TrimSpace(f.Raw(name)) == "" {
		return ""
	}
	return f.Text(name, "a name", most)
}

// Prose returns text of several lines that may be empty.
func (f *Form) Prose(name string, most int) string {
	v := strings.TrimSpace(names.CleanText(strings.ReplaceAll(f.Raw(name), "\r\n", "\n")))
	switch {
	case utf8.RuneCountInString(v) > most:
		f.Errors[name] = tooLong(v, most)
	case !Printable(strings.ReplaceAll(v, "\n", "")):
		f.Errors[name] = "Remove the characters that can't be displayed."
	}
	return v
}

// Date returns a day, or nil if the field is empty.
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

// Number returns a whole number from least to most, or nil if the field is empty. what names
// it in its error sentence.
func (f *Form) Number(name string, least, most int, what string) *int {
	v := strings.TrimSpace(f.Raw(name))
	if v == "" {
		return nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		f.Errors[name] = "Enter " + what + "."
		return nil
	}
	return &n
}

var color = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// IsColor reports whether s is a CSS colour: # and six hexadecimal digits in lower case.
func IsColor(s string) bool { return color.MatchString(s) }

// Color returns a colour in lower case.
func (f *Form) Color(name string) string {
	v := strings.ToLower(strings.TrimSpace(f.Raw(name)))
	if !IsColor(v) {
		f.Errors[name] = "Enter a colour as # and six characters, 0 to 9 and a to f."
	}
	return v
}

// Checked reports whether a checkbox was ticked.
func (f *Form) Checked(name string) bool { return f.Raw(name) != "" }

// Valid reports whether all values read so far are valid.
func (f *Form) Valid() bool { return len(f.Errors) == 0 }

// Printable reports whether s is valid UTF-8 without control characters.
func Printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
