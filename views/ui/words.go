package ui

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Errors maps a field's name to what is wrong with its value, in words the person can act on. The key "" is for
// errors of the whole form.
type Errors map[string]string

// Count returns a number with its noun: "1 file", "3 files".
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(int64(n)) + " " + many
}

// Acts summarizes what was done in a support session.
func Acts(pages, files, changes int) string {
	s := "Viewed " + Count(pages, "page", "pages") + ", opened " + none(files, "file", "files")
	if changes > 0 {
		s += ", made " + Count(changes, "change", "changes")
	}
	return s
}

// Lasted returns how long something took, as the difference of its times as they are shown, without seconds.
func Lasted(from, to time.Time) string {
	n := int(to.Truncate(time.Minute).Sub(from.Truncate(time.Minute)) / time.Minute)
	if n < 1 {
		return "less than a minute"
	}
	return Count(n, "minute", "minutes")
}

func none(n int, one, many string) string {
	if n == 0 {
		return "no " + many
	}
	return Count(n, one, many)
}

// Number returns a count with thousands separators: 1,000,000.
func Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Size returns a number of bytes in kB, MB, GB or TB, each 1,000 of the smaller unit, as the scripts do: 1 GB, 1.2 GB.
func Size(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " B"
	case n < 999_500:
		return strconv.FormatInt((n+500)/1000, 10) + " kB"
	case n < 999_950_000:
		return tenths(float64(n)/1e6) + " MB"
	case n < 999_950_000_000:
		return tenths(float64(n)/1e9) + " GB"
	default:
		return tenths(float64(n)/1e12) + " TB"
	}
}

func tenths(f float64) string { return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0") }

// Initials returns up to two letters of a name for its tile: MC for "Mia Chen", A for "Acme".
func Initials(name string) string {
	var letters []rune
	for word := range strings.FieldsSeq(name) {
		if strings.ContainsAny(word[:1], "([") {
			break // the rest is a qualifier, as in "Mia (Acme)"
		}
		for _, r := range word {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				letters = append(letters, unicode.ToUpper(r))
				break
			}
		}
	}
	switch len(letters) {
	case 0:
		return "?"
	case 1:
		return string(letters[0])
	default:
		return string(letters[0]) + string(letters[len(letters)-1])
	}
}

// Names joins names into a list: "Mia", "Mia and Leo", "Mia, Leo and Gus".
func Names(names []string) string {
	switch len(names) {
	case 0:
		return "no one"
	case 1:
		return names[0]
	default:
		return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
	}
}
