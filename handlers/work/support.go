package work

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"portico/store"
	"portico/store/queue"
)

// supportStarted finds the owners to tell that support has stepped in.
func (r *Runner) supportStarted(ctx context.Context, j store.Job, job queue.SupportStarted) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.AskSupportMails(ctx, job.Session, false) })
}

// supportEnded finds the owners to tell that a support session is over.
func (r *Runner) supportEnded(ctx context.Context, j store.Job, job queue.SupportEnded) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.AskSupportMails(ctx, job.Session, true) })
}

// supportExpiry closes a session that has run its time. The clock of the queue
// may be ahead of the database's, which decides: then the job comes back.
func (r *Runner) supportExpiry(ctx context.Context, j store.Job, job queue.SupportExpiry) error {
	err := r.db.Work(ctx, j, func(tx *store.Tx) error {
		if err := tx.SupportHappened(ctx, job.Session, false); err != nil {
			return err
		}
		return tx.ExpireSupport(ctx, job.Session)
	})
	if errors.Is(err, store.ErrConflict) {
		return river.JobSnooze(time.Second)
	}
	return err
}

// supportMail tells one owner of the start or the end of a session.
func (r *Runner) supportMail(ctx context.Context, j store.Job, job queue.SupportMail) error {
	return r.deliver(ctx, j, letter{
		key:   supportKey(job.Ended, job.Session, job.To),
		to:    job.To,
		about: func(ctx context.Context, tx *store.Tx) error { return tx.SupportHappened(ctx, job.Session, job.Ended) },
		write: func(ctx context.Context, to store.Recipient) (*content, error) {
			if !to.May(store.SeeSupport) {
				return nil, nil
			}
			var s store.SupportNotice
			if err := r.db.ReadFor(ctx, to, store.GetSupportNotice(job.Session, &s)); err != nil {
				return nil, err
			}
			if job.Ended {
				return r.supportIsOver(to, s)
			}
			return r.supportIsHere(to, s)
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

func (r *Runner) supportIsHere(to store.Recipient, s store.SupportNotice) (*content, error) {
	place := placeName(to)
	return page{
		Subject: "Support is looking into " + place,
		Sender:  place,
		Heading: s.AgentName + " of support has stepped in",
		Lines: []string{
			fmt.Sprintf("%s sees %s as %s does, until %s at the latest.", s.AgentName, place, s.SubjectName, clock(s.EndsAt)),
			"Reason: " + s.Reason,
			"Ticket: " + s.Ticket,
			"You can watch and end the session at any time.",
		},
		Button: "Open the support page",
		Link:   r.base(to.Tenant).Support(),
		Foot:   "You get this because you own " + place + ".",
	}.content()
}

// endings are how a session can end, in words.
var endings = map[string]string{
	"stopped":          "The agent ended it.",
	"expired":          "Its time was up.",
	"revoked":          "It was ended by your side.",
	"agent_disabled":   "The agent's account was closed.",
	"target_gone":      "The person it looked as has no access any more.",
	"tenant_suspended": "The workspace was suspended.",
}

func (r *Runner) supportIsOver(to store.Recipient, s store.SupportNotice) (*content, error) {
	place := placeName(to)
	p := page{
		Subject: "Support has left " + place,
		Sender:  place,
		Heading: "The support session is over",
		Lines: []string{
			fmt.Sprintf("%s of support was in %s as %s, from %s.", s.AgentName, place, s.SubjectName, clock(s.StartedAt)),
			fmt.Sprintf("Pages seen: %d. Files downloaded: %d.", s.Pages, s.Files),
			"Reason: " + s.Reason,
			"Ticket: " + s.Ticket,
		},
		Button: "See all of it",
		Link:   r.base(to.Tenant).Support(),
		Foot:   "You get this because you own " + place + ".",
	}
	if s.EndedAt != nil && s.EndedHow != nil {
		p.Lines = append(p.Lines, fmt.Sprintf("It ended at %s. %s", clock(*s.EndedAt), endings[*s.EndedHow]))
	}
	return p.content()
}

// clock is a moment in a mail, which cannot know the reader's zone.
func clock(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") }
