package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
	"portico/store/queue"
)

// Billing is how an installation is paid; see docs/billing.md.
type Billing struct {
	// Grace is how long an agency keeps working after a payment failed.
	Grace time.Duration
	// Live: with a key for real money. A customer of the other mode counts for nothing.
	Live bool
}

// ErrUnpaid means that the agency didn't pay in time, so nobody can change anything in it
// and its clients. Reading, downloading and paying still work.
var ErrUnpaid = errors.New("read-only until the agency pays")

// MaxEventAge is how old a webhook may be when it arrives. Stripe itself repeats one for
// three days, and people can send it again for 30.
const MaxEventAge = 35 * 24 * time.Hour

// maxEventAhead is how far Stripe's clock may be ahead of ours.
const maxEventAhead = time.Hour

// StripeEvent is a webhook whose signature is verified.
type StripeEvent struct {
	ID           string
	Kind         string // "invoice.paid"
	Created      time.Time
	Customer     string // Stripe's id; "" for none
	Subscription string // Stripe's id; "" for none
	Payload      []byte // at most 512 KiB
	// Outcome says why there is nothing to do; "" works it off.
	Outcome string
}

// StoreStripeEvent stores a webhook and queues its work in the same transaction. One that
// was stored before does nothing, and fresh is false.
func (db *DB) StoreStripeEvent(ctx context.Context, e StripeEvent) (fresh bool, err error) {
	err = db.write(ctx, engine.Scope{}, "", "", func(tx *Tx) error {
		err := tx.get(ctx, value("store webhook", &fresh, `select lookup.stripe_received(@id, @kind, @created, @customer, @subscription, @payload, @outcome)`,
			pgx.StrictNamedArgs{"id": e.ID, "kind": e.Kind, "created": e.Created, "customer": e.Customer, "subscription": e.Subscription,
				"payload": string(e.Payload), "outcome": e.Outcome}))
		if err != nil || !fresh || e.Outcome != "" {
			return err
		}
		return tx.enqueuePlatform(ctx, queue.StripeEvent{Event: e.ID})
	})
	return fresh, err
}

// RouteStripeEvent finds the agency that a stored webhook is about, by its customer alone,
// and queues its work there. If it is about nobody here, its outcome says why.
func (db *DB) RouteStripeEvent(ctx context.Context, id string) error {
	var agency *uuid.UUID
	err := db.engine.OutsideTenant(ctx, "agency of webhook", engine.Value(&agency), `select lookup.stripe_route($1)`, id)
	if err != nil || agency == nil {
		return err
	}
	return db.enqueueAll(ctx, []queue.TenantJob{&queue.BillingEvent{Signature: queue.Signature{Tenant: *agency}, Event: id}})
}

// BillingChange is what one webhook says, without its place in an order.
type BillingChange struct {
	CustomerDeleted bool
	Subscription    *SubscriptionSeen
	Invoice         *InvoiceSeen
}

// SubscriptionSeen is a subscription as a webhook shows it.
type SubscriptionSeen struct {
	ID        string
	Status    SubscriptionStatus
	Prices    []string
	PeriodEnd *time.Time
	EndsAt    *time.Time // when it will end, or ended
	Change    SubscriptionChange
}

// SubscriptionChange is what happened to a subscription, in the order in which it can.
type SubscriptionChange int

// What happened to a subscription.
const (
	SubscriptionCreated SubscriptionChange = iota
	SubscriptionUpdated
	SubscriptionDeleted
)

// rank tells webhooks of the same second apart.
func (s SubscriptionSeen) rank() int { return int(s.Change)*100 + slices.Index(lifecycle, s.Status) }

// InvoiceSeen is an invoice of a subscription as a webhook shows it.
type InvoiceSeen struct {
	ID           string
	Subscription string
	First        bool // of a subscription that begins with its payment
	Failed       bool // its payment failed; otherwise nothing is owed any more
}

// storedEvent is a webhook about the agency of the deed.
type storedEvent struct {
	Kind          string
	Created       time.Time
	ReceivedAt    time.Time
	Payload       string
	CustomerEnded bool
}

// ErrUnreadable means that a webhook isn't what Stripe documents.
var ErrUnreadable = errors.New("webhook can't be read")

