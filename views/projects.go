package views

import (
	"strconv"

	"portico/views/ui"
)

func waitingWords(n int) string {
	if n == 1 {
		return "1 waits for the client"
	}
	return strconv.Itoa(n) + " wait for the client"
}

func versionWord(n int) string { return "v" + strconv.Itoa(n) }

func draftWord(n int) string { return "v" + strconv.Itoa(n) + " in the making" }

// beforePrevious is the row that row i follows after it has moved up by one; "" is the first place.
func beforePrevious(i int, id func(int) string) string {
	if i < 2 {
		return ""
	}
	return id(i - 2)
}

// next is the row that row i follows after it has moved down by one.
func next(i, n int, id func(int) string) string {
	if i >= n-1 {
		return ""
	}
	return id(i + 1)
}

func projectID(rows []ProjectRow) func(int) string {
	return func(i int) string { return rows[i].ID }
}

func deliverableID(rows []DeliverableRow) func(int) string {
	return func(i int) string { return rows[i].ID }
}

func projectFormTitle(p ProjectFormProps) string {
	if p.ID == "" {
		return "New project"
	}
	return "Edit project"
}

func projectFormVerb(p ProjectFormProps) string {
	if p.ID == "" {
		return "Create project"
	}
	return "Save project"
}

func projectFormAction(c Chrome, p ProjectFormProps) string {
	if p.ID == "" {
		return c.Base.Projects()
	}
	return c.Base.Project(p.ID)
}

func projectFormBack(c Chrome, p ProjectFormProps) string { return projectFormAction(c, p) }

func projectFormCrumbs(c Chrome, p ProjectFormProps) []ui.Crumb {
	crumbs := []ui.Crumb{{Label: "Projects", URL: c.Base.Projects()}}
	if p.ID != "" {
		crumbs = append(crumbs, ui.Crumb{Label: p.Name, URL: c.Base.Project(p.ID)})
	}
	return crumbs
}
