package jobs

import (
	"context"

	"portico/store"
	"portico/store/queue"
	"portico/views/mail"
)

// accessRequested finds the owners to tell that support asks to come in.
func (r *Runner) accessRequested(ctx context.Context, j store.Job, job queue.AccessRequested) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.EnqueueAccessRequestMails(ctx, job.AccessRequestID) })
}

// accessRequestMail brings one owner the request. What was answered meanwhile is in no
// mail.
func (r *Runner) accessRequestMail(ctx context.Context, j store.Job, job queue.AccessRequestMail) error {
	return r.deliver(ctx, j, letter{
		key:   "support_ask_mail:" + job.AccessRequestID.String() + ":" + job.To.String(),
		to:    job.To,
		about: func(ctx context.Context, tx *store.Tx) error { return tx.CheckAccessRequest(ctx, job.AccessRequestID) },
		event: store.Event{Verb: "support.request_mail_sent", TargetKind: store.KindMembership, TargetID: job.To},
		write: func(ctx context.Context, to store.Recipient) (*mail.Message, error) {
			var ask store.AccessRequest
			if err := r.db.ReadFor(ctx, to, store.GetAccessRequest(job.AccessRequestID, &ask)); err != nil {
				return nil, err
			}
			if !ask.Open || !to.May(store.GrantSupport) {
				return nil, nil
			}
			b := brand(to)
			m, err := mail.SupportAsked(mail.SupportAskedProps{
				Brand:  b,
				Tenant: b.Name,
				Agent:  ask.AgentName,
				Write:  ask.Mode == store.SupportWrite,
				Hours:  ask.Hours,
				Reason: ask.Reason,
				Ticket: ask.Ticket,
				URL:    r.base(to.Tenant).SupportAsk(ask.ID.String()),
			})
			return &m, err
		},
	})
}
