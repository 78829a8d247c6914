package handlers

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

const activityShown = 50

func (s *Server) activityList(r *http.Request) page {
	q := r.URL.Query()
	filter := activityFilter(q)
	filter.Fold = q.Get("kind") != "viewed" && filter.SupportSession == uuid.Nil && filter.Verb == "" && filter.Target == uuid.Nil
	filter.Seal = true
	filter.Page = store.PageOf(activityShown, frame.ParseCursor(q.Get("before")))
	var events []store.Activity
	var people []store.Membership
	reads := func(at store.Standing) []store.Read {
		filter.Billing = seesBilling(at)
		return []store.Read{store.ListActivity(filter, &events), store.ListPeople(&people)}
	}
	return page{reads, func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		clients, err := s.clientNames(r, me, events)
		if err != nil {
			return err
		}
		c := frame.Tenant(r, me)
		props := views.ActivityProps{
			Lead:     activityLead(me),
			Filters:  activityFilters(c, q, filter, events, seesBilling(me.Standing())),
			People:   activityPeople(me, people, filter.Person),
			Keep:     keptFilters(q),
			Filtered: len(with(q, "before", "")) > 0,
			From:     dayOf(filter.From, 0), Until: dayOf(filter.Until, -1),
		}
		if me.Support == nil && me.May(store.ExportActivity) {
			without := with(q, "before", "")
			props.CSVURL, props.JSONLURL, props.ArchiveURL = c.Base.ActivityExport("csv", without), c.Base.ActivityExport("jsonl", without), c.Base.ActivityArchive()
		}
		events, next := store.Cut(events, filter.Page, func(e store.Activity) store.Cursor { return store.Cursor{At: e.At, ID: e.ID} })
		if older := frame.WriteCursor(next); older != "" {
			props.OlderURL = c.Base.Activity(with(q, "before", older))
		}
		if q.Get("before") != "" {
			props.NewerURL = c.Base.Activity(with(q, "before", ""))
		}
		props.Days = byDay(c, me, events, clients)
		return views.Render(w, r, http.StatusOK, views.Activity(c, props))
	}}
}

// filterKeys are the filters of the activity page, as its query names them.
var filterKeys = []string{"kind", "act", "target", "refused", "support", "person", "from", "until", "before"}

// activityFilter reads the filter of the activity page and its exports. What it can't read
// filters nothing.
func activityFilter(q url.Values) store.ActivityFilter {
	f := store.ActivityFilter{Kind: kindOf(q.Get("kind")), Denied: q.Get("refused") != "", Support: q.Get("support") != ""}
	if act := q.Get("act"); views.IsTrailVerb(act) {
		f.Verb = act
	}
	for key, to := range map[string]*uuid.UUID{"person": &f.Person, "target": &f.Target, "support": &f.SupportSession} {
		if id, ok := web.ParseID(q.Get(key)); ok {
			*to = id
		}
	}
	if day, err := time.Parse(time.DateOnly, q.Get("from")); err == nil {
		f.From = day
	}
	if day, err := time.Parse(time.DateOnly, q.Get("until")); err == nil {
		f.Until = day.AddDate(0, 0, 1)
	}
	return f
}

// dayOf is a day of the filter, so many days later, or "".
func dayOf(t time.Time, days int) string {
	if t.IsZero() {
		return ""
	}
	return t.AddDate(0, 0, days).Format(time.DateOnly)
}

// seesBilling says whether a member reads in the trail what the agency pays.
func seesBilling(at store.Standing) bool { return at.May(store.SeeBilling) && !at.Support }

// byDay groups events by day in the reader's time zone.
func byDay(c views.Chrome, me store.Member, events []store.Activity, clients map[uuid.UUID]string) []views.ActivityDay {
	now := time.Now()
	var days []views.ActivityDay
	for i, row := range eventRows(c.Base, me, events, clients) {
		// Support reads no log, and so opens no event.
		if me.Support == nil {
			row.URL, row.Seal = c.Base.ActivityEvent(events[i].ID.String()), sealWords(events[i].Position)
		}
		label, lang := c.Dates.DayLabel(events[i].At, now)
		if len(days) == 0 || days[len(days)-1].Label != label {
			days = append(days, views.ActivityDay{Label: label, Lang: lang})
		}
		d := &days[len(days)-1]
		d.Events = append(d.Events, row)
	}
	return days
}

