package signin

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"portico/views"
)

// longestPath is how long a path may be that somebody is sent on to, in bytes.
const longestPath = 2000

// LocalPath returns where to go on to after a proof: the path and query of s if
// it can lead nowhere but to our own host, else the home page. What browsers,
// proxies and our own router each make of slashes and backslashes differs, so
// anything that one of them could read as another host is refused whole.
func LocalPath(s string) string {
	if len(s) > longestPath || !strings.HasPrefix(s, "/") || !utf8.ValidString(s) ||
		strings.ContainsFunc(s, func(c rune) bool { return c == '\\' || unicode.IsControl(c) || unicode.IsSpace(c) }) {
		return views.PathHome
	}
	u, err := url.ParseRequestURI(s)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !plainPath(u.Path) {
		return views.PathHome
	}
	to := u.EscapedPath()
	if u.RawQuery != "" {
		to += "?" + u.RawQuery
	}
	if len(to) > longestPath || strings.Contains(to, "#") {
		return views.PathHome
	}
	return to
}

// plainPath looks at a path as it reads once decoded.
func plainPath(path string) bool {
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || !utf8.ValidString(path) ||
		strings.ContainsFunc(path, func(c rune) bool { return c == '\\' || unicode.IsControl(c) }) {
		return false
	}
	for step := range strings.SplitSeq(path, "/") {
		if step == "." || step == ".." {
			return false
		}
	}
	return true
}
