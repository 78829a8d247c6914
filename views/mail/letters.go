package mail

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"portico/views/ui"
)

// SignInProps holds everything that the mail may say.
type SignInProps struct {
	Brand   Brand
	URL     string // the link to a page with a button
	Code    string // six digits
	Minutes int    // how long both are valid
	Browser string // the browser that requested the mail: "Firefox on Linux"; "" if unknown
}

// SignIn sends the link and the code that sign a person in.
func SignIn(p SignInProps) (Message, error) {
	asked := "Someone asked to sign in with this address."
	if p.Browser != "" {
		asked = "Someone asked to sign in with this address, from " + p.Browser + "."
	}
	return letter{
		Subject: p.Code + " is your sign-in code for " + p.Brand.name(),
		Brand:   p.Brand,
		Title:   "Sign in to " + p.Brand.name(),
		Paragraphs: []string{
			"Open the link on any device, or enter the code in the browser where you started. Both expire after " +
				minutes(p.Minutes) + " and work once.",
		},
		Code: p.Code, Label: "Sign in", URL: p.URL,
		Foot: asked + " If it wasn't you, ignore this email. No one can sign in without it.",
	}.write()
}

// SignUpProps holds everything that the mail may say.
type SignUpProps struct {
	URL     string // the link to a page with a button
	Code    string // six digits
	Minutes int    // how long both are valid
}

// SignUp sends the link and the code that prove an address, with which its owner creates an agency. It names nothing
// that somebody typed, because it may reach a stranger.
func SignUp(p SignUpProps) (Message, error) {
	return letter{
		Subject: p.Code + " is your code to create an agency on Portico",
		Title:   "Confirm your address",
		Paragraphs: []string{
			"Open the link on any device, or enter the code in the browser where you started. Then you name your agency. Both expire after " +
				minutes(p.Minutes) + " and work once.",
		},
		Code: p.Code, Label: "Confirm address", URL: p.URL,
		Foot: "Someone asked to create an agency with this address. If it wasn't you, ignore this email. No one can sign in or create anything without it.",
	}.write()
}

// StepUpProps holds everything that the mail may say.
type StepUpProps struct {
	Brand   Brand
	Purpose string // "to start a support session in Acme"
	Code    string
	Minutes int
}

// StepUp sends the code with which a signed-in person confirms who they are.
func StepUp(p StepUpProps) (Message, error) {
	return letter{
		Subject: "Your confirmation code",
		Brand:   p.Brand,
		Title:   "Confirm it's you",
		Paragraphs: []string{
			strings.TrimSpace("Enter this code "+p.Purpose) + ". It expires after " + minutes(p.Minutes) + " and works once.",
		},
		Code: p.Code,
		Foot: "If you didn't ask for this code, someone else is signed in as you. Open your account and sign out everywhere.",
	}.write()
}

// InviteProps holds everything that the mail may say.
type InviteProps struct {
	Brand Brand
	By    string // the person who invites
	From  string // the agency or client that they are of
	To    string // the invited address
	Place string // "the Acme portal"
	Maker string // the agency whose work a client's people see there
	Team  bool   // the recipient joins the agency's team; false for client people
	URL   string // the link to a page with a button
	Days  int    // how long the link is valid
}

// Invite sends an invitation.
func Invite(p InviteProps) (Message, error) {
	by := p.By
	if p.From != "" && p.From != p.By {
		by += " (" + p.From + ")"
	}
	what := by + " invited you to " + p.Place + "."
	if !p.Team {
		what += " There you see what " + p.Maker + " makes for you."
	}
	return letter{
		Subject: by + " invited you to " + p.Place,
		Brand:   p.Brand, Title: "You are invited to " + p.Place,
		Paragraphs: []string{
			what,
			"The link is only for " + p.To + ", works once and expires after " + ui.Count(p.Days, "day", "days") +
				". You don't need a password: you sign in by email.",
		},
		Label: "View invitation", URL: p.URL,
		Foot: "You're getting this because " + p.By + " entered your address. If you don't know them, ignore this email.",
	}.write()
}

// InviteRefusedProps holds everything that the mail may say.
type InviteRefusedProps struct {
	Brand Brand
	Name  string // as the inviter typed it
	Email string
	Code  int    // the mail server's answer; 0 if our own server can't write to the address
	URL   string // the list of people
}

