package mail

import (
	"time"

	"portico/views/ui"
)

// About is the version that a mail about deciding is about.
type About struct {
	Brand   Brand
	Agency  string
	Title   string
	Project string
	Version int
	URL     string // the page of the version. It decides nothing.
}

func (a About) facts() []fact {
	return []fact{{"Project", a.Project}, {"Version", version(a.Version)}}
}

// ReviewProps holds everything that the mails to somebody who is asked to decide may say.
type ReviewProps struct {
	About
	By       string // the person who asks
	PassedOn bool   // that person was asked before
	CanPass  bool   // there is somebody to pass it on to
	Note     string // what is new, in the publisher's words; may be empty
	Dates    ui.Dates
	Due      time.Time // zero for none
}

func (p ReviewProps) by() string {
	if p.Due.IsZero() {
		return ""
	}
	return ", by " + p.Dates.DayText(p.Due)
}

// ReviewAsked asks somebody to decide on a version.
func ReviewAsked(p ReviewProps) (Message, error) {
	l := letter{
		Subject: p.By + " asks you to approve " + p.Title + p.by(),
		Brand:   p.Brand, Title: p.By + " asks you to decide on " + p.Title,
		Paragraphs: []string{"Review " + version(p.Version) + " of " + p.Title + p.by() + ". Approve it, approve it with changes, or say what should change."},
		Quote:      p.Note, Label: "Review and decide", URL: p.URL, Facts: p.facts(),
		Foot: "You're getting this because " + p.By + " asked you to decide. Opening this email or its link decides nothing.",
	}
	if p.CanPass {
		l.Foot += " On the page you can pass it on."
	}
	if p.PassedOn {
		l.Subject = p.By + " passed you the decision about " + p.Title + p.by()
		l.Title = p.By + " passed you the decision about " + p.Title
		l.Foot = "You're getting this because " + p.By + " was asked to decide, and passed it on to you. Opening this email or its link decides nothing."
	}
	return l.write()
}

// ReviewReminder reminds somebody of what they are asked.
func ReviewReminder(p ReviewProps) (Message, error) {
	until := "you decide"
	if p.CanPass {
		until += " or pass it on"
	}
	return letter{
		Subject: "Reminder: " + p.Title + " waits for your decision" + p.by(),
		Brand:   p.Brand, Title: p.Title + " waits for your decision",
		Paragraphs: []string{p.By + " asked you to decide on " + version(p.Version) + " of " + p.Title + p.by() + "."},
		Label:      "Review and decide", URL: p.URL, Facts: p.facts(),
		Foot: "You're getting this because you are asked to decide and haven't yet. There are no reminders after " + until + ".",
	}.write()
}

// DecidedProps holds everything that the mail may say.
type DecidedProps struct {
	About
	By      string // who decided
	Client  string
	Answer  string // "approved", "approved_with_changes" or "changes_required"
	Words   string
	Outcome string // of the version, as Answer; "" while it waits for others
	Waiting int    // how many others are asked
}

// Decided tells who asked what somebody decided.
func Decided(p DecidedProps) (Message, error) {
	what := map[string]string{
		"approved":              " approved " + p.Title,
		"approved_with_changes": " approved " + p.Title + " with changes",
		"changes_required":      " needs changes to " + p.Title,
	}[p.Answer]
	now := map[string]string{
		"approved":              "Approved",
		"approved_with_changes": "Approved with changes",
		"changes_required":      "Changes needed",
	}[p.Outcome]
	if now == "" && p.Waiting > 0 {
		now = "Waits for " + ui.Count(p.Waiting, "more person", "more people")
	}
	return letter{
		Subject: p.By + what + ", " + version(p.Version),
		Brand:   p.Brand, Title: p.By + what,
		Paragraphs: []string{p.By + " at " + p.Client + what + ", " + version(p.Version) + "."},
		Quote:      p.Words, Label: "Open deliverable", URL: p.URL,
		Facts: append(p.facts(), fact{"State", now}),
		Foot:  "You're getting this because you asked for the decision or published the version.",
	}.write()
}

// PassedOnProps holds everything that the mail may say.
type PassedOnProps struct {
	About
	From, To string
}

// PassedOn tells who asked to whom the request was passed on.
func PassedOn(p PassedOnProps) (Message, error) {
	return letter{
		Subject: p.From + " passed the decision about " + p.Title + " to " + p.To,
		Brand:   p.Brand, Title: p.From + " passed the decision to " + p.To,
		Paragraphs: []string{p.To + " is asked to decide on " + version(p.Version) + " of " + p.Title + " instead of " + p.From + "."},
		Label:      "Open deliverable", URL: p.URL, Facts: p.facts(),
		Foot: "You're getting this because you asked for the decision or published the version.",
	}.write()
}
