package billing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/e2e/storetest"
	"portico/handlers/billing"
	"portico/store"
)

// story is one webhook of every kind that is handled, as Stripe sends them in the life of an
// agency: it subscribes, changes the plan, misses a payment, pays, and goes.
func (p *payer) story(start time.Time) []event {
	sub, end := stripeID("sub"), start.AddDate(0, 1, 0)
	first, second, third, fourth := stripeID("in"), stripeID("in"), stripeID("in"), stripeID("in")
	at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	cancelled := p.subscriptionOf(sub, "canceled", "price_enterprise", end)
	cancelled["ended_at"] = at(11).Unix()
	return []event{
		newEvent("checkout.session.completed", at(0), map[string]any{"id": stripeID("cs"), "object": "checkout.session", "customer": p.customer, "subscription": sub, "mode": "subscription"}),
		newEvent("customer.subscription.created", at(0), p.subscriptionOf(sub, "incomplete", "price_growth", end)),
		newEvent("invoice.paid", at(1), p.invoiceOf(first, sub, "subscription_create")),
		newEvent("customer.subscription.updated", at(1), p.subscriptionOf(sub, "active", "price_enterprise", end)),
		newEvent("customer.subscription.paused", at(2), p.subscriptionOf(sub, "paused", "price_enterprise", end)),
		newEvent("customer.subscription.resumed", at(3), p.subscriptionOf(sub, "active", "price_enterprise", end)),
		newEvent("invoice.payment_failed", at(4), p.invoiceOf(second, sub, "subscription_cycle")),
		newEvent("invoice.paid", at(5), p.invoiceOf(second, sub, "subscription_cycle")),
		newEvent("invoice.payment_failed", at(6), p.invoiceOf(third, sub, "subscription_cycle")),
		newEvent("invoice.voided", at(7), p.invoiceOf(third, sub, "subscription_cycle")),
		newEvent("invoice.payment_failed", at(8), p.invoiceOf(fourth, sub, "subscription_cycle")),
		newEvent("invoice.marked_uncollectible", at(9), p.invoiceOf(fourth, sub, "subscription_cycle")),
		newEvent("customer.subscription.deleted", at(11), cancelled),
		newEvent("customer.deleted", at(12), map[string]any{"id": p.customer, "object": "customer"}),
	}
}

// orders calls do with every order of the events.
func orders(events []event, do func([]event)) {
	if len(events) == 3 {
		for _, i := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
			do([]event{events[i[0]], events[i[1]], events[i[2]]})
		}
	}
}

// wantOneState delivers three webhooks in every order, each of them twice, and hours after
// the first. All orders must end in one state.
func (p *payer) wantOneState(start time.Time, three []event) {
	p.t.Helper()
	var want, told string
	orders(three, func(order []event) {
		p.forget()
		now := start.Add(time.Hour)
		for _, e := range order {
			p.deliver(e, now)
			now = now.Add(3 * time.Hour)
		}
		for _, e := range slices.Backward(order) {
			p.deliver(e, now) // the same again
		}
		// The same under another id, as when somebody sends it again. Each of the three is the
		// first of two orders.
		again := order[0]
		again.id = stripeID("evt")
		p.deliver(again, now)
		p.wait(start.Add(24 * time.Hour))
		got, kinds := p.state(), fmt.Sprint(order[0].kind, ", ", order[1].kind, ", ", order[2].kind)
		if want == "" {
			want, told = got, kinds
		}
		if got != want {
			p.t.Errorf("%s ends in\n%s\nand %s in\n%s", told, want, kinds, got)
		}
	})
}

// Every kind of webhook twice, in every order of three, and late: one state.
func TestEveryOrderOfWebhooksEndsInOneState(t *testing.T) {
	t.Parallel()
	p, start := newPayer(t), time.Now().Add(-20*24*time.Hour).Truncate(time.Second)
	story := p.story(start)
	kinds := map[string]bool{}
	for _, e := range story {
		kinds[e.kind] = true
	}
	for _, kind := range billing.Kinds() {
		if !kinds[kind] {
			t.Errorf("no webhook of kind %s is tried", kind)
		}
	}
	n := len(story)
	for i := range n {
		p.wantOneState(start, []event{story[i], story[(i+1)%n], story[(i+3)%n]})
	}
}

