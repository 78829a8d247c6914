package store

import (
	"slices"
	"time"
)

// SubscriptionStatus is the state of a subscription, in Stripe's words.
type SubscriptionStatus string

// The states of a subscription. A new one starts as incomplete until its first payment.
const (
	SubscriptionIncomplete SubscriptionStatus = "incomplete"
	SubscriptionExpired    SubscriptionStatus = "incomplete_expired"
	SubscriptionTrialing   SubscriptionStatus = "trialing"
	SubscriptionActive     SubscriptionStatus = "active"
	SubscriptionPastDue    SubscriptionStatus = "past_due"
	SubscriptionUnpaid     SubscriptionStatus = "unpaid"
	SubscriptionPaused     SubscriptionStatus = "paused"
	SubscriptionCanceled   SubscriptionStatus = "canceled"
	// NoSubscription: there never was one, or Stripe deleted the customer.
	NoSubscription SubscriptionStatus = "none"
)

// lifecycle is the order in which a subscription takes its states. Of two webhooks of the
// same second and kind, whose order nobody tells, the later state counts.
var lifecycle = []SubscriptionStatus{SubscriptionIncomplete, SubscriptionExpired, SubscriptionTrialing, SubscriptionActive,
	SubscriptionPastDue, SubscriptionUnpaid, SubscriptionPaused, SubscriptionCanceled}

// IsKnown says whether Stripe documents the state.
func (s SubscriptionStatus) IsKnown() bool { return slices.Contains(lifecycle, s) }

// subscriptionRow is the newest that Stripe said of a subscription.
type subscriptionRow struct {
	ID         string
	CustomerID string
	Status     SubscriptionStatus
	Prices     []string
	PeriodEnd  *time.Time
	EndsAt     *time.Time
}

// began says that the subscription was paid for, or on trial, at least once.
func (s subscriptionRow) began() bool {
	return s.Status != SubscriptionIncomplete && s.Status != SubscriptionExpired
}

// countsUntil says whether the subscription gives its plan, and until when; nil is without
// an end. What was cancelled counts until Stripe ended it, and what isn't paid any more to
// the end of its period.
func (s subscriptionRow) countsUntil(now time.Time) (counts bool, until *time.Time) {
	switch s.Status {
	case SubscriptionTrialing, SubscriptionActive, SubscriptionPastDue:
		return true, nil
	case SubscriptionCanceled:
		return s.EndsAt != nil && now.Before(*s.EndsAt), s.EndsAt
	case SubscriptionUnpaid, SubscriptionPaused:
		return s.PeriodEnd != nil && now.Before(*s.PeriodEnd), s.PeriodEnd
	}
	return false, nil
}

// invoiceRow is when the payment of an invoice first failed, and when nothing was owed any
// more.
type invoiceRow struct {
	CustomerID     string
	SubscriptionID string
	IsFirst        bool
	FailedAt       *time.Time
	SettledAt      *time.Time
}

// owes says that somebody owes the invoice since its payment failed. The first one of a
// subscription is owed only if the subscription began all the same, as with a bank debit
// that fails days later: without a beginning there is nothing to pay.
func (f billingFacts) owes(i invoiceRow) bool {
	if i.CustomerID != f.customer || i.FailedAt == nil || i.SettledAt != nil {
		return false
	}
	began := func(s subscriptionRow) bool { return s.ID == i.SubscriptionID && s.began() }
	return !i.IsFirst || slices.ContainsFunc(f.subscriptions, began)
}

// billingFacts is everything that Stripe said of an agency, without an order.
type billingFacts struct {
	customer      string // in use; "" for none
	subscriptions []subscriptionRow
	invoices      []invoiceRow
}

// BillingState is what follows from all that Stripe said of an agency.
type BillingState struct {
	Status SubscriptionStatus
	// Plan is what the agency pays for; nil while it never had a subscription, and then
	// its plan is what the operator gave it.
	Plan *string
	// UnknownPrice: a subscription that counts doesn't have all prices of a plan, and so
	// gives the first one.
	UnknownPrice  bool
	Subscriptions int        // that count; more than one is a mistake that costs the agency money
	PeriodEnd     *time.Time // when the next invoice is due
	EndsAt        *time.Time // when a cancelled plan ends
	OwedSince     *time.Time // when the payment of an open invoice first failed
	GraceUntil    *time.Time
	Warned        bool // the grace ends soon
	ReadOnlySince *time.Time
}

// graceWarning is how long before its end the owners are told that the grace ends: three
// days, or half of a shorter grace.
func graceWarning(grace time.Duration) time.Duration { return min(3*24*time.Hour, grace/2) }

// billingAt derives the state from the facts, whatever the order in which they came. It
// also returns when time alone will change it, nil for never.
func (p Plans) billingAt(f billingFacts, grace time.Duration, now time.Time) (s BillingState, due *time.Time) {
	s.Status = NoSubscription
	next := func(at time.Time) {
		if at.After(now) && (due == nil || at.Before(*due)) {
			due = &at
		}
	}
	best, plan := -1, -1
	for i, sub := range f.subscriptions {
		if !sub.began() {
			continue
		}
		if s.Plan == nil {
			first := p.First()
			s.Plan = &first
		}
		counts, until := sub.countsUntil(now)
		if sub.CustomerID != f.customer || !counts {
			continue
		}
		s.Subscriptions++
		if until != nil {
			next(*until)
		}
		of := p.ofPrices(sub.Prices)
		s.UnknownPrice = s.UnknownPrice || of < 0
		if best < 0 || of > plan || of == plan && betterShown(sub, f.subscriptions[best]) {
			best, plan = i, of
		}
	}
	if best >= 0 {
		sub := f.subscriptions[best]
		s.Status, s.PeriodEnd, s.EndsAt = sub.Status, sub.PeriodEnd, sub.EndsAt
		if _, until := sub.countsUntil(now); until != nil {
			s.EndsAt = until
		}
		if plan >= 0 {
			s.Plan = &p.list[plan].Name
		}
	}
	for _, i := range f.invoices {
		if f.owes(i) && (s.OwedSince == nil || i.FailedAt.Before(*s.OwedSince)) {
			s.OwedSince = i.FailedAt
		}
	}
	if s.OwedSince != nil {
		until := s.OwedSince.Add(grace)
		warn := until.Add(-graceWarning(grace))
		s.GraceUntil, s.Warned = &until, !now.Before(warn)
		if !now.Before(until) {
			s.ReadOnlySince = &until
		}
		next(warn)
		next(until)
	}
	return s, due
}

// betterShown decides which of two subscriptions to the same plan the page shows: the one
// further from its end, and then by id, so that it is always the same.
func betterShown(a, b subscriptionRow) bool {
	if x, y := slices.Index(lifecycle, a.Status), slices.Index(lifecycle, b.Status); x != y {
		return x < y
	}
	return a.ID < b.ID
}
