package web_test

import (
	"net/url"
	"strings"
	"testing"

	"portico/handlers/web"
)

// Case 31: local paths are kept; anything that could lead to another host becomes the
// home page.
func TestLocalPath(t *testing.T) {
	t.Parallel()
	for _, ours := range []string{
		"/", "/account", "/w/acme/", "/w/acme/projects?show=archived&x=//evil.test", "/w/acme/files/1%20a", "/a:b", "/step-up?return_to=%2Fsupport",
	} {
		if got := web.LocalPath(ours); got != ours {
			t.Errorf("LocalPath(%q) = %q", ours, got)
		}
	}
	for _, theirs := range []string{
		"", "account", "//evil.test", "///evil.test", `/\evil.test`, `\\evil.test`, `/\/evil.test`, "https:evil.test", "https://evil.test",
		"javascript:alert(1)", "/%2f%2fevil.test", "/%2F/evil.test", "/%5cevil.test", "/%5Cevil.test", "/\t/evil.test", "/\n//evil.test",
		"/\x00", "/%00", "/%0d%0aSet-Cookie:a=b", "/a#//evil.test", "/./%2fevil.test", "/.//evil.test", "/%2e%2e//evil.test", "/../..//evil.test",
		" /account", "/a b", "/\u2028x", "/\xff", "/%ff", "/%zz", "/" + strings.Repeat("a", 2000), "/" + strings.Repeat("é", 900),
	} {
		if got := web.LocalPath(theirs); got != "/" {
			t.Errorf("LocalPath(%q) = %q", theirs, got)
		}
	}
}

// Every result resolves to our own host in a browser, which reads a backslash as a
// slash and drops tabs and line breaks. LocalPath returns its own results unchanged.
func FuzzLocalPath(f *testing.F) {
	for _, seed := range []string{"/", "//evil", `/\evil`, "/%2f%2fevil", "https:evil", "/a?b=//c", "/\t/evil", "/a#b", "/%5c%5ce", "/..//e"} {
		f.Add(seed)
	}
	home, err := url.Parse("https://portico.test/login")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := web.LocalPath(s)
		asBrowser := strings.NewReplacer("\\", "/", "\t", "", "\r", "", "\n", "").Replace(got)
		u, err := home.Parse(asBrowser)
		if err != nil || u.Host != home.Host || u.Scheme != "https" || strings.HasPrefix(u.Path, "//") {
			t.Fatalf("LocalPath(%q) = %q leads to %v", s, got, u)
		}
		if len(got) > 2000 || web.LocalPath(got) != got {
			t.Fatalf("LocalPath(%q) = %q is not a local path", s, got)
		}
	})
}
