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

func (p ProjectShowProps) facts() ProjectFacts {
	return ProjectFacts{Due: p.Due, Late: p.Late, Hidden: p.Hidden, Archived: p.Archived, WhoSees: p.WhoSees}
}

func (p ProjectShowProps) tabs() ProjectTabs {
	current := "use"
	if p.InArchive {
		current = "archive"
	}
	return ProjectTabs{ID: p.ID, HasArchived: p.HasArchived, Current: current, OpenNotes: p.OpenNotes}
}