// InviteRefused tells whoever invited that the invitation did not arrive.
func InviteRefused(p InviteRefusedProps) (Message, error) {
	why := "The mail server of " + p.Email + " refused it (" + strconv.Itoa(p.Code) + ")."
	if p.Code == 0 {
		why = "Our mail server can't write to " + p.Email + "."
	}
	return letter{
		Subject: "Your invitation to " + p.Email + " did not arrive",
		Brand:   p.Brand, Title: "Your invitation did not arrive",
		Paragraphs: []string{
			"You invited " + p.Name + " to " + p.Brand.name() + ". " + why,
			"Check the address. If it is wrong, revoke the invitation and invite the right one. If it is right, send the invitation again later.",
		},
		Label: "Open people", URL: p.URL,
		Foot: "You're getting this because you sent the invitation.",
	}.write()
}

// KeyMadeProps holds everything that the mail may say.
type KeyMadeProps struct {
	Brand Brand
	Place string // the tenant in which the key works
	Maker string // the person who made it
	Name  string // of the key
	Does  string // "reads work, reports usage"
	Until string // the day on which it expires
	URL   string // the list of keys
}

// KeyMade tells an owner that somebody made an API key.
func KeyMade(p KeyMadeProps) (Message, error) {
	return letter{
		Subject: p.Maker + " made an API key for " + p.Place,
		Brand:   p.Brand, Title: "A new API key",
		Paragraphs: []string{
			p.Maker + " made the API key " + p.Name + " for " + p.Place + ". It " + p.Does + ", and works until " + p.Until + ".",
			"If you don't recognise this key, revoke it. It then stops working at once.",
		},
		Label: "Open API keys", URL: p.URL,
		Foot: "You're getting this because you are an owner of " + p.Place + ".",
	}.write()
}

// BillingProps holds everything that the mail may say.
type BillingProps struct {
	Brand  Brand
	Agency string
	Dates  ui.Dates // how the recipient reads them
	// Notice is what changed: "payment_failed", "grace_ends", "read_only", "paid",
	// "plan_changed" or "cancelled".
	Notice string
	Plan   string    // "Growth"
	Until  time.Time // when the grace ends
	EndsAt time.Time // when a cancelled plan ends; zero for at once
	Over   []string  // what is used more of than the plan allows: "7 of 5 people"
	URL    string    // the page of billing
}

// Billing tells an owner of an agency what changed about what it pays.
func Billing(p BillingProps) (Message, error) {
	l := letter{Brand: p.Brand, Label: "Open billing", URL: p.URL,
		Foot: "You're getting this because you are an owner of " + p.Agency + "."}
	until := p.Dates.Exact(p.Until)
	switch p.Notice {
	case "payment_failed":
		l.Title = "A payment failed"
		l.Paragraphs = []string{
			"The last payment for " + p.Agency + " failed. Nothing changes until " + until + ".",
			"Check the card under Manage payment. If the invoice is still open after that day, " + p.Agency + " and its clients become read-only. Nothing is deleted.",
		}
	case "grace_ends":
		l.Title = p.Agency + " becomes read-only on " + until
		l.Paragraphs = []string{
			"An invoice is still open. After " + until + " nobody can change anything in " + p.Agency + " and in its clients. People can still view and download everything.",
			"Pay the invoice under Manage payment.",
		}
	case "read_only":
		l.Title = p.Agency + " is read-only now"
		l.Paragraphs = []string{
			"An invoice wasn't paid in time. Nobody can change anything in " + p.Agency + " and in its clients. People can still view and download everything, and nothing is deleted.",
			"Pay the invoice under Manage payment. That opens everything again.",
		}
	case "paid":
		l.Title = "Paid"
		l.Paragraphs = []string{"All invoices of " + p.Agency + " are paid. Everyone can make changes again."}
	case "plan_changed":
		l.Title = "The plan is " + p.Plan + " now"
		l.Paragraphs = []string{"The plan of " + p.Agency + " is " + p.Plan + " now."}
		if len(p.Over) > 0 {
			l.Paragraphs = append(l.Paragraphs, "You use more than the plan allows: "+strings.Join(p.Over, ", ")+". Everything is kept. You can add more when you are below the limit again.")
		}
	case "cancelled":
		l.Title = "The plan is cancelled"
		l.Paragraphs = []string{"The subscription of " + p.Agency + " is cancelled. The plan ended."}
		if !p.EndsAt.IsZero() {
			l.Paragraphs[0] = "The subscription of " + p.Agency + " is cancelled. The plan ends on " + p.Dates.Exact(p.EndsAt) + "."
		}
		l.Paragraphs = append(l.Paragraphs, "After that the smallest plan applies. If you use more than it allows, everything is kept. You can add more when you are below its limits again.")
	default:
		return Message{}, fmt.Errorf("mail about billing: unknown notice %q", p.Notice)
	}
	l.Subject = p.Agency + ": " + l.Title
	return l.write()
}

