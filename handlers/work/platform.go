package work

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"

	"portico/handlers/signin"
	"portico/store"
	"portico/store/queue"
	"portico/views"
)

// signInMail mints the link and the code of a flow and mails them. A flow that
// is over, or of an address nobody has, ends here without a word, so that the
// page that began it cannot know either. Each attempt mints anew: a mail that
// never arrived carries nothing that still works.
func (r *Runner) signInMail(ctx context.Context, job queue.SignInMail) error {
	proof := signin.NewProof(r.cfg.Keys, job.Flow)
	to, err := r.db.MintFlow(ctx, job.Flow, proof.Link, proof.CodeSecret)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	p := page{
		Subject: "Sign in to Portico",
		Sender:  "Portico",
		Heading: "Sign in to Portico",
		Lines:   []string{"Open the link in any browser, or type the code where you asked for it. Both are good for ten minutes."},
		Code:    proof.Code,
		Button:  "Sign in",
		Link:    r.url(views.LoginLink(proof.LinkToken)),
		Foot:    "If you did not ask for this, somebody typed your address. Without this mail they cannot get in.",
	}
	if to.Purpose == "step_up" {
		p.Subject, p.Heading = "Your code for Portico", "Confirm that it is you"
		p.Lines = []string{"Type this code where you were asked for it. It is good for ten minutes."}
		p.Button, p.Link = "", ""
		p.Foot = "If you did not ask for this, somebody else is signed in as you: sign out everywhere on your account page."
	}
	c, err := p.content()
	if err != nil {
		return err
	}
	return r.cfg.Mailer.Send(ctx, Message{ToName: to.Name, To: to.Email, Subject: c.subject, Text: c.text, HTML: c.html})
}

// url is the absolute address of a path of the platform.
func (r *Runner) url(path string) string { return r.cfg.URL.Scheme + "://" + r.cfg.URL.Host + path }

// base is where the links into a tenant begin.
func (r *Runner) base(t store.Tenant) views.Base {
	return views.Base(r.url(string(views.PathBase(t.Slug))))
}

func (r *Runner) sweep(ctx context.Context, _ queue.Sweep) error {
	removed, err := r.db.Sweep(ctx)
	if err == nil && removed > 0 {
		r.log.LogAttrs(ctx, slog.LevelInfo, "swept", slog.Int64("rows", removed))
	}
	return err
}

// tenantsAtOnce bounds how many digests are asked for in one statement.
const tenantsAtOnce = 500

// dailyDigests asks for one digest in each tenant, by pages: an installation may
// have more tenants than one transaction should hold.
func (r *Runner) dailyDigests(ctx context.Context, job queue.DailyDigests) error {
	var after uuid.UUID
	for {
		tenants, err := r.db.ActiveTenants(ctx, after, tenantsAtOnce)
		if err != nil {
			return err
		}
		if err := r.db.AskDigests(ctx, job.Day, tenants); err != nil {
			return err
		}
		if len(tenants) < tenantsAtOnce {
			return nil
		}
		after = tenants[len(tenants)-1]
	}
}

// alertMail tells the operators of a refused job. Others may have been refused
// within the same ten minutes, and the mail says where to look for them.
func (r *Runner) alertMail(ctx context.Context, job queue.AlertMail) error {
	if r.cfg.AlertTo == "" {
		return nil
	}
	c, err := page{
		Subject: "Portico refused a job",
		Sender:  "Portico",
		Heading: "A job was refused",
		Lines: []string{
			fmt.Sprintf("Job %d of kind %s was refused because %s. It had no effect.", job.Job, oneLine(job.JobKind), oneLine(job.Reason)),
			"Portico asks for no such jobs. Either it has a fault, or somebody writes into its queue. The table job_refusals holds this one and any other.",
		},
		Foot: "Sent at most every ten minutes to ALERT_MAIL of " + r.cfg.URL.Host + ".",
	}.content()
	if err != nil {
		return err
	}
	return r.cfg.Mailer.Send(ctx, Message{To: r.cfg.AlertTo, Subject: c.subject, Text: c.text, HTML: c.html})
}
