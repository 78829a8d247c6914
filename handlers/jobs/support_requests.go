package jobs

import (
	"context"
	"time"

	"portico/store"
	"portico/store/queue"
	"portico/views"
	"portico/views/mail"
	"portico/views/ui"
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
			b := r.brand(to)
			m, err := mail.SupportAsked(mail.SupportAskedProps{
				Brand:  b,
				Tenant: b.Name,
				Agent:  request.AgentName,
				Write:  request.Mode == store.SupportWrite,
				Hours:  request.Hours,
				Sides:  supportSides(to),
				Reason: request.Reason,
				Ticket: request.Ticket,
				URL:    r.base(to.Tenant).SupportAsk(request.ID.String()),
			})
			return &m, err
		},
	})
}

// supportSides says as whom support asks to act, in words for the recipient.
func supportSides(to store.Recipient) string {
	if to.Tenant.Kind == store.TenantAgency {
		return views.SupportSides(to.Tenant.Name, "", true)
	}
	return views.SupportSides(to.Tenant.AgencyName, to.Tenant.Name, to.Party == store.PartyAgency)
}

// accessAnswered mails the agent the answer to their request. Agents are no members of
// the tenant, so the mail has the installation's look.
func (r *Runner) accessAnswered(ctx context.Context, j store.Job, job queue.AccessAnswered) error {
	var a *store.AccessAnswer
	err := r.db.Work(ctx, j, func(tx *store.Tx) (err error) {
		a, err = tx.AccessAnswer(ctx, job.AccessRequestID)
		return err
	})
	if err != nil || a == nil {
		return err
	}
	m, err := mail.SupportAnswered(mail.SupportAnsweredProps{
		Dates:    ui.DatesFor(a.TimeZone, a.Locale),
		Tenant:   a.TenantName,
		Approved: a.Answer == store.AnswerGranted,
		Write:    a.Mode == store.SupportWrite,
		EndsAt:   a.EndsAt,
		Word:     a.Word,
		URL:      r.url(views.ConsoleTenant(a.Slug)),
	})
	if err != nil {
		return err
	}
	key := store.AccessAnswerKey(job.AccessRequestID)
	err = r.cfg.Mailer.Send(ctx, Message{Message: m, ToName: a.Name, To: a.Email, ID: messageID(j.TenantID(), key), Header: provenance(j)})
	if err != nil {
		return err
	}
	// The mail has left, so record it even if the process is stopping.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return r.db.Work(ctx, j, func(tx *store.Tx) error {
		return tx.MailSent(ctx, key, store.Event{Verb: "support.answer_mail_sent", TargetKind: store.KindAccessRequest, TargetID: job.AccessRequestID})
	})
}
