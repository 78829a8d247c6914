package jobs

import (
	"context"

	"portico/store"
	"portico/store/queue"
	"portico/views/mail"
)

// accessRequested enqueues mails that tell the owners that support requests access.
func (r *Runner) accessRequested(ctx context.Context, j store.Job, job queue.AccessRequested) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.EnqueueAccessRequestMails(ctx, job.AccessRequestID) })
}

// accessRequestMail sends one owner the request, unless it was answered meanwhile.
func (r *Runner) accessRequestMail(ctx context.Context, j store.Job, job queue.AccessRequestMail) error {
	return r.deliver(ctx, j, tenantMail{
		key:      "support_ask_mail:" + job.AccessRequestID.String() + ":" + job.To.String(),
		to:       job.To,
		precheck: func(ctx context.Context, tx *store.Tx) error { return tx.CheckAccessRequest(ctx, job.AccessRequestID) },
		event:    store.Event{Verb: "support.request_mail_sent", TargetKind: store.KindMembership, TargetID: job.To},
		write: func(ctx context.Context, to store.Recipient) (*mail.Message, error) {
			var request store.AccessRequest
			if err := r.db.ReadFor(ctx, to, store.GetAccessRequest(job.AccessRequestID, &request)); err != nil {
				return nil, err
			}
			if !request.Open || !to.May(store.GrantSupport) {
				return nil, nil
			}
			b := brand(to)
			m, err := mail.SupportAsked(mail.SupportAskedProps{
				Brand:  b,
				Tenant: b.Name,
				Agent:  request.AgentName,
				Write:  request.Mode == store.SupportWrite,
				Hours:  request.Hours,
				Reason: request.Reason,
				Ticket: request.Ticket,
				URL:    r.base(to.Tenant).SupportAsk(request.ID.String()),
			})
			return &m, err
		},
	})
}
