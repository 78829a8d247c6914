package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

const (
	// maxUsageAge is how old the use of an hour may be when it is sent: a day less than the
	// 35 days of Stripe, so that an attempt has time.
	maxUsageAge = 34 * 24 * time.Hour
	// resendWithin is how long something that may have arrived is sent again: Stripe tells
	// repeats by their identifiers for 24 hours.
	resendWithin = 20 * time.Hour
)

// UsageToSend is what to send of the use of an hour.
type UsageToSend struct {
	Metric     Metric
	Hour       time.Time
	Already    int64 // what was noted of this hour before
	Quantity   int64
	Meter      string // the event name of Stripe's meter
	CustomerID string
}

// Identifier tells this part of an hour's use from every other one, for ever.
func (u UsageToSend) Identifier(agency uuid.UUID) string {
	return fmt.Sprintf("%s:%s:%d:%d", agency, u.Metric, u.Hour.Unix(), u.Already)
}

// billedSince is from when on the agency's use is paid for: the first full hour in which it
// is a customer, at most 34 days ago.
func billedSince(c StripeCustomer, now time.Time) time.Time {
	since := now.Add(-maxUsageAge)
	if c.BoundAt.After(since) {
		since = c.BoundAt
	}
	return since.UTC().Add(time.Hour - 1).Truncate(time.Hour)
}

// NoteUsageToSend notes what was used in full hours and isn't noted yet, and returns it,
// with what was sent in the last hours without an answer. What Stripe certainly didn't count
// is noted again and sent again. What was noted under an earlier plan is sent too. Without a customer there is nothing.
func (tx *Tx) NoteUsageToSend(ctx context.Context, now time.Time) (list []UsageToSend, err error) {
	customer, meters, err := tx.metered(ctx)
	if err != nil || customer.ID == "" {
		return nil, err
	}
	if _, err := tx.lockBilling(ctx); err != nil {
		return nil, err
	}
	if err := tx.noteUse(ctx, customer, meters, now); err != nil {
		return nil, err
	}
	metrics, events := eventsOf(meters)
	tx.later("note use anew", `
update billing_sent s
set noted_at = now(),
    uncounted_at = null,
    meter = m.meter
from unnest(@metrics::text[], @meters::text[]) m (metric, meter)
where s.tenant_id = @tenant_id
  and s.customer_id = @customer
  and s.metric = m.metric
  and s.hour >= @oldest
  and s.uncounted_at is not null
  and s.sent_at is null`, pgx.StrictNamedArgs{"metrics": metrics, "meters": events, "customer": customer.ID, "oldest": now.Add(-maxUsageAge)})
	return list, tx.get(ctx, many("use to send", &list, `
select metric, hour, already, quantity, meter, customer_id
from billing_sent
where tenant_id = @tenant_id
  and customer_id = @customer
  and sent_at is null
  and uncounted_at is null
  and noted_at > @resend
order by hour, metric, already`, pgx.StrictNamedArgs{"customer": customer.ID, "resend": now.Add(-resendWithin)}))
}

// eventsOf are the metrics that have a meter, and the meters' event names, in one order.
func eventsOf(meters map[Metric]Meter) (metrics, events []string) {
	metrics, events = []string{}, []string{}
	for _, m := range slices.Sorted(maps.Keys(meters)) {
		metrics, events = append(metrics, string(m)), append(events, meters[m].Event)
	}
	return metrics, events
}

// noteUse notes what was used in full hours and isn't noted yet, by the agency and its
// clients together, for these meters. What became less is not taken back. Billing is locked.
func (tx *Tx) noteUse(ctx context.Context, customer StripeCustomer, meters map[Metric]Meter, now time.Time) error {
	if len(meters) == 0 {
		return nil
	}
	metrics, events := eventsOf(meters)
	_, err := tx.exec(ctx, "note use", `
insert into billing_sent (tenant_id, metric, hour, already, quantity, meter, customer_id)
select @tenant_id, u.metric, u.hour, coalesce(s.quantity, 0), u.quantity - coalesce(s.quantity, 0), m.meter, @customer
from lookup.my_use(@metrics, @since, @until) u
join unnest(@metrics::text[], @meters::text[]) m (metric, meter) on m.metric = u.metric
left join (
    select metric, hour, sum(quantity)::bigint as quantity
    from billing_sent
    where tenant_id = @tenant_id
      and hour >= @since
    group by metric, hour
) s on s.metric = u.metric and s.hour = u.hour
where u.quantity > coalesce(s.quantity, 0)`, pgx.StrictNamedArgs{"metrics": metrics, "meters": events, "customer": customer.ID,
		"since": billedSince(customer, now), "until": now.UTC().Truncate(time.Hour)})
	return err
}

// UsageSent records that Stripe accepted what was sent.
func (tx *Tx) UsageSent(sent []UsageToSend) {
	for _, u := range sent {
		tx.later("use sent", `
update billing_sent
set sent_at = now()
where tenant_id = @tenant_id
  and metric = @metric
  and hour = @hour
  and already = @already`, pgx.StrictNamedArgs{"metric": u.Metric, "hour": u.Hour, "already": u.Already})
	}
}

// UsageUncounted records what Stripe didn't count for certain: it refused it, or it wasn't
// asked. So it is sent again, however much later.
func (tx *Tx) UsageUncounted(list []UsageToSend) {
	for _, u := range list {
		tx.later("use not counted", `
update billing_sent
set uncounted_at = now()
where tenant_id = @tenant_id
  and metric = @metric
  and hour = @hour
  and already = @already
  and sent_at is null`, pgx.StrictNamedArgs{"metric": u.Metric, "hour": u.Hour, "already": u.Already})
	}
}

