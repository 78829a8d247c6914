package signin

import (
	"strings"

	"portico/handlers/web"
)

// maskEmail hides most of an address: its owner recognises it, nobody else learns it.
func maskEmail(email string) string {
	local, domain, _ := web.SplitEmail(email)
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
