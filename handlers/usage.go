package handlers

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"portico/handlers/frame"
	"portico/handlers/spreadsheet"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// usageMonths is how many months the page shows.
const usageMonths = 12

// usageData is what the page of the plan and usage shows.
type usageData struct {
	plan    store.TenantPlan
	now     []store.Usage
	invited int64
	own     []store.OwnAgency
	months  []store.MonthUsage
	keys    []store.KeyUsage
	clients []store.ClientUsage
}

func (d *usageData) reads(at store.Standing) []store.Read {
	reads := []store.Read{store.GetPlan(&d.plan), store.ListUsage(&d.now), store.CountOpenInvites(&d.invited)}
	if at.Party == store.PartyAgency {
		thisMonth := store.MonthOf(time.Now())
		reads = append(reads, store.GetOwnAgency(&d.own), store.ListMonthUsage(thisMonth.AddDate(0, 1-usageMonths, 0), &d.months), store.ListKeyUsage(thisMonth, &d.keys))
		if at.Kind == store.TenantAgency {
			reads = append(reads, store.ListClientUsage(thisMonth, &d.clients))
		}
	}
	return reads
}

// usageShow shows how much of its plan a tenant uses.
func (s *Server) usageShow(*http.Request) page {
	var d usageData
	return page{d.reads, func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		c := frame.Tenant(r, me)
		p := views.UsageProps{Plan: frame.PlanName(d.plan.Plan), Raise: s.planContact(me)}
		if agency := planning(d.own); agency != "" {
			p.Raise = "As an owner of " + me.Tenant.AgencyName + " you can change it."
			p.PlanURL = frame.AddressOf(r).Platform + views.PathBase(agency).Client(me.TenantID().String()) + "#client-plan"
			p.PlanVerb = "Change plan"
		}
		if s.billing != nil && me.Tenant.Kind == store.TenantAgency && me.May(store.SeeBilling) && me.Support == nil {
			p.PlanURL, p.PlanVerb = c.Base.Billing(), "Open billing"
		}
		if s.db.Plans().Capped(d.plan) {
			p.Cap = frame.PlanName(d.plan.Agency)
		}
		p.Bars = s.usageBars(me, d)
		// What adds up in a month includes drafts, which may be hidden from support.
		if me.Party == store.PartyAgency && me.Support == nil {
			s.addMonths(&p, me, d, time.Now())
			p.ExportURL, p.OfAgency = c.Base.UsageExport(), me.Tenant.Kind == store.TenantAgency
		}
		return views.Render(w, r, http.StatusOK, views.Usage(c, p))
	}}
}

// usageBars are the limits of the plan, and how much of each is in use.
func (s *Server) usageBars(me store.Member, d usageData) (bars []views.UsageBar) {
	for _, m := range metricsOf(me.Tenant.Kind, me.Party) {
		count := store.UsedNow(d.now, m)
		words := amount(m, count)
		if m == store.Users && d.invited > 0 {
			words = ui.Count(int(count), "person", "people") + " and " + ui.Count(int(d.invited), "open invitation", "open invitations")
			count += d.invited
		}
		bars = append(bars, s.usageBar(d.plan, m, frame.MetricLabel(m), words, count))
	}
	if me.Party != store.PartyAgency || me.Support != nil {
		return bars
	}
	for _, m := range s.db.Plans().Reported() {
		count := store.UsedIn(d.months, m, store.MonthOf(time.Now()))
		// An agency's clients have limits of their own. Few agencies use anything themselves.
		if _, limited := s.db.Plans().Limit(d.plan, m); limited && (count > 0 || me.Tenant.Kind == store.TenantClient) {
			bars = append(bars, s.usageBar(d.plan, m, frame.MetricName(s.db.Plans(), m)+" this month", amount(m, count), count))
		}
	}
	return bars
}

func (s *Server) usageBar(plan store.TenantPlan, m store.Metric, label, used string, count int64) views.UsageBar {
	limit, _ := s.db.Plans().Limit(plan, m)
	// A limit is at most 10^18, so the share is a division and not a product.
	share := 100
	if count < limit {
		share = int(float64(count) / float64(limit) * 100)
	}
	return views.UsageBar{Label: label, Used: used, Limit: amount(m, limit), Share: share, Over: count > limit}
}