// metered is the customer in use and what of its plan is paid by use.
func (tx *Tx) metered(ctx context.Context) (c StripeCustomer, meters map[Metric]Meter, err error) {
	if c, err = tx.stripeCustomer(ctx); err != nil || c.ID == "" {
		return c, nil, err
	}
	var plan TenantPlan
	if err := tx.Read(ctx, GetPlan(&plan)); err != nil {
		return c, nil, err
	}
	return c, tx.plans.Metered(plan.Plan), nil
}

// BilledDays is what to compare with what Stripe's meters counted.
type BilledDays struct {
	Customer string // "" for none
	From     time.Time
	Until    time.Time // midnight, not included
	// Meters are those of the plan, and Used what the agency and its clients used, by metric
	// and day.
	Meters map[Metric]Meter
	Used   map[Metric]map[time.Time]int64
	// Subscriptions are the states of the subscriptions as the webhooks told them.
	Subscriptions map[string]SubscriptionStatus
	// Known are the differences that need no answer of Stripe's.
	Known []BillingDifference
}

// summaryLag is how long Stripe may take to add up what it was sent.
const summaryLag = 24 * time.Hour

// GetBilledDays reads the days in UTC that are over since at least a day, of which all hours
// are paid for.
func (tx *Tx) GetBilledDays(ctx context.Context, now time.Time) (d BilledDays, err error) {
	customer, meters, err := tx.metered(ctx)
	if err != nil || customer.ID == "" {
		return d, err
	}
	midnight := func(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
	d = BilledDays{Customer: customer.ID, From: midnight(billedSince(customer, now).Add(24*time.Hour - 1)), Until: midnight(now.Add(-summaryLag)),
		Meters: meters, Used: map[Metric]map[time.Time]int64{}, Subscriptions: map[string]SubscriptionStatus{}}
	facts, err := tx.billingFacts(ctx)
	if err != nil {
		return d, err
	}
	for _, s := range facts.subscriptions {
		if s.CustomerID != customer.ID {
			continue
		}
		d.Subscriptions[s.ID] = s.Status
		if counts, _ := s.countsUntil(now); counts && tx.plans.ofPrices(s.Prices) < 0 {
			d.Known = append(d.Known, BillingDifference{What: "prices of subscription " + s.ID, Ours: "not all of a plan", Theirs: strings.Join(s.Prices, " ")})
		}
	}
	var refused []BillingDifference
	if err := tx.get(ctx, many("refused use", &refused, `
select 'use of ' || metric || ' that was refused' as what, sum(quantity)::text as ours, '0' as theirs
from billing_sent
where tenant_id = @tenant_id
  and customer_id = @customer
  and uncounted_at is not null
  and sent_at is null
group by metric
order by metric`, pgx.StrictNamedArgs{"customer": customer.ID})); err != nil {
		return d, err
	}
	d.Known = append(d.Known, refused...)
	var hours []HourUsage
	metrics := []string{}
	for m := range meters {
		metrics = append(metrics, string(m))
		d.Used[m] = map[time.Time]int64{}
	}
	if err := tx.get(ctx, many("use of days", &hours, `select metric, hour, quantity from lookup.my_use(@metrics, @since, @until)`,
		pgx.StrictNamedArgs{"metrics": metrics, "since": d.From, "until": d.Until})); err != nil {
		return d, err
	}
	for _, h := range hours {
		d.Used[h.Metric][midnight(h.Hour)] += h.Quantity
	}
	return d, nil
}

// BillingDifference is something that Stripe and we count or know differently.
type BillingDifference struct {
	What   string // "ai_runs on 2026-11-30", "subscription sub_1"
	Ours   string
	Theirs string
}

func (d BillingDifference) String() string {
	return d.What + ": here " + d.Ours + ", at Stripe " + d.Theirs
}

// RecordDifference writes a difference into the agency's trail, once for the same values.
func (tx *Tx) RecordDifference(ctx context.Context, d BillingDifference) error {
	first, err := tx.ClaimEffect(ctx, "billing_difference:"+d.String())
	if err != nil || !first {
		return err
	}
	return tx.audit(Event{Verb: "billing.difference_found", TargetKind: KindTenant, TargetID: tx.scope.Tenant,
		Detail: map[string]any{"what": d.What, "ours": d.Ours, "stripe": d.Theirs}})
}

// EnqueueBillingUsage queues a job in each of the agencies that sends what was used.
// With compare it then compares what was sent before.
func (db *DB) EnqueueBillingUsage(ctx context.Context, agencies []uuid.UUID, compare bool) error {
	return db.enqueueEach(ctx, agencies, func(s queue.Signature) queue.TenantJob {
		return &queue.BillingUsage{Signature: s, Compare: compare}
	})
}

// BillingJob is a job of the schedule in an agency, for the command line, which waits for
// it instead of queuing it.
func (db *DB) BillingJob(agency uuid.UUID) (Job, error) {
	args := &queue.BillingUsage{Signature: queue.Signature{Tenant: agency}}
	if err := db.signer.Sign(args); err != nil {
		return Job{}, err
	}
	return db.VerifyJob(args, JobPolicy{AnyTenantState: true})
}