// WorkStripeEvent works off a webhook about the agency, once. The result is the same for
// any order of webhooks: each says what it knows of one thing, and the newest of each
// counts. read gets its kind and payload; if it returns [ErrUnreadable], the webhook
// changes nothing.
func (tx *Tx) WorkStripeEvent(ctx context.Context, id string, now time.Time, read func(kind string, payload []byte) (customer string, c BillingChange, err error)) error {
	var e *storedEvent
	if err := tx.get(ctx, optional("webhook", &e, `select * from lookup.stripe_event(@id)`, pgx.StrictNamedArgs{"id": id})); err != nil || e == nil {
		return err
	}
	customer, change, err := read(e.Kind, []byte(e.Payload))
	outcome := "applied"
	switch {
	case errors.Is(err, ErrUnreadable):
		outcome, err = "unreadable", nil
	case err != nil:
		return err
	case e.Created.Before(e.ReceivedAt.Add(-MaxEventAge)):
		outcome = "too old"
	case e.Created.After(e.ReceivedAt.Add(maxEventAhead)):
		outcome = "from the future"
	default:
		if e.CustomerEnded {
			outcome = "former customer"
		}
		err = tx.applyBilling(ctx, id, e.Created, customer, change, now)
	}
	if err != nil {
		return err
	}
	var first bool
	return tx.get(ctx, value("webhook worked off", &first, `select lookup.stripe_worked(@id, @outcome)`, pgx.StrictNamedArgs{"id": id, "outcome": outcome}))
}

// lockBilling returns the state as it was last derived, under a lock that lasts for the
// deed.
func (tx *Tx) lockBilling(ctx context.Context) (s BillingState, err error) {
	tx.later("first billing", `
insert into billing (tenant_id)
values (@tenant_id)
on conflict (tenant_id) do nothing`, nil)
	return s, tx.get(ctx, one("lock billing", &s, `
select status, plan, unknown_price, subscriptions, period_end, ends_at, owed_since, grace_until, warned, read_only_since
from billing
where tenant_id = @tenant_id
for no key update`, nil))
}

func (tx *Tx) applyBilling(ctx context.Context, event string, at time.Time, customer string, c BillingChange, now time.Time) error {
	before, err := tx.lockBilling(ctx)
	if err != nil {
		return err
	}
	if s := c.Subscription; s != nil {
		tx.later("newest of a subscription", `
insert into billing_subscriptions as s (tenant_id, id, customer_id, status, prices, period_end, ends_at, event_at, event_rank, event_id)
values (@tenant_id, @id, @customer, @status, @prices, @period_end, @ends_at, @at, @rank, @event)
on conflict (tenant_id, id) do update
set status = excluded.status,
    prices = excluded.prices,
    period_end = excluded.period_end,
    ends_at = excluded.ends_at,
    event_at = excluded.event_at,
    event_rank = excluded.event_rank,
    event_id = excluded.event_id
where (s.event_at, s.event_rank, s.event_id) < (excluded.event_at, excluded.event_rank, excluded.event_id)`,
			pgx.StrictNamedArgs{"id": s.ID, "customer": customer, "status": s.Status, "prices": s.Prices, "period_end": s.PeriodEnd,
				"ends_at": s.EndsAt, "at": at, "rank": s.rank(), "event": event})
	}
	if i := c.Invoice; i != nil {
		failed, settled := &at, (*time.Time)(nil)
		if !i.Failed {
			failed, settled = nil, &at
		}
		tx.later("news of an invoice", `
insert into billing_invoices as i (tenant_id, id, customer_id, subscription_id, is_first, failed_at, settled_at)
values (@tenant_id, @id, @customer, @subscription, @first, @failed, @settled)
on conflict (tenant_id, id) do update
set failed_at = least(i.failed_at, excluded.failed_at),
    settled_at = least(i.settled_at, excluded.settled_at)`,
			pgx.StrictNamedArgs{"id": i.ID, "customer": customer, "subscription": i.Subscription, "first": i.First, "failed": failed, "settled": settled})
	}
	if c.CustomerDeleted {
		var ended bool
		err := tx.get(ctx, value("customer deleted", &ended, `select lookup.stripe_customer_ended(@customer, @at)`, pgx.StrictNamedArgs{"customer": customer, "at": at}))
		if err != nil {
			return err
		}
	}
	return tx.settleBilling(ctx, before, now)
}

// PassBillingTime ends what time alone ends: a grace, or a cancelled plan.
func (tx *Tx) PassBillingTime(ctx context.Context, now time.Time) error {
	before, err := tx.lockBilling(ctx)
	if err != nil {
		return err
	}
	return tx.settleBilling(ctx, before, now)
}

