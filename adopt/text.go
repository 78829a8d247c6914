package adopt

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"portico/names"
	"portico/store"
)

// cleaned is a value of one of our columns, and what is wrong with what it was made of.
type cleaned struct {
	value any
	found []finding // without table and key
}

// clean makes our value of theirs.
func (c column) clean(raw any) (out cleaned) {
	s, isText := raw.(string)
	if isText && !utf8.ValidString(s) {
		s, _ = charmap.Windows1252.NewDecoder().String(s)
		out.found = append(out.found, finding{Code: "encoding", About: c.name + ": " + names.CutCharacters(names.CleanLine(s), 40)})
	} else if isText && twiceEncoded(s) {
		out.found = append(out.found, finding{Code: "twice_encoded", About: c.name + ": " + names.CutCharacters(names.CleanLine(s), 40)})
	}
	switch c.kind {
	case line, fileName:
		s = c.shorten(names.CleanLine(s), &out)
		if !names.Visible(s) {
			s = c.fallback
			out.found = append(out.found, finding{Code: "name_missing", About: s})
		}
		out.value = s
	case text:
		out.value = c.shorten(plain(s), &out)
	case address:
		out.value = nil
		if folded, ok := fold(s); ok {
			out.value = folded
		} else {
			out.found = append(out.found, finding{Code: "no_address", About: names.CutCharacters(names.CleanLine(s), 60)})
		}
	case word, key:
		out.value = nil
		if isText && strings.TrimSpace(s) != "" {
			out.value = strings.TrimSpace(s)
		}
	default:
		out.value = raw
	}
	return out
}

func (c column) shorten(s string, out *cleaned) string {
	if c.most == 0 || utf8.RuneCountInString(s) <= c.most {
		return s
	}
	out.found = append(out.found, finding{Code: "too_long", About: c.name})
	if c.kind == text {
		return string([]rune(s)[:c.most-1]) + "…"
	}
	return names.CutCharacters(s, c.most)
}

// plain is a text of several lines without control characters.
func plain(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s))
}

// twiceEncoded reports whether the text becomes another valid one when it is read back as
// Windows-1252: "CafÃ©".
func twiceEncoded(s string) bool {
	bytes, err := charmap.Windows1252.NewEncoder().String(s)
	return err == nil && bytes != s && utf8.ValidString(bytes)
}

// fold returns an address in lower case; false for what is none.
func fold(s string) (string, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Address != s || len(s) > 254 || !strings.Contains(s, ".") {
		return "", false
	}
	return s, true
}

var (
	roles  = []string{string(store.RoleOwner), string(store.RoleAdmin), string(store.RoleMember), string(store.RoleViewer)}
	states = []string{string(store.DeliverableDraft), string(store.DeliverableInReview), string(store.DeliverableChanges), string(store.DeliverableApproved)}
)

// slugOf makes a slug of a text, of at most 36 characters, so that a number fits behind it.
func slugOf(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	slug := b.String()
	slug = strings.Trim(slug[:min(len(slug), 36)], "-")
	if slug == "" {
		return "client"
	}
	return slug
}
