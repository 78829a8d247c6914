package handlers

import (
	"fmt"
	"net/http"
	"strings"

	"portico/handlers/frame"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// usageShow shows how much of its plan a tenant uses.
func (s *Server) usageShow(r *http.Request) page {
	var plan string
	var used []store.Usage
	var invited int64
	var own []store.OwnAgency
	reads := func(at store.Standing) []store.Read {
		reads := []store.Read{store.GetPlan(&plan), store.ListUsage(&used), store.CountOpenInvites(&invited)}
		if at.Party == store.PartyAgency {
			reads = append(reads, store.GetOwnAgency(&own))
		}
		return reads
	}
	return page{reads, func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		counts := usageOf(used)
		p := views.UsageProps{Plan: planName(plan), Raise: planContact(me)}
		if agency := planning(own); agency != "" {
			p.Raise = "As an owner of " + me.Tenant.AgencyName + " you can change it."
			p.PlanURL = frame.AddressOf(r).Platform + views.PathBase(agency).Client(me.TenantID().String()) + "#client-plan"
		}
		for _, m := range metricsOf(me.Tenant.Kind, me.Party) {
			limit, count, words := store.Limit(plan, m), counts[m], amount(m, counts[m])
			if m == store.Users && invited > 0 {
				words = ui.Count(int(count), "person", "people") + " and " + ui.Count(int(invited), "open invitation", "open invitations")
				count += invited
			}
			p.Bars = append(p.Bars, views.UsageBar{
				Label: metricNames[m], Used: words, Limit: amount(m, limit),
				Share: min(100, int(count*100/max(1, limit))), Over: count > limit,
			})
		}
		return views.Render(w, r, http.StatusOK, views.Usage(frame.Tenant(r, me), p))
	}}
}

func usageOf(used []store.Usage) map[store.Metric]int64 {
	counts := map[store.Metric]int64{}
	for _, u := range used {
		counts[u.Metric] = u.Used
	}
	return counts
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

var metricNames = map[store.Metric]string{
	store.Users:    "People",
	store.Projects: "Projects, archived included",
	store.Storage:  "Files",
	store.Clients:  "Clients, archived included",
	store.AIRuns:   "AI runs this month",
}

func amount(m store.Metric, n int64) string {
	if m == store.Storage {
		return ui.Size(n)
	}
	return ui.Number(n)
}

func planName(plan string) string { return strings.ToUpper(plan[:1]) + plan[1:] }

// planContact says who can give the tenant a larger plan.
func planContact(me store.Member) string {
	if me.Tenant.Kind == store.TenantAgency {
		return "The operator of this installation can change it."
	}
	return "An owner of " + me.Tenant.AgencyName + " can change it."
}

// planSentence says which limit is reached, how high it is, and who can raise it.
func planSentence(e *store.PlanLimitError) string {
	help := "Remove something first, or ask an owner of the agency for a larger plan."
	if e.Metric == store.Clients {
		help = "Delete a client that nobody used, or ask the operator of this installation for a larger plan."
	}
	return planFull(e) + " " + help
}

func planFull(e *store.PlanLimitError) string {
	limit := ofMetric(e.Metric, e.Limit)
	if e.Metric == store.Users {
		limit += ", open invitations included"
	}
	text := fmt.Sprintf("The %s plan allows %s.", planName(e.Plan), limit)
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
