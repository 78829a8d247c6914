package web

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// home replaces paths that are not ours.
const home = "/"

// maxPathBytes is the longest path that a browser is redirected to.
const maxPathBytes = 2000

// LocalPath returns the path and query of s if they can only lead to our own host,
// else the home page. Browsers, proxies and our own router read slashes and
// backslashes differently, so it refuses anything that one of them could read as
// another host.
func LocalPath(s string) string {
	if len(s) > maxPathBytes || !strings.HasPrefix(s, "/") || !utf8.ValidString(s) ||
		strings.ContainsFunc(s, func(c rune) bool { return c == '\\' || unicode.IsControl(c) || unicode.IsSpace(c) }) {
		return home
	}
	u, err := url.ParseRequestURI(s)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !isPlainPath(u.Path) {
		return home
	}
	to := u.EscapedPath()
	if u.RawQuery != "" {
		to += "?" + u.RawQuery
	}
	if len(to) > maxPathBytes || strings.Contains(to, "#") {
		return home
	}
	return to
}

// CameFrom returns the page on this host that the browser names as the one before, as a
// local path, or "".
func CameFrom(r *http.Request) string {
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host || from.Path == "" {
		return ""
	}
	return LocalPath((&url.URL{Path: from.Path, RawQuery: from.RawQuery}).String())
}

// isPlainPath reports whether a decoded path has no empty, "." or ".." segments and no
// backslashes or control characters.
func isPlainPath(path string) bool {
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
