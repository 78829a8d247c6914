package frame

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"portico/handlers/web"
)

// slugs are the slugs that a tenant can have.
var slugs = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// IsSlug reports whether a tenant can have the slug. With "--" as the third and fourth
// character it would be a name in another script as a host, such as xn--80ak6aa92e.
func IsSlug(slug string) bool {
	return slugs.MatchString(slug) && !(len(slug) > 3 && slug[2:4] == "--")
}

// ReadSlug returns the slug of a new tenant from the field "slug", or one made of its name
// if the field is empty, and what the form shows again.
func ReadSlug(f *web.Form, name string) (slug, typed string) {
	typed = f.Raw("slug")
	slug = strings.ToLower(strings.TrimSpace(typed))
	if slug == "" && name != "" {
		slug = suggestSlug(name)
		typed = slug
	}
	if n := utf8.RuneCountInString(slug); n > 40 {
		f.Errors["slug"] = fmt.Sprintf("That has %d characters. At most 40 fit.", n)
	} else if f.Errors["name"] == "" && !IsSlug(slug) {
		f.Errors["slug"] = "An address has up to 40 characters: a to z, 0 to 9 and -, with no - at either end."
	}
	return slug, typed
}

// plain are letters that Unicode doesn't take apart, as addresses usually have them.
var plain = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "å", "a", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i")

// suggestSlug makes a slug from a name; "" when no letter of it can be in a slug.
func suggestSlug(name string) string {
	var slug strings.Builder
	for _, c := range norm.NFKD.String(plain.Replace(strings.ToLower(name))) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			slug.WriteRune(c)
		case unicode.Is(unicode.Mn, c), c == '\'', c == '’':
		case slug.Len() > 0 && !strings.HasSuffix(slug.String(), "-"):
			slug.WriteByte('-')
		}
	}
	s := slug.String()
	if len(s) > 40 { // cut between words, if there are some
		end := strings.LastIndexByte(s[:41], '-')
		if end <= 0 {
			end = 40
		}
		s = s[:end]
	}
	return strings.Trim(s, "-")
}
