package billing_test

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/e2e/storetest"
	"portico/handlers/stripe"
	"portico/store"
)

// A webhook that Stripe didn't sign, or signed too long ago, is not even stored.
func TestForgedWebhooksAreRefused(t *testing.T) {
	t.Parallel()
	p, now := newPayer(t), time.Now()
	e := newEvent("customer.subscription.created", now, p.subscriptionOf(stripeID("sub"), "active", "price_enterprise", now.AddDate(0, 1, 0)))
	payload := e.payload(t)
	other := newEvent(e.kind, now, e.object).payload(t)
	good := signed(payload, webhookSecret, now)
	for what, signature := range map[string]string{
		"no signature":                  "",
		"nonsense":                      "t=1,v1=00",
		"another secret":                signed(payload, "whsec_ofSomebodyElse", now),
		"the signature of another one":  signed(other, webhookSecret, now),
		"an old copy":                   signed(payload, webhookSecret, now.Add(-time.Hour)),
		"a copy for later":              signed(payload, webhookSecret, now.Add(time.Hour)),
		"another time":                  strings.Replace(good, "t=", "t=1", 1),
		"the scheme of test fixtures":   strings.Replace(good, "v1=", "v0=", 1),
		"an empty secret":               signed(payload, "", now),
		"the hash of a shorter payload": signed(payload[:len(payload)-1], webhookSecret, now),
	} {
		if got := p.post(payload, signature); got != http.StatusBadRequest {
			t.Errorf("%s: %d", what, got)
		}
	}
	if got := outcome(t, e.id); got != "not stored" {
		t.Errorf("a forged webhook is stored: %q", got)
	}
	if got := p.post(bytes.Repeat([]byte("x"), stripe.MaxEvent+1), good); got != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", got)
	}
	for what, broken := range map[string]string{"no JSON": "{", "no event": `{"object":"charge"}`, "bytes that are no text": "{\"id\":\"evt_\xff\",\"object\":\"event\",\"type\":\"x\",\"created\":1}"} {
		if got := p.post([]byte(broken), signed([]byte(broken), webhookSecret, now)); got != http.StatusBadRequest {
			t.Errorf("%s: %d", what, got)
		}
	}
	if got := p.post(payload, signed(payload, olderSecret, now)); got != http.StatusOK {
		t.Errorf("signed with the secret that is being replaced: %d", got)
	}
	p.work(e.id, now)
	if got := p.plan(); got != "enterprise" {
		t.Errorf("the rightful webhook gives the plan %q", got)
	}
	for _, secret := range []string{webhookSecret, olderSecret, "sk_test_ofTheTestsOfBilling", p.customer, "whsec_"} {
		if strings.Contains(p.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// A webhook that comes again is answered the same and does nothing.
func TestWebhookIsWorkedOffOnce(t *testing.T) {
	t.Parallel()
	p, now := newPayer(t), time.Now()
	sub := stripeID("sub")
	e := newEvent("customer.subscription.created", now, p.subscriptionOf(sub, "active", "price_growth", now.AddDate(0, 1, 0)))
	p.deliver(e, now)
	p.deliver(newEvent("customer.subscription.updated", now.Add(time.Second), p.subscriptionOf(sub, "active", "price_enterprise", now.AddDate(0, 1, 0))), now)
	before, mails, verbs := p.state(), p.mails(), p.verbs()
	for range 3 {
		p.deliver(e, now)
	}
	if got := p.state(); got != before {
		t.Errorf("a repeat changed\n%s to\n%s", before, got)
	}
	if got := p.mails(); !slices.Equal(got, mails) || p.verbs() != verbs {
		t.Errorf("a repeat is told: %q, then %q; %s", mails, got, p.verbs())
	}
	if n := ask[int](t, `select count(*) from river.river_job where kind = 'stripe_event' and args ->> 'event' = $1`, e.id); n != 1 {
		t.Errorf("%d jobs of one webhook", n)
	}
}

// A customer is one agency's for ever. Nothing that Stripe says of it, or of its
// subscriptions, reaches another one.
func TestWebhookReachesNoOtherTenant(t *testing.T) {
	t.Parallel()
	a, b, now := newPayer(t), newPayer(t), time.Now()
	dana, theirs := a.Member(t, a.Dana, a.Agency), b.Member(t, b.Dana, b.Agency)
	if err := bind(t, theirs, a.customer); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a customer of another agency is bound: %v", err)
	}
	if err := bind(t, dana, stripeID("cus")); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a second customer is bound: %v", err)
	}
	if err := bind(t, dana, a.customer); err != nil {
		t.Errorf("its own customer again: %v", err)
	}
	sub, end := stripeID("sub"), now.AddDate(0, 1, 0)
	a.deliver(newEvent("customer.subscription.created", now, a.subscriptionOf(sub, "active", "price_growth", end)), now)

	// Another customer's webhook names the subscription of the first.
	stolen := newEvent("customer.subscription.updated", now.Add(time.Minute), b.subscriptionOf(sub, "active", "price_enterprise", end))
	b.deliver(stolen, now)
	if got := outcome(t, stolen.id); got != "subscription of another customer" || a.plan() != "growth" || b.plan() != "starter" {
		t.Errorf("%q: the agencies have %s and %s", got, a.plan(), b.plan())
	}

	// A customer of nobody.
	stray := newEvent("customer.subscription.created", now, a.subscriptionOf(stripeID("sub"), "active", "price_enterprise", end))
	stray.object["customer"] = stripeID("cus")
	a.deliver(stray, now)
	if got := outcome(t, stray.id); got != "customer of nobody" || a.plan() != "growth" {
		t.Errorf("%q: the plan is %s", got, a.plan())
	}

	// Stripe deletes the customer, and the agency becomes another one. The former customer
	// is still nobody else's, and changes nothing.
	a.deliver(newEvent("customer.deleted", now.Add(time.Hour), map[string]any{"id": a.customer, "object": "customer"}), now)
	if err := bind(t, theirs, a.customer); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a former customer of another agency is bound: %v", err)
	}
	if err := bind(t, dana, a.customer); !errors.Is(err, store.ErrConflict) {
		t.Errorf("its own former customer is bound again: %v", err)
	}
	former, next := a.customer, stripeID("cus")
	if err := bind(t, dana, next); err != nil {
		t.Fatal(err)
	}
	late := newEvent("customer.subscription.updated", now.Add(2*time.Hour), a.subscriptionOf(sub, "active", "price_enterprise", end))
	a.deliver(late, now)
	if got := outcome(t, late.id); got != "from the future" && got != "former customer" || a.plan() != "starter" {
		t.Errorf("%s, a former customer: %q, the plan is %s", former, got, a.plan())
	}
	a.customer = next
	a.deliver(newEvent("customer.subscription.created", now, a.subscriptionOf(stripeID("sub"), "active", "price_growth", end)), now)
	if a.plan() != "growth" || b.plan() != "starter" {
		t.Errorf("the new customer: the agencies have %s and %s", a.plan(), b.plan())
	}
}

