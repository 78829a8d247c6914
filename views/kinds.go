package views

import (
	"slices"
	"strings"
)

// kind holds the words for one kind of item, keyed by its name in the audit trail
// and the bin. The other half is in store/kinds.go. A test fails if only one of the
// two knows a kind or verb.
type kind struct {
	word string // such as "project"
	name string // such as "Project"; "" if pages never name it
	icon string
	open func(Base, string) string // returns the URL of its page; nil if it has none
	back func(Base, string) string // returns the URL that restores it from the bin; nil if it can't be restored
	// filter is the label of this kind on the activity page; "" has no filter of its
	// own. It selects the verbs with the same first part.
	filter string
	// staffFilter says that client users, who see their own acts, those of support and
	// publications, see nothing that it selects and no other filter does.
	staffFilter bool
	// gone stands for a target that has no name any more, as after it was purged.
	gone string
	// verbs are the actions on it, by their names in the audit trail.
	verbs map[string]verb
}

// verb holds the words for one action.
type verb struct {
	// trail follows the actor; "" if the action is not in the trail. The target stands at
	// its "…". Without one the sentence names no target.
	trail string
	bare  string // what follows the actor if there was no target at all; "" if there always is one
	// client is used in an agency's trail, before a client's name; "" if the action
	// never has a client as its target.
	client string
	// viewAs follows the actor in a session of staff who view as a client; "" if the words
	// of support are right there too.
	viewAs string
	flash  string                    // the message on the next page; "" shows none
	later  string                    // the message while the mail server doesn't answer, if flash promises an email
	undo   func(Base, string) string // returns the URL that undoes it; nil if it can't be undone
}

