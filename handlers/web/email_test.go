package web_test

import (
	"net/mail"
	"strings"
	"testing"

	"portico/handlers/web"
)

// Every spelling of an address is the same address, and what is kept can be parsed
// again and sent.
func TestEverySpellingIsOneAddress(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		" Dana@Northwind.TEST\n":          "dana@northwind.test",
		"a+b@x.test":                      "a+b@x.test",
		"o'neil@x.test":                   "o'neil@x.test",
		"!#$%&'*+-/=?^_`{|}~@x.test":      "!#$%&'*+-/=?^_`{|}~@x.test",
		"first.last@x.test":               "first.last@x.test",
		`"first.last"@x.test`:             "first.last@x.test",
		`"Ada"@X.test`:                    "ada@x.test",
		`"a\d\a"@x.test`:                  "ada@x.test",
		`"ada byte"@x.test`:               `"ada byte"@x.test`,
		`"a..b"@x.test`:                   `"a..b"@x.test`,
		`".a."@x.test`:                    `".a."@x.test`,
		`"a@b"@x.test`:                    `"a@b"@x.test`,
		`"a\"b\\c"@x.test`:                `"a\"b\\c"@x.test`,
		"e\u0301@x.test":                  "é@x.test",
		"É@x.test":                        "é@x.test",
		"ada@bücher.example":              "ada@bücher.example",
		"ada@B\u0055\u0308CHER.example":   "ada@bücher.example",
		"ada@xn--bcher-kva.example":       "ada@bücher.example",
		"ada@XN--BCHER-KVA.EXAMPLE":       "ada@bücher.example",
		"ada@straße.example":              "ada@straße.example",
		"ada@xn--strae-oqa.example":       "ada@straße.example",
		"用户@例子。测试":                        "用户@例子.测试",
		"用户@xn--fsqu00a.xn--0zwm56d":      "用户@例子.测试",
		"ada\uff20ａｃｍｅ.example":           "ada@acme.example",
		"ada@mail.acme.co.uk":             "ada@mail.acme.co.uk",
		"ada@[192.0.2.1]":                 "ada@[192.0.2.1]",
		"ada@3com.example":                "ada@3com.example",
		strings.Repeat("a", 64) + "@x.de": strings.Repeat("a", 64) + "@x.de",
	} {
		got, err := web.ParseEmail(typed)
		if err != nil || got != want {
			t.Errorf("%q is %q, %v", typed, got, err)
			continue
		}
		if again, err := web.ParseEmail(got); err != nil || again != got {
			t.Errorf("%q is kept as %q, which is %q, %v", typed, got, again, err)
		}
		wire, _ := web.WireEmail(got)
		if again, err := web.ParseEmail(wire); err != nil || again != got {
			t.Errorf("%q is sent as %q, which is %q, %v", typed, wire, again, err)
		}
		if _, err := mail.ParseAddress(wire); err != nil {
			t.Errorf("%q is sent as %q: %v", typed, wire, err)
		}
	}
}

// Text that is no address is refused, and the sentence says why where it can.
func TestInvalidEmailsAreRefused(t *testing.T) {
	t.Parallel()
	for typed, says := range map[string]string{
		"": "", "dana": "", "dana@": "", "@x.test": "", "a b@x.test": "", "a@b@c.test": "", "<dana@x.test>": "",
		"Dana <dana@x.test>": "", "a@x.test,b@x.test": "", "a@x.test, b@x.test": "", "a\x00@x.test": "", "\xff@x.test": "",
		"a@x.test\r\nBcc: b@x.test": "", "a@\u202ex.test": "", `"a@x.test`: "", `"a"b@x.test`: "", `""@x.test`: "",
		"a\u200b@x.test": "", "\"a\nb\"@x.test": "", "\u212Aate@x.test": "", "\u212A\u00e9@x.test": "", "d\u0430\u202ena@x.test": "",
		"nora@acme": "a full domain", "nora@localhost": "a full domain", "a+b@x": "a full domain",
		"a..b@x.test": "two dots", ".a@x.test": "two dots", "a.@x.test": "two dots",
		"a@x..test": "is not a domain", "a@.x.test": "is not a domain", "a@x.test.": "is not a domain", "a@x_y.test": "is not a domain",
		"a@-x.test": "is not a domain", "a@1.2.3.4": "is not a domain", "a@[1.2.3]": "is not a domain", "a@[2001:db8::1]": "is not a domain",
		"a@[192.0.2.1": "is not a domain", "a@xn--a.test": "is not a domain", "a@" + strings.Repeat("x", 64) + ".test": "is not a domain",
		strings.Repeat("a", 65) + "@x.test": "too long", strings.Repeat("a", 5000) + "@x.test": "",
		"a@" + strings.Repeat("xxxxxxxxxxxxxxxxxxxxxxxxxxx.", 9) + "test": "is not a domain", strings.Repeat("a", 60) + "@" + strings.Repeat("xxxxxxxxxxxxxxxxxxx.", 10) + "test": "too long", "a@[IPv6:2001:db8::1]": "is not a domain", "a@x-.test": "is not a domain",
	} {
		got, err := web.ParseEmail(typed)
		if err == nil {
			t.Errorf("%q is %q", typed, got)
			continue
		}
		if s := web.EmailSentence(err); !strings.HasPrefix(s, "Enter an email address") || !strings.Contains(s, says) {
			t.Errorf("%q: %s", typed, s)
		}
	}
}

// A server that knows ASCII only gets an international domain in ASCII.
func TestDomainsAreSentInASCII(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]string{
		"ada@bücher.example": "ada@xn--bcher-kva.example", `"a@b"@例子.测试`: `"a@b"@xn--fsqu00a.xn--0zwm56d`,
		"ada@[192.0.2.1]": "ada@[192.0.2.1]", "ada@acme.example": "ada@acme.example",
	} {
		if got, ascii := web.WireEmail(email); got != want || !ascii {
			t.Errorf("%q is sent as %q, %v", email, got, ascii)
		}
	}
	if got, ascii := web.WireEmail("用户@例子.测试"); ascii {
		t.Errorf("%q is called ASCII", got)
	}
}
