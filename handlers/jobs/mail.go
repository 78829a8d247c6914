package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/google/uuid"

	"portico/store"
	"portico/views"
	"portico/views/mail"
	"portico/views/ui"
)

// tenantMail is a mail of a tenant to one of its people.
type tenantMail struct {
	// key names the effect in job_effects, so that the mail is sent once.
	key string
	to  uuid.UUID
	// precheck fails with store.ErrNotFound if the subject of the mail is not in the
	// tenant, and then the job is refused. It may be nil.
	precheck func(context.Context, *store.Tx) error
	// write reads under the recipient's own scope and returns the mail, or nil if there
	// is nothing to send to them.
	write func(context.Context, store.Recipient) (*mail.Message, error)
	// record writes what else follows once the mail is sent. It may be nil.
	record func(*store.Tx)
	// event goes into the audit trail once the mail is sent; the zero event is not
	// recorded.
	event store.Event
}

// deliver sends a mail once. If the process dies after the server accepted the mail and
// before that is recorded, the mail is sent again with the same Message-ID: a duplicate
// is better than a lost mail.
func (r *Runner) deliver(ctx context.Context, j store.Job, l tenantMail) error {
	done := false
	err := r.db.Work(ctx, j, func(tx *store.Tx) (err error) {
		if done, err = tx.EffectDone(ctx, l.key); err != nil || done || l.precheck == nil {
			return err
		}
		return l.precheck(ctx, tx)
	})
	if err != nil || done {
		return err
	}
	to, allowed, err := r.db.Recipient(ctx, j, l.to)
	if err != nil || !allowed {
		return err
	}
	m, err := l.write(ctx, to)
	if errors.Is(err, store.ErrNotFound) || (err == nil && m == nil) {
		return nil // the recipient may not, or may no longer, see it
	}
	if err != nil {
		return err
	}
	err = r.cfg.Mailer.Send(ctx, Message{
		Message: *m,
		From:    from(to.Tenant),
		ToName:  to.Name,
		To:      to.Email,
		ID:      messageID(j.TenantID(), l.key),
		Header:  provenance(j),
	})
	if refused, ok := errors.AsType[*SendError](err); ok && refused.Permanent {
		return errors.Join(err, r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.MailRefused(ctx, l.to, refused.Code) }))
	}
	if err != nil {
		return err
	}
	return r.sent(ctx, j, l)
}

// sent records that the mail was sent, even if the process is stopping.
func (r *Runner) sent(ctx context.Context, j store.Job, l tenantMail) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return r.db.Work(ctx, j, func(tx *store.Tx) error {
		if err := tx.MailAccepted(ctx, l.to); err != nil {
			return err
		}
		if l.record != nil {
			l.record(tx)
		}
		return tx.MailSent(ctx, l.key, l.event)
	})
}

func messageID(tenant uuid.UUID, key string) string {
	sum := sha256.Sum256([]byte(tenant.String() + " " + key))
	return hex.EncodeToString(sum[:16])
}

// provenance returns headers with the actor, the subject and the support session that
// caused the mail, as in the audit trail. A scheduled mail has none.
func provenance(j store.Job) map[string]string {
	h := map[string]string{}
	for name, id := range map[string]uuid.UUID{
		"X-Portico-Actor":           j.Actor(),
		"X-Portico-Subject":         j.Subject(),
		"X-Portico-Support-Session": j.SupportSession(),
	} {
		if id != uuid.Nil {
			h[name] = id.String()
		}
	}
	return h
}

// from returns the sender name of a tenant's mail: its own choice, else the agency.
func from(t store.Tenant) string {
	switch {
	case t.MailName != "":
		return t.MailName
	case t.AgencyName != "":
		return t.AgencyName
	}
	return t.Name
}

// brand returns the brand of the recipient's tenant.
func (r *Runner) brand(to store.Recipient) mail.Brand { return r.brandOf(to.Tenant, to.Party) }

// dates returns the recipient's date format.
func dates(to store.Recipient) ui.Dates { return ui.DatesFor(to.TimeZone, to.Locale) }

// brandOf returns the brand of a mail. Its name is the portal's for clients and the
// workspace's for staff.
func (r *Runner) brandOf(t store.Tenant, party store.Party) mail.Brand {
	b := mail.Brand{Name: t.Name, Accent: t.Accent, LogoURL: r.logo(t.LogoID)}
	if party == store.PartyClient {
		b.Name = t.PortalName
	}
	return b
}

// logo returns the absolute URL of a logo, which is public; "" for none.
func (r *Runner) logo(id string) string {
	if id == "" {
		return ""
	}
	return r.url(views.Logo(id))
}
