package mail_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portico/views/mail"
)

const hostile = "<script>alert(1)</script>\r\nBcc: everybody@example.test"

var at = time.Date(2026, 11, 22, 19, 30, 0, 0, time.UTC)

// letters writes every mail, with the same text in every place that people can fill.
func letters(t *testing.T, s, url string) map[string]mail.Message {
	t.Helper()
	b := mail.Brand{Name: s, Accent: "#c2410c"}
	support := mail.SupportProps{Brand: b, Tenant: s, Agent: s, Subject: s, Reason: s, Ticket: s, StartedAt: at, EndsAt: at, LedgerURL: url}
	ended := support
	ended.EndedAt, ended.How, ended.ViewAs, ended.Write = at, "Mia ended it.", true, true
	list := map[string]mail.Message{}
	put := func(name string, m mail.Message, err error) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		list[name] = m
	}
	m, err := mail.SignIn(mail.SignInProps{Brand: b, URL: url, Code: "123456", Minutes: 10, Browser: s})
	put("signin", m, err)
	m, err = mail.SignUp(mail.SignUpProps{URL: url, Code: "123456", Minutes: 10})
	put("signup", m, err)
	m, err = mail.StepUp(mail.StepUpProps{Brand: b, Purpose: "to start a support session in " + s, Code: "123456", Minutes: 5})
	put("stepup", m, err)
	m, err = mail.Published(mail.PublishedProps{Brand: b, Agency: s, By: s, Title: s, Project: s, Version: 3, Note: s, URL: url})
	put("published", m, err)
	about := mail.About{Brand: b, Agency: s, Title: s, Project: s, Version: 3, URL: url}
	m, err = mail.ReviewAsked(mail.ReviewProps{About: about, By: s, Note: s, Due: at})
	put("review-asked", m, err)
	m, err = mail.ReviewAsked(mail.ReviewProps{About: about, By: s, PassedOn: true})
	put("review-passed-to-you", m, err)
	m, err = mail.ReviewReminder(mail.ReviewProps{About: about, By: s, Due: at})
	put("review-reminder", m, err)
	m, err = mail.Decided(mail.DecidedProps{About: about, By: s, Client: s, Answer: "changes_required", Words: s, Outcome: "changes_required"})
	put("decided", m, err)
	m, err = mail.Decided(mail.DecidedProps{About: about, By: s, Client: s, Answer: "approved", Waiting: 2})
	put("decided-waits", m, err)
	m, err = mail.PassedOn(mail.PassedOnProps{About: about, From: s, To: s})
	put("passed-on", m, err)
	m, err = mail.Notes(mail.NotesProps{Brand: b, Title: s, Project: s, Items: []mail.NoteItem{{Author: s, Words: s, URL: url}}, URL: url, Client: true})
	put("notes", m, err)
	m, err = mail.Mentioned(mail.MentionedProps{Brand: b, Title: s, Project: s, By: s, Words: s, URL: url})
	put("mentioned", m, err)
	m, err = mail.Digest(mail.DigestProps{Brand: b, Since: at, Items: []mail.DigestItem{{Sentence: s, URL: url}}, URL: url})
	put("digest", m, err)
	m, err = mail.Joined(mail.JoinedProps{Brand: b, Agency: s, Items: []mail.DigestItem{{Sentence: s, URL: url}}, URL: url})
	put("joined", m, err)
	m, err = mail.Invite(mail.InviteProps{Brand: b, By: s, From: s + " Studio", To: s, Place: s, Maker: s, URL: url, Days: 14})
	put("invite", m, err)
	m, err = mail.SupportStarted(support)
	put("support-started", m, err)
	m, err = mail.SupportAsked(mail.SupportAskedProps{Brand: b, Tenant: s, Agent: s, Reason: s, Ticket: s, Hours: 4, Sides: s, URL: url})
	put("support-asked", m, err)
	m, err = mail.SupportAnswered(mail.SupportAnsweredProps{Tenant: s, Word: s, URL: url})
	put("support-declined", m, err)
	m, err = mail.SupportAnswered(mail.SupportAnsweredProps{Tenant: s, Approved: true, Write: true, EndsAt: at, URL: url})
	put("support-approved", m, err)
	m, err = mail.KeyMade(mail.KeyMadeProps{Brand: b, Place: s, Maker: s, Name: s, Does: "reads work", Until: s, URL: url})
	put("key-made", m, err)
	m, err = mail.SupportEnded(ended)
	put("support-ended", m, err)
	return list
}

// Typed text stays text in a mail. It adds no markup and no header.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	for name, m := range letters(t, hostile, "https://portico.example/x") {
		if strings.Contains(m.HTML, "<script") {
			t.Errorf("%s: markup from a name", name)
		}
		if strings.ContainsAny(m.Subject, "\r\n") {
			t.Errorf("%s: a line break in the subject", name)
		}
		if strings.Contains(m.Text, "\r") || strings.Contains(m.Text, "\nBcc:") {
			t.Errorf("%s: a name broke out of its line", name)
		}
	}
}

// A URL that is not http or https is not a link in a mail either.
func TestHostileLink(t *testing.T) {
	t.Parallel()
	for name, m := range letters(t, "Acme", "javascript:alert(1)") {
		if strings.Contains(m.HTML, "javascript:") {
			t.Errorf("%s: a script as a link", name)
		}
	}
}

// HTML and plain text both have the code and the link.
func TestBothWaysSayTheSame(t *testing.T) {
	t.Parallel()
	all := letters(t, "Acme", "https://portico.example/x?a=1")
	for name, m := range all {
		for _, want := range map[string][]string{"signin": {"123456", "portico.example/x"}, "stepup": {"123456"}}[name] {
			if !strings.Contains(m.Text, want) || !strings.Contains(m.HTML, want) {
				t.Errorf("%s: %q is missing in one of the two", name, want)
			}
		}
		if strings.Contains(m.Text, "<") {
			t.Errorf("%s: markup in the plain text", name)
		}
	}
	if !strings.Contains(all["support-started"].Text, "read-only") || !strings.Contains(all["support-started"].HTML, "read-only") {
		t.Error("the owner is not told that the session is read only")
	}
}

// Writes the mails to a folder for review, like the gallery of pages.
func TestGallery(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("PORTICO_GALLERY")
	if dir == "" {
		dir = t.TempDir()
	}
	for name, m := range letters(t, "Acme", "https://portico.example/x") {
		if err := os.WriteFile(filepath.Join(dir, "mail-"+name+".html"), []byte(m.HTML), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A step-up's code is in the mail and not in its subject, which phones show on a locked
// screen.
func TestStepUpCodeIsNotInTheSubject(t *testing.T) {
	t.Parallel()
	m, err := mail.StepUp(mail.StepUpProps{Code: "123456", Minutes: 5})
	if err != nil || strings.Contains(m.Subject, "123456") || !strings.Contains(m.Text, "123456") {
		t.Errorf("subject %q, %v", m.Subject, err)
	}
}
