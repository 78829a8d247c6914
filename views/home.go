package views

import (
	"strconv"

	"portico/views/ui"
)

func newCount(n int) string { return strconv.Itoa(n) + " new" }

func forUs(n int) string { return strconv.Itoa(n) + " waiting for us" }

// listCount is the count of a list of at most 100.
func listCount(n int) string {
	if n >= 100 {
		return "100 or more"
	}
	return strconv.Itoa(n)
}

// summary says what waits in the workspaces of the page, for people who work in them.
func (p StaffHomeProps) summary() string {
	us, review := 0, 0
	for _, w := range p.Workspaces {
		us, review = us+w.ForUs, review+w.InReview
	}
	var parts []string
	if us > 0 {
		parts = append(parts, forUs(us))
	}
	if review > 0 {
		parts = append(parts, inReview(review))
	}
	if len(parts) == 0 {
		return ""
	}
	return ui.Names(parts) + "."
}

func inReview(n int) string { return strconv.Itoa(n) + " in review" }

func greeting(firstName string) string {
	if firstName == "" {
		return "Hello"
	}
	return "Hello, " + firstName
}

// openKind returns the kind of a row's Open button.
func openKind(main bool) string {
	if main {
		return "primary"
	}
	return ""
}

// nowhereSentence says how somebody without a workspace gets one.
func nowhereSentence(email string, signUp bool) string {
	ask := "Ask the agency you work with to invite " + email + ". The workspace appears here once they do."
	if signUp {
		return "Create an agency of your own. Or are you a client or colleague? " + ask
	}
	return ask
}