// A customer that a test key made is unknown to a live key: an agency becomes another one,
// and what Stripe said of the first counts for nothing.
func TestCustomerOfTheOtherModeIsNotUsed(t *testing.T) {
	t.Parallel()
	p, now := newPayer(t), time.Now()
	live := storetest.BilledWith(t, store.Billing{Grace: storetest.Grace, Live: true}, func(plans string) string { return plans })
	dana := p.Member(t, p.Dana, p.Agency)
	customers := func(db *store.DB, mode bool) (list []store.StripeCustomer) {
		if err := db.Read(t.Context(), dana, store.ListStripeCustomers(mode, &list)); err != nil {
			t.Fatal(err)
		}
		return list
	}
	bindLive := func(customer string) error {
		return live.Write(t.Context(), dana, func(tx *store.Tx) error { return tx.BindStripeCustomer(t.Context(), customer) })
	}
	if len(customers(live, false)) != 1 || len(customers(live, true)) != 0 {
		t.Errorf("of test mode %v, live %v", customers(live, false), customers(live, true))
	}
	if err := bindLive(p.customer); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a customer of test mode is bound live: %v", err)
	}
	p.deliver(newEvent("customer.subscription.created", now, p.subscriptionOf(stripeID("sub"), "active", "price_enterprise", now.AddDate(0, 1, 0))), now)
	if p.plan() != "enterprise" {
		t.Fatalf("in test mode: %s", p.state())
	}
	if err := bindLive(stripeID("cus")); err != nil {
		t.Errorf("another customer, live: %v", err)
	}
	if len(customers(live, true)) != 1 {
		t.Errorf("live %v", customers(live, true))
	}
	j, err := live.BillingJob(p.tenant)
	if err != nil {
		t.Fatal(err)
	}
	if err := live.Work(t.Context(), j, func(tx *store.Tx) error { return tx.PassBillingTime(t.Context(), now) }); err != nil {
		t.Fatal(err)
	}
	if p.plan() != "starter" {
		t.Errorf("with a live key a subscription of test mode counts: %s", p.state())
	}
}

