package jobs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/textproto"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"portico/handlers/web"
)

// Errors of [ProbeMail]: why the mail server would not accept our mail.
var (
	ErrMailUnavailable = errors.New("the mail server does not answer")
	ErrMailTLS         = errors.New("the mail server and we cannot agree on TLS")
	ErrMailCertificate = errors.New("the certificate of the mail server is not one that we trust for its name")
	ErrMailName        = errors.New("the mail server refuses the name by which we greet it")
	ErrMailMechanism   = errors.New("the mail server offers no way to sign in that we know: we know PLAIN, LOGIN, CRAM-MD5 and SCRAM, and send no password without TLS")
	ErrMailCredentials = errors.New("the mail server refuses the user or password in SMTP_URL")
	ErrMailLogin       = errors.New("the mail server wants a user and password, and SMTP_URL has none")
	ErrMailSender      = errors.New("the mail server refuses mail from the address in MAIL_FROM")
	ErrNotMailServer   = errors.New("the server answers but isn't a mail server")
)

// probeTime is the timeout of each step.
const probeTime = 8 * time.Second

// ProbeMail does everything that happens before a recipient is named: it connects, says
// EHLO, starts TLS, signs in and names the sender. It sends no mail.
func ProbeMail(ctx context.Context, smtpURL, from string) error {
	m, err := newMailer(smtpURL, from, sendTime)
	if err != nil {
		return err
	}
	return m.probe(ctx, probeTime)
}

func (m *Mailer) probe(ctx context.Context, each time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, each)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", m.settings.addr())
	if err != nil {
		return ErrMailUnavailable
	}
	_ = conn.Close()
	client, err := m.settings.client(each)
	if err != nil {
		return err
	}
	server, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return classifyMailError(err)
	}
	defer func() { _ = server.Quit() }()
	return m.probeSender(server)
}

// probeSender names the sender and takes it back.
func (m *Mailer) probeSender(server *smtp.Client) error {
	wire, ascii := web.WireEmail(m.from.Address)
	server.SkipSMTPUTF8(ascii)
	err := server.Mail("<" + wire + ">")
	reply, refused := errors.AsType[*textproto.Error](err)
	switch {
	case refused && reply.Code == 530:
		return ErrMailLogin
	case refused && reply.Code >= 500:
		return ErrMailSender
	case err != nil:
		return ErrMailUnavailable
	}
	_ = server.Reset()
	return nil
}

// classifyMailError drops the server's text, which may quote what it was sent.
func classifyMailError(err error) error {
	var timeout net.Error
	text := err.Error()
	_, replied := errors.AsType[*textproto.Error](err)
	switch {
	case errors.As(err, new(*tls.CertificateVerificationError)), errors.As(err, new(x509.HostnameError)), errors.As(err, new(x509.UnknownAuthorityError)):
		return ErrMailCertificate
	case errors.As(err, new(tls.RecordHeaderError)), strings.Contains(text, "STARTTLS"):
		return ErrMailTLS
	case errors.Is(err, ErrMailMechanism), strings.Contains(text, ErrMailMechanism.Error()), strings.Contains(text, "does not support SMTP AUTH"):
		return ErrMailMechanism
	case strings.Contains(text, "AUTH"):
		return ErrMailCredentials
	case replied:
		return ErrMailName
	case errors.As(err, &timeout) && timeout.Timeout():
		return ErrMailUnavailable
	}
	return ErrNotMailServer
}

const (
	// trustWorked is how long a mail server counts as usable after it took a mail or a
	// probe: nobody signs in there every second.
	trustWorked = time.Minute
	// trustFailed is how long it counts as unusable after a probe.
	trustFailed = 10 * time.Second
	// checkTime is the timeout of a check for readiness.
	checkTime = 2 * time.Second
)

// Check returns an error unless the mail server would take our mail: it greets now, and
// accepted our login and sender within the last minute. It sends no mail.
func (m *Mailer) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	if err := m.greets(ctx); err != nil {
		m.noteResult(err)
		return err
	}
	m.mu.Lock()
	fresh := (m.last == nil && time.Since(m.lastAt) < trustWorked) || (m.last != nil && time.Since(m.lastAt) < trustFailed && !errors.Is(m.last, errSilent))
	last := m.last
	m.mu.Unlock()
	if fresh {
		return last
	}
	err := m.probe(ctx, checkTime)
	m.noteResult(err)
	return err
}

func (m *Mailer) noteResult(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last, m.lastAt = err, time.Now()
}

var errSilent = errors.New("mail server does not greet")

// greets returns an error unless the server says that it is ready.
func (m *Mailer) greets(ctx context.Context) error {
	dial := (&net.Dialer{}).DialContext
	if m.settings.ssl {
		dial = (&tls.Dialer{Config: m.settings.tlsConfig()}).DialContext
	}
	conn, err := dial(ctx, "tcp", m.settings.addr())
	if err != nil {
		return errSilent
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	greeting := make([]byte, 3)
	if _, err := conn.Read(greeting); err != nil || string(greeting) != "220" {
		return errSilent
	}
	_, _ = conn.Write([]byte("QUIT\r\n"))
	return nil
}
