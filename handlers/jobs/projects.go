package jobs

import (
	"context"
	"fmt"
	"time"

	"portico/store"
	"portico/store/queue"
	"portico/views/mail"
)

// projectDigest enqueues a digest mail for each person if the tenant has news.
func (r *Runner) projectDigest(ctx context.Context, j store.Job, job queue.ProjectDigest) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.EnqueueDigestMails(ctx, job.Day) })
}

// digestItems is the most items that one digest lists.
const digestItems = 50

// digestMail sends one person's digest, with only what they may see.
func (r *Runner) digestMail(ctx context.Context, j store.Job, job queue.DigestMail) error {
	return r.deliver(ctx, j, tenantMail{
		key: "digest_mail:" + job.Day + ":" + job.To.String(),
		to:  job.To,
		write: func(ctx context.Context, to store.Recipient) (*mail.Message, error) {
			if job.Day == queue.DayJoined {
				return r.joinedDigest(ctx, to)
			}
			var news []store.News
			err := r.db.ReadFor(ctx, to, store.ListNews(job.Since, job.Until, digestItems, &news))
			if err != nil || len(news) == 0 {
				return nil, err
			}
			return r.digest(to, job.Since, news)
		},
	})
}

// joinedDigest tells somebody who just joined what was published before: the same that
// their portal shows as new.
func (r *Runner) joinedDigest(ctx context.Context, to store.Recipient) (*mail.Message, error) {
	var unopened []store.DeliverableLine
	err := r.db.ReadFor(ctx, to, store.ListNew(digestItems, &unopened))
	if err != nil || len(unopened) == 0 {
		return nil, err
	}
	base := r.base(to.Tenant)
	items := make([]mail.DigestItem, len(unopened))
	for i, d := range unopened {
		items[i] = mail.DigestItem{
			Sentence: fmt.Sprintf("%s, version %d (%s)", d.Title, d.Version, d.ProjectName),
			URL:      base.Deliverable(d.ID.String()),
		}
	}
	m, err := mail.Joined(mail.JoinedProps{Brand: r.brand(to), Agency: to.Tenant.AgencyName, Items: items, URL: base.Home()})
	return &m, err
}

func (r *Runner) digest(to store.Recipient, since time.Time, news []store.News) (*mail.Message, error) {
	base := r.base(to.Tenant)
	items := make([]mail.DigestItem, len(news))
	for i, n := range news {
		items[i] = mail.DigestItem{
			Sentence: fmt.Sprintf("%s published version %d of %s (%s)", n.AuthorName, n.Number, n.Title, n.ProjectName),
			URL:      base.DeliverableVersion(n.DeliverableID.String(), n.Number),
		}
	}
	m, err := mail.Digest(mail.DigestProps{Brand: r.brand(to), Dates: dates(to), Since: since, Items: items, URL: base.Home()})
	return &m, err
}

// versionPublished enqueues a mail for each person to tell about a version.
func (r *Runner) versionPublished(ctx context.Context, j store.Job, job queue.VersionPublished) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.EnqueueVersionMails(ctx, job.Version) })
}

// versionMail tells one person that a version was published.
func (r *Runner) versionMail(ctx context.Context, j store.Job, job queue.VersionMail) error {
	return r.deliver(ctx, j, tenantMail{
		key:      "version_mail:" + job.Version.String() + ":" + job.To.String(),
		to:       job.To,
		precheck: func(ctx context.Context, tx *store.Tx) error { return tx.CheckVersionShared(ctx, job.Version) },
		event:    store.Event{Verb: "version.mail_sent", TargetKind: store.KindMembership, TargetID: job.To},
		write: func(ctx context.Context, to store.Recipient) (*mail.Message, error) {
			var v store.PublishedVersion
			if err := r.db.ReadFor(ctx, to, store.GetPublishedVersion(job.Version, &v)); err != nil {
				return nil, err
			}
			m, err := mail.Published(mail.PublishedProps{
				Brand:   r.brand(to),
				Agency:  to.Tenant.AgencyName,
				By:      v.AuthorName,
				Title:   v.Title,
				Project: v.ProjectName,
				Version: v.Number,
				Note:    v.Note,
				URL:     r.base(to.Tenant).DeliverableVersion(v.DeliverableID.String(), v.Number),
			})
			return &m, err
		},
	})
}