// What is not ours, of the other mode, of no time near now, or unreadable, is stored with
// the reason and changes nothing.
func TestOddWebhooksChangeNothing(t *testing.T) {
	t.Parallel()
	p, now := newPayer(t), time.Now()
	end := now.AddDate(0, 1, 0)
	active := func() map[string]any { return p.subscriptionOf(stripeID("sub"), "active", "price_enterprise", end) }
	before := p.state()
	for want, e := range map[string]event{
		"other mode":        {id: stripeID("evt"), kind: "customer.subscription.created", created: now, live: true, object: active()},
		"connected account": {id: stripeID("evt"), kind: "customer.subscription.created", created: now, account: "acct_1", object: active()},
		"not handled":       newEvent("charge.refunded", now, active()),
		"too old":           newEvent("customer.subscription.created", now.AddDate(-3, 0, 0), active()),
		"from the future":   newEvent("customer.subscription.created", now.AddDate(1, 0, 0), active()),
		"unreadable":        newEvent("customer.subscription.created", now, map[string]any{"object": "subscription", "customer": p.customer, "id": stripeID("sub"), "status": 7}),
		"customer of nobody": newEvent("customer.subscription.created", now, map[string]any{"object": "subscription", "customer": nil,
			"id": stripeID("sub"), "status": "active"}),
	} {
		p.deliver(e, now)
		if got := outcome(t, e.id); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	p.wait(now)
	if got := p.plan(); got != "starter" || p.readOnly() {
		t.Errorf("before\n%s, after\n%s", before, p.state())
	}
}

// A price that belongs to no plan gives the first one, whatever comes before or after it.
func TestUnknownPriceGivesNoPlan(t *testing.T) {
	t.Parallel()
	p, now := newPayer(t), time.Now()
	sub, end := stripeID("sub"), now.AddDate(0, 1, 0)
	known := newEvent("customer.subscription.created", now.Add(-time.Hour), p.subscriptionOf(sub, "active", "price_enterprise", end))
	unknown := newEvent("customer.subscription.updated", now, p.subscriptionOf(sub, "active", "price_ofSomebody", end))
	for _, order := range [][]event{{known, unknown}, {unknown, known}} {
		p.forget()
		for _, e := range order {
			p.deliver(e, now)
		}
		if p.plan() != "starter" || !strings.Contains(p.state(), `"unknown_price": true`) {
			t.Errorf("%s", p.state())
		}
	}
}

// A plan that is paid by use needs the prices by use too: without them nobody would pay for
// what is used.
func TestPlanNeedsAllItsPrices(t *testing.T) {
	t.Parallel()
	p, now := newPayer(t), time.Now()
	sub, end := stripeID("sub"), now.AddDate(0, 1, 0)
	whole := p.subscriptionOf(sub, "active", "price_growth", end)
	bare := p.subscriptionOf(sub, "active", "price_growth", end)
	items := bare["items"].(map[string]any)
	items["data"] = items["data"].([]any)[:1]
	p.deliver(newEvent("customer.subscription.created", now, whole), now)
	if p.plan() != "growth" {
		t.Fatalf("with all prices: %s", p.state())
	}
	p.deliver(newEvent("customer.subscription.updated", now.Add(time.Second), bare), now)
	if p.plan() != "starter" || !strings.Contains(p.state(), `"unknown_price": true`) {
		t.Errorf("without the price by use: %s", p.state())
	}
	p.deliver(newEvent("customer.subscription.updated", now.Add(2*time.Second), whole), now)
	if p.plan() != "growth" || strings.Contains(p.state(), `"unknown_price": true`) {
		t.Errorf("with it again: %s", p.state())
	}
}

// Only owners of the agency, in person and with a fresh step-up, begin to pay.
func TestOnlyOwnersInPersonPay(t *testing.T) {
	t.Parallel()
	p := newPayer(t)
	pay := func(me store.Member) error {
		return storetest.Billed(t).Write(t.Context(), me, func(tx *store.Tx) error { return tx.RequirePayer(t.Context(), "billing.portal_opened", "") })
	}
	fresh := func(email, slug string) store.Member {
		me, ok := storetest.Visit(t, storetest.StepUp(t, storetest.SignIn(t, email)), slug).Member()
		if !ok {
			t.Fatalf("%s is no member of %s", email, slug)
		}
		return me
	}
	if err := pay(fresh(p.Dana, p.Agency)); err != nil {
		t.Errorf("the owner: %v", err)
	}
	if err := pay(p.Member(t, p.Dana, p.Agency)); !errors.Is(err, store.ErrStepUp) {
		t.Errorf("the owner without a step-up: %v", err)
	}
	for who, me := range map[string]store.Member{"a member of the agency": fresh(p.Ravi, p.Agency), "a client's owner": fresh(p.Mia, p.Acme)} {
		if err := pay(me); !errors.Is(err, store.ErrForbidden) {
			t.Errorf("%s: %v", who, err)
		}
		if err := bind(t, me, stripeID("cus")); !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s binds a customer: %v", who, err)
		}
	}
}

