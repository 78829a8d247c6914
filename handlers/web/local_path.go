package web

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// home is where a path that is not ours leads instead.
const home = "/"

// longestPath is how long a path may be that a browser is redirected to, in bytes.
const longestPath = 2000

// LocalPath returns the path and query of s if they can only lead to our own host,
// else the home page. Browsers, proxies and our own router read slashes and
// backslashes differently, so anything that one of them could read as another host
// is refused whole.
func LocalPath(s string) string {
	if len(s) > longestPath || !strings.HasPrefix(s, "/") || !utf8.ValidString(s) ||
		strings.ContainsFunc(s, func(c rune) bool { return c == '\\' || unicode.IsControl(c) || unicode.IsSpace(c) }) {
		return home
	}
	u, err := url.ParseRequestURI(s)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !plainPath(u.Path) {
		return home
	}
	to := u.EscapedPath()
	if u.RawQuery != "" {
		to += "?" + u.RawQuery
	}
	if len(to) > longestPath || strings.Contains(to, "#") {
		return home
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
