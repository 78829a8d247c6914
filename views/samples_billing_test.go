package views_test

import "portico/views"

// billingToChoose is the page before there is a subscription, after a plan was refused.
func billingToChoose() views.BillingProps {
	return views.BillingProps{Plan: "Starter", Status: "No subscription", Wrong: "Choose one of the plans.", CanPay: true, Fresh: true,
		Plans: []views.BillingPlan{{Name: "starter", Label: "Starter", Allows: "5 clients, a team of 5, 10 GB of files in each client", Now: true}, {Name: "growth", Label: "Growth", Allows: "100 clients, a team of 50, 500 GB of files in each client"}, {Name: "x", Label: hostile, Allows: hostile, ByUse: hostile}}}
}

// unpaid is the frame of a workspace whose agency didn't pay in time.
func unpaid() views.Chrome {
	c := staff()
	w := *c.Workspace
	w.Unpaid = true
	c.Workspace = &w
	return c
}