// settleBilling derives the state anew, gives the agency what follows from it, and tells
// the trail and the owners what changed.
func (tx *Tx) settleBilling(ctx context.Context, before BillingState, now time.Time) error {
	if tx.billing == nil {
		return fmt.Errorf("settle billing: BILLING is off: %w", ErrForbidden)
	}
	facts, err := tx.billingFacts(ctx)
	if err != nil {
		return err
	}
	after, due := tx.plans.billingAt(facts, tx.billing.Grace, now)
	tx.later("billing", `
update billing
set status = @status, plan = @plan, unknown_price = @unknown_price, subscriptions = @subscriptions, period_end = @period_end,
    ends_at = @ends_at, owed_since = @owed_since, grace_until = @grace_until, warned = @warned, read_only_since = @read_only_since,
    due_at = @due,
    changed_at = now()
where tenant_id = @tenant_id`, pgx.StrictNamedArgs{"status": after.Status, "plan": after.Plan, "unknown_price": after.UnknownPrice,
		"subscriptions": after.Subscriptions, "period_end": after.PeriodEnd, "ends_at": after.EndsAt, "owed_since": after.OwedSince,
		"grace_until": after.GraceUntil, "warned": after.Warned, "read_only_since": after.ReadOnlySince, "due": due})
	if err := tx.noteUseBefore(ctx, after, now); err != nil {
		return err
	}
	var plan string
	err = tx.get(ctx, value("billing applied", &plan, `select lookup.billing_applied(@plan, @read_only_since)`,
		pgx.StrictNamedArgs{"plan": after.Plan, "read_only_since": after.ReadOnlySince}))
	if err != nil {
		return err
	}
	return tx.tellBilling(ctx, billingNews(before, after, plan, facts.customer != ""))
}

// noteUseBefore notes what was used under a plan that ends now: afterwards nobody knows any
// more what of it is paid by use.
func (tx *Tx) noteUseBefore(ctx context.Context, after BillingState, now time.Time) error {
	var plan TenantPlan
	if err := tx.Read(ctx, GetPlan(&plan)); err != nil || after.Plan == nil || *after.Plan == plan.Plan {
		return err
	}
	customer, meters, err := tx.metered(ctx)
	if err != nil || customer.ID == "" {
		return err
	}
	return tx.noteUse(ctx, customer, meters, now)
}

func (tx *Tx) billingFacts(ctx context.Context) (f billingFacts, err error) {
	customer, err := tx.stripeCustomer(ctx)
	if err != nil {
		return f, err
	}
	f.customer = customer.ID
	if err := tx.get(ctx, many("subscriptions", &f.subscriptions, `
select id, customer_id, status, prices, period_end, ends_at
from billing_subscriptions
where tenant_id = @tenant_id
order by id`, nil)); err != nil {
		return f, err
	}
	return f, tx.get(ctx, many("open invoices", &f.invoices, `
select customer_id, subscription_id, is_first, failed_at, settled_at
from billing_invoices
where tenant_id = @tenant_id
  and failed_at is not null
  and settled_at is null
order by id`, nil))
}

// billingItem is one change, for the trail and, with a notice, for a mail to the owners.
type billingItem struct {
	verb   string
	detail map[string]any
	notice queue.BillingNotice // "" mails nobody
}

// billingNews is what changed from one state to the next. plan is the plan that the agency
// had.
func billingNews(before, after BillingState, plan string, customer bool) (news []billingItem) {
	add := func(verb string, notice queue.BillingNotice, detail map[string]any) {
		news = append(news, billingItem{verb, detail, notice})
	}
	cancelled := before.EndsAt == nil && after.EndsAt != nil || before.Subscriptions > 0 && after.Subscriptions == 0 && before.EndsAt == nil
	switch {
	case cancelled:
		add("billing.cancelled", queue.NoticeCancelled, nil)
	case before.EndsAt != nil && after.EndsAt == nil && after.Subscriptions > 0:
		add("billing.continued", "", nil)
	}
	if after.Plan != nil && *after.Plan != plan {
		notice := queue.NoticePlanChanged
		if cancelled {
			notice = "" // the mail says so
		}
		add("plan.changed", notice, map[string]any{"from": plan, "plan": *after.Plan})
	}
	if before.OwedSince == nil && after.OwedSince != nil {
		notice := queue.NoticePaymentFailed
		if after.ReadOnlySince != nil {
			notice = ""
		}
		add("billing.payment_failed", notice, nil)
	}
	if !before.Warned && after.Warned && after.ReadOnlySince == nil {
		add("billing.grace_ends", queue.NoticeGraceEnds, nil)
	}
	if before.ReadOnlySince == nil && after.ReadOnlySince != nil {
		add("billing.read_only", queue.NoticeReadOnly, nil)
	}
	if before.OwedSince != nil && after.OwedSince == nil {
		notice := queue.NoticePaid
		if !customer {
			notice = "" // Stripe deleted the customer, so nobody can pay any more
		}
		add("billing.paid", notice, nil)
	}
	return news
}

func (tx *Tx) tellBilling(ctx context.Context, news []billingItem) error {
	if len(news) == 0 {
		return nil
	}
	owners, err := tx.owners(ctx)
	if err != nil {
		return err
	}
	for _, n := range news {
		change := NewID()
		if err := tx.audit(Event{Verb: n.verb, TargetKind: KindTenant, TargetID: tx.scope.Tenant, Detail: n.detail}); err != nil {
			return err
		}
		for _, owner := range owners {
			if n.notice == "" {
				continue
			}
			if err := tx.Enqueue(ctx, &queue.BillingMail{Notice: n.notice, Change: change, To: owner}); err != nil {
				return err
			}
		}
	}
	return nil
}

