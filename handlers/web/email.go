package web

import (
	"errors"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Limits of an address as RFC 5321 sends it, in bytes.
const (
	maxEmailBytes = 254
	maxLocalBytes = 64
)

// EmailError is a text that is not an email address. It is a sentence that says why,
// or "" if nothing better can be said than that.
type EmailError string

// Error implements error.
func (e EmailError) Error() string { return strings.TrimSpace("not an email address " + string(e)) }

// Sentence asks for an address and says what was wrong.
func (e EmailError) Sentence() string {
	return strings.TrimSpace("Enter an email address, such as mia@acme.example. " + string(e))
}

const (
	errNoDot  EmailError = "The part after the @ needs a full domain, such as acme.example."
	errDots   EmailError = "The part before the @ can't start or end with a dot or have two dots in a row."
	errDomain EmailError = "The part after the @ is not a domain, such as acme.example."
	errLong   EmailError = "That address is too long. At most 64 characters fit before the @, and at most 254 in all."
)

// EmailSentence is what a form says about an error of [ParseEmail].
func EmailSentence(err error) string {
	e, _ := errors.AsType[EmailError](err)
	return e.Sentence()
}

// ParseEmail returns the one spelling in which the database keeps an address, whichever
// of its spellings was typed: lower case, composed Unicode, a domain in Unicode, and
// quotation marks only where the part before the @ needs them. The error is an
// [EmailError].
func ParseEmail(typed string) (string, error) {
	if len(typed) > 4*maxEmailBytes || !utf8.ValidString(typed) {
		return "", EmailError("")
	}
	typed = strings.TrimSpace(typed)
	if !strings.Contains(typed, "@") {
		typed = strings.Replace(typed, "\uff20", "@", 1) // as East Asian keyboards type it
	}
	local, domain, ok := SplitEmail(typed)
	if !ok {
		return "", EmailError("")
	}
	local, err := parseLocal(local)
	if err != nil {
		return "", err
	}
	domain, onWire, err := parseDomain(domain)
	switch {
	case err != nil:
		return "", err
	case len(local) > maxLocalBytes, len(local)+1+max(len(domain), len(onWire)) > maxEmailBytes:
		return "", errLong
	}
	return local + "@" + domain, nil
}

// SplitEmail cuts an address at the @ before its domain. The part before it may hold
// others, in quotation marks.
func SplitEmail(email string) (local, domain string, ok bool) {
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return "", "", false
	}
	return email[:at], email[at+1:], true
}

// WireEmail returns a parsed address as mail servers expect it: with its domain in
// ASCII. ascii reports whether all of it is, so that every server can take it.
func WireEmail(email string) (wire string, ascii bool) {
	local, domain, _ := SplitEmail(email)
	if a, err := domains.ToASCII(domain); err == nil {
		domain = a
	}
	wire = local + "@" + domain
	return wire, !strings.ContainsFunc(wire, func(c rune) bool { return c >= utf8.RuneSelf })
}

// LocalPart is what stands before the @ of a parsed address, without quotation marks.
func LocalPart(email string) string {
	local, _, _ := SplitEmail(email)
	if text, ok := unquote(local); ok {
		return text
	}
	return local
}

// parseLocal returns the part before the @ without needless quotation marks.
func parseLocal(typed string) (string, error) {
	text, quoted := typed, strings.HasPrefix(typed, `"`)
	if quoted {
		var ok bool
		if text, ok = unquote(typed); !ok {
			return "", EmailError("")
		}
	}
	text, ok := fold(text)
	switch {
	case !ok, text == "":
		return "", EmailError("")
	case !strings.ContainsFunc(text, notAtom) && !strings.HasPrefix(text, ".") && !strings.HasSuffix(text, ".") && !strings.Contains(text, ".."):
		return text, nil
	case quoted:
		return quote(text), nil
	case !strings.ContainsFunc(text, notAtom):
		return "", errDots
	}
	return "", EmailError("")
}

