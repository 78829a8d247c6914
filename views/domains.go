package views

import (
	"time"

	"portico/views/ui"
)

// Found is the result of the last check of one record that a domain needs.
type Found string

// DomainForm holds the value of the form as it was typed.
type DomainForm struct {
	Host   string
	Errors ui.Errors
}

// DomainRow is one domain with its checklist.
type DomainRow struct {
	Host       string
	Verified   bool // the domain serves this tenant
	InLinks    bool // links and mails use it
	Proof      Found
	Pointing   Found
	ProofName  string // the DNS name for the proof
	ProofValue string
	Seen       []string // the records that the last check found
	Looking    bool     // a check is running
	LastTry    time.Time
	NextTry    string
	CheckURL   string
	RemoveURL  string
}

// DomainsProps holds everything that the page may show.
type DomainsProps struct {
	Form      DomainForm
	Domains   []DomainRow
	Main      string // the host that domains must point to
	Address   string // the URL that links use
	Fresh     bool   // the person passed a step-up just now
	StepUpURL string
}

func (d DomainRow) state() (status, icon, label string) {
	switch {
	case d.Verified && d.Pointing == "there":
		return "approved", "check", "In use"
	case d.Verified:
		return "changes", "clock", "Verified, not pointing here"
	case d.Proof == "taken":
		return "late", "circle-alert", "In use elsewhere"
	}
	return "draft", "clock", "Not verified yet"
}

func (d DomainRow) proofLine() string {
	switch d.Proof {
	case "there":
		return "Found. The domain is verified."
	case "missing":
		return "Not found yet. New records can take an hour to appear."
	case "other":
		return "There is a record, but not this one."
	case "unanswered":
		return "The name server did not answer."
	case "taken":
		return "Found, but another portal uses this domain. Remove it there first."
	}
	return "Not checked yet."
}

func (d DomainRow) pointingLine() string {
	switch d.Pointing {
	case "there":
		return "It points here."
	case "missing":
		return "The domain has no address yet."
	case "other":
		return "The domain points somewhere else."
	case "unanswered":
		return "The name server did not answer."
	}
	return "Not checked yet."
}

// tick returns the icon of a line of the checklist.
func (f Found) tick() string {
	switch f {
	case "there":
		return "check"
	case "unknown":
		return "clock"
	}
	return "circle-alert"
}
