package api

import (
	"net/http"
	"net/url"
	"regexp"
	"time"

	"portico/handlers/web"
	"portico/store"
)

type countedUsage struct {
	ID       string    `json:"id"`
	Metric   string    `json:"metric"`
	Quantity int64     `json:"quantity"`
	At       time.Time `json:"at"`
	Month    string    `json:"month"` // in which it counts
	Used     int64     `json:"used"`  // in that month, when it was counted
}

// monthForm is a month as the API writes it.
const monthForm = "2006-01"

// rfc3339 is the form of a time with its zone.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

var (
	errNoIdempotencyKey = &web.Problem{Status: http.StatusUnprocessableEntity, Name: "no-idempotency-key", Sentence: "Send an Idempotency-Key, so that a report that is sent twice counts once."}
	errMonth            = &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: "Send a month such as 2026-11 that has begun, or none for this month."}
)

// ReportUsage counts what a program reports. A report counts once for its Idempotency-Key.
func (s *Service) ReportUsage(w http.ResponseWriter, r *http.Request, me store.Member) error {
	key, err := idempotencyKey(r)
	if err == nil && key == "" {
		err = errNoIdempotencyKey
	}
	if err != nil {
		return err
	}
	in, err := readInput(r, text("metric"), whole("quantity"), text("at"))
	if err != nil {
		return err
	}
	report := store.UsageReport{Metric: s.metric(in.Raw("metric")), Quantity: in.whole("quantity"), At: time.Now(), IdempotencyKey: key, RequestHash: in.hash(r)}
	if text := in.Raw("at"); text != "" {
		// Parse takes more than RFC 3339, such as a comma or an hour of one digit.
		if report.At, err = time.Parse(time.RFC3339, text); err != nil || !rfc3339.MatchString(text) {
			return store.InvalidError{"at": "Send a time such as 2026-11-30T18:00:00Z."}
		}
	}
	counted, err := s.db.ReportUsage(r.Context(), me, report)
	if err != nil {
		return err
	}
	if counted.Repeated {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	return send(w, r, http.StatusCreated, countedUsage{
		ID: counted.ID.String(), Metric: report.Metric.JSON(), Quantity: report.Quantity,
		At: counted.At.UTC(), Month: counted.At.UTC().Format(monthForm), Used: counted.Used,
	})
}

// metric is the metric that programs report under a name of the API, or one that nobody
// may report.
func (s *Service) metric(name string) store.Metric {
	for _, m := range s.db.Plans().Reported() {
		if m.JSON() == name {
			return m
		}
	}
	return ""
}

type metricUsage struct {
	Metric string `json:"metric"`
	Now    *int64 `json:"now"` // null for what is reported or downloaded
	Month  int64  `json:"month"`
	Limit  *int64 `json:"limit"` // null without a limit
}

type usage struct {
	Month   string        `json:"month"`
	Plan    string        `json:"plan"`
	Metrics []metricUsage `json:"metrics"`
}

// Usage reads what the tenant uses: now, and in a month.
func (s *Service) Usage(w http.ResponseWriter, r *http.Request, me store.Member) error {
	month, err := monthOf(r)
	if err != nil {
		return err
	}
	var plan store.TenantPlan
	var now []store.Usage
	var months []store.MonthUsage
	if err := s.db.Read(r.Context(), me, store.GetPlan(&plan), store.ListUsage(&now), store.ListMonthUsage(month, &months)); err != nil {
		return err
	}
	plans := s.db.Plans()
	out := usage{Month: month.Format(monthForm), Plan: plan.Plan, Metrics: []metricUsage{}}
	for _, m := range plans.Metrics(me.Tenant.Kind) {
		used := metricUsage{Metric: m.JSON(), Month: store.UsedIn(months, m, month)}
		if limit, limited := plans.Limit(plan, m); limited {
			used.Limit = &limit
		}
		if m.IsLevel() {
			level := store.UsedNow(now, m)
			used.Now = &level
		}
		out.Metrics = append(out.Metrics, used)
	}
	return send(w, r, http.StatusOK, out)
}

// monthOf is the month that a request names, or this one.
func monthOf(r *http.Request) (time.Time, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return time.Time{}, errFilter
	}
	for name, values := range q {
		if name != "month" || len(values) != 1 {
			return time.Time{}, errFilter
		}
	}
	if !q.Has("month") {
		return store.MonthOf(time.Now()), nil
	}
	month, err := time.Parse(monthForm, q.Get("month"))
	if err != nil || month.Year() < 2000 || month.After(time.Now()) {
		return time.Time{}, errMonth
	}
	return month, nil
}