// All webhooks of a life, forwards, backwards and mixed: one state.
func TestWholeStoryInAnyOrderEndsInOneState(t *testing.T) {
	t.Parallel()
	p, start := newPayer(t), time.Now().Add(-20*24*time.Hour).Truncate(time.Second)
	for _, upTo := range []int{4, 8, 11, 14} {
		story := p.story(start)[:upTo]
		mixed := slices.Clone(story)
		slices.SortFunc(mixed, func(a, b event) int { return strings.Compare(a.id[len(a.id)-3:]+a.kind, b.id[len(b.id)-3:]+b.kind) })
		backwards := slices.Clone(story)
		slices.Reverse(backwards)
		var want string
		for i, order := range [][]event{story, backwards, mixed, slices.Concat(mixed, story, backwards)} {
			p.forget()
			for _, e := range order {
				p.deliver(e, start.Add(time.Hour))
			}
			p.wait(start.Add(2 * time.Hour))
			got := p.state()
			if i == 0 {
				want = got
			}
			if got != want {
				t.Errorf("%d webhooks, order %d: \n%s, want\n%s", upTo, i, got, want)
			}
		}
	}
}

// A failed payment starts the grace. After it the agency and its clients are read-only, and
// paying ends that. Each step is in the trail and mailed once, and nothing is deleted.
func TestUnpaidAgencyBecomesReadOnlyAndComesBack(t *testing.T) {
	t.Parallel()
	p, now := newPayer(t), time.Now().Truncate(time.Second)
	sub, in, end := stripeID("sub"), stripeID("in"), now.AddDate(0, 1, 0)
	p.deliver(newEvent("customer.subscription.created", now, p.subscriptionOf(sub, "active", "price_growth", end)), now)
	staff := p.Member(t, p.Dana, p.Acme)
	project := func() error {
		return storetest.Billed(t).Write(t.Context(), staff, func(tx *store.Tx) error {
			_, err := tx.CreateProject(t.Context(), store.ProjectInput{Name: "Spring"})
			return err
		})
	}
	if err := project(); err != nil {
		t.Fatal(err)
	}
	failed := newEvent("invoice.payment_failed", now, p.invoiceOf(in, sub, "subscription_cycle"))
	p.deliver(failed, now)
	p.wait(now.Add(storetest.Grace - 4*24*time.Hour))
	if p.readOnly() || project() != nil {
		t.Errorf("read-only in the grace: %s", p.state())
	}
	p.wait(now.Add(storetest.Grace - 2*24*time.Hour))
	p.wait(now.Add(storetest.Grace - time.Second))
	if p.readOnly() {
		t.Error("read-only a second too early")
	}
	p.wait(now.Add(storetest.Grace))
	p.wait(now.Add(storetest.Grace + time.Hour))
	if !p.readOnly() || p.plan() != "growth" {
		t.Errorf("after the grace: %s", p.state())
	}
	// The end of the grace is in two weeks. Let it be now.
	if _, err := storetest.AdminPool().Exec(t.Context(), `update tenants set read_only_since = now() where id = $1`, p.tenant); err != nil {
		t.Fatal(err)
	}
	for who, me := range map[string]store.Member{"staff in a client": staff, "the owner in the agency": p.Member(t, p.Dana, p.Agency)} {
		err := storetest.Billed(t).Write(t.Context(), me, func(*store.Tx) error { return nil })
		if !errorsIs(err, store.ErrUnpaid) {
			t.Errorf("%s can change something: %v", who, err)
		}
		if err := storetest.Billed(t).Write(t.Context(), me.DespiteUnpaid(), func(*store.Tx) error { return nil }); err != nil {
			t.Errorf("%s can't even leave: %v", who, err)
		}
		if err := storetest.DB().Write(t.Context(), me, func(*store.Tx) error { return nil }); err != nil {
			t.Errorf("%s is read-only with BILLING=off: %v", who, err)
		}
	}
	var projects []store.Project
	if err := storetest.Billed(t).Read(t.Context(), staff, store.ListProjects(store.Current, &projects)); err != nil || len(projects) != 2 {
		t.Errorf("%d projects are seen, %v", len(projects), err)
	}
	p.deliver(newEvent("invoice.paid", now.Add(time.Minute), p.invoiceOf(in, sub, "subscription_cycle")), now.Add(storetest.Grace+2*time.Hour))
	if p.readOnly() || project() != nil {
		t.Errorf("after paying: %s", p.state())
	}
	if got, want := fmt.Sprint(p.mails()), "[plan_changed payment_failed grace_ends read_only paid]"; got != want {
		t.Errorf("mails %s, want %s", got, want)
	}
	if got, want := p.verbs(), "plan.changed billing.payment_failed billing.grace_ends billing.read_only billing.paid"; got != want {
		t.Errorf("the trail has %q, want %q", got, want)
	}
}

