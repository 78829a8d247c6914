package billing_test

import (
	"strings"
	"testing"
	"time"
)

// What is stored of a webhook names no person, whatever Stripe sends, and still gives the
// plan: people who are erased here stay in no payload.
func TestStoredWebhooksNameNobody(t *testing.T) {
	t.Parallel()
	p, now := newPayer(t), time.Now()
	people := map[string]any{
		"customer_email": "dana@northwind.test", "customer_name": "Dana Kim", "receipt_email": "dana@northwind.test", "description": "For Dana Kim",
		"customer_address": map[string]any{"line1": "1 Secret Street"}, "metadata": map[string]any{"id": "Dana Kim"},
		"customer_details": map[string]any{"email": "dana@northwind.test", "object": map[string]any{"name": "Dana Kim"}},
	}
	whole := newEvent("customer.subscription.created", now, p.subscriptionOf(stripeID("sub"), "active", "price_growth", now.AddDate(0, 1, 0)))
	whole.object["customer"] = map[string]any{"id": p.customer, "object": "customer", "email": "dana@northwind.test", "name": "Dana Kim"}
	unknown := newEvent("customer.updated", now, map[string]any{"id": p.customer, "object": "customer", "email": "dana@northwind.test", "name": "Dana Kim"})
	for _, e := range []event{whole, unknown} {
		for key, value := range people {
			e.object[key] = value
		}
		p.deliver(e, now)
		stored := ask[string](t, `select payload from stripe_events where id = $1`, e.id)
		for _, word := range []string{"Dana", "northwind", "Secret", "line1"} {
			if strings.Contains(stored, word) {
				t.Errorf("%s is stored with %q: %s", e.kind, word, stored)
			}
		}
		if !strings.Contains(stored, p.customer) {
			t.Errorf("%s lost its customer: %s", e.kind, stored)
		}
	}
	if got := p.plan(); got != "growth" {
		t.Errorf("the plan is %s", got)
	}
}