// fold returns a text in lower case and composed. It refuses what no address may hold,
// and letters that look like another address's in lower case: the Kelvin sign would
// become a k.
func fold(text string) (string, bool) {
	for _, c := range text {
		if c != ' ' && (!unicode.IsGraphic(c) || unicode.IsSpace(c)) || (c >= utf8.RuneSelf && unicode.ToLower(c) < utf8.RuneSelf) {
			return "", false
		}
	}
	folded := norm.NFC.String(strings.ToLower(norm.NFC.String(text)))
	return folded, !isASCII(folded) || isASCII(text)
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c >= utf8.RuneSelf })
}

// notAtom reports whether a character needs quotation marks around the part before
// the @.
func notAtom(c rune) bool { return c <= ' ' || strings.ContainsRune(`<>()[],;:\"@`, c) }

// unquote returns the text of a quoted string.
func unquote(quoted string) (string, bool) {
	body, ok := strings.CutPrefix(quoted, `"`)
	if !ok || body == "" {
		return "", false
	}
	var text strings.Builder
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '"':
			return text.String(), i == len(body)-1
		case c == '\\':
			if i++; i == len(body) {
				return "", false
			}
			text.WriteByte(body[i])
		default:
			text.WriteByte(c)
		}
	}
	return "", false
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// domains maps the spellings of a domain to one, as browsers and mail servers do.
var domains = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.CheckHyphens(false),
	idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// parseDomain returns a domain in Unicode, and in ASCII as it is sent.
func parseDomain(typed string) (domain, onWire string, err error) {
	if strings.HasPrefix(typed, "[") {
		literal, err := addressLiteral(typed)
		return literal, literal, err
	}
	if typed == "" || strings.ContainsFunc(typed, func(c rune) bool { return unicode.IsSpace(c) || !unicode.IsGraphic(c) }) {
		return "", "", EmailError("")
	}
	onWire, err = domains.ToASCII(typed)
	if err != nil || strings.HasSuffix(onWire, ".") || strings.Contains("."+onWire, ".-") || strings.Contains(onWire+".", "-.") {
		return "", "", errDomain
	}
	last := onWire[strings.LastIndexByte(onWire, '.')+1:]
	switch {
	case last == onWire:
		return "", "", errNoDot
	case strings.Trim(last, "0123456789") == "":
		return "", "", errDomain
	}
	domain, err = domains.ToUnicode(onWire)
	if err != nil || domain != strings.ToLower(domain) {
		return onWire, onWire, nil //nolint:nilerr // a name that can't be shown in Unicode is kept in ASCII
	}
	return domain, onWire, nil
}

// addressLiteral returns an IPv4 address in brackets, which may stand for a domain. Mail
// libraries don't write to IPv6 ones.
func addressLiteral(typed string) (string, error) {
	text, closed := strings.CutSuffix(typed[1:], "]")
	ip, err := netip.ParseAddr(text)
	if !closed || err != nil || !ip.Is4() {
		return "", errDomain
	}
	return "[" + ip.String() + "]", nil
}

// ParseMailbox reads an address as mail programs copy it, with a name or without:
// "Ada Byte <ada@acme.example>". name is "" if there is none.
func ParseMailbox(typed string) (name, email string, err error) {
	text := strings.TrimRight(strings.TrimSpace(typed), ",; ")
	if open := strings.LastIndexByte(text, '<'); open >= 0 && strings.HasSuffix(text, ">") {
		name, text = strings.Trim(text[:open], ` "'`), text[open+1:len(text)-1]
	}
	if len(text) > len("mailto:") && strings.EqualFold(text[:len("mailto:")], "mailto:") {
		text = text[len("mailto:"):]
	}
	email, err = ParseEmail(text)
	if _, sameErr := ParseEmail(name); err != nil || sameErr == nil {
		name = "" // no name, only the address again
	}
	return name, email, err
}