// What the database can't keep, or Stripe doesn't document, is unreadable: it is worked off
// with that outcome, and changes nothing.
func TestStrangeWebhooksAreUnreadable(t *testing.T) {
	t.Parallel()
	p, now := newPayer(t), time.Now()
	end := now.AddDate(0, 1, 0)
	p.deliver(newEvent("customer.subscription.created", now, p.subscriptionOf(stripeID("sub"), "active", "price_enterprise", end)), now)
	before := p.state()
	sub := func(edit func(map[string]any)) map[string]any {
		object := p.subscriptionOf(stripeID("sub"), "active", "price_enterprise", end)
		edit(object)
		return object
	}
	for what, e := range map[string]event{
		"a price with NUL":          newEvent("customer.subscription.updated", now, p.subscriptionOf(stripeID("sub"), "active", "price_\x00", end)),
		"an invoice with NUL":       newEvent("invoice.payment_failed", now, p.invoiceOf("in_\x00", stripeID("sub"), "subscription_cycle")),
		"a customer with NUL":       newEvent("invoice.payment_failed", now, map[string]any{"id": "in_1", "object": "invoice", "customer": "cus_\x00"}),
		"a subscription that isn't": newEvent("invoice.payment_failed", now, p.invoiceOf(stripeID("in"), "sub_-1", "subscription_cycle")),
		"an unknown status":         newEvent("customer.subscription.updated", now, p.subscriptionOf(stripeID("sub"), "resting", "price_growth", end)),
		"a period of 10000 years":   newEvent("customer.subscription.updated", now, p.subscriptionOf(stripeID("sub"), "active", "price_growth", now.AddDate(9000, 0, 0))),
		"an end in 300,000 years":   newEvent("customer.subscription.updated", now, sub(func(o map[string]any) { o["cancel_at"] = int64(1e13) })),
	} {
		p.deliver(e, now)
		if got := outcome(t, e.id); got != "unreadable" {
			t.Errorf("%s: %q", what, got)
		}
	}
	for what, e := range map[string]event{
		"an id with NUL":        {id: "evt_\x00", kind: "invoice.paid", created: now},
		"made in 300,000 years": {id: stripeID("evt"), kind: "invoice.paid", created: time.Unix(1e13, 0)},
	} {
		payload := e.payload(t)
		if got := p.post(payload, signed(payload, webhookSecret, time.Now())); got != http.StatusBadRequest {
			t.Errorf("%s: %d", what, got)
		}
	}
	if p.state() != before || len(p.mails()) != 1 {
		t.Errorf("%s to\n%s, mails %q", before, p.state(), p.mails())
	}
}
