package views

import "portico/views/ui"

func grantOptions(chosen string) []ui.Option {
	return choose(chosen, "24", []ui.Option{
		{Value: "1", Label: "1 hour"},
		{Value: "4", Label: "4 hours"},
		{Value: "24", Label: "1 day"},
		{Value: "72", Label: "3 days"},
		{Value: "168", Label: "7 days"},
	})
}

// changesHint explains the choice between reading and making changes.
const changesHint = "Sessions start read-only. Making changes is a separate step, and it is recorded."

func modeOptions(chosen string) []ui.Option {
	return choose(chosen, "read", []ui.Option{
		{Value: "read", Label: "Read-only"},
		{Value: "write", Label: "View and make changes"},
	})
}

// SupportSides says as whom support may act, to a reader of one side. agency and client are the names of both sides;
// client is "" in an agency's own tenant.
func SupportSides(agency, client string, staff bool) string {
	sides := []string{SupportAsClient(client, staff), SupportAsStaff(agency)}
	switch {
	case client == "":
		return "as one of your team"
	case staff:
		sides[0], sides[1] = sides[1], sides[0]
	}
	return ui.Names(sides)
}

// SupportAsClient names the client's people to a reader of one side, SupportAsStaff the agency's.
func SupportAsClient(client string, staff bool) string {
	if staff {
		return "as one of " + client + "'s people"
	}
	return "as one of your people"
}

func SupportAsStaff(agency string) string { return "as a member of " + agency }

// howToAllow says what a workspace must switch on before support can enter, and where.
func howToAllow(asks bool) string {
	if asks {
		return "You can request access. Its owners decide."
	}
	return "An owner or admin must first allow support access, or access requests, on the page Support of the workspace."
}

// viewAsHint says what an agent sees as the chosen person. The agency's drafts need its own consent.
func viewAsHint(drafts bool) string {
	if drafts {
		return "You see what this person sees, and nothing else. The agency's drafts stay hidden unless the agency allows support access too."
	}
	return "You see what this person sees, and nothing else."
}

func askWords(a SupportAskRow) string {
	what := "read-only"
	if a.Write {
		what = "with changes"
	}
	return ui.Count(a.Hours, "hour", "hours") + ", " + what + ", " + a.Sides
}

func minuteOptions(chosen string) []ui.Option {
	return choose(chosen, "30", []ui.Option{
		{Value: "15", Label: "15 minutes"},
		{Value: "30", Label: "30 minutes"},
		{Value: "60", Label: "60 minutes"},
	})
}

func choose(chosen, otherwise string, options []ui.Option) []ui.Option {
	if chosen == "" {
		chosen = otherwise
	}
	for i := range options {
		options[i].Selected = options[i].Value == chosen
	}
	return options
}

func sessionMode(r SupportSessionRow) string {
	if r.Write {
		return "Could make changes"
	}
	return "Read-only"
}

func lasted(r SupportSessionRow) string { return "for " + ui.Lasted(r.StartedAt, r.EndedAt) }

func accessWords(a SupportAccessRow) string {
	if a.Write {
		return "Support can make changes"
	}
	return "Read-only: support can't change anything here"
}
