package jobs

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strconv"

	"github.com/google/uuid"

	"portico/handlers/dnscheck"
	"portico/handlers/frame"
	"portico/handlers/signin"
	"portico/store"
	"portico/store/queue"
	"portico/views"
	"portico/views/mail"
)

// signInMail makes the link and the code of a flow and mails them. For an expired flow
// or an unknown address it does nothing, so that the sign-in page cannot reveal which
// addresses are known. Each attempt makes a new link and code, so that those of a lost
// mail no longer work.
func (r *Runner) signInMail(ctx context.Context, job queue.SignInMail) error {
	proof := signin.NewProof(r.cfg.Keys, job.Flow)
	to, err := r.db.MintFlow(ctx, job.Flow, proof.Link, proof.CodeSecret)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	m, sender, err := r.proofMail(ctx, job.Flow, to, proof)
	if err != nil {
		return err
	}
	err = r.cfg.Mailer.Send(ctx, Message{From: sender, ToName: to.Name, To: to.Email, Message: m})
	if refused, ok := errors.AsType[*SendError](err); ok && refused.Permanent {
		return errors.Join(err, r.db.FlowMailRefused(ctx, job.Flow, refused.Code))
	}
	if err != nil {
		return err
	}
	// The mail has left: a failure here must not send another, whose link would be new.
	if err := r.db.FlowMailAccepted(context.WithoutCancel(ctx), job.Flow); err != nil {
		r.log.LogAttrs(ctx, slog.LevelWarn, "sign-in mail not recorded as accepted", slog.String("err", err.Error()))
	}
	return nil
}

// signInBrand is the brand of the tenant through which somebody came who signs in, and
// the sender's name. The address of the sender stays the installation's.
func (r *Runner) signInBrand(ctx context.Context, flow uuid.UUID, returnTo string) (look mail.Brand, sender string, err error) {
	b, err := r.db.MailBrand(ctx, flow, signin.PlaceOf(returnTo, r.cfg.TenantDomain))
	if errors.Is(err, store.ErrNotFound) {
		return mail.Brand{}, "", nil
	}
	if err != nil {
		return mail.Brand{}, "", err
	}
	look = mail.Brand{Name: b.Name, Accent: frame.OrZero(b.Accent)}
	if b.LogoID != nil {
		look.LogoURL = r.logo(b.LogoID.String())
	}
	return look, cmp.Or(frame.OrZero(b.MailName), frame.OrZero(b.AgencyName), b.Name), nil
}

// flowMinutes is how long a flow is valid, for the text of the mail. The database
// enforces it.
const flowMinutes = 10

// proofMail returns the mail of a flow and its sender's name. A new agency has no brand yet,
// and whoever signs up doesn't come through another.
func (r *Runner) proofMail(ctx context.Context, flow uuid.UUID, to store.FlowMail, proof signin.Proof) (m mail.Message, sender string, err error) {
	link := r.url(views.LoginLink(proof.LinkToken))
	if to.SignsUp {
		m, err = mail.SignUp(mail.SignUpProps{URL: link, Code: proof.Code, Minutes: flowMinutes})
		return m, "", err
	}
	look, sender, err := r.signInBrand(ctx, flow, to.ReturnTo)
	if err != nil {
		return m, "", err
	}
	if to.Purpose == "step_up" {
		m, err = mail.StepUp(mail.StepUpProps{Brand: look, Code: proof.Code, Minutes: flowMinutes})
		return m, sender, err
	}
	m, err = mail.SignIn(mail.SignInProps{Brand: look, URL: link, Code: proof.Code, Minutes: flowMinutes})
	return m, sender, err
}

// url returns the absolute URL of a path on the main host.
func (r *Runner) url(path string) string { return r.cfg.URL.Scheme + "://" + r.cfg.URL.Host + path }

// base returns the base of links into a tenant: its own host if it has one.
func (r *Runner) base(t store.Tenant) views.Base {
	if t.Host != "" {
		return views.Base(dnscheck.Origin(r.cfg.URL, t.Host))
	}
	return views.Base(r.url(string(views.PathBase(t.Slug))))
}

func (r *Runner) sweep(ctx context.Context, _ queue.Sweep) error {
	removed, err := r.db.Sweep(ctx)
	if err == nil && removed > 0 {
		r.log.LogAttrs(ctx, slog.LevelInfo, "swept", slog.Int64("rows", removed))
	}
	return err
}

// tenantBatch is how many digests are enqueued in one statement.
const tenantBatch = 500

// dailyDigests enqueues one digest in each active tenant.
func (r *Runner) dailyDigests(ctx context.Context, job queue.DailyDigests) error {
	return r.eachTenant(ctx, func(ctx context.Context, tenants []uuid.UUID) error {
		return r.db.EnqueueDigests(ctx, job.Day, tenants)
	})
}

// alertMail tells the operators about a refused job. It is sent at most once in ten
// minutes, so the mail says where to look for others.
func (r *Runner) alertMail(ctx context.Context, job queue.AlertMail) error {
	if r.cfg.AlertTo == "" {
		return nil
	}
	m, err := mail.JobRefused(mail.JobRefusedProps{
		Job:    strconv.FormatInt(job.Job, 10),
		Kind:   job.JobKind,
		Reason: job.Reason,
		Host:   r.cfg.URL.Host,
	})
	if err != nil {
		return err
	}
	return r.cfg.Mailer.Send(ctx, Message{To: r.cfg.AlertTo, Message: m})
}
