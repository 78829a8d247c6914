package jobs

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/views/mail"
)

func startMail(t *testing.T, opts stack.MailOptions) *stack.Mail {
	t.Helper()
	m, err := stack.StartMail(t.Context(), opts)
	check(t, err)
	t.Cleanup(func() { _ = m.Stop() })
	return m
}

func mailerOf(t *testing.T, smtpURL string) *Mailer {
	t.Helper()
	m, err := NewMailer(smtpURL, "Portico <portico@portico.test>")
	check(t, err)
	return m
}

// Names and subjects with line breaks, quotes and non-Latin text cannot add headers or
// recipients.
func TestHeadersCannotBeInjected(t *testing.T) {
	t.Parallel()
	server := startMail(t, stack.MailOptions{})
	msg := Message{
		ToName:  "Mia \"the boss\" <evil@example.test>\r\nBcc: everybody@example.test",
		To:      "mia@acme.test",
		ID:      "deterministic",
		Header:  map[string]string{"X-Portico-Actor": "a\r\nX-Evil: yes"},
		Message: mail.Message{Subject: "Grüße\r\nX-Evil: yes\r\n\r\n<b>", Text: "text", HTML: "<p>html</p>"},
	}
	check(t, mailerOf(t, server.URL()).Send(t.Context(), msg))

	got, err := server.Wait(storetest.Within(t, 10*time.Second), "mia@acme.test", nil)
	check(t, err)
	if got.Header("Bcc") != "" || got.Header("X-Evil") != "" || len(got.To) != 1 {
		t.Errorf("a header or a recipient was injected:\n%s", got.Raw)
	}
	if got.Subject() != "Grüße X-Evil: yes <b>" {
		t.Errorf("subject = %q", got.Subject())
	}
	if id := got.Header("Message-Id"); id != "<deterministic@portico.test>" {
		t.Errorf("Message-ID = %q", id)
	}
	if got.Text() != "text" || got.HTML() != "<p>html</p>" || got.Header("Auto-Submitted") != "auto-generated" {
		t.Errorf("the mail is not complete:\n%s", got.Raw)
	}
}

// An empty address, or one with a line break or a second address, fails permanently.
func TestHostileAddresses(t *testing.T) {
	t.Parallel()
	server := startMail(t, stack.MailOptions{})
	mailer := mailerOf(t, server.URL())
	for _, to := range []string{"", "mia", "mia@acme.test\r\nRCPT TO:<evil@example.test>", "mia@acme.test, evil@example.test", "mia@acme.test>\r\nX: y"} {
		err := mailer.Send(t.Context(), Message{To: to, Message: mail.Message{Subject: "s", Text: "t", HTML: "h"}})
		var failed *SendError
		if !errors.As(err, &failed) || !failed.Permanent {
			t.Errorf("%q: err = %v", to, err)
		}
		if to != "" && err != nil && strings.Contains(err.Error(), to) {
			t.Errorf("the error quotes the address: %v", err)
		}
	}
	if all, err := server.All(); err != nil || len(all) != 0 {
		t.Errorf("%d mails, err = %v", len(all), err)
	}
}

// A refused recipient is a permanent error. A busy or unreachable server is not.
func TestSendErrors(t *testing.T) {
	t.Parallel()
	server := startMail(t, stack.MailOptions{})
	mailer := mailerOf(t, server.URL())
	send := func() *SendError {
		err := mailer.Send(t.Context(), Message{To: "mia@acme.test", Message: mail.Message{Subject: "s", Text: "t", HTML: "h"}})
		var failed *SendError
		if err != nil && (!errors.As(err, &failed) || strings.Contains(err.Error(), "mia@")) {
			t.Fatalf("err = %v", err)
		}
		return failed
	}
	server.Misbehave(stack.MailFaults{Refuse: true})
	if e := send(); e == nil || !e.Permanent || e.Code != 550 {
		t.Errorf("refused: %v", e)
	}
	server.Misbehave(stack.MailFaults{Busy: true})
	if e := send(); e == nil || e.Permanent || e.Code != 451 {
		t.Errorf("busy: %v", e)
	}
	server.Misbehave(stack.MailFaults{})
	check(t, server.StopImmediate())
	if e := send(); e == nil || e.Permanent {
		t.Errorf("unreachable: %v", e)
	}
	if mailer.Check(t.Context()) == nil {
		t.Error("an unreachable server looks ready")
	}
	check(t, server.Start())
	if e := send(); e != nil {
		t.Errorf("reachable again: %v", e)
	}
	check(t, mailer.Check(t.Context()))
}