// A cancelled plan counts until Stripe ends it, at the end of the period or at once. Then the
// first plan applies, however much is in use: nothing is lost, and nothing can be added.
func TestCancelledPlanEndsWhenStripeEndsIt(t *testing.T) {
	t.Parallel()
	p, now := newPayer(t), time.Now().Truncate(time.Second)
	sub, end := stripeID("sub"), now.AddDate(0, 1, 0)
	over := func(at time.Time) event {
		o := p.subscriptionOf(sub, "canceled", "price_growth", end)
		o["ended_at"] = at.Unix()
		return newEvent("customer.subscription.deleted", now.Add(2*time.Minute), o)
	}
	p.deliver(newEvent("customer.subscription.created", now, p.subscriptionOf(sub, "active", "price_growth", end)), now)
	p.deliver(over(now.Add(2*time.Minute)), now.Add(2*time.Minute))
	if p.plan() != "starter" || strings.Contains(p.state(), `"subscriptions": 1`) {
		t.Errorf("ended at once, a month before the end of the period: %s", p.state())
	}
	if got, want := fmt.Sprint(p.mails()), "[plan_changed cancelled]"; got != want {
		t.Errorf("mails %s, want %s", got, want)
	}
	p.forget()
	p.deliver(newEvent("customer.subscription.created", now, p.subscriptionOf(sub, "active", "price_growth", end)), now)
	leaving := p.subscriptionOf(sub, "active", "price_growth", end)
	leaving["cancel_at_period_end"] = true
	p.deliver(newEvent("customer.subscription.updated", now.Add(time.Minute), leaving), now.Add(time.Minute))
	p.deliver(over(end), now.Add(2*time.Minute))
	p.wait(end.Add(-time.Second))
	if p.plan() != "growth" {
		t.Errorf("before the end of the period the plan is %s", p.plan())
	}
	p.wait(end)
	if p.plan() != "starter" || p.readOnly() {
		t.Errorf("after it: %s", p.state())
	}
	// Two clients and one allowed: both are there, and a third is refused.
	dana := p.Member(t, p.Dana, p.Agency)
	var clients []store.Client
	if err := storetest.Billed(t).Read(t.Context(), dana, store.ListClients(store.ClientFilter{Page: store.Page{Limit: 10}}, &clients)); err != nil || len(clients) != 2 {
		t.Errorf("%d clients are left, %v", len(clients), err)
	}
	err := storetest.Billed(t).Write(t.Context(), dana, func(tx *store.Tx) error {
		_, _, err := tx.CreateClient(t.Context(), store.NewClient{Slug: "third-" + p.Suffix, Name: "Third"})
		return err
	})
	var full *store.PlanLimitError
	if !errorsAs(err, &full) || full.Metric != store.Clients {
		t.Errorf("a third client: %v", err)
	}
	if got, want := fmt.Sprint(p.mails()), "[plan_changed cancelled plan_changed cancelled plan_changed]"; got != want {
		t.Errorf("mails %s, want %s", got, want)
	}
}

