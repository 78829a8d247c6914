package jobs

import (
	"context"
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
		return err
	}
	// The mail has left, so record it even if the process is stopping.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.InviteSent(ctx, job.Invite, job.Sending) })
}

func (r *Runner) inviteProps(l store.InviteLetter, token store.TenantToken) mail.InviteProps {
	p := mail.InviteProps{
		Brand: brandOf(l.Tenant, l.Party),
		By:    l.InviterName,
		From:  l.InviterSide,
		To:    l.Email,
		Place: views.InvitePlace(l.Tenant.AgencyName, l.Tenant.Name, l.Party == store.PartyAgency),
		Team:  l.Party == store.PartyAgency,
		URL:   r.url(views.Invite(token.String())),
		Days:  14,
	}
	if p.By == "" {
		p.By = l.Tenant.AgencyName
	}
	return p
}
