package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/google/uuid"

	"portico/store"
	"portico/views/mail"
	"portico/views/ui"
)

// letter is a mail of a tenant to one of its people.
type letter struct {
	// key names the effect, so that it happens once.
	key string
	to  uuid.UUID
	// about finds what the letter is about; what is not in the tenant is
	// store.ErrNotFound, and the job is refused. Nil when there is nothing to find.
	about func(context.Context, *store.Tx) error
	// write reads in the recipient's own context and puts it in words; nil when
	// there is nothing for them.
	write func(context.Context, store.Recipient) (*mail.Message, error)
	// event is what the trail says once it has left; the zero event says nothing.
	event store.Event
}

// deliver sends a letter once. Between the server's yes and the record of it lies
// an instant in which a crash makes it be sent again, under the same Message-ID:
// a mail twice is better than a mail never.
func (r *Runner) deliver(ctx context.Context, j store.Job, l letter) error {
	done := false
	err := r.db.Work(ctx, j, func(tx *store.Tx) (err error) {
		if done, err = tx.EffectDone(ctx, l.key); err != nil || done || l.about == nil {
			return err
		}
		return l.about(ctx, tx)
	})
	if err != nil || done {
		return err
	}
	to, welcome, err := r.db.Recipient(ctx, j, l.to)
	if err != nil || !welcome {
		return err
	}
	m, err := l.write(ctx, to)
	if errors.Is(err, store.ErrNotFound) || (err == nil && m == nil) {
		return nil // not theirs to see, or not any more
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
	if err != nil {
		return err
	}
	return r.sent(ctx, j, l)
}

// sent records that the mail has left, even when the process is being stopped.
func (r *Runner) sent(ctx context.Context, j store.Job, l letter) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.MailSent(ctx, l.key, l.event) })
}

func messageID(tenant uuid.UUID, key string) string {
	sum := sha256.Sum256([]byte(tenant.String() + " " + key))
	return hex.EncodeToString(sum[:16])
}

// provenance is who caused the mail, as whom, and in which support session, as
// the trail has it. A mail of the schedule was caused by nobody.
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

// from is whom a tenant's mail comes from: whom it chose, else the agency.
func from(t store.Tenant) string {
	switch {
	case t.MailName != "":
		return t.MailName
	case t.AgencyName != "":
		return t.AgencyName
	}
	return t.Name
}

// brand is the tenant as its mail presents it.
func brand(to store.Recipient) mail.Brand { return brandOf(to.Tenant, to.Party) }

// dates are how the recipient reads them.
func dates(to store.Recipient) ui.Dates { return ui.DatesFor(to.TimeZone, to.Locale) }

// brandOf is the name by which people know a place: clients know their portal,
// staff the workspace.
func brandOf(t store.Tenant, party store.Party) mail.Brand {
	b := mail.Brand{Name: t.Name, Accent: t.Accent}
	if party == store.PartyClient {
		b.Name = t.PortalName
	}
	return b
}