// The server accepts the connection and does not answer: sending times out, and ends
// at once when the process stops.
func TestSilentMailServerTimesOut(t *testing.T) {
	t.Parallel()
	server := startMail(t, stack.MailOptions{})
	server.Misbehave(stack.MailFaults{Hang: true})
	msg := Message{To: "mia@acme.test", Message: mail.Message{Subject: "s", Text: "t", HTML: "h"}}

	hasty, err := newMailer(server.URL(), "portico@portico.test", 200*time.Millisecond)
	check(t, err)
	ctx := storetest.Within(t, 20*time.Second)
	var failed *SendError
	if err := hasty.Send(ctx, msg); !errors.As(err, &failed) || failed.Permanent || ctx.Err() != nil {
		t.Errorf("err = %v", err)
	}
	stopped, cancel := context.WithCancel(ctx)
	time.AfterFunc(100*time.Millisecond, cancel)
	if err := mailerOf(t, server.URL()).Send(stopped, msg); !errors.Is(err, context.Canceled) || ctx.Err() != nil {
		t.Errorf("err = %v, want canceled", err)
	}
}

// The credentials in SMTP_URL are used. Wrong ones are not a permanent error, because
// they are not the recipient's fault.
func TestCredentials(t *testing.T) {
	t.Parallel()
	server := startMail(t, stack.MailOptions{Username: "portico", Password: "s3cret"})
	msg := Message{To: "mia@acme.test", Message: mail.Message{Subject: "s", Text: "t", HTML: "h"}}
	check(t, mailerOf(t, server.URL()).Send(t.Context(), msg))

	err := mailerOf(t, strings.Replace(server.URL(), "s3cret", "wr0ng", 1)).Send(t.Context(), msg)
	var failed *SendError
	if !errors.As(err, &failed) || failed.Permanent || strings.Contains(err.Error(), "wr0ng") {
		t.Errorf("err = %v", err)
	}
}

// NewMailer refuses an invalid SMTP_URL or MAIL_FROM and does not quote it.
func TestNewMailerRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"", "a@b.test"},
		{"http://user:s3cret@host:25", "a@b.test"},
		{"smtp://user:s3cret@:25", "a@b.test"},
		{"smtp://user:s3cret@host:port", "a@b.test"},
		{"smtp://host:25", ""},
		{"smtp://host:25", "s3cret"},
	} {
		if _, err := NewMailer(c[0], c[1]); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("NewMailer(%q, %q): %v", c[0], c[1], err)
		}
	}
}

// The server is busy at first: the queue retries and the mail is sent once.
func TestBusyMailServerIsRetried(t *testing.T) {
	t.Parallel()
	server := startMail(t, stack.MailOptions{})
	mailer := mailerOf(t, server.URL())
	server.Misbehave(stack.MailFaults{Busy: true})
	var log lockedBuffer
	r := newTestRunner(t, openWith(t, testSigner), testConfig(t, server.URL(), &log), func(r *Runner, c *river.Config) {
		onlyQueue("busy")(r, c)
		platformJob(c.Workers, r, func(ctx context.Context, _ probe) error {
			err := mailer.Send(ctx, Message{To: "mia@acme.test", Message: mail.Message{Subject: "s", Text: "t", HTML: "h"}})
			server.Misbehave(stack.MailFaults{})
			return err
		})
	})
	check(t, r.Start(t.Context()))
	defer r.Stop(context.Background())
	ended := endsOf(t, r)
	res, err := r.client.Insert(t.Context(), probe{}, inQueue("busy"))
	check(t, err)

	if row := ended(res.Job.ID); row.State != rivertype.JobStateCompleted || len(row.Errors) != 1 {
		t.Errorf("the job is %s after %d errors", row.State, len(row.Errors))
	}
	if got, err := server.To("mia@acme.test"); err != nil || len(got) != 1 {
		t.Errorf("%d mails, err = %v", len(got), err)
	}
	if strings.Contains(log.String(), "mia@acme.test") {
		t.Error("the log holds the address")
	}
}

// The server refuses the recipient permanently: the job is cancelled and logged without
// the address.
func TestRefusedRecipientEndsTheJob(t *testing.T) {
	t.Parallel()
	server := startMail(t, stack.MailOptions{})
	server.Misbehave(stack.MailFaults{Refuse: true})
	mailer := mailerOf(t, server.URL())
	var log lockedBuffer
	r := newTestRunner(t, openWith(t, testSigner), testConfig(t, server.URL(), &log), func(r *Runner, c *river.Config) {
		onlyQueue("refused")(r, c)
		platformJob(c.Workers, r, func(ctx context.Context, _ probe) error {
			return mailer.Send(ctx, Message{To: "mia@acme.test", Message: mail.Message{Subject: "s", Text: "t", HTML: "h"}})
		})
	})
	check(t, r.Start(t.Context()))
	defer r.Stop(context.Background())
	ended := endsOf(t, r)
	res, err := r.client.Insert(t.Context(), probe{}, inQueue("refused"))
	check(t, err)

	row := ended(res.Job.ID)
	if row.State != rivertype.JobStateCancelled || strings.Contains(row.Errors[0].Error, "mia@") {
		t.Errorf("the job is %s with %v", row.State, row.Errors)
	}
	lines := log.logged(t, func(line map[string]any) bool { return line["msg"] == "mail not accepted" && line["answer"] == 550.0 })
	if len(lines) != 1 || strings.Contains(log.String(), "mia@acme.test") {
		t.Errorf("%d lines in the log: %s", len(lines), log.String())
	}
}
