package jobs

import (
	"context"
	"errors"
	"time"

	"portico/store"
	"portico/store/queue"
	"portico/views"
	"portico/views/mail"
)

// inviteMail makes the token of an invitation and mails its link. The link always leads
// to the installation's own address, whichever host the invitation was made at. Each
// attempt makes a new token, so that the link of a lost mail no longer works.
func (r *Runner) inviteMail(ctx context.Context, j store.Job, job queue.InviteMail) error {
	token := store.NewTenantToken(j.TenantID())
	var l *store.InviteLetter
	err := r.db.Work(ctx, j, func(tx *store.Tx) (err error) {
		l, err = tx.InviteLetter(ctx, job.Invite, job.Sending, token)
		return err
	})
	if err != nil || l == nil {
		return err
	}
	m, err := mail.Invite(r.inviteProps(*l, token))
	if err != nil {
		return err
	}
	err = r.cfg.Mailer.Send(ctx, Message{
		Message: m,
		From:    from(l.Tenant),
		ToName:  l.Name,
		To:      l.Email,
		ID:      messageID(j.TenantID(), store.InviteMailKey(job.Invite, job.Sending)),
		Header:  provenance(j),
	})
	if err != nil {
		return r.inviteRefused(ctx, j, job, err)
	}
	// The mail has left, so record it even if the process is stopping.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.InviteSent(ctx, job.Invite, job.Sending) })
}

func (r *Runner) inviteProps(l store.InviteLetter, token store.TenantToken) mail.InviteProps {
	p := mail.InviteProps{
		Brand: r.brandOf(l.Tenant, l.Party),
		By:    l.InviterName,
		From:  l.InviterSide,
		To:    l.Email,
		Place: views.InvitePlace(l.Tenant.AgencyName, l.Tenant.Name, l.Party == store.PartyAgency),
		Maker: l.Tenant.AgencyName,
		Team:  l.Party == store.PartyAgency,
		URL:   r.url(views.Invite(token.String())),
		Days:  14,
	}
	if p.By == "" {
		p.By = l.Tenant.AgencyName
	}
	return p
}

// inviteRefused records that a mail server will never accept the mail of an invitation.
// The error stays, so that the job is counted as refused.
func (r *Runner) inviteRefused(ctx context.Context, j store.Job, job queue.InviteMail, err error) error {
	refused, ok := errors.AsType[*SendError](err)
	if !ok || !refused.Permanent {
		return err
	}
	return errors.Join(err, r.db.Work(ctx, j, func(tx *store.Tx) error {
		return tx.InviteRefused(ctx, job.Invite, job.Sending, refused.Code)
	}))
}

// inviteRefusedMail tells whoever invited that the invitation did not arrive.
func (r *Runner) inviteRefusedMail(ctx context.Context, j store.Job, job queue.InviteRefusedMail) error {
	return r.deliver(ctx, j, tenantMail{
		key: store.RefusedInviteKey(job.Invite, job.Sending),
		to:  job.To,
		write: func(ctx context.Context, to store.Recipient) (*mail.Message, error) {
			var i store.RefusedInvite
			if err := r.db.ReadFor(ctx, to, store.GetRefusedInvite(job.Invite, &i)); err != nil {
				return nil, err
			}
			m, err := mail.InviteRefused(mail.InviteRefusedProps{
				Brand: r.brand(to), Name: i.Name, Email: i.Email, Code: i.Code, URL: r.base(to.Tenant).Members(),
			})
			return &m, err
		},
	})
}
