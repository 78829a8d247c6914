package signin

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// longestEmail is how long an address may be, in bytes.
const longestEmail = 254

// FoldEmail returns an address as the records keep it: trimmed, in lower case, in
// the composed form of Unicode. False is something mail cannot be sent to.
func FoldEmail(typed string) (string, bool) {
	if len(typed) > 4*longestEmail || !utf8.ValidString(typed) {
		return "", false
	}
	email := norm.NFC.String(strings.ToLower(strings.TrimSpace(typed)))
	local, domain, _ := strings.Cut(email, "@")
	switch {
	case len(email) > longestEmail, local == "", len(local) > 64, domain == "",
		strings.HasPrefix(domain, "."), strings.HasSuffix(domain, "."), strings.Contains(domain, ".."),
		strings.ContainsFunc(email, unmailable), strings.Contains(domain, "@"):
		return "", false
	}
	return email, true
}

// unmailable are characters that end an address, open a list of them, or cannot
// be seen.
func unmailable(c rune) bool {
	return unicode.IsSpace(c) || !unicode.IsGraphic(c) || strings.ContainsRune(`<>()[],;:\"`, c)
}

// maskEmail shows enough of an address to recognise it, not enough to learn it.
func maskEmail(email string) string {
	local, domain, _ := strings.Cut(email, "@")
	name, rest := domain, ""
	if i := strings.LastIndexByte(domain, '.'); i > 0 {
		name, rest = domain[:i], domain[i:]
	}
	return first(local) + "…@" + first(name) + "…" + rest
}

func first(s string) string {
	for _, c := range s {
		return string(c)
	}
	return ""
}
