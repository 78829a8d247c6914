package views_test

import (
	"time"

	"portico/views"
)

// usageByMonth is the page with all that an agency sees.
func usageByMonth() views.UsageProps {
	cells := []string{"4", "12", "123.4 GB-hours", "1.2 GB", "9,800", "1,000,000,000"}
	p := views.UsageProps{
		Plan: "Growth", Cap: "Starter", Raise: "As an owner of Northwind you can change it.", PlanURL: "/w/northwind/clients/1#client-plan", PlanVerb: "Change plan", ExportURL: "/w/acme/usage.csv",
		Bars:    []views.UsageBar{{Label: "People", Used: "4", Limit: "5", Share: 80}, {Label: "AI runs this month", Used: "9,800", Limit: "10,000", Share: 98}},
		Now:     []views.UsageNow{{Label: "Downloads", Used: "1.2 GB", Forecast: "3.4 GB"}, {Label: "AI runs", Used: "9,800"}, {Label: hostile, Used: "1,000,000,000,000"}},
		Keys:    []views.UsageKey{{Key: "Render farm", Maker: "Dana Kim", Label: "AI runs", Used: "9,800"}, {Key: hostile, Maker: hostile, Label: hostile, Used: "1"}},
		Metrics: []string{"People", "Projects", "Storage", "Downloads", "AI runs", hostile}, ClientMetrics: []string{"People", "Projects", "Files", "Downloads", "AI runs", hostile},
		Clients: []views.UsageClient{{Name: "Acme", URL: "/w/northwind/clients/1", Plan: "Growth", Used: cells}, {Name: hostile, URL: "/w/northwind/clients/2", Plan: "Starter", Used: cells}},
	}
	for n := range 12 {
		p.Months = append(p.Months, views.UsageMonth{Month: time.Date(2026, time.Month(12-n), 1, 0, 0, 0, 0, time.UTC), Used: cells})
	}
	return p
}