var kinds = []kind{
	{word: "project", name: "Project", icon: "folder", open: Base.Project, back: Base.ProjectRestore, filter: "Projects", staffFilter: true, gone: "that no longer exists", verbs: map[string]verb{
		"project.created":     {trail: "created the project …", flash: "Project created."},
		"project.updated":     {trail: "edited the project …", flash: "Project saved."},
		"project.moved":       {trail: "reordered the project …"},
		"project.archived":    {trail: "archived the project …", flash: "Project archived.", undo: Base.ProjectUnarchive},
		"project.unarchived":  {trail: "unarchived the project …", flash: "Project unarchived."},
		"project.binned":      {trail: "deleted the project …", flash: "Project moved to the bin. It stays there for 30 days.", undo: Base.ProjectRestore},
		"project.restored":    {trail: "restored the project …", flash: "Project restored."},
		"project.purged":      {trail: "permanently deleted a project after 30 days in the bin"},
		"project.digest_sent": {trail: "sent the daily digest"},
	}},
	{word: "deliverable", name: "Deliverable", icon: "layers", open: Base.Deliverable, back: Base.DeliverableRestore, filter: "Deliverables", staffFilter: true, gone: "a deliverable that no longer exists", verbs: map[string]verb{
		"deliverable.created":    {trail: "created …", flash: "Deliverable created. Add its files, then publish it."},
		"deliverable.updated":    {trail: "edited …", flash: "Deliverable saved."},
		"deliverable.moved":      {trail: "reordered …"},
		"deliverable.archived":   {trail: "archived …", flash: "Deliverable archived.", undo: Base.DeliverableUnarchive},
		"deliverable.unarchived": {trail: "unarchived …", flash: "Deliverable unarchived."},
		"deliverable.binned":     {trail: "deleted …", flash: "Deliverable moved to the bin. It stays there for 30 days.", undo: Base.DeliverableRestore},
		"deliverable.restored":   {trail: "restored …", flash: "Deliverable restored."},
		"deliverable.purged":     {trail: "permanently deleted a deliverable after 30 days in the bin"},
	}},
	{word: "version", filter: "Versions", staffFilter: true, gone: "a deliverable that no longer exists", verbs: map[string]verb{
		"version.created":          {trail: "started a new version of …", flash: "Draft version created. Only your team can see it until you publish."},
		"version.published":        {trail: "published a new version of …", flash: "Published. The client can see it now.", later: "Published. The client can see it now. The email goes out as soon as the mail server answers."},
		"version.published_unseen": {flash: "Published. No one at the client has joined yet. Whoever joins gets an email that lists it.", later: "Published. No one at the client has joined yet. Whoever joins gets an email that lists it, as soon as the mail server answers."},
		"version.beyond_rounds":    {trail: "published more rounds than agreed of …"},
		"version.unlocked":         {trail: "unlocked an earlier version of …", flash: "Unlocked. People decide and write notes on this version now."},
		"version.certified":        {trail: "signed the certificate of …"},
		"version.mail_sent":        {trail: "sent the email about a new version to …"},
		"version.purged":           {trail: "permanently deleted a version after 30 days in the bin"},
	}},
	{word: "file", name: "File", icon: "file", back: Base.FileRestore, filter: "Files", gone: "a file that no longer exists", verbs: map[string]verb{
		"file.uploaded":         {trail: "uploaded …", flash: "Files uploaded. Only your team can see them until you publish."},
		"file.downloaded":       {trail: "downloaded …"},
		"file.viewed":           {trail: "viewed …"},
		"file.binned":           {trail: "deleted …", flash: "File moved to the bin. It stays there for 30 days.", undo: Base.FileRestore},
		"file.restored":         {trail: "restored …", flash: "File restored."},
		"file.purged":           {trail: "permanently deleted a file after 30 days in the bin"},
		"file.upload_cancelled": {trail: "cancelled the upload of …", flash: "Upload cancelled. The part that had arrived was deleted."},
		"file.missing":          {trail: "found … missing from storage"},
		"file.recovered":        {trail: "found … in storage again"},
		"file.marked_lost":      {trail: "recorded … as lost"},
		"file.lead_chosen":      {trail: "chose … to be shown first", flash: "Saved. Everyone sees this file first."},
	}},
	{word: "review", filter: "Decisions", gone: "a deliverable that no longer exists", verbs: map[string]verb{
		"review.asked":                 {trail: "asked for a decision on …", flash: "Asked. The page shows who decided."},
		"review.passed_on":             {trail: "passed on the decision on …", flash: "Passed on. You don't have to decide any more."},
		"review.approved":              {trail: "approved …", flash: "You approved this version."},
		"review.approved_with_changes": {trail: "approved … with changes", flash: "You approved this version with changes."},
		"review.changes_required":      {trail: "asked for changes to …", flash: "You asked for changes."},
		"review.closed":                {trail: "closed … without an answer", flash: "Closed without an answer. You can ask again."},
		"review.withdrawn":             {trail: "withdrew the request to decide on …", flash: "Withdrawn. Nobody is asked any more."},
		"review.mail_sent":             {trail: "sent the email about a decision to …"},
	}},
	{word: "note", filter: "Notes", gone: "work that no longer exists", verbs: map[string]verb{
		"note.mail_sent": {trail: "sent the email about notes to …"},
		"note.written":   {trail: "wrote a note on …", flash: "Note saved."},
		"note.replied":   {trail: "replied to a note on …", flash: "Reply saved."},
		"note.edited":    {trail: "edited a note on …", flash: "Saved. Readers see that it was edited."},
		"note.resolved":  {trail: "marked a note as done on …", flash: "Marked as done.", undo: Base.NoteReopen},
		"note.reopened":  {trail: "reopened a note on …", flash: "Reopened."},
		"note.shown":     {trail: "showed a note to the client on …", flash: "The client can see it now."},
		"note.exported":  {trail: "exported the notes on …"},
	}},
	{word: "membership", filter: "People", gone: "someone", verbs: map[string]verb{
		"member.added":                 {trail: "gave access to …", flash: "They work here already, so they have access at once. No invitation was needed."},
		"member.joined":                {trail: "accepted an invitation and joined", flash: "Welcome. You have joined."},
		"member.role_changed":          {trail: "changed the role of …", flash: "Role changed. It applies from their next click."},
		"member.removed":               {trail: "removed …", flash: "Removed. They no longer have access."},
		"member.left":                  {trail: "left"},
		"member.forgotten":             {trail: "erased the account of …"},
		"member.staff_joined":          {trail: "joined from the agency", client: "joined the workspace of", flash: "You have joined. Its people see you under People."},
		"member.assigned":              {trail: "assigned … to client workspaces", flash: "Assigned. They see the workspaces with their next click."},
		"member.unassigned":            {trail: "removed … from client workspaces", flash: "Removed from those workspaces. Their work there stays."},
		"member.assigned_everywhere":   {trail: "assigned … to all clients, present and future", flash: "Assigned to all clients. They are added to new clients automatically."},
		"member.unassigned_everywhere": {trail: "ended the assignment to all clients of …", flash: "They are no longer added to new clients. Their workspaces stay as they are."},
		"member.staff_left":            {trail: "left", client: "left the workspace of", flash: "You have left. You still see its name and counts."},
	}},
	{word: "invite", gone: "someone", verbs: map[string]verb{
		"member.invited":        {trail: "invited …", flash: "Invited. The email is on its way.", later: "Invited. The email goes out as soon as the mail server answers."},
		"member.list_invited":   {trail: "invited a list of people", flash: "Invited everyone on the list. The emails are on their way.", later: "Invited everyone on the list. The emails go out as soon as the mail server answers."},
		"member.invite_resent":  {trail: "resent the invitation of …", flash: "Invitation sent again. The link in the earlier email no longer works.", later: "The invitation goes out again as soon as the mail server answers. The link in the earlier email no longer works."},
		"member.invite_revoked": {trail: "revoked the invitation of …", flash: "Invitation revoked. Its link no longer works."},
		"member.mail_sent":      {trail: "sent the invitation to …"},
		"member.mail_refused":   {trail: "recorded that the mail server refused the invitation to …"},
	}},
	{word: "tenant", verbs: map[string]verb{
		"tenant.created":                 {trail: "created this workspace", client: "created the workspace of", flash: "Workspace created. The people you named get an invitation by email.", later: "Workspace created. The people you named get an invitation by email as soon as the mail server answers."},
		"tenant.created_alone":           {flash: "Workspace created. Invite the client's people when you are ready."},
		"tenant.updated":                 {trail: "changed the settings", flash: "Settings saved."},
		"tenant.renamed":                 {trail: "renamed this workspace", client: "renamed the workspace of", flash: "Name saved."},
		"tenant.suspended":               {trail: "suspended this workspace", client: "suspended the workspace of", flash: "Suspended. Its people see a notice. Everything is kept."},
		"tenant.resumed":                 {trail: "resumed this workspace", client: "resumed the workspace of", flash: "Resumed. Its people can open it again."},
		"tenant.archived":                {trail: "archived this workspace", client: "archived the workspace of", flash: "Archived. Everything is kept. It still counts against your plan."},
		"tenant.discarded":               {trail: "deleted this workspace", client: "deleted the unused workspace of", flash: "Deleted. Its address is free again."},
		"tenant.unarchived":              {trail: "unarchived this workspace", client: "unarchived the workspace of", flash: "Unarchived. Its people can open it again."},
		"tenant.people_managers_changed": {trail: "changed who manages the client's people", flash: "Saved."},
		"tenant.logo_set":                {trail: "changed the logo", flash: "Logo saved. People see it on the next page they open."},
		"tenant.logo_removed":            {trail: "removed the logo", flash: "Logo removed."},
		"tenant.exported":                {trail: "exported this workspace into an archive"},
		"tenant.restored":                {trail: "restored this workspace from an archive"},
		"tenant.deletion_scheduled":      {trail: "closed this workspace, to delete it in 30 days"},
		"tenant.deletion_undone":         {trail: "kept this workspace, which was to be deleted"},
		"tenant.adopted":                 {trail: "took over this workspace from another system"},
	}},
	{word: "plan", verbs: map[string]verb{
		"plan.changed":         {trail: "changed the plan", client: "changed the plan of", flash: "Plan saved."},
		"plan.usage_corrected": {trail: "corrected the usage counts"},
	}},
	{word: "billing", filter: "Billing", staffFilter: true, gone: "someone", verbs: map[string]verb{
		"billing.customer_bound":   {trail: "made the agency a customer at Stripe"},
		"billing.checkout_opened":  {trail: "opened Stripe to choose a plan"},
		"billing.portal_opened":    {trail: "opened Stripe to manage the payment"},
		"billing.payment_failed":   {trail: "recorded that a payment failed"},
		"billing.grace_ends":       {trail: "warned the owners that the workspace becomes read-only soon"},
		"billing.read_only":        {trail: "made the agency and its clients read-only, because an invoice is open"},
		"billing.paid":             {trail: "recorded that all invoices are paid"},
		"billing.cancelled":        {trail: "recorded that the subscription was cancelled"},
		"billing.continued":        {trail: "recorded that the subscription goes on"},
		"billing.difference_found": {trail: "found a difference between Stripe and this workspace"},
		"billing.mail_sent":        {trail: "sent the email about billing to …"},
	}},
	{word: "domain", verbs: map[string]verb{
		"domain.added":           {trail: "added a domain", flash: "Domain added. It is used here once it is verified."},
		"domain.removed":         {trail: "removed a domain", flash: "Domain removed. It no longer opens anything."},
		"domain.verified":        {trail: "verified a domain"},
		"domain.lapsed":          {trail: "could no longer verify a domain and stopped using it"},
		"domain.check_requested": {flash: "Checking. This page shows the result in a moment."},
	}},
	{word: "support_grant", verbs: map[string]verb{
		"support.granted": {trail: "allowed support access", flash: "Support access allowed. You can revoke it at any time."},
		"support.revoked": {trail: "revoked support access", flash: "Support access revoked."},
	}},
	{word: "access_request", gone: "someone", verbs: map[string]verb{
		"support.access_requested":  {trail: "requested support access"},
		"support.access_approved":   {trail: "approved an access request", flash: "Support access allowed. You can revoke it at any time."},
		"support.access_denied":     {trail: "declined an access request", flash: "Access request declined."},
		"support.request_mail_sent": {trail: "sent the email about an access request to …"},
		"support.answer_mail_sent":  {trail: "emailed the agent the answer to an access request"},
		"support.requests_allowed":  {trail: "turned on access requests", flash: "Support can request access. You decide each time."},
		"support.code_made":         {trail: "made a code for support", flash: "Read the code to the support agent. It works once."},
		"support.requests_blocked":  {trail: "turned off access requests", flash: "Access requests turned off."},
	}},
	{word: "support_session", filter: "Support", gone: "someone", verbs: map[string]verb{
		"support.started":          {trail: "started a support session"},
		"support.refused":          {trail: "was refused a support session as …", bare: "was refused a support session"},
		"support.stopped":          {trail: "ended the support session", viewAs: "stopped viewing as a client"},
		"support.expired":          {trail: "ran out of time in the support session", viewAs: "ran out of time viewing as a client"},
		"support.ended":            {trail: "ended a support session", viewAs: "ended a view as a client", flash: "Session ended."},
		"support.mail_sent":        {trail: "sent the email about a support session to …"},
		"support.view_started":     {trail: "started to view as a client"},
		"support.page_seen":        {trail: "viewed a page"},
		"support.asset_seen":       {trail: "loaded a preview or a style"},
		"support.found":            {trail: "found this workspace in a search"},
		"support.people_listed":    {trail: "listed the people to view as"},
		"support.write_requested":  {trail: "asked to make changes"},
		"support.write_started":    {trail: "started making changes"},
		"support.write_confirmed":  {trail: "approved changes by another support agent"},
		"support.ledger_exported":  {trail: "downloaded the support ledger"},
		"support.session_accepted": {trail: "found a support session in order", flash: "Thank you. The session is marked as in order."},
		"support.session_flagged":  {trail: "reported a support session", flash: "Reported. Whoever runs this site gets an email."},
	}},
	{word: "api_key", filter: "API keys", gone: "that no longer exists", verbs: map[string]verb{
		"api_key.created": {trail: "made the API key …"},
		"api_key.revoked": {trail: "revoked the API key …", flash: "Revoked. Whoever uses the key is refused from now on."},
	}},
	{word: "job", verbs: map[string]verb{
		"job.cancelled": {trail: "had a task cancelled because they no longer had permission"},
	}},
	{word: "activity", verbs: map[string]verb{
		"activity.exported": {trail: "exported the activity log"},
	}},
	{word: "access", filter: "Refusals", verbs: map[string]verb{
		"access.refused":       {trail: "was refused access"},
		"access.refused_often": {trail: "was refused access many more times within a minute"},
	}},
}