// Two subscriptions at one time: the larger plan applies, whichever webhook came first, and
// the page says that there are two.
func TestSecondSubscriptionInAnyOrderIsOneState(t *testing.T) {
	t.Parallel()
	p, start := newPayer(t), time.Now().Add(-20*24*time.Hour).Truncate(time.Second)
	end := start.AddDate(0, 1, 0)
	p.wantOneState(start, []event{
		newEvent("customer.subscription.created", start, p.subscriptionOf(stripeID("sub"), "active", "price_growth", end)),
		newEvent("customer.subscription.created", start, p.subscriptionOf(stripeID("sub"), "active", "price_enterprise", end)),
		newEvent("customer.subscription.created", start, p.subscriptionOf(stripeID("sub"), "past_due", "price_enterprise", end)),
	})
	if p.plan() != "enterprise" || !strings.Contains(p.state(), `"subscriptions": 3`) || !strings.Contains(p.state(), `"status": "active"`) {
		t.Errorf("%s", p.state())
	}
}

// Somebody whose first payment fails has no subscription, and owes nothing.
func TestFirstInvoiceStartsNoGrace(t *testing.T) {
	t.Parallel()
	p, now := newPayer(t), time.Now().Truncate(time.Second)
	sub, in := stripeID("sub"), stripeID("in")
	p.deliver(newEvent("customer.subscription.created", now, p.subscriptionOf(sub, "incomplete", "price_growth", now.AddDate(0, 1, 0))), now)
	p.deliver(newEvent("invoice.payment_failed", now, p.invoiceOf(in, sub, "subscription_create")), now)
	p.wait(now.Add(storetest.Grace + time.Hour))
	if p.readOnly() || p.plan() != "starter" || len(p.mails()) != 0 {
		t.Errorf("%s, mails %q", p.state(), p.mails())
	}
	p.deliver(newEvent("invoice.payment_failed", now, p.invoiceOf(stripeID("in"), sub, "subscription_cycle")), now)
	p.wait(now.Add(storetest.Grace + time.Hour))
	if !p.readOnly() {
		t.Errorf("a later invoice: %s", p.state())
	}
}

// A bank debit can fail days after Stripe activated the subscription. Then the first invoice
// is owed like any other one, whichever webhook comes first.
func TestFirstPaymentThatFailsLateIsOwed(t *testing.T) {
	t.Parallel()
	p, now := newPayer(t), time.Now().Truncate(time.Second)
	sub, in, end := stripeID("sub"), stripeID("in"), now.AddDate(0, 1, 0)
	failed := now.Add(-storetest.Grace - 24*time.Hour)
	events := []event{
		newEvent("customer.subscription.created", failed.Add(-5*24*time.Hour), p.subscriptionOf(sub, "active", "price_enterprise", end)),
		newEvent("invoice.payment_failed", failed, p.invoiceOf(in, sub, "subscription_create")),
		newEvent("customer.subscription.updated", failed.Add(time.Second), p.subscriptionOf(sub, "past_due", "price_enterprise", end)),
	}
	for _, order := range [][]int{{0, 1, 2}, {1, 2, 0}, {2, 1, 0}} {
		p.forget()
		for _, i := range order {
			p.deliver(events[i], now)
		}
		if !p.readOnly() {
			t.Errorf("in the order %v: %s", order, p.state())
		}
	}
	p.deliver(newEvent("invoice.paid", now, p.invoiceOf(in, sub, "subscription_create")), now)
	if p.readOnly() || p.plan() != "enterprise" {
		t.Errorf("after paying: %s", p.state())
	}
}

// Stripe tries to collect an invoice again and again. The grace starts with the first
// failure, whichever comes first.
func TestGraceStartsWithTheFirstFailure(t *testing.T) {
	t.Parallel()
	p, now := newPayer(t), time.Now().Truncate(time.Second)
	sub, in := stripeID("sub"), stripeID("in")
	invoice := p.invoiceOf(in, sub, "subscription_cycle")
	first, second := newEvent("invoice.payment_failed", now.Add(-3*24*time.Hour), invoice), newEvent("invoice.payment_failed", now, invoice)
	for _, order := range [][]event{{first, second}, {second, first}} {
		p.forget()
		for _, e := range order {
			p.deliver(e, now)
		}
		p.wait(now.Add(storetest.Grace - 3*24*time.Hour - time.Second))
		if p.readOnly() {
			t.Errorf("a second too early: %s", p.state())
		}
		p.wait(now.Add(storetest.Grace - 3*24*time.Hour))
		if !p.readOnly() {
			t.Errorf("after the grace: %s", p.state())
		}
	}
}
