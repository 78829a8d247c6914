package jobs

import (
	"context"
	"time"

	"portico/handlers/billing"
	"portico/handlers/frame"
	"portico/store"
	"portico/store/queue"
	"portico/views"
	"portico/views/mail"
)

// stripeEvent leads a stored webhook to the agency that it is about.
func (r *Runner) stripeEvent(ctx context.Context, job queue.StripeEvent) error {
	return r.db.RouteStripeEvent(ctx, job.Event)
}

// billingEvent works off a webhook in its agency.
func (r *Runner) billingEvent(ctx context.Context, j store.Job, job queue.BillingEvent) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error {
		return tx.WorkStripeEvent(ctx, job.Event, time.Now(), billing.ReadChange)
	})
}

// billingDue enqueues a job in each agency whose grace or cancelled plan has ended.
func (r *Runner) billingDue(ctx context.Context, _ queue.BillingDue) error {
	return r.db.EnqueueBillingTime(ctx)
}

func (r *Runner) billingTime(ctx context.Context, j store.Job, _ queue.BillingTime) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.PassBillingTime(ctx, time.Now()) })
}

// billingMail tells an owner what changed. What isn't true any more when the mail is sent
// is not told.
func (r *Runner) billingMail(ctx context.Context, j store.Job, job queue.BillingMail) error {
	return r.deliver(ctx, j, tenantMail{
		key:   "billing_mail:" + job.Change.String() + ":" + string(job.Notice) + ":" + job.To.String(),
		to:    job.To,
		event: store.Event{Verb: "billing.mail_sent", TargetKind: store.KindMembership, TargetID: job.To},
		write: func(ctx context.Context, to store.Recipient) (*mail.Message, error) {
			var now store.BillingState
			var plan store.TenantPlan
			var used []store.Usage
			if err := r.db.ReadFor(ctx, to, store.GetBilling(&now), store.GetPlan(&plan), store.ListUsage(&used)); err != nil {
				return nil, err
			}
			if !to.May(store.PayBills) || !stillTrue(job.Notice, now) {
				return nil, nil
			}
			p := mail.BillingProps{
				Brand: r.brand(to), Agency: to.Tenant.Name, Dates: dates(to), Notice: string(job.Notice), Plan: frame.PlanName(plan.Plan),
				URL: r.url(views.PathBase(to.Tenant.Slug).Billing()), Over: billing.Over(r.db.Plans(), plan, used),
			}
			if now.GraceUntil != nil {
				p.Until = *now.GraceUntil
			}
			if now.EndsAt != nil {
				p.EndsAt = *now.EndsAt
			}
			m, err := mail.Billing(p)
			return &m, err
		},
	})
}

// stillTrue says whether a notice fits the state now: mails can wait for a mail server.
func stillTrue(notice queue.BillingNotice, now store.BillingState) bool {
	switch notice {
	case queue.NoticePaymentFailed, queue.NoticeGraceEnds:
		return now.GraceUntil != nil && now.ReadOnlySince == nil
	case queue.NoticeReadOnly:
		return now.ReadOnlySince != nil
	case queue.NoticePaid:
		return now.OwedSince == nil
	}
	return true
}
