package views

import (
	"time"

	"portico/views/ui"
)

// Found is what was last seen of something that a domain needs.
type Found string

// DomainForm holds the value of the form as it was typed.
type DomainForm struct {
	Host   string
	Errors ui.Errors
}

// DomainRow is one domain with its checklist.
type DomainRow struct {
	Host       string
	Verified   bool // it leads to this tenant
	InLinks    bool // links and mails lead there
	Proof      Found
	Pointing   Found
	ProofName  string // where the proof is to be published
	ProofValue string
	Seen       []string // records that were found
	Looking    bool     // right now
	LastTry    time.Time
	NextTry    string
	CheckURL   string
	RemoveURL  string
}

// DomainsProps holds everything that the page may show.
type DomainsProps struct {
	Form      DomainForm
	Domains   []DomainRow
	Main      string // host that domains are to point to
	Address   string // where links lead
	Fresh     bool   // the person has just proved who they are
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

// tick is the icon of a line of the checklist.
func (f Found) tick() string {
	switch f {
	case "there":
		return "check"
	case "unknown":
		return "clock"
	}
	return "circle-alert"
}
