package jobs

import (
	"context"
	"strings"

	"portico/store"
	"portico/store/queue"
	"portico/views"
	"portico/views/mail"
)

// keyMail tells an owner that somebody made an API key. A client's owner isn't told of the
// agency's keys, which they may not see.
func (r *Runner) keyMail(ctx context.Context, j store.Job, job queue.KeyMail) error {
	return r.deliver(ctx, j, tenantMail{
		key: "key_mail:" + job.APIKey.String() + ":" + job.To.String(),
		to:  job.To,
		write: func(ctx context.Context, to store.Recipient) (*mail.Message, error) {
			var key store.APIKey
			if err := r.db.ReadFor(ctx, to, store.GetAPIKey(job.APIKey, &key)); err != nil {
				return nil, err
			}
			if !to.May(store.ManageKeys) {
				return nil, nil
			}
			var does []string
			for _, scope := range key.Scopes {
				does = append(does, views.ScopeWords(string(scope)))
			}
			m, err := mail.KeyMade(mail.KeyMadeProps{
				Brand: r.brand(to), Place: to.Tenant.Name, Maker: key.MakerName, Name: key.Name, Does: strings.Join(does, ", "),
				Until: dates(to).Exact(key.ExpiresAt), URL: r.url(views.PathBase(to.Tenant.Slug).Keys()),
			})
			return &m, err
		},
	})
}
