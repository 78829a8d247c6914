package views

// Discussion is the page of the notes on a project; a POST writes one.
func (b Base) Discussion(projectID string) string { return b.Project(projectID) + "/discussion" }

// DiscussionDone lists the notes on a project that are done.
func (b Base) DiscussionDone(projectID string) string {
	return withQuery(b.Discussion(projectID), "notes", "done")
}
