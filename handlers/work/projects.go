package work

import (
	"context"
	"fmt"

	"portico/store"
	"portico/store/queue"
)

// projectDigest decides whether the tenant has news and for whom to look.
func (r *Runner) projectDigest(ctx context.Context, j store.Job, job queue.ProjectDigest) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.AskDigestMails(ctx, job.Day) })
}

// digestItems bounds what one digest lists.
const digestItems = 50

// digestMail writes one person's digest, from what they may see themselves.
func (r *Runner) digestMail(ctx context.Context, j store.Job, job queue.DigestMail) error {
	return r.deliver(ctx, j, letter{
		key: "digest_mail:" + job.Day + ":" + job.To.String(),
		to:  job.To,
		write: func(ctx context.Context, to store.Recipient) (*content, error) {
			var news []store.News
			err := r.db.ReadFor(ctx, to, store.ListNews(job.Since, job.Until, digestItems, &news))
			if err != nil || len(news) == 0 {
				return nil, err
			}
			return r.digest(to, news)
		},
	})
}

func (r *Runner) digest(to store.Recipient, news []store.News) (*content, error) {
	base, place := r.base(to.Tenant), placeName(to)
	p := page{
		Subject: "New in " + place,
		Sender:  place,
		Heading: "New since the last digest",
		Button:  "Open " + place,
		Link:    base.Home(),
		Foot:    "You get this because you are a member of " + place + ".",
	}
	for _, n := range news {
		p.Items = append(p.Items, item{
			Title:  n.Title,
			Detail: fmt.Sprintf("%s, version %d by %s", n.ProjectName, n.Number, n.AuthorName),
			Link:   base.DeliverableVersion(n.DeliverableID.String(), n.Number),
		})
	}
	return p.content()
}

// versionPublished finds the people to tell about a version.
func (r *Runner) versionPublished(ctx context.Context, j store.Job, job queue.VersionPublished) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.AskVersionMails(ctx, job.Version) })
}

// versionMail tells one of them.
func (r *Runner) versionMail(ctx context.Context, j store.Job, job queue.VersionMail) error {
	return r.deliver(ctx, j, letter{
		key:   "version_mail:" + job.Version.String() + ":" + job.To.String(),
		to:    job.To,
		about: func(ctx context.Context, tx *store.Tx) error { return tx.VersionIsShared(ctx, job.Version) },
		write: func(ctx context.Context, to store.Recipient) (*content, error) {
			var v store.PublishedVersion
			if err := r.db.ReadFor(ctx, to, store.GetPublishedVersion(job.Version, &v)); err != nil {
				return nil, err
			}
			return r.workIsReady(to, v)
		},
	})
}

func (r *Runner) workIsReady(to store.Recipient, v store.PublishedVersion) (*content, error) {
	place := placeName(to)
	p := page{
		Subject: v.Title + " is ready for you",
		Sender:  place,
		Heading: v.Title + " is ready for you",
		Lines:   []string{fmt.Sprintf("%s shared version %d in %s.", v.AuthorName, v.Number, v.ProjectName)},
		Button:  "Look at it",
		Link:    r.base(to.Tenant).DeliverableVersion(v.DeliverableID.String(), v.Number),
		Foot:    "You get this because you are a member of " + place + ".",
	}
	if v.Note != "" {
		p.Lines = append(p.Lines, v.Note)
	}
	return p.content()
}

// placeName is what the recipient calls the tenant: clients know their portal,
// staff the workspace.
func placeName(to store.Recipient) string {
	if to.Party == store.PartyClient {
		return to.Tenant.PortalName
	}
	return to.Tenant.Name
}