// kindOf returns the row of a kind. An unknown kind gets an empty row.
func kindOf(word string) kind {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.word == word })
	if i < 0 {
		return kind{}
	}
	return kinds[i]
}

func verbOf(word string) (verb, bool) {
	for _, k := range kinds {
		if v, ok := k.verbs[word]; ok {
			return v, true
		}
	}
	return verb{}, false
}

// IsTrailVerb says that a verb of the trail has words.
func IsTrailVerb(word string) bool {
	v, _ := verbOf(word)
	return v.trail != ""
}

// Sentence is an event of the trail as a sentence: actor, Before, Target, After.
type Sentence struct{ Before, Target, After string }

// TrailSentence words an event of the audit trail. named says that the event has a target,
// even one without a name. A verb without words is shown as it is.
func TrailSentence(word string, named bool, target string) Sentence {
	v, _ := verbOf(word)
	before, after, takesTarget := strings.Cut(v.trail, "…")
	switch {
	case v.trail == "":
		return Sentence{Before: word}
	case !takesTarget:
		return Sentence{Before: v.trail}
	case !named && v.bare != "":
		return Sentence{Before: v.bare}
	case target == "":
		target = goneOf(word)
	}
	return Sentence{strings.TrimSpace(before), target, strings.TrimSpace(after)}
}

