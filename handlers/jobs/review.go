package jobs

import (
	"context"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/store"
	"portico/store/queue"
	"portico/views/mail"
)

// reviewMail asks a person to decide, or reminds them, if the request is still open.
func (r *Runner) reviewMail(ctx context.Context, j store.Job, job queue.ReviewMail) error {
	var to uuid.UUID
	err := r.db.Work(ctx, j, func(tx *store.Tx) (err error) {
		to, err = tx.CheckRequest(ctx, job.Request)
		return err
	})
	if err != nil {
		return err
	}
	m := tenantMail{
		key:   "review_mail:" + job.Mailing.String(),
		to:    to,
		event: store.Event{Verb: "review.mail_sent", TargetKind: store.KindMembership, TargetID: to},
		write: func(ctx context.Context, to store.Recipient) (*mail.Message, error) {
			var q store.RequestNotice
			if err := r.db.ReadFor(ctx, to, store.GetRequestNotice(job.Request, &q)); err != nil {
				return nil, err
			}
			if !to.May(store.Decide) {
				return nil, nil
			}
			p := mail.ReviewProps{About: r.about(to, q.ReviewedVersion), By: q.AskerName, PassedOn: q.AskerParty == store.PartyClient, Note: q.Note, Dates: dates(to), Due: frame.OrZero(q.DueOn), CanPass: q.CanPass}
			if job.Reminds {
				m, err := mail.ReviewReminder(p)
				return &m, err
			}
			m, err := mail.ReviewAsked(p)
			return &m, err
		},
	}
	if job.Reminds {
		m.record = func(tx *store.Tx) { tx.RecordReminder(job.Request) }
	}
	return r.deliver(ctx, j, m)
}

func (r *Runner) about(to store.Recipient, v store.ReviewedVersion) mail.About {
	return mail.About{
		Brand:   r.brand(to),
		Agency:  to.Tenant.AgencyName,
		Title:   v.Title,
		Project: v.ProjectName,
		Version: v.Number,
		URL:     r.base(to.Tenant).DeliverableVersion(v.DeliverableID.String(), v.Number),
	}
}

// decisionMail tells somebody of the agency what a person of the client decided.
func (r *Runner) decisionMail(ctx context.Context, j store.Job, job queue.DecisionMail) error {
	return r.deliver(ctx, j, tenantMail{
		key:      "decision_mail:" + job.Decision.String() + ":" + job.To.String(),
		to:       job.To,
		precheck: func(ctx context.Context, tx *store.Tx) error { return tx.CheckDecision(ctx, job.Decision) },
		event:    store.Event{Verb: "review.mail_sent", TargetKind: store.KindMembership, TargetID: job.To},
		write: func(ctx context.Context, to store.Recipient) (*mail.Message, error) {
			var d store.DecisionNotice
			if err := r.db.ReadFor(ctx, to, store.GetDecisionNotice(job.Decision, &d)); err != nil {
				return nil, err
			}
			m, err := mail.Decided(mail.DecidedProps{About: r.about(to, d.ReviewedVersion), By: d.Name, Client: to.Tenant.Name,
				Answer: string(d.Answer), Words: d.Words, Outcome: string(frame.OrZero(d.Outcome)), Waiting: d.Waiting})
			return &m, err
		},
	})
}

// passedOnMail tells somebody of the agency to whom a request was passed on.
func (r *Runner) passedOnMail(ctx context.Context, j store.Job, job queue.PassedOnMail) error {
	return r.deliver(ctx, j, tenantMail{
		key: "passed_on_mail:" + job.Request.String() + ":" + job.To.String(),
		to:  job.To,
		precheck: func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.CheckRequest(ctx, job.Request)
			return err
		},
		event: store.Event{Verb: "review.mail_sent", TargetKind: store.KindMembership, TargetID: job.To},
		write: func(ctx context.Context, to store.Recipient) (*mail.Message, error) {
			var q store.PassedOnNotice
			if err := r.db.ReadFor(ctx, to, store.GetPassedOnNotice(job.Request, &q)); err != nil {
				return nil, err
			}
			m, err := mail.PassedOn(mail.PassedOnProps{About: r.about(to, q.ReviewedVersion), From: q.FromName, To: q.ToName})
			return &m, err
		},
	})
}