// activityLead says what the page holds for this reader.
func activityLead(me store.Member) string {
	if me.Party == store.PartyClient {
		return "What your people and support did here, and what " + me.Tenant.AgencyName + " published for you. Entries can't be changed or removed."
	}
	return "Everything done here, and who did it. Entries can't be changed or removed."
}

// activityPeople are the people whom the reader can choose in the filter.
func activityPeople(me store.Member, people []store.Membership, chosen uuid.UUID) []ui.Option {
	options := make([]ui.Option, 0, len(people))
	for _, p := range people {
		if me.Party == store.PartyAgency || me.May(store.SeePeople) {
			options = append(options, ui.Option{Value: p.UserID.String(), Label: frame.Addressed(p.Name, p.Email), Selected: p.UserID == chosen})
		}
	}
	return options
}

// keptFilters are the filters that the form has no field for, as hidden fields: name and
// value.
func keptFilters(q url.Values) (kept []views.Choice) {
	for _, key := range filterKeys {
		if key == "person" || key == "from" || key == "until" || key == "before" {
			continue // they are fields of the form, or no filter
		}
		if v := q.Get(key); v != "" {
			kept = append(kept, views.Choice{Value: key, Label: v})
		}
	}
	return kept
}

// clientNames are the names of the clients in an agency's trail, for those who manage
// them.
func (s *Server) clientNames(r *http.Request, me store.Member, events []store.Activity) (map[uuid.UUID]string, error) {
	ofClient := func(e store.Activity) bool {
		return e.TargetKind == store.KindTenant && e.TargetID != nil && *e.TargetID != me.TenantID()
	}
	if !slices.ContainsFunc(events, ofClient) || !me.May(store.ManageClients) || me.Support != nil {
		return nil, nil
	}
	names := map[uuid.UUID]string{}
	for _, archived := range []bool{false, true} {
		var clients []store.Client
		filter := store.ClientFilter{Archived: archived, Page: store.Page{Limit: 200}}
		if err := s.db.Read(r.Context(), me, store.ListClients(filter, &clients)); err != nil {
			return nil, err
		}
		for _, c := range clients {
			names[c.ID] = c.Name
		}
	}
	return names, nil
}

func eventRows(base views.Base, me store.Member, events []store.Activity, clients map[uuid.UUID]string) []views.EventRow {
	rows := make([]views.EventRow, len(events))
	for i, e := range events {
		row := eventRow(base, e)
		if e.TargetKind == store.KindTenant && e.TargetID != nil && *e.TargetID != me.TenantID() {
			row.Verb, row.Target, row.After = views.ClientVerb(e.Verb), cmp.Or(clients[*e.TargetID], "a client"), ""
			if me.May(store.ManageClients) && me.Support == nil {
				row.TargetURL = base.Client(e.TargetID.String())
			}
		}
		if e.ActorID != nil && row.Actor == e.ActorName && me.May(store.SeeActivity) {
			row.ActorURL = base.Activity(url.Values{"person": {e.ActorID.String()}})
		}
		if e.Verb == "member.forgotten" && e.ActorID != nil {
			row.Verb, row.Target, row.TargetURL = "erased the account", "", ""
		}
		if e.SupportSessionID != nil {
			row.Support = e.By(me.Tenant.AgencyName)
		}
		if e.KeyName != "" {
			row.Actor = views.KeyActor(e.KeyName, e.ActorName)
		}
		rows[i] = row
	}
	return rows
}

// eventRow words an event. The target is a link only where the sentence names it.
func eventRow(base views.Base, e store.Activity) views.EventRow {
	sentence := views.TrailSentence
	if e.ViewAs {
		sentence = views.ViewAsSentence
	}
	said := sentence(e.Verb, e.TargetID != nil, e.TargetName)
	row := views.EventRow{
		Actor: e.ActorName, Verb: said.Before, Target: said.Target, After: said.After,
		At: e.At, Denied: e.Result == store.ResultDenied,
	}
	if said.Target == e.TargetName {
		row.TargetURL = targetURL(base, e)
	}
	if e.TargetKind == store.KindMembership && e.TargetID != nil && e.ActorID != nil && *e.TargetID == *e.ActorID && said.Target != "" {
		row.Target, row.TargetURL = "themselves", ""
	}
	if sentByPortico(e.Verb) {
		row.Actor = "Portico"
	}
	foldedRow(&row, base, e)
	return row
}

