package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"portico/handlers/frame"
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
		Page:    store.PageOf(activityShown, frame.ParseCursor(q.Get("before"))),
	}
	if id, err := uuid.Parse(q.Get("person")); err == nil {
		filter.Person = id
	}
	if id, err := uuid.Parse(q.Get("support")); err == nil {
		filter.SupportSession = id
	}
	var events []store.Activity
	if err := s.db.Read(r.Context(), me, store.ListActivity(filter, &events)); err != nil {
		return err
	}
	c := frame.Tenant(r, me)
	props := views.ActivityProps{
		Filters:  activityFilters(c.Base, q),
		Filtered: filter.Kind != "" || filter.Denied || filter.Support || filter.Person != uuid.Nil,
	}
	events, next := store.Cut(events, filter.Page, func(e store.Activity) store.Cursor { return store.Cursor{At: e.At, ID: e.ID} })
	if older := frame.WriteCursor(next); older != "" {
		props.OlderURL = c.Base.Activity(with(q, "before", older))
	}
	if q.Get("before") != "" {
		props.NewerURL = c.Base.Activity(with(q, "before", ""))
	}
	props.Days = byDay(c, me, events)
	return views.Render(w, r, http.StatusOK, views.Activity(c, props))
}

// byDay groups events by day in the reader's time zone.
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

func eventRows(base views.Base, me store.Member, events []store.Activity) []views.EventRow {
	rows := make([]views.EventRow, len(events))
	for i, e := range events {
		row := views.EventRow{
			Actor:     e.ActorName,
			Verb:      views.TrailVerb(e.Verb),
			Target:    e.TargetName,
			TargetURL: targetURL(base, e),
			At:        e.At,
			Denied:    e.Result == store.ResultDenied,
		}
		if e.TargetKind == store.KindTenant && e.TargetID != nil && *e.TargetID != me.TenantID() {
			row.Verb, row.Target = views.ClientVerb(e.Verb), "a client"
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
	return views.OpenURL(base, string(e.TargetKind), e.TargetID.String())
}

// kindOf is the kind that the query filters by, or "" if the filter does not offer it.
func kindOf(q string) string {
	if !slices.ContainsFunc(views.TrailFilters(), func(c views.Choice) bool { return c.Value == q }) {
		return ""
	}
	return q
}

func activityFilters(base views.Base, q url.Values) []views.FilterGroup {
	what := views.FilterGroup{Label: "What"}
	for _, c := range views.TrailFilters() {
		what.Options = append(what.Options, option(base, q, c.Label, "kind", c.Value))
	}
	how := views.FilterGroup{Label: "How", Options: []views.FilterOption{
		option(base, q, "Refused only", "refused", "1"),
		option(base, q, "By support only", "support", "1"),
	}}
	return []views.FilterGroup{what, how}
}

// option is a filter option as a link. The link of the current option removes it.
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

// with returns the page's filter with one value changed, or removed when empty. It
// keeps only the keys of the filter.
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