// addMonths adds what was used month by month, by whom, and by which client.
func (s *Server) addMonths(p *views.UsageProps, me store.Member, d usageData, now time.Time) {
	metrics, month := s.db.Plans().Metrics(me.Tenant.Kind), store.MonthOf(now)
	for _, m := range metrics {
		p.Metrics = append(p.Metrics, frame.MetricName(s.db.Plans(), m))
		used := store.UsedIn(d.months, m, month)
		if m.IsLevel() || used == 0 {
			continue
		}
		row := views.UsageNow{Label: frame.MetricName(s.db.Plans(), m), Used: amount(m, used)}
		if expected, ok := forecast(used, now); ok {
			row.Forecast = amount(m, expected)
		}
		p.Now = append(p.Now, row)
	}
	for i := range usageMonths {
		at := month.AddDate(0, -i, 0)
		row := views.UsageMonth{Month: at}
		empty := true
		for _, m := range metrics {
			used := store.UsedIn(d.months, m, at)
			empty = empty && used == 0
			row.Used = append(row.Used, inMonth(m, used))
		}
		if !empty {
			p.Months = append(p.Months, row)
		}
	}
	for _, k := range d.keys {
		p.Keys = append(p.Keys, views.UsageKey{Key: k.KeyName, Maker: k.MakerName, Used: amount(k.Metric, k.Quantity), Label: frame.MetricName(s.db.Plans(), k.Metric)})
	}
	if me.Tenant.Kind == store.TenantAgency {
		s.addClients(p, me, d.clients)
	}
}

// forecast is what a month will have been, if the rest of it goes on like its part so far.
// In its first day it is too early to tell.
func forecast(used int64, now time.Time) (int64, bool) {
	from := store.MonthOf(now)
	gone, all := now.Sub(from), from.AddDate(0, 1, 0).Sub(from)
	if gone < 24*time.Hour {
		return 0, false
	}
	return int64(float64(used) * all.Seconds() / gone.Seconds()), true
}

// clientMetrics are the columns of the table of clients: how much there is now of the
// first ones, and what the others were in this month.
func (s *Server) clientMetrics() []store.Metric { return s.db.Plans().Metrics(store.TenantClient) }

func (s *Server) addClients(p *views.UsageProps, me store.Member, rows []store.ClientUsage) {
	metrics := s.clientMetrics()
	for _, m := range metrics {
		name := frame.MetricName(s.db.Plans(), m)
		if m == store.Storage {
			name = "Files"
		}
		p.ClientMetrics = append(p.ClientMetrics, name)
	}
	base := views.PathBase(me.Tenant.Slug)
	for _, c := range byClient(rows) {
		row := views.UsageClient{Name: c.Name, URL: base.Client(c.ID.String()), Plan: frame.PlanName(c.Plan)}
		for _, m := range metrics {
			row.Used = append(row.Used, amount(m, c.used[m]))
		}
		p.Clients = append(p.Clients, row)
	}
}

type clientTotals struct {
	store.ClientUsage
	used map[store.Metric]int64
}

// byClient gathers the rows of each client, in their order.
func byClient(rows []store.ClientUsage) (all []clientTotals) {
	for _, row := range rows {
		if len(all) == 0 || all[len(all)-1].ID != row.ID {
			all = append(all, clientTotals{row, map[store.Metric]int64{}})
		}
		if row.Metric == nil {
			continue
		}
		used := frame.OrZero(row.Quantity)
		if row.Metric.IsLevel() {
			used = frame.OrZero(row.Now)
		}
		all[len(all)-1].used[*row.Metric] = used
	}
	return all
}

// usageExport sends what was used as a table: in a client each hour of this month and the
// last, in an agency each client.
func (s *Server) usageExport(*http.Request) page {
	var last, this []store.HourUsage
	var clients []store.ClientUsage
	month := store.MonthOf(time.Now())
	reads := func(at store.Standing) []store.Read {
		if at.Kind == store.TenantAgency {
			return []store.Read{store.ListClientUsage(month, &clients)}
		}
		return []store.Read{store.ListHourUsage(month.AddDate(0, -1, 0), &last), store.ListHourUsage(month, &this)}
	}
	return page{reads, func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		rows := [][]string{{"hour (UTC)", "what", "quantity", "unit"}}
		for _, h := range append(last, this...) {
			rows = append(rows, []string{h.Hour.UTC().Format(time.RFC3339), frame.MetricName(s.db.Plans(), h.Metric), strconv.FormatInt(h.Quantity, 10), unitInHour(h.Metric)})
		}
		name := "usage-" + me.Tenant.Slug + ".csv"
		if me.Tenant.Kind == store.TenantAgency {
			rows = s.clientTable(clients, month)
		}
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
		out := csv.NewWriter(w)
		for _, row := range rows {
			for i := range row {
				row[i] = spreadsheet.SafeCell(row[i])
			}
		}
		_ = out.WriteAll(rows) // the visitor may be gone
		return nil
	}}
}

// unitInHour is what a metric's quantity in an hour is counted in.
func unitInHour(m store.Metric) string {
	switch {
	case m == store.Storage:
		return "byte-hours"
	case m == store.Transfer:
		return "bytes"
	case m.IsLevel():
		return "most at once"
	}
	return "reported"
}

