package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"portico/handlers/stripe"
	"portico/store"
)

// checkStripe asks Stripe for each price and each meter of the plans, and changes nothing
// there. With BILLING=off there is nothing to check.
func checkStripe(ctx context.Context, c config) []finding {
	if c.billing == nil {
		return nil
	}
	client, err := stripe.New(c.stripe)
	if err != nil {
		return nil // reported by checkConfiguration
	}
	meters, err := client.Meters(ctx)
	if err != nil {
		return []finding{stripeAnswer(err, "meters")}
	}
	findings := []finding{}
	for _, plan := range c.plans.Sold() {
		found, reached := checkPlan(ctx, client, plan, meters)
		findings = append(findings, found...)
		if !reached {
			return findings
		}
	}
	if len(findings) == 0 {
		mode := "in test mode"
		if client.Live() {
			mode = "for real money"
		}
		return []finding{{"stripe", well, fmt.Sprintf("Stripe accepts the key, %s, and has each price and each meter of the plans.", mode), ""}}
	}
	return findings
}

// checkPlan checks what a plan names at Stripe. reached is false if Stripe refuses the key or
// doesn't answer, so that the rest would fail alike.
func checkPlan(ctx context.Context, client *stripe.Client, plan store.Plan, meters map[string]string) (findings []finding, reached bool) {
	wrong := func(says, fix string) { findings = append(findings, finding{"stripe", ill, says, fix}) }
	check := func(id, what, meter string) bool {
		price, err := client.GetPrice(ctx, id)
		switch {
		case stripe.IsMissing(err):
			wrong(what+" has a price that Stripe doesn't know.", "Correct it in PLANS. Prices of test mode exist for test keys only.")
		case err != nil:
			findings = append(findings, stripeAnswer(err, "prices"))
			return false
		case price.Live != client.Live():
			wrong(what+" has a price of the other mode.", "Use the key and the prices of the same mode, both live or both test.")
		case !price.Active || !price.Recurring:
			wrong(what+" has a price that is archived, or that isn't paid again and again.", "Activate it at Stripe, or make a recurring price and name that in PLANS.")
		case price.Meter != meter:
			wrong(what+" has a price that isn't counted by its meter.", "Make a price by use with that meter at Stripe, and name it in PLANS.")
		}
		return true
	}
	if !check(plan.Price, "The plan "+plan.Name, "") {
		return findings, false
	}
	for _, m := range slices.Sorted(maps.Keys(plan.Metered)) {
		what, meter := "The meter of "+string(m)+" in the plan "+plan.Name, plan.Metered[m]
		id, known := meters[meter.Event]
		if !known {
			wrong(what+" isn't at Stripe, or isn't active.", "Make a meter with the event name "+meter.Event+", the sum of values, at Stripe.")
			continue
		}
		if !check(meter.Price, what, id) {
			return findings, false
		}
	}
	return findings, true
}

// stripeAnswer is the finding if Stripe refuses or doesn't answer. what is what the key must
// be allowed to read.
func stripeAnswer(err error, what string) finding {
	if stripe.IsUnauthorized(err) {
		return finding{"stripe", ill, "Stripe refuses the key.", "Correct STRIPE_SECRET_KEY. A restricted key must be allowed to read " + what + "; docs/billing.md lists the rest."}
	}
	return finding{"stripe", ill, inWords(err.Error()), "Allow connections to api.stripe.com, and look at status.stripe.com. People can work meanwhile."}
}
