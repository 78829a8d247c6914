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
	"project.unarchived":     {text: "Project is back in use."},
	"project.binned":         {"Project moved to the bin. It stays there for 30 days.", views.Base.ProjectRestore},
	"project.restored":       {text: "Project restored."},
	"deliverable.created":    {text: "Deliverable created. Add its files, then publish it."},
	"deliverable.saved":      {text: "Deliverable saved."},
	"deliverable.archived":   {"Deliverable archived.", views.Base.DeliverableUnarchive},
	"deliverable.unarchived": {text: "Deliverable is back in use."},
	"deliverable.binned":     {"Deliverable moved to the bin. It stays there for 30 days.", views.Base.DeliverableRestore},
	"deliverable.restored":   {text: "Deliverable restored."},
	"file.binned":            {"File moved to the bin. It stays there for 30 days.", views.Base.FileRestore},
	"file.restored":          {text: "File restored."},
	"file.given_up":          {text: "The upload was given up, and what had arrived is removed."},
	"file.uploaded":          {text: "Files uploaded. Only your team can see them until you publish."},
	"version.created":        {text: "A new draft version. Only your team can see it until you publish."},
	"version.published":      {text: "Published. The client can see it now."},
	"member.joined":          {text: "Welcome. You are in."},
	"member.invited":         {text: "Invited. The mail is on its way."},
	"member.list_invited":    {text: "Invited everybody in the list. The mails are on their way."},
	"member.invite_resent":   {text: "Sent again. The link of the mail before no longer works."},
	"member.invite_revoked":  {text: "Invitation taken back. Its link no longer works."},
	"member.role_changed":    {text: "Role changed. It counts from their next click."},
	"member.removed":         {text: "Removed. They have no access any more."},
	"people.by_client":       {text: "Saved who manages the client's people."},
	"settings.saved":         {text: "Settings saved."},
	"domain.added":           {text: "Domain added. It leads here once its proof is found."},
	"domain.checking":        {text: "Looking. This page shows what was found in a moment."},
	"domain.removed":         {text: "Domain removed. It leads nowhere now."},
	"logo.set":               {text: "Logo saved. People see it on their next page."},
	"logo.removed":           {text: "Logo removed."},
	"client.created":         {text: "The workspace is open. Whoever you named gets an invitation by mail."},
	"client.renamed":         {text: "Name saved."},
	"client.plan":            {text: "Plan saved."},
	"client.suspended":       {text: "Suspended. Its people see a notice now; nothing is lost."},
	"client.resumed":         {text: "Open again. Its people can come in."},
	"client.archived":        {text: "Archived. It keeps everything, and makes room in your plan."},
	"client.unarchived":      {text: "Back in use. Its people can come in."},
	"client.joined":          {text: "You are in. Its people see you under People."},
	"client.left":            {text: "You have left. Its name and counts stay in your list."},
	"support.granted":        {text: "Support may come in now. You can take that back at any time."},
	"support.denied":         {text: "You said no. Support reads your word."},
	"support.asking_on":      {text: "Support may ask to come in. You decide each time."},
	"support.asking_off":     {text: "Support no longer asks to come in."},
	"support.revoked":        {text: "Support can no longer come in."},
	"support.ended":          {text: "The support session is over."},
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
