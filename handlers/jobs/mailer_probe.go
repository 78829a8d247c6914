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
)

// Errors of [ProbeMail]: why the mail server would not accept our mail.
var (
	ErrMailUnavailable = errors.New("the mail server does not answer")
	ErrMailTLS         = errors.New("the mail server and we cannot agree on TLS")
	ErrMailCredentials = errors.New("the mail server refuses the user or password in SMTP_URL")
	ErrNotMailServer   = errors.New("the server answers but isn't a mail server")
)

// probeTime is the timeout of each step.
const probeTime = 8 * time.Second

// ProbeMail does everything that happens before a mail is sent: it connects, says
// EHLO, starts TLS and authenticates. It sends no mail.
func ProbeMail(ctx context.Context, smtpURL, from string) error {
	m, err := newMailer(smtpURL, from, probeTime)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", m.addr)
	if err != nil {
		return ErrMailUnavailable
	}
	_ = conn.Close()
	server, err := m.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return classifyMailError(err)
	}
	_ = server.Quit()
	return nil
}

// classifyMailError drops the server's text, which may quote what it was sent.
func classifyMailError(err error) error {
	var timeout net.Error
	switch {
	case errors.As(err, new(*tls.CertificateVerificationError)), errors.As(err, new(x509.HostnameError)),
		errors.As(err, new(tls.RecordHeaderError)), strings.Contains(err.Error(), "STARTTLS"):
		return ErrMailTLS
	case errors.As(err, new(*textproto.Error)), strings.Contains(err.Error(), "AUTH"):
		return ErrMailCredentials
	case errors.As(err, &timeout) && timeout.Timeout():
		return ErrMailUnavailable
	}
	return ErrNotMailServer
}
