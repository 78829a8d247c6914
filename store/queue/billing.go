package queue

import (
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
)

// StripeEvent finds the agency that a stored webhook is about and enqueues a
// [BillingEvent] in it.
type StripeEvent struct {
	Platform
	Event string `json:"event"` // Stripe's id
}

// Kind implements river.JobArgs.
func (StripeEvent) Kind() string { return "stripe_event" }

// BillingEvent works off a webhook about the agency.
type BillingEvent struct {
	Signature
	Event string `json:"event"` // Stripe's id
}

// Kind implements river.JobArgs.
func (BillingEvent) Kind() string { return "billing_event" }

// BillingDue enqueues one [BillingTime] in each agency of which time alone has changed
// what it may.
type BillingDue struct{ Platform }

// Kind implements river.JobArgs.
func (BillingDue) Kind() string { return "billing_due" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (BillingDue) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Priority: priorityLow, MaxAttempts: 1}
}

// BillingTime ends a grace or a cancelled plan whose time has come.
type BillingTime struct{ Signature }

// Kind implements river.JobArgs.
func (BillingTime) Kind() string { return "billing_time" }

// HourlyBilling enqueues one [BillingUsage] in each agency that is a customer, once an hour.
type HourlyBilling struct {
	Platform
	Hour    string `json:"hour"` // 2006-01-02T15
	Compare bool   `json:"compare"`
}

// Kind implements river.JobArgs. It is the kind of when it ran once a day.
func (HourlyBilling) Kind() string { return "daily_billing" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (HourlyBilling) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Priority: priorityLow, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

// BillingUsage sends Stripe what the agency and its clients used.
type BillingUsage struct {
	Signature
	Compare bool `json:"compare,omitempty"` // and then compares what Stripe counted before
}

// Kind implements river.JobArgs.
func (BillingUsage) Kind() string { return "billing_usage" }

// InsertOpts implements river.JobArgsWithInsertOpts: the job of the next hour sends what this
// one couldn't, so few attempts are enough.
func (BillingUsage) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Priority: priorityLow, MaxAttempts: 3}
}

// Timeout implements [LongJob]: the job sends one request for each hour and metric.
func (BillingUsage) Timeout() time.Duration { return time.Hour }

// BillingNotice is what a [BillingMail] is about.
type BillingNotice string

// The notices.
const (
	NoticePaymentFailed BillingNotice = "payment_failed"
	NoticeGraceEnds     BillingNotice = "grace_ends"
	NoticeReadOnly      BillingNotice = "read_only"
	NoticePaid          BillingNotice = "paid"
	NoticePlanChanged   BillingNotice = "plan_changed"
	NoticeCancelled     BillingNotice = "cancelled"
)

// BillingMail tells one owner of an agency what changed.
type BillingMail struct {
	Signature
	Notice BillingNotice `json:"notice"`
	Change uuid.UUID     `json:"change"` // unique for each change
	To     uuid.UUID     `json:"to"`
}

// Kind implements river.JobArgs.
func (BillingMail) Kind() string { return "billing_mail" }