// PublishedProps holds everything that the mail may say.
type PublishedProps struct {
	Brand   Brand
	Agency  string
	By      string // the person who published it
	Title   string
	Project string
	Version int
	Note    string // what is new, in the publisher's words; may be empty
	URL     string
}

// Published tells a client's people about new work to review.
func Published(p PublishedProps) (Message, error) {
	return letter{
		Subject: p.Title + ": " + version(p.Version) + " is ready",
		Brand:   p.Brand, Title: p.Title + " is ready",
		Paragraphs: []string{
			p.By + " at " + p.Agency + " has published " + version(p.Version) + " of " + p.Title + ".",
		},
		Quote: p.Note,
		Label: "Open deliverable", URL: p.URL,
		Facts: []fact{{"Project", p.Project}},
		Foot:  "You're getting this because you have access to " + p.Project + " in " + p.Brand.name() + ".",
	}.write()
}

// NoteItem is one note or reply.
type NoteItem struct {
	Author string
	Words  string // as one line
	URL    string
}

// NotesProps holds everything that the mail may say.
type NotesProps struct {
	Brand   Brand
	Title   string // of the deliverable, or the name of the project
	Project string // "" for notes on the project
	Items   []NoteItem
	URL     string
	Client  bool // the recipient is of the client; else they are staff of the workspace
}

// Notes tells somebody of new notes and replies on a deliverable or a project.
func Notes(p NotesProps) (Message, error) {
	why := "you work in " + p.Brand.name()
	switch {
	case p.Client && p.Project == "":
		why = "you can see this project"
	case p.Client:
		why = "you took part in these notes"
	}
	l := letter{
		Subject: p.Title + ": " + ui.Count(len(p.Items), "new note", "new notes"),
		Brand:   p.Brand, Title: "New notes on " + p.Title,
		Label: "Open notes", URL: p.URL,
		Facts: p.facts(),
		Foot:  "You're getting this because " + why + ".",
	}
	for _, i := range p.Items {
		l.Items = append(l.Items, item{i.Author + ": " + i.Words, i.URL})
	}
	return l.write()
}

func (p NotesProps) facts() []fact {
	if p.Project == "" {
		return nil
	}
	return []fact{{"Project", p.Project}}
}

// MentionedProps holds everything that the mail may say.
type MentionedProps struct {
	Brand   Brand
	Title   string // of the deliverable, or the name of the project
	Project string // "" for a note on the project
	By      string
	Words   string // as one line
	URL     string // the note
}

// Mentioned tells somebody that a note names them.
func Mentioned(p MentionedProps) (Message, error) {
	return letter{
		Subject: p.By + " mentioned you: " + p.Title,
		Brand:   p.Brand, Title: p.By + " mentioned you",
		Quote: p.Words,
		Label: "Open the note", URL: p.URL,
		Facts: p.facts(),
		Foot:  "You're getting this because " + p.By + " wrote your name in a note.",
	}.write()
}

func (p MentionedProps) facts() []fact {
	if p.Project == "" {
		return []fact{{"Project", p.Title}}
	}
	return []fact{{"Deliverable", p.Title}, {"Project", p.Project}}
}

// DigestItem is one event.
type DigestItem struct {
	Sentence string // "Mia Chen downloaded Logo_v3.pdf"
	URL      string
}

