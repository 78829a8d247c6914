// Package certificate writes, signs and verifies certificates of approval: who decided
// what, on which bytes. A certificate is a text that people can read, with a signature
// below it. To verify one takes neither the server nor a database.
package certificate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Certificate is what a certificate says. All of it is visible to the client.
type Certificate struct {
	ID          string
	Issued      time.Time
	Portal      string // the address of the portal
	Agency      string
	Client      string
	Project     string
	Deliverable string
	Version     int
	Outcome     string // in words
	Files       []File // in the order in which they were shown
	Requests    []Request
	Decisions   []Decision // the oldest first
	Notes       []Note
	// What the certificate has no room for.
	OtherRequests, OtherDecisions, OtherComments Rest
}

// Rest stands for what a certificate has no room for.
type Rest struct {
	Count int
	Hash  []byte // SHA-256 over the SHA-256 of each, in order
}

// File is one file of the version.
type File struct {
	SHA256 []byte
	Size   int64 // in bytes
	Name   string
}

// Person is somebody as they were known in the portal when the certificate was issued.
type Person struct {
	Name  string
	Email string // "" if they have none any more
}

// String puts the name in quotation marks, so that a name can't go on with the sentence.
func (p Person) String() string {
	s := `"` + strings.ReplaceAll(p.Name, `"`, "'") + `"`
	if p.Email != "" {
		s += " <" + p.Email + ">"
	}
	return s
}

// Request says who was asked to decide.
type Request struct {
	Who   Person
	Step  int
	Asked time.Time
	Due   string // a date, or ""
	End   string // in words: how it ended
}

// Decision is what somebody decided.
type Decision struct {
	At         time.Time
	Who        Person
	Answer     string // in words
	Content    []byte // the hash that the decision refers to; see [Content]
	Words      string
	Superseded bool // the same person decided again later
}

// Note is one note that the client sees, with its replies.
type Note struct {
	Number   int
	Where    string // what it points at, or ""
	Resolved bool
	Comments []Comment
}

// Comment is what somebody said.
type Comment struct {
	At    time.Time
	Who   Person
	Words string
}

// Content is the hash that decisions refer to: SHA-256 over a line for each file, with its
// SHA-256, its size and its name.
func Content(files []File) []byte {
	hash := sha256.New()
	for _, f := range files {
		fmt.Fprintf(hash, "%x %d %s\n", f.SHA256, f.Size, f.Name)
	}
	return hash.Sum(nil)
}

const title = "Certificate of approval\n"

// Text is the certificate as it is signed. The same certificate always has the same text.
// What people typed is indented, so that nobody can type a line of the certificate.
func (c Certificate) Text() []byte {
	var w writer
	w.WriteString(title)
	w.field("Format", "1")
	w.field("Certificate", c.ID)
	w.field("Issued", stamp(c.Issued))
	w.field("Portal", c.Portal)
	w.field("Agency", c.Agency)
	w.field("Client", c.Client)
	w.field("Project", c.Project)
	w.field("Deliverable", c.Deliverable)
	w.field("Version", fmt.Sprint(c.Version))
	w.field("Outcome", c.Outcome)
	w.field("Content", "SHA-256 "+hex.EncodeToString(Content(c.Files)))

	w.section("Files: SHA-256, size in bytes, name")
	for _, f := range c.Files {
		w.field("File", fmt.Sprintf("%x %d %s", f.SHA256, f.Size, f.Name))
	}
	if len(c.Requests) > 0 {
		w.section("Who was asked")
	}
	for _, r := range c.Requests {
		line := fmt.Sprintf("%s, step %d, %s", r.Who, r.Step, stamp(r.Asked))
		if r.Due != "" {
			line += ", due " + r.Due
		}
		w.field("Asked", line+": "+r.End)
	}
	w.rest("requests", c.OtherRequests)
	w.section("Decisions")
	if len(c.Decisions) == 0 {
		w.WriteString("Nobody answered.\n")
	}
	for _, d := range c.Decisions {
		line := fmt.Sprintf("%s, %s: %s, on SHA-256 %x", d.Who, stamp(d.At), d.Answer, d.Content)
		if d.Superseded {
			line += ", replaced by a later decision"
		}
		w.field("Decision", line)
		w.words(d.Words)
	}
	w.rest("replaced decisions", c.OtherDecisions)
	if len(c.Notes) > 0 {
		w.section("Notes")
	}
	for _, n := range c.Notes {
		w.note(n)
	}
	w.rest("comments", c.OtherComments)
	return []byte(w.String())
}

type writer struct{ strings.Builder }

func (w *writer) section(heading string) { w.WriteString("\n" + heading + "\n") }

func (w *writer) field(name, value string) {
	w.WriteString(name + ": " + strings.ReplaceAll(plain(value), "\n", " ") + "\n")
}

// words writes what somebody typed, indented.
func (w *writer) words(typed string) {
	if typed == "" {
		return
	}
	for line := range strings.SplitSeq(plain(typed), "\n") {
		w.WriteString("    " + line + "\n")
	}
}

// rest says how much more there is, and a hash of it.
func (w *writer) rest(what string, r Rest) {
	if r.Count > 0 {
		w.field("Left out", fmt.Sprintf("%d more %s, SHA-256 over their SHA-256 %x", r.Count, what, r.Hash))
	}
}

func (w *writer) note(n Note) {
	state := "open"
	if n.Resolved {
		state = "done"
	}
	line := fmt.Sprintf("%d, %s", n.Number, state)
	if n.Where != "" {
		line += ", " + n.Where
	}
	w.field("Note", line)
	for _, c := range n.Comments {
		w.field("Comment", fmt.Sprintf("%s, %s", c.Who, stamp(c.At)))
		w.words(c.Words)
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// plain replaces characters that would make the text look other than it is: controls, and
// marks that change the direction of the writing.
func plain(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	return strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}