// GetBilling reads what follows from all that Stripe said of the agency; [NoSubscription] if
// it said nothing. Clients and support see nothing of it.
func GetBilling(dst *BillingState) Read {
	return Read{one("billing", dst, `
select coalesce(b.status, 'none') as status, b.plan, coalesce(b.unknown_price, false) as unknown_price,
       coalesce(b.subscriptions, 0) as subscriptions, b.period_end, b.ends_at, b.owed_since, b.grace_until,
       coalesce(b.warned, false) as warned, b.read_only_since
from (select 1) always
left join billing b on b.tenant_id = @tenant_id`, nil)}
}

// StripeCustomer is a customer of Stripe that the agency is or was.
type StripeCustomer struct {
	ID      string
	BoundAt time.Time
	EndedAt *time.Time // Stripe deleted it
}

// ListStripeCustomers reads the customers of a mode, test or live, that the agency is and
// was, the one in use first, for its owners and admins, and for the jobs of billing.
func ListStripeCustomers(live bool, dst *[]StripeCustomer) Read {
	return Read{many("customers", dst, `select * from lookup.stripe_customers_of_mine(@live)`, pgx.StrictNamedArgs{"live": live})}
}

// stripeCustomer is the customer in use, of the mode of the installation's key; the zero
// value for none.
func (tx *Tx) stripeCustomer(ctx context.Context) (c StripeCustomer, err error) {
	if tx.billing == nil {
		return c, nil
	}
	var customers []StripeCustomer
	if err := tx.Read(ctx, ListStripeCustomers(tx.billing.Live, &customers)); err != nil {
		return c, err
	}
	if len(customers) > 0 && customers[0].EndedAt == nil {
		c = customers[0]
	}
	return c, nil
}

// RequirePayer returns [ErrStepUp] without a fresh step-up, and [ErrForbidden] unless the
// actor is an owner of the agency. It records what they begin at Stripe, with the plan
// that they chose, or "" for none. Nothing changes until Stripe says that it did.
func (tx *Tx) RequirePayer(ctx context.Context, verb, plan string) error {
	if tx.scope.Support != uuid.Nil {
		return fmt.Errorf("pay in a support session: %w", ErrForbidden)
	}
	party, role, err := tx.currentRole(ctx)
	if err != nil {
		return err
	}
	if !May(PayBills, party, role) {
		return fmt.Errorf("pay: %w", ErrForbidden)
	}
	if err := tx.requireStepUp(ctx); err != nil {
		return err
	}
	var detail map[string]any
	if plan != "" {
		detail = map[string]any{"plan": plan}
	}
	return tx.audit(Event{Verb: verb, TargetKind: KindTenant, TargetID: tx.scope.Tenant, Detail: detail})
}

// BindStripeCustomer makes the agency that customer of Stripe, for good, in the mode of the
// installation's key. If the customer is or was another agency's, or this one is another
// customer in that mode, it is [ErrConflict].
func (tx *Tx) BindStripeCustomer(ctx context.Context, customer string) error {
	if tx.billing == nil {
		return fmt.Errorf("bind customer: BILLING is off: %w", ErrForbidden)
	}
	var bound bool
	err := tx.get(ctx, value("bind customer", &bound, `select lookup.stripe_bind(@customer, @live)`,
		pgx.StrictNamedArgs{"customer": customer, "live": tx.billing.Live}))
	if err == nil && !bound {
		err = fmt.Errorf("bind customer: %w", ErrConflict)
	}
	if err != nil {
		return err
	}
	return tx.audit(Event{Verb: "billing.customer_bound", TargetKind: KindTenant, TargetID: tx.scope.Tenant})
}

// billingBatch is how many agencies a schedule takes in one statement.
const billingBatch = 500

// EnqueueBillingTime queues a job in each agency of which time alone has changed what it
// may.
func (db *DB) EnqueueBillingTime(ctx context.Context) error {
	var agencies []uuid.UUID
	err := db.engine.OutsideTenant(ctx, "billing due", engine.Column(&agencies), `select * from lookup.billing_due($1)`, billingBatch)
	if err != nil {
		return err
	}
	return db.enqueueEach(ctx, agencies, func(s queue.Signature) queue.TenantJob { return &queue.BillingTime{Signature: s} })
}

// BilledAgencies returns up to limit agencies after the given one that are or were
// customers of Stripe, in order.
func (db *DB) BilledAgencies(ctx context.Context, after uuid.UUID, limit int) (ids []uuid.UUID, err error) {
	return ids, db.engine.OutsideTenant(ctx, "billed agencies", engine.Column(&ids), `select * from lookup.billed_agencies($1, $2)`, nilIfZero(after), limit)
}