func (s *Server) clientTable(clients []store.ClientUsage, month time.Time) [][]string {
	head := []string{"client", "plan", "month (UTC)"}
	for _, m := range s.clientMetrics() {
		head = append(head, s.columnName(m))
	}
	rows := [][]string{head}
	for _, c := range byClient(clients) {
		row := []string{c.Name, c.Plan, month.Format("2006-01")}
		for _, m := range s.clientMetrics() {
			row = append(row, strconv.FormatInt(c.used[m], 10))
		}
		rows = append(rows, row)
	}
	return rows
}

// columnName says what a column of the table of clients counts, and in which unit.
func (s *Server) columnName(m store.Metric) string {
	switch {
	case m == store.Storage:
		return "files now (bytes)"
	case m == store.Transfer:
		return "downloads this month (bytes)"
	case m.IsLevel():
		return strings.ToLower(frame.MetricName(s.db.Plans(), m)) + " now"
	}
	return frame.MetricName(s.db.Plans(), m) + " this month"
}

// metricsOf are the limits that a member sees. An agency's own tenant has people and
// clients, but no work. Clients see only people: the other counts include work that is
// not shared with them.
func metricsOf(kind store.TenantKind, party store.Party) []store.Metric {
	switch {
	case kind == store.TenantAgency:
		return []store.Metric{store.Users, store.Clients}
	case party == store.PartyClient:
		return []store.Metric{store.Users}
	}
	return []store.Metric{store.Users, store.Projects, store.Storage}
}

// inMonth is what a metric was in a month.
func inMonth(m store.Metric, n int64) string {
	switch {
	case m.IsLevel() && n == 0:
		return "–" // nothing was there, or its first hour isn't over
	case m == store.Storage:
		return amount(m, n) + "-hours"
	}
	return amount(m, n)
}

func amount(m store.Metric, n int64) string {
	if m == store.Storage || m == store.Transfer {
		return ui.Size(n)
	}
	return ui.Number(n)
}

// planContact says who can give the tenant another plan.
func (s *Server) planContact(me store.Member) string {
	switch {
	case me.Tenant.Kind == store.TenantAgency && s.billing != nil:
		return "An owner can choose another one."
	case me.Tenant.Kind == store.TenantAgency:
		return "The operator of this installation can change it."
	}
	return "An owner of " + me.Tenant.AgencyName + " can change it."
}

// planHelp says how somebody gets room, and who can give the tenant or its agency a larger
// plan.
func (s *Server) planHelp(me store.Member, e *store.PlanLimitError) string {
	first := "Remove something first, or "
	switch {
	case e.Metric == store.Clients:
		first = "Delete a client that nobody used, or "
	case !e.Metric.IsLevel():
		first = "Wait for the next month, or "
	}
	atStripe, ofAgency := s.billing != nil, me.Tenant.Kind == store.TenantAgency
	switch {
	case me.Party == store.PartyClient:
		return first + "ask " + me.Tenant.AgencyName + " for a larger plan."
	case ofAgency && atStripe && me.May(store.PayBills):
		return first + "choose a larger plan under Settings, Billing."
	case (ofAgency || e.Capped) && atStripe:
		return first + "ask an owner of the agency, who can choose a larger plan under Settings, Billing."
	case ofAgency:
		return first + "ask the operator of this installation for a larger plan."
	case e.Capped:
		return first + "ask an owner of the agency. The operator of this installation can give the agency a larger plan."
	}
	return first + "ask an owner of the agency for a larger plan."
}

// planFull says which limit is reached, and how high it is.
func planFull(e *store.PlanLimitError) string {
	limit := ofMetric(e.Metric, e.Limit)
	if e.Metric == store.Users {
		limit += ", open invitations included"
	}
	text := fmt.Sprintf("The %s plan allows %s.", frame.PlanName(e.Plan), limit)
	if e.Capped {
		text = fmt.Sprintf("The agency's own plan, %s, allows %s.", frame.PlanName(e.Plan), limit)
	}
	if e.Next > 0 {
		text += fmt.Sprintf(" With this it would be %s.", amount(e.Metric, e.Next))
	}
	return text
}

func ofMetric(m store.Metric, n int64) string {
	switch m {
	case store.Users:
		return ui.Number(n) + " people"
	case store.Storage:
		return amount(m, n) + " of storage"
	case store.AIRuns:
		return ui.Number(n) + " AI runs a month"
	}
	if !m.IsLevel() {
		return ui.Number(n) + " a month of " + string(m)
	}
	return ui.Number(n) + " " + string(m)
}

// planRefusal is the same as JSON.
func planRefusal(e *store.PlanLimitError) map[string]any {
	refusal := map[string]any{"error": "PLAN_LIMIT_EXCEEDED", "metric": e.Metric.JSON(), "limit": e.Limit}
	if e.Next > 0 {
		refusal["nextUsage"] = e.Next
	}
	return refusal
}
