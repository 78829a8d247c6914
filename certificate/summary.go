package certificate

import (
	"strings"
	"time"
)

// Summary is what a certificate says first to people, read from its text.
type Summary struct {
	Outcome   string // in words; "" if the text is no certificate
	Files     []File
	Decisions []Decision // without the hash they refer to
}

// Approves says that the outcome is an approval, with or without changes.
func (s Summary) Approves() bool { return strings.HasPrefix(s.Outcome, "approved") }

// Summarize reads the text of a certificate that was issued here. What people typed is
// indented, so it is never taken for a line of the certificate.
func Summarize(text string) (s Summary) {
	if signed, err := read([]byte(text), ""); err == nil {
		s.Files = signed.Files
	}
	var typing *Decision
	for line := range strings.SplitSeq(text, "\n") {
		if words, ok := strings.CutPrefix(line, "    "); ok {
			if typing != nil {
				typing.Words = strings.TrimPrefix(typing.Words+"\n"+words, "\n")
			}
			continue
		}
		typing = nil
		if outcome, ok := strings.CutPrefix(line, "Outcome: "); ok {
			s.Outcome = outcome
		}
		if d, ok := decision(line); ok {
			s.Decisions = append(s.Decisions, d)
			typing = &s.Decisions[len(s.Decisions)-1]
		}
	}
	return s
}

// decision reads a line such as: Decision: "Mia" <mia@acme.example>, 2026-11-25T10:00:00Z: Approved, on SHA-256 …
func decision(line string) (d Decision, ok bool) {
	rest, ok := strings.CutPrefix(line, `Decision: "`)
	if !ok {
		return d, false
	}
	d.Who.Name, rest, ok = strings.Cut(rest, `"`)
	if !ok {
		return d, false
	}
	rest, _, _ = strings.Cut(rest, ", on SHA-256 ")
	rest, d.Answer, ok = strings.Cut(rest, "Z: ")
	if !ok || len(rest) < len("2006-01-02T15:04:05") {
		return d, false
	}
	at, err := time.Parse("2006-01-02T15:04:05", rest[len(rest)-len("2006-01-02T15:04:05"):])
	d.At, d.Superseded = at, strings.HasSuffix(line, ", replaced by a later decision")
	return d, err == nil
}
