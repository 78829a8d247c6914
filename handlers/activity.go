package handlers

import (
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

const activityShown = 50

func (s *Server) activityList(w http.ResponseWriter, r *http.Request, me store.Member) error {
	q := r.URL.Query()
	filter := store.ActivityFilter{
		Kind:    kindOf(q.Get("kind")),
		Denied:  q.Get("refused") != "",
		Support: q.Get("support") != "",
		Limit:   activityShown + 1,
	}
	if id, err := uuid.Parse(q.Get("person")); err == nil {
		filter.Person = id
	}
	if id, err := uuid.Parse(q.Get("support")); err == nil {
		filter.SupportSession = id
	}
	filter.BeforeAt, filter.BeforeID = web.ParseCursor(q.Get("before"))
	var events []store.Activity
	if err := s.db.Read(r.Context(), me, store.ListActivity(filter, &events)); err != nil {
		return err
	}
	c := frame.Tenant(r, me)
	props := views.ActivityProps{
		Filters:  activityFilters(c.Base, q),
		Filtered: filter.Kind != "" || filter.Denied || filter.Support || filter.Person != uuid.Nil,
	}
	if len(events) > activityShown {
		events = events[:activityShown]
		last := events[len(events)-1]
		props.OlderURL = c.Base.Activity(with(q, "before", web.Cursor(last.At, last.ID)))
	}
	if q.Get("before") != "" {
		props.NewerURL = c.Base.Activity(with(q, "before", ""))
	}
	props.Days = byDay(c, me, events)
	return views.Render(w, r, http.StatusOK, views.Activity(c, props))
}

// byDay groups events under their days, as the reader's zone counts them.
func byDay(c views.Chrome, me store.Member, events []store.Activity) []views.ActivityDay {
	now := time.Now()
	var days []views.ActivityDay
	for i, row := range eventRows(c.Base, me, events) {
		label, lang := c.Dates.DayLabel(events[i].At, now)
		if len(days) == 0 || days[len(days)-1].Label != label {
			days = append(days, views.ActivityDay{Label: label, Lang: lang})
		}
		d := &days[len(days)-1]
		d.Events = append(d.Events, row)
	}
	return days
}

// verbs are the sentences of the trail. A verb that is not here is shown as it
// is, which a test forbids.
var verbs = map[string]string{
	"project.created":         "created the project",
	"project.updated":         "edited the project",
	"project.moved":           "reordered the project",
	"project.archived":        "archived the project",
	"project.unarchived":      "unarchived the project",
	"project.binned":          "deleted the project",
	"project.restored":        "restored the project",
	"project.purged":          "permanently deleted a project after 30 days in the bin",
	"project.digest_sent":     "sent the daily digest",
	"deliverable.created":     "created",
	"deliverable.updated":     "edited",
	"deliverable.moved":       "reordered",
	"deliverable.archived":    "archived",
	"deliverable.unarchived":  "unarchived",
	"deliverable.binned":      "deleted",
	"deliverable.restored":    "restored",
	"deliverable.purged":      "permanently deleted a deliverable after 30 days in the bin",
	"version.created":         "started a new version of",
	"version.published":       "published a new version of",
	"version.mail_sent":       "sent the email about a new version to",
	"file.uploaded":           "uploaded",
	"file.downloaded":         "downloaded",
	"file.viewed":             "viewed",
	"file.binned":             "deleted",
	"file.restored":           "restored",
	"file.upload_cancelled":   "cancelled the upload of",
	"file.swept":              "removed an unfinished upload",
	"file.upload_given_up":    "cancelled an upload",
	"file.missing":            "found a file missing from storage",
	"file.found":              "found a missing file again",
	"file.forgotten":          "recorded that a file is lost",
	"file.purged":             "permanently deleted a file after 30 days in the bin",
	"member.added":            "gave access to",
	"member.invited":          "invited",
	"member.list_invited":     "invited a list of people",
	"member.invite_resent":    "resent the invitation of",
	"member.invite_revoked":   "revoked the invitation of",
	"member.mail_sent":        "sent the invitation to",
	"member.joined":           "accepted an invitation and joined as",
	"member.role_changed":     "changed the role of",
	"member.removed":          "removed",
	"member.left":             "left",
	"member.forgotten":        "erased the account of",
	"tenant.client_manages":   "changed who manages the client's people",
	"tenant.created":          "created this workspace",
	"tenant.updated":          "changed the settings",
	"domain.added":            "added a domain",
	"domain.removed":          "removed a domain",
	"domain.verified":         "verified a domain",
	"domain.lapsed":           "could no longer verify a domain and stopped using it",
	"tenant.renamed":          "renamed this workspace",
	"tenant.suspended":        "suspended this workspace",
	"tenant.resumed":          "resumed this workspace",
	"tenant.archived":         "archived this workspace",
	"tenant.unarchived":       "unarchived this workspace",
	"member.came_in":          "joined from the agency",
	"member.went_out":         "left",
	"plan.changed":            "changed the plan",
	"plan.usage_corrected":    "corrected the usage counts",
	"tenant.logo_set":         "changed the logo",
	"tenant.logo_removed":     "removed the logo",
	"support.granted":         "allowed support access",
	"support.revoked":         "revoked support access",
	"support.started":         "started a support session",
	"support.refused":         "was refused a support session",
	"support.stopped":         "ended the support session",
	"support.expired":         "reached the end of the support session",
	"support.ended":           "ended a support session",
	"support.mail_sent":       "sent the email about a support session to",
	"support.view_started":    "started to view as a client",
	"support.page_seen":       "viewed a page",
	"job.let_go":              "had a task cancelled because they no longer had permission",
	"access.refused":          "was refused access",
	"access.refused_often":    "was refused access many more times within a minute",
	"support.asked":           "requested support access",
	"support.answered":        "answered an access request",
	"support.asking_set":      "changed whether support can request access",
	"support.ask_mail_sent":   "sent the email about an access request to",
	"support.write_asked":     "asked to make changes",
	"support.write_started":   "started making changes",
	"support.write_confirmed": "approved changes by another support agent",
	"support.ledger_exported": "downloaded the support ledger",
}

// clientVerbs are the same in the agency's trail, where they are about a client.
var clientVerbs = map[string]string{
	"tenant.created":    "created the workspace of",
	"tenant.renamed":    "renamed the workspace of",
	"tenant.suspended":  "suspended the workspace of",
	"tenant.resumed":    "resumed the workspace of",
	"tenant.archived":   "archived the workspace of",
	"tenant.unarchived": "unarchived the workspace of",
	"member.came_in":    "joined the workspace of",
	"member.went_out":   "left the workspace of",
	"plan.changed":      "changed the plan of",
}

func eventRows(base views.Base, me store.Member, events []store.Activity) []views.EventRow {
	rows := make([]views.EventRow, len(events))
	for i, e := range events {
		verb, known := verbs[e.Verb]
		if !known {
			verb = e.Verb
		}
		row := views.EventRow{
			Actor:     e.ActorName,
			Verb:      verb,
			Target:    e.TargetName,
			TargetURL: targetURL(base, e),
			At:        e.At,
			Denied:    e.Result == "denied",
		}
		if e.TargetKind == "tenant" && e.TargetID != nil && *e.TargetID != me.TenantID() {
			row.Verb, row.Target = clientVerbs[e.Verb], "a client"
			if me.May(store.ManageClients) && me.Support == nil {
				row.TargetURL = base.Client(e.TargetID.String())
			}
		}
		if e.Verb == "member.forgotten" && e.ActorID != nil {
			row.Verb, row.Target = "erased the account", ""
		}
		if e.SupportSessionID != nil {
			row.Support = e.ActorName + " (support) as " + e.SubjectName
			if e.ViewAs {
				row.Support = e.ActorName + " as " + e.SubjectName
			}
		}
		rows[i] = row
	}
	return rows
}

func targetURL(base views.Base, e store.Activity) string {
	if e.TargetID == nil || e.TargetName == "" {
		return ""
	}
	switch e.TargetKind {
	case "project":
		return base.Project(e.TargetID.String())
	case "deliverable":
		return base.Deliverable(e.TargetID.String())
	}
	return ""
}

// kinds are the questions "what" of the filter, by the first word of a verb.
var kinds = []struct{ kind, label string }{
	{"project", "Projects"}, {"deliverable", "Deliverables"}, {"version", "Versions"}, {"file", "Files"},
	{"member", "People"}, {"support", "Support"}, {"access", "Refusals"}, {"mail", "Emails"},
}

func kindOf(q string) string {
	for _, k := range kinds {
		if k.kind == q {
			return q
		}
	}
	return ""
}

func activityFilters(base views.Base, q url.Values) []views.FilterGroup {
	what := views.FilterGroup{Label: "What"}
	for _, k := range kinds {
		what.Options = append(what.Options, option(base, q, k.label, "kind", k.kind))
	}
	how := views.FilterGroup{Label: "How", Options: []views.FilterOption{
		option(base, q, "Refused only", "refused", "1"),
		option(base, q, "By support only", "support", "1"),
	}}
	return []views.FilterGroup{what, how}
}

// option is an answer as a link; that of the current one takes it away again.
func option(base views.Base, q url.Values, label, key, value string) views.FilterOption {
	current := q.Get(key) == value
	next := with(q, "before", "")
	if current {
		next.Del(key)
	} else {
		next.Set(key, value)
	}
	return views.FilterOption{Label: label, URL: base.Activity(next), Current: current}
}

// with is the filter of the page with one value changed, or taken out when empty.
// Only keys of the filter come along.
func with(q url.Values, key, value string) url.Values {
	next := url.Values{}
	for _, k := range []string{"kind", "refused", "support", "person", "before"} {
		if v := q.Get(k); v != "" {
			next.Set(k, v)
		}
	}
	next.Del(key)
	if value != "" {
		next.Set(key, value)
	}
	return next
}
