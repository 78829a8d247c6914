package frame

import (
	"strings"

	"portico/store"
)

// PlanName is the name of a plan on pages: "Growth".
func PlanName(plan string) string { return strings.ToUpper(plan[:1]) + plan[1:] }

var metricLabels = map[store.Metric]string{
	store.Users:    "People",
	store.Projects: "Projects, archived included",
	store.Storage:  "Files",
	store.Clients:  "Clients, archived included",
}

// MetricLabel names what a plan limits.
func MetricLabel(m store.Metric) string { return metricLabels[m] }

// MetricName is the short name of a metric, for a row or a column.
func MetricName(plans store.Plans, m store.Metric) string {
	switch m {
	case store.Storage:
		return "Storage"
	case store.Transfer:
		return "Downloads"
	case store.AIRuns:
		return "AI runs"
	}
	if label := plans.Label(m); label != "" {
		return label
	}
	name, _, _ := strings.Cut(metricLabels[m], ",")
	return name
}
