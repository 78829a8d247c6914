package signin

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxEmailBytes is the longest address that mail can be sent to.
const maxEmailBytes = 254

// FoldEmail returns an address as the database stores it: trimmed, in lower case, in
// Unicode's composed form. It returns false for a text that is not a mail address.
func FoldEmail(typed string) (string, bool) {
	if len(typed) > 4*maxEmailBytes || !utf8.ValidString(typed) {
		return "", false
	}
	email := norm.NFC.String(strings.ToLower(strings.TrimSpace(typed)))
	local, domain, _ := strings.Cut(email, "@")
	switch {
	case len(email) > maxEmailBytes, local == "", len(local) > 64, domain == "",
		strings.HasPrefix(domain, "."), strings.HasSuffix(domain, "."), strings.Contains(domain, ".."),
		strings.ContainsFunc(email, unmailable), strings.Contains(domain, "@"):
		return "", false
	}
	return email, true
}

// unmailable reports whether c delimits addresses or is invisible, and so must not occur
// in one.
func unmailable(c rune) bool {
	return unicode.IsSpace(c) || !unicode.IsGraphic(c) || strings.ContainsRune(`<>()[],;:\"`, c)
}

// maskEmail hides most of an address: its owner recognises it, nobody else learns it.
func maskEmail(email string) string {
	local, domain, _ := strings.Cut(email, "@")
	name, rest := domain, ""
	if i := strings.LastIndexByte(domain, '.'); i > 0 {
		name, rest = domain[:i], domain[i:]
	}
	return firstCharacter(local) + "…@" + firstCharacter(name) + "…" + rest
}

func firstCharacter(s string) string {
	for _, c := range s {
		return string(c)
	}
	return ""
}