// ViewAsSentence is [TrailSentence] of a session of staff who view as a client.
func ViewAsSentence(word string, named bool, target string) Sentence {
	if v, _ := verbOf(word); v.viewAs != "" {
		return Sentence{Before: v.viewAs}
	}
	return TrailSentence(word, named, target)
}

// TrailVerb returns the words of a verb without its target, for exports, which have the
// target in a column of its own.
func TrailVerb(word string, viewAs bool) string {
	s := TrailSentence(word, true, "…")
	if viewAs {
		s = ViewAsSentence(word, true, "…")
	}
	return strings.TrimSuffix(strings.Join(strings.Fields(s.Before+" "+s.Target+" "+s.After), " "), " …")
}

func goneOf(word string) string {
	for _, k := range kinds {
		if _, ok := k.verbs[word]; ok {
			return k.gone
		}
	}
	return ""
}

// ClientVerb returns what follows the actor in an agency's trail, before the name of a
// client.
func ClientVerb(word string) string {
	v, _ := verbOf(word)
	return v.client
}

// TrailFilters lists the filters of the activity page, to staff or to client users: the
// first part of a verb, or "mail" for sent mail.
func TrailFilters(staff bool) []Choice {
	var all []Choice
	for _, k := range kinds {
		if k.filter == "" || (k.staffFilter && !staff) {
			continue
		}
		for word := range k.verbs {
			prefix, _, _ := strings.Cut(word, ".")
			all = append(all, Choice{Value: prefix, Label: k.filter})
			break
		}
	}
	all = append(all, Choice{Value: "published", Label: "Publications"}, Choice{Value: "downloaded", Label: "Downloads"}, Choice{Value: "viewed", Label: "Views"})
	if staff {
		all = append(all, Choice{Value: "mail", Label: "Emails"})
	}
	return all
}