// DigestProps holds everything that the mail may say.
type DigestProps struct {
	Brand Brand
	Dates ui.Dates // how the recipient reads them
	Since time.Time
	Items []DigestItem
	URL   string // the workspace or portal
}

// Digest summarizes the events in a workspace or portal, across its projects.
func Digest(p DigestProps) (Message, error) {
	place := p.Brand.name()
	l := letter{
		Subject: "New in " + place + ": " + ui.Count(len(p.Items), "update", "updates"),
		Brand:   p.Brand, Title: "New in " + place,
		Paragraphs: []string{"Since " + p.Dates.Exact(p.Since) + "."},
		Label:      "See all updates", URL: p.URL,
		Foot: "You're getting this because you have access to " + place + ".",
	}
	for _, i := range p.Items {
		l.Items = append(l.Items, item{i.Sentence, i.URL})
	}
	return l.write()
}

// JoinedProps holds everything that the mail may say.
type JoinedProps struct {
	Brand  Brand
	Agency string
	Items  []DigestItem
	URL    string // the portal
}

// Joined tells somebody who just joined what was published for them before.
func Joined(p JoinedProps) (Message, error) {
	l := letter{
		Subject: "New for you in " + p.Brand.name() + ": " + ui.Count(len(p.Items), "deliverable", "deliverables"),
		Brand:   p.Brand, Title: "New for you in " + p.Brand.name(),
		Paragraphs: []string{p.Agency + " published this before you joined."},
		Label:      "Open the portal", URL: p.URL,
		Foot: "You're getting this once, because you have joined " + p.Brand.name() + ".",
	}
	for _, i := range p.Items {
		l.Items = append(l.Items, item{i.Sentence, i.URL})
	}
	return l.write()
}

// SupportProps holds everything that the mails about a support session may say.
type SupportProps struct {
	Brand     Brand
	Dates     ui.Dates // how the recipient reads them
	Tenant    string
	Agent     string // the person who really acts
	ViewAs    bool   // staff who view as a client user, not a support agent
	Subject   string // the person they act as
	Write     bool
	Reason    string
	Ticket    string
	StartedAt time.Time
	EndsAt    time.Time // its hard end
	EndedAt   time.Time // zero in the mail about its start
	Acts      string    // counts of what was done; "" in the mail about its start
	How       string    // how it ended: "Mia Chen (Acme) ended it."
	LedgerURL string    // the tenant's own support page
}

// SupportStarted tells the owners that a session in their tenant has started, and how to stop it.
func SupportStarted(p SupportProps) (Message, error) {
	return letter{
		Subject: p.who() + " is viewing " + p.Tenant + " as " + p.Subject,
		Brand:   p.Brand, Title: p.who() + " is viewing " + p.Tenant,
		Paragraphs: []string{
			p.who() + " can see what " + p.Subject + " sees in " + p.Tenant + p.mode() + ". The session ends by itself at " +
				p.Dates.Exact(p.EndsAt) + ". You can follow it and stop it at any time.",
		},
		Label: "Follow or stop session", URL: p.LedgerURL, Facts: p.facts(), Foot: p.foot(),
	}.write()
}

// SupportEnded tells the owners that a session has ended, and where to read what was done.
func SupportEnded(p SupportProps) (Message, error) {
	facts := append(p.facts(), fact{"Ended", p.Dates.Exact(p.EndedAt)}, fact{"What was done", p.Acts})
	return letter{
		Subject: "Support session in " + p.Tenant + " has ended",
		Brand:   p.Brand, Title: "Support session in " + p.Tenant + " has ended",
		Paragraphs: []string{strings.TrimSpace("The session of " + p.who() + " as " + p.Subject + " has ended. " + p.How)},
		Label:      "See what was done", URL: p.LedgerURL, Facts: facts, Foot: p.foot(),
	}.write()
}

func (p SupportProps) who() string {
	if p.ViewAs {
		return p.Agent
	}
	return p.Agent + " (support)"
}

func (p SupportProps) mode() string {
	if p.Write {
		return ", and can make changes"
	}
	return ", read-only"
}

func (p SupportProps) facts() []fact {
	return []fact{{"Reason", p.Reason}, {"Ticket", p.Ticket}, {"As", p.Subject}, {"Started", p.Dates.Exact(p.StartedAt)}}
}

