package store

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"portico/names"
)

// keptName returns a name that somebody gave themselves or a thing of theirs, as it is
// kept, or an [InvalidError] of the field name. what names the field in its sentence.
func keptName(name, what string, most int) (string, error) {
	kept := names.CleanLine(name)
	wrong := ""
	switch {
	case !utf8.ValidString(name) || strings.ContainsFunc(strings.TrimSpace(name), unicode.IsControl):
		wrong = "Enter the name on one line."
	case kept == "":
		wrong = "Enter " + what + "."
	case !names.Visible(kept):
		wrong = "Enter " + what + " that can be seen."
	case utf8.RuneCountInString(kept) > most:
		wrong = tooLong(utf8.RuneCountInString(kept), most)
	}
	if wrong != "" {
		return "", InvalidError{"name": wrong}
	}
	return kept, nil
}
