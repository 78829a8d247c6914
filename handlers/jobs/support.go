package jobs

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"portico/store"
	"portico/store/queue"
	"portico/views/mail"
	"portico/views/ui"
)

// supportStarted enqueues mails that tell the owners that a support session started.
func (r *Runner) supportStarted(ctx context.Context, j store.Job, job queue.SupportStarted) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.EnqueueSupportMails(ctx, job.Session, false) })
}

// supportEnded enqueues mails that tell the owners that a support session ended.
func (r *Runner) supportEnded(ctx context.Context, j store.Job, job queue.SupportEnded) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.EnqueueSupportMails(ctx, job.Session, true) })
}

// supportExpiry closes a session whose time is over. The database's clock decides. If
// the queue's clock is ahead of it, the job runs again five seconds later.
func (r *Runner) supportExpiry(ctx context.Context, j store.Job, job queue.SupportExpiry) error {
	err := r.db.Work(ctx, j, func(tx *store.Tx) error {
		if err := tx.CheckSupportSession(ctx, job.Session, false); err != nil {
			return err
		}
		return tx.ExpireSupport(ctx, job.Session)
	})
	if errors.Is(err, store.ErrConflict) {
		return river.JobSnooze(5 * time.Second)
	}
	return err
}

// supportMail tells one owner that a support session started or ended.
func (r *Runner) supportMail(ctx context.Context, j store.Job, job queue.SupportMail) error {
	return r.deliver(ctx, j, tenantMail{
		key: supportKey(job.Ended, job.Session, job.To),
		to:  job.To,
		precheck: func(ctx context.Context, tx *store.Tx) error {
			return tx.CheckSupportSession(ctx, job.Session, job.Ended)
		},
		event: store.Event{Verb: "support.mail_sent", TargetKind: store.KindMembership, TargetID: job.To},
		write: func(ctx context.Context, to store.Recipient) (*mail.Message, error) {
			if !to.May(store.SeeSupport) {
				return nil, nil
			}
			var s store.SupportNotice
			if err := r.db.ReadFor(ctx, to, store.GetSupportNotice(job.Session, &s)); err != nil {
				return nil, err
			}
			tell := mail.SupportStarted
			if job.Ended {
				tell = mail.SupportEnded
			}
			m, err := tell(r.supportProps(to, s))
			return &m, err
		},
	})
}

func supportKey(ended bool, session, to uuid.UUID) string {
	kind := "support_start_mail:"
	if ended {
		kind = "support_end_mail:"
	}
	return kind + session.String() + ":" + to.String()
}

// ending says who ended a session, or why it ended by itself.
func ending(to store.Recipient, s store.SupportNotice) string {
	t := to.Tenant
	switch how := *s.EndedHow; {
	case how == store.SupportTenantSuspended && to.Party == store.PartyClient:
		return "The portal was paused."
	case how == store.SupportStopped:
		return s.AgentName + " (support) ended it."
	case how == store.SupportExpired:
		return "It ended by itself after " + ui.Lasted(s.StartedAt, *s.EndedAt) + "."
	case s.EndedBy != "" && s.EndedParty == store.PartyAgency && t.AgencyName != "":
		return s.EndedBy + " (" + t.AgencyName + ") ended it."
	case s.EndedBy != "":
		return s.EndedBy + " (" + t.Name + ") ended it."
	default:
		return endings[how]
	}
}

// endings are the sentences for the reasons that name nobody.
var endings = map[store.SupportEnd]string{
	store.SupportRevoked:         "An owner or admin ended it.",
	store.SupportAgentDisabled:   "The agent is no longer on the support team.",
	store.SupportActorGone:       "The staff member is no longer allowed to do that.",
	store.SupportTargetGone:      "The person they viewed as no longer has access.",
	store.SupportTenantSuspended: "The workspace was suspended.",
}

func (r *Runner) supportProps(to store.Recipient, s store.SupportNotice) mail.SupportProps {
	b := r.brand(to)
	p := mail.SupportProps{
		Brand:     b,
		Dates:     dates(to),
		Tenant:    b.Name,
		Agent:     s.AgentName,
		ViewAs:    s.Kind == store.SupportViewAs,
		Subject:   s.SubjectName,
		Write:     s.Mode == store.SupportWrite,
		Reason:    s.Reason,
		Ticket:    s.Ticket,
		StartedAt: s.StartedAt,
		EndsAt:    s.EndsAt,
		LedgerURL: r.base(to.Tenant).Support(),
	}
	if s.EndedAt != nil && s.EndedHow != nil {
		p.Acts = ui.Acts(s.Pages, s.Files, s.Changes)
		p.EndedAt, p.How = *s.EndedAt, ending(to, s)
	}
	return p
}

// supportFlagged tells the operators that somebody reported a support session. The mail has
// ids only; `portico support flags` lists the words.
func (r *Runner) supportFlagged(ctx context.Context, j store.Job, job queue.SupportFlagged) error {
	due := false
	err := r.db.Work(ctx, j, func(tx *store.Tx) (err error) {
		due, err = tx.FlagMailDue(ctx, job.Session)
		return err
	})
	if err != nil || !due {
		return err
	}
	if r.cfg.AlertTo != "" {
		m, err := mail.SupportFlagged(mail.SupportFlaggedProps{Session: job.Session.String(), Host: r.cfg.URL.Host})
		if err != nil {
			return err
		}
		if err := r.cfg.Mailer.Send(ctx, Message{To: r.cfg.AlertTo, Message: m}); err != nil {
			return err
		}
	}
	r.log.LogAttrs(ctx, slog.LevelWarn, "a support session was reported", slog.String("session", job.Session.String()), slog.Bool("alert", true))
	return r.db.Work(ctx, j, func(tx *store.Tx) error {
		_, err := tx.ClaimEffect(ctx, store.FlagMailKey(job.Session))
		return err
	})
}
