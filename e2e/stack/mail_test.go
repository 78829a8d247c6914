package stack

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// sendMail sends one mail with a text and an HTML part through m.
func sendMail(ctx context.Context, m *Mail, to, subject, text string) error {
	return sendMailWithin(ctx, 15*time.Second, m, to, subject, text)
}

func sendMailWithin(ctx context.Context, limit time.Duration, m *Mail, to, subject, text string) error {
	msg := gomail.NewMsg()
	if err := errors.Join(msg.From("portico@portico.test"), msg.To(to)); err != nil {
		return err
	}
	msg.Subject(subject)
	msg.SetBodyString(gomail.TypeTextPlain, text)
	msg.AddAlternativeString(gomail.TypeTextHTML, "<p>"+text+"</p>")
	options := []gomail.Option{gomail.WithPort(m.port), gomail.WithTLSPolicy(gomail.NoTLS), gomail.WithTimeout(limit)}
	if m.opts.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthPlainNoEnc),
			gomail.WithUsername(m.opts.Username), gomail.WithPassword(m.opts.Password))
	}
	client, err := gomail.NewClient("127.0.0.1", options...)
	if err != nil {
		return err
	}
	return client.DialAndSendWithContext(ctx, msg)
}

// A mail is found by its recipient in any case of the address, with its text
// decoded, and is stored as one complete .eml file.
func TestMailArrives(t *testing.T) {
	t.Parallel()
	m, err := StartMail(t.Context(), MailOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Stop()
	text := "Grüße: https://localhost/" + strings.Repeat("x", 200)
	go func() {
		_ = sendMail(t.Context(), m, "Other@acme.test", "another", "no")
		_ = sendMail(t.Context(), m, "Mia@Acme.test", "Schöne Grüße", text)
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	msg, err := m.Wait(ctx, "mia@acme.test", nil)
	if err != nil {
		t.Fatal(err)
	}
	if msg.Subject() != "Schöne Grüße" || msg.From != "portico@portico.test" {
		t.Errorf("subject %q, from %q", msg.Subject(), msg.From)
	}
	if strings.TrimSpace(msg.Text()) != text || strings.TrimSpace(msg.HTML()) != "<p>"+text+"</p>" {
		t.Errorf("text %q, html %q", msg.Text(), msg.HTML())
	}
	if b, err := os.ReadFile(msg.Path); err != nil || string(b) != string(msg.Raw) {
		t.Errorf("the file differs: %v", err)
	}
}

// If credentials are set, a client without them can't send.
func TestMailWantsPassword(t *testing.T) {
	t.Parallel()
	m, err := StartMail(t.Context(), MailOptions{Username: "portico", Password: "right"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Stop()
	if err := sendMail(t.Context(), m, "mia@acme.test", "s", "t"); err != nil {
		t.Error(err)
	}
	nobody := &Mail{port: m.port}
	if err := sendMail(t.Context(), nobody, "mia@acme.test", "s", "t"); err == nil {
		t.Error("mail was taken from a client without a password")
	}
}

// A client gets refusals, hangs and an absent server as errors. Once the fault
// ends, mail gets through again.
func TestMailMisbehaves(t *testing.T) {
	t.Parallel()
	m, err := StartMail(t.Context(), MailOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Stop()
	send := func() error {
		return sendMail(t.Context(), m, "mia@acme.test", "s", "t")
	}
	m.Misbehave(MailFaults{Refuse: true})
	if err := send(); err == nil || !strings.Contains(err.Error(), "550") {
		t.Errorf("refused: %v", err)
	}
	m.Misbehave(MailFaults{Busy: true})
	if err := send(); err == nil || !strings.Contains(err.Error(), "451") {
		t.Errorf("busy: %v", err)
	}
	m.Misbehave(MailFaults{Hang: true})
	if err := sendMailWithin(t.Context(), 300*time.Millisecond, m, "mia@acme.test", "s", "t"); err == nil {
		t.Error("a hanging server took the mail")
	}
	m.Misbehave(MailFaults{})
	if err := m.StopImmediate(); err != nil {
		t.Fatal(err)
	}
	var refused *net.OpError
	if err := send(); !errors.As(err, &refused) {
		t.Errorf("stopped: %v", err)
	}
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	if err := send(); err != nil {
		t.Error(err)
	}
}