// FlashFor returns the message after an action, given its verb in the trail, and the
// URL that undoes it for the item with that id, or "" if it can't be undone. An
// unknown verb gives no message.
func FlashFor(b Base, word, id string) Flash {
	v, _ := verbOf(word)
	f := Flash{Text: v.flash, Later: v.later}
	if v.undo != nil && id != "" {
		f.UndoURL = v.undo(b, id)
	}
	return f
}

// OpenURL returns the page of an item; "" if its kind has none.
func OpenURL(b Base, word, id string) string { return urlBy(b, kindOf(word).open, id) }

// RestoreURL returns the URL that restores an item from the bin.
func RestoreURL(b Base, word, id string) string { return urlBy(b, kindOf(word).back, id) }

func urlBy(b Base, path func(Base, string) string, id string) string {
	if path == nil {
		return ""
	}
	return path(b, id)
}

// TrailVerbs returns all verbs of the trail that have words, by kind.
func TrailVerbs() map[string][]string {
	all := map[string][]string{}
	for _, k := range kinds {
		all[k.word] = []string{}
		for word, v := range k.verbs {
			if v.trail != "" {
				all[k.word] = append(all[k.word], word)
			}
		}
	}
	return all
}

// KindName returns the word for a kind of item, such as "Project".
func KindName(word string) string { return kindOf(word).name }
