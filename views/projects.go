package views

import (
	"strconv"

	"portico/views/ui"
)

func versionWord(n int) string { return "v" + strconv.Itoa(n) }

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
