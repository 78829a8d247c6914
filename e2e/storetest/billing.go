package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"portico/e2e/stack"
	"portico/store"
	"portico/store/queue"
)

// Grace is how long agencies of [Billed] keep working after a failed payment.
const Grace = 14 * 24 * time.Hour

// plansForSale are plans of which the larger two can be bought, with what Stripe calls
// them in tests.
const plansForSale = `{
  "plans": [
    {"name": "starter",
     "limits": {"users": 1, "projects": 20, "storage": 10000000000, "clients": 1, "ai_runs": 500},
     "hourly": {"invitation mail": 20, "new client": 10, "claimed domain": 20, "domain check": 60, "new project": 60, "new deliverable": 120, "publication": 60}},
    {"name": "growth", "price": "price_growth", "metered": {"ai_runs": {"meter": "ai_runs", "price": "price_growthRuns"}},
     "limits": {"users": 50, "projects": 500, "storage": 500000000000, "clients": 100},
     "hourly": {"invitation mail": 200, "new client": 50, "claimed domain": 40, "domain check": 120, "new project": 300, "new deliverable": 600, "publication": 300}},
    {"name": "enterprise", "price": "price_enterprise",
     "limits": {"users": 10000, "projects": 1000000, "storage": 100000000000000, "clients": 10000},
     "hourly": {"invitation mail": 20000, "new client": 500, "claimed domain": 100, "domain check": 600, "new project": 20000, "new deliverable": 20000, "publication": 20000}}
  ],
  "metrics": []
}`

var billed struct {
	once sync.Once
	db   *store.DB
	err  error
}

// BilledWith is the database with BILLING=stripe of the test's own. edit changes the text of
// the plans of [Billed].
func BilledWith(t testing.TB, b store.Billing, edit func(plans string) string) *store.DB {
	t.Helper()
	plans, err := store.ParsePlans([]byte(edit(plansForSale)))
	check(t, err)
	db, err := store.Open(context.Background(), store.Config{URL: server.AppURL(stack.DatabaseName), Signer: queue.NewSigner(SigningKey), Plans: plans, Billing: &b})
	check(t, err)
	t.Cleanup(db.Close)
	return db
}

// Billed is the shared database with BILLING=stripe, and plans that can be bought.
func Billed(t testing.TB) *store.DB {
	t.Helper()
	billed.once.Do(func() {
		var plans store.Plans
		if plans, billed.err = store.ParsePlans([]byte(plansForSale)); billed.err == nil {
			billed.db, billed.err = store.Open(context.Background(), store.Config{URL: server.AppURL(stack.DatabaseName), Signer: queue.NewSigner(SigningKey),
				Plans: plans, Billing: &store.Billing{Grace: Grace}})
		}
	})
	check(t, billed.err)
	return billed.db
}