func (p SupportProps) foot() string {
	return "You're getting this because you are an owner of " + p.Tenant + ". This email can't be turned off."
}

// SupportAskedProps holds everything that the mail may say.
type SupportAskedProps struct {
	Brand  Brand
	Tenant string
	Agent  string
	Write  bool   // they request write access
	Sides  string // as whom, in words for the recipient: "as one of your people and as a member of Northwind"
	Hours  int
	Reason string
	Ticket string
	URL    string // the page of the request, which has the buttons
}

// SupportAsked sends the owners an agent's access request.
func SupportAsked(p SupportAskedProps) (Message, error) {
	what := "read-only"
	if p.Write {
		what = "with permission to make changes"
	}
	return letter{
		Subject: p.Agent + " (support) requests access to " + p.Tenant,
		Brand:   p.Brand, Title: p.Agent + " (support) requests access to " + p.Tenant,
		Paragraphs: []string{
			"They ask for " + ui.Count(p.Hours, "hour", "hours") + " of access, " + what + ", " + p.Sides + ". Support gets no access unless you approve. You decide for how long.",
		},
		Quote: p.Reason,
		Label: "Review access request", URL: p.URL,
		Facts: []fact{{"Ticket", p.Ticket}},
		Foot:  "You're getting this because you are an owner of " + p.Tenant + ", which allows access requests. You can turn them off on its support page.",
	}.write()
}

// SupportAnsweredProps holds everything that the mail may say.
type SupportAnsweredProps struct {
	Dates    ui.Dates // how the agent reads them
	Tenant   string
	Approved bool
	Write    bool      // changes were allowed too
	EndsAt   time.Time // of the access
	Word     string    // the note with a refusal
	URL      string    // the console's page of the tenant
}

// SupportAnswered tells an agent the answer to their access request.
func SupportAnswered(p SupportAnsweredProps) (Message, error) {
	l := letter{
		Subject: p.Tenant + " declined your access request", Title: p.Tenant + " declined your access request",
		Paragraphs: []string{"You can't start a session there."},
		Quote:      p.Word, Label: "Open the console", URL: p.URL,
		Foot: "You're getting this because you requested support access.",
	}
	if p.Approved {
		what := "Read-only."
		if p.Write {
			what = "Changes are allowed."
		}
		l.Subject = p.Tenant + " approved your access request"
		l.Title = l.Subject
		l.Paragraphs = []string{"You can start sessions there until " + p.Dates.Exact(p.EndsAt) + ". " + what}
		l.Label = "Start a session"
	}
	return l.write()
}

// SupportFlaggedProps holds everything that the mail may say.
type SupportFlaggedProps struct {
	Session string // the id of the session
	Host    string // the host of the installation
}

// SupportFlagged tells the operators that a customer reported a support session.
func SupportFlagged(p SupportFlaggedProps) (Message, error) {
	return letter{
		Subject:    "A support session was reported on " + p.Host,
		Title:      "A support session was reported",
		Paragraphs: []string{"A customer says that something was wrong in a support session. The command portico support flags lists what they wrote."},
		Facts:      []fact{{"Session", p.Session}},
		Foot:       "Sent to the address in ALERT_MAIL.",
	}.write()
}

// JobRefusedProps holds everything that the mail may say.
type JobRefusedProps struct {
	Job    string // the job's number
	Kind   string
	Reason string // our own words: "its signature is not valid"
	Host   string // the host of the installation
}

// JobRefused tells the operators that a job was refused because it was not genuine.
func JobRefused(p JobRefusedProps) (Message, error) {
	return letter{
		Subject: "Portico refused a job on " + p.Host,
		Title:   "A job was refused",
		Paragraphs: []string{
			"It was refused because " + p.Reason + ", and had no effect.",
			"Portico doesn't create such jobs. Either it has a fault, or someone else writes to its queue. " +
				"The table job_refusals lists this job and any others.",
		},
		Facts: []fact{{"Job", p.Job}, {"Kind", p.Kind}},
		Foot:  "Sent to the address in ALERT_MAIL, at most once every ten minutes.",
	}.write()
}