// sentByPortico reports whether an event tells of an email. Portico sends it, whoever did
// what it is about; their own act has an event of its own.
func sentByPortico(verb string) bool {
	return strings.HasSuffix(verb, ".digest_sent") || strings.HasSuffix(verb, "mail_sent") || strings.HasSuffix(verb, ".mail_refused") || verb == "version.certified"
}

// foldedRow words a view or search, or those that a row stands for: "viewed 6 pages".
func foldedRow(row *views.EventRow, base views.Base, e store.Activity) {
	all := url.Values{"kind": {"viewed"}, "person": {frame.OrZero(e.ActorID).String()}}
	if e.SupportSessionID != nil {
		all = url.Values{"kind": {"viewed"}, "support": {e.SupportSessionID.String()}}
	}
	switch {
	case e.Verb == "support.page_seen" && e.Views > 1:
		row.Verb, row.Target, row.TargetURL = "viewed", ui.Count(e.Views, "page", "pages"), base.Activity(all)
	case e.Verb == "support.page_seen":
		route, _ := e.Detail["route"].(string)
		row.Verb = "viewed " + views.PageName(route)
	case e.Verb == "support.asset_seen" && e.Views > 1:
		row.Verb = "loaded " + strconv.Itoa(e.Views) + " previews and styles"
	case e.Verb == "support.found" && e.Views > 1:
		row.Verb = "found this workspace in " + strconv.Itoa(e.Views) + " searches"
	case e.Verb == "file.viewed" && e.ViewedFiles > 1:
		row.Target, row.TargetURL = ui.Count(e.ViewedFiles, "file", "files"), base.Activity(all)
	}
}

func targetURL(base views.Base, e store.Activity) string {
	switch {
	case e.TargetID == nil || e.TargetName == "":
		return ""
	case e.TargetWithin != nil:
		return base.Deliverable(e.TargetWithin.String())
	case e.TargetKind == store.KindMembership:
		return base.Activity(url.Values{"person": {e.TargetID.String()}})
	}
	return views.OpenURL(base, string(e.TargetKind), e.TargetID.String())
}

// kindOf is the kind that the query filters by, or "" if the filter does not offer it.
func kindOf(q string) string {
	if !slices.ContainsFunc(views.TrailFilters(true), func(c views.Choice) bool { return c.Value == q }) {
		return ""
	}
	return q
}

// sealWords say where an event stands in its log.
func sealWords(position *int64) string {
	if position == nil {
		return "not sealed yet"
	}
	return "sealed #" + ui.Number(*position)
}

func activityFilters(c views.Chrome, q url.Values, f store.ActivityFilter, events []store.Activity, billing bool) []views.FilterGroup {
	what := views.FilterGroup{Label: "What"}
	for _, f := range views.TrailFilters(c.Staff) {
		if f.Value == string(store.KindBilling) && !billing {
			continue
		}
		what.Options = append(what.Options, option(c.Base, q, f.Label, "kind", f.Value))
	}
	how := views.FilterGroup{Label: "How", Options: []views.FilterOption{
		option(c.Base, q, "Refused only", "refused", "1"),
		option(c.Base, q, "Support and view as", "support", "1"),
	}}
	return append([]views.FilterGroup{what, how}, chosenFilters(c, q, f, events)...)
}

// chosenFilters are the filters that pages of events lead to. Their links remove them.
func chosenFilters(c views.Chrome, q url.Values, f store.ActivityFilter, events []store.Activity) []views.FilterGroup {
	only := views.FilterGroup{Label: "Only"}
	if f.Verb != "" {
		only.Options = append(only.Options, option(c.Base, q, views.TrailVerb(f.Verb, false), "act", f.Verb))
	}
	if f.Target != uuid.Nil {
		name := "One thing"
		if len(events) > 0 && events[0].TargetName != "" {
			name = events[0].TargetName
		}
		only.Options = append(only.Options, option(c.Base, q, name, "target", q.Get("target")))
	}
	if f.SupportSession != uuid.Nil {
		only.Options = append(only.Options, option(c.Base, q, "One session", "support", q.Get("support")))
	}
	for _, day := range []struct {
		key, words string
		at         time.Time
	}{{"from", "From ", f.From}, {"until", "Until ", f.Until}} {
		if !day.at.IsZero() {
			only.Options = append(only.Options, option(c.Base, q, day.words+q.Get(day.key), day.key, q.Get(day.key)))
		}
	}
	if only.Options == nil {
		return nil
	}
	return []views.FilterGroup{only}
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
	for _, k := range filterKeys {
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
