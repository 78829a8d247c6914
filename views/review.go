package views

import (
	"strconv"

	"portico/views/ui"
)

// answers are the answers in the order of their buttons.
var answers = []State{StateApproved, StateApprovedWith, StateChangesRequired}

func primaryIf(yes bool) string {
	if yes {
		return "primary"
	}
	return ""
}

func answerIcon(a State) string {
	switch a {
	case StateApproved:
		return "check"
	case StateApprovedWith:
		return "pencil"
	default:
		return "undo-2"
	}
}

// answerVerb is the label of the button that decides so.
func answerVerb(a State) string {
	switch a {
	case StateApproved:
		return "Approve"
	case StateApprovedWith:
		return "Approve with changes"
	default:
		return "Changes needed"
	}
}

func answerTitle(a State, version int) string {
	switch a {
	case StateApproved:
		return "Approve version " + strconv.Itoa(version) + "?"
	case StateApprovedWith:
		return "Approve version " + strconv.Itoa(version) + " with changes?"
	default:
		return "Version " + strconv.Itoa(version) + " needs changes?"
	}
}

// answerMeans says what follows from an answer.
func answerMeans(a State, agency string) string {
	switch a {
	case StateApproved:
		return "You approve these files as they are."
	case StateApprovedWith:
		return "You approve these files if " + agency + " makes the changes that you write below."
	default:
		return agency + " makes the changes that you write below, in a next version. Nobody else has to decide on this one."
	}
}

func certificateTitle(approved bool) string {
	if approved {
		return "Certificate of approval"
	}
	return "Certificate of decisions"
}

func openNotesWords(n int) string {
	if n == 1 {
		return "1 note is still open."
	}
	return strconv.Itoa(n) + " notes are still open."
}

func yourAnswer(a State) string {
	switch a {
	case StateApproved:
		return "You approved this version"
	case StateApprovedWith:
		return "You approved this version with changes"
	default:
		return "You asked for changes"
	}
}

func asksWords(passedOn bool) string {
	if passedOn {
		return "passed this decision on to you"
	}
	return "asks you to decide"
}

// decidedFiles names the files of a version, as many as fit beside the buttons.
func decidedFiles(names []string) string {
	const most = 3
	if len(names) <= most {
		return ui.Names(names)
	}
	return ui.Names(append(append([]string{}, names[:most]...), strconv.Itoa(len(names)-most)+" more"))
}

func personOptions(people []PersonOption, chosen string) []ui.Option {
	options := []ui.Option{{Value: "", Label: "Choose someone"}}
	for _, p := range people {
		options = append(options, ui.Option{Value: p.ID, Label: p.Name, Selected: p.ID == chosen})
	}
	return options
}

func askRules(chosen string) []ui.Option {
	options := []ui.Option{
		{Value: "all", Label: "Everyone must approve"},
		{Value: "any", Label: "One approval is enough"},
		{Value: "order", Label: "One after another, in this order"},
	}
	for i := range options {
		options[i].Selected = options[i].Value == chosen
	}
	return options
}

func askTitle(p DeliverableShowProps) string {
	return "Ask for a decision on version " + strconv.Itoa(p.Version.Number)
}

// rowVerb is the word at the end of a row of work.
func rowVerb(r WorkRow) string {
	if r.Asked != nil && r.Asked.Who == "" {
		return "Decide"
	}
	return "Open"
}
