package frame

import (
	"net/http"
	"net/url"

	"portico/handlers/web"
	"portico/views"
)

// deeds are what a page can say after a change. The query only names them, so that
// nobody can put words on our pages.
var deeds = map[string]struct {
	text string
	undo func(views.Base, string) string
}{
	"project.created":        {text: "Project created."},
	"project.saved":          {text: "Project saved."},
	"project.archived":       {"Project archived.", views.Base.ProjectUnarchive},
	"project.unarchived":     {text: "Project unarchived."},
	"project.binned":         {"Project moved to the bin. It stays there for 30 days.", views.Base.ProjectRestore},
	"project.restored":       {text: "Project restored."},
	"deliverable.created":    {text: "Deliverable created. Add its files, then publish it."},
	"deliverable.saved":      {text: "Deliverable saved."},
	"deliverable.archived":   {"Deliverable archived.", views.Base.DeliverableUnarchive},
	"deliverable.unarchived": {text: "Deliverable unarchived."},
	"deliverable.binned":     {"Deliverable moved to the bin. It stays there for 30 days.", views.Base.DeliverableRestore},
	"deliverable.restored":   {text: "Deliverable restored."},
	"file.binned":            {"File moved to the bin. It stays there for 30 days.", views.Base.FileRestore},
	"file.restored":          {text: "File restored."},
	"file.given_up":          {text: "Upload cancelled. What had arrived was removed."},
	"file.uploaded":          {text: "Files uploaded. Only your team can see them until you publish."},
	"version.created":        {text: "Draft version created. Only your team can see it until you publish."},
	"version.published":      {text: "Published. The client can see it now."},
	"member.joined":          {text: "Welcome. You have joined."},
	"member.invited":         {text: "Invited. The email is on its way."},
	"member.list_invited":    {text: "Invited everyone on the list. The emails are on their way."},
	"member.invite_resent":   {text: "Invitation sent again. The link in the earlier email no longer works."},
	"member.invite_revoked":  {text: "Invitation revoked. Its link no longer works."},
	"member.role_changed":    {text: "Role changed. It applies from their next click."},
	"member.removed":         {text: "Removed. They no longer have access."},
	"people.by_client":       {text: "Saved. You set who manages the client's people."},
	"settings.saved":         {text: "Settings saved."},
	"domain.added":           {text: "Domain added. It is used here once it is verified."},
	"domain.checking":        {text: "Checking. This page shows the result in a moment."},
	"domain.removed":         {text: "Domain removed. It no longer opens anything."},
	"logo.set":               {text: "Logo saved. People see it on the next page they open."},
	"logo.removed":           {text: "Logo removed."},
	"client.created":         {text: "Workspace created. The people you named get an invitation by email."},
	"client.renamed":         {text: "Name saved."},
	"client.plan":            {text: "Plan saved."},
	"client.suspended":       {text: "Suspended. Its people see a notice. Everything is kept."},
	"client.resumed":         {text: "Resumed. Its people can open it again."},
	"client.archived":        {text: "Archived. Everything is kept, and your plan has room again."},
	"client.unarchived":      {text: "Unarchived. Its people can open it again."},
	"client.joined":          {text: "You have joined. Its people see you under People."},
	"client.left":            {text: "You have left. You still see its name and counts."},
	"support.granted":        {text: "Support access allowed. You can revoke it at any time."},
	"support.denied":         {text: "Access request declined. The agent can read your message."},
	"support.asking_on":      {text: "Support can request access. You decide each time."},
	"support.asking_off":     {text: "Access requests turned off."},
	"support.revoked":        {text: "Support access revoked."},
	"support.ended":          {text: "Support session ended."},
}

// flash reads what was done before the redirect to this page. After a link from
// anywhere else, a mail or another site, the page says nothing: browsers tell where
// a navigation began, and only our own forms lead to our own redirects.
func flash(r *http.Request, base views.Base) views.Flash {
	if from := r.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" {
		return views.Flash{}
	}
	q := r.URL.Query()
	deed, ok := deeds[q.Get("did")]
	if !ok {
		return views.Flash{}
	}
	f := views.Flash{Text: deed.text}
	if id := q.Get("id"); deed.undo != nil && web.IsID(id) {
		f.UndoURL = deed.undo(base, id)
	}
	return f
}

// Done ends a change with a redirect to the page that shows its result, and tells
// that page what was done: one of the keys of deeds, and the id of what it was done
// to, "" for none.
func Done(w http.ResponseWriter, r *http.Request, to, deed, id string) error {
	u, err := url.Parse(to)
	if err != nil {
		return err
	}
	q := u.Query()
	q.Set("did", deed)
	if id != "" {
		q.Set("id", id)
	}
	u.RawQuery = q.Encode()
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
	return nil
}
