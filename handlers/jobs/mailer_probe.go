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

// Why a mail server would not take our mail, as [ProbeMail] finds out.
var (
	ErrMailAway   = errors.New("the mail server does not answer")
	ErrMailTLS    = errors.New("the mail server and we cannot agree on TLS")
	ErrMailSignIn = errors.New("the mail server refuses the user or password in SMTP_URL")
	ErrMailOther  = errors.New("the server answers but isn't a mail server")
)

// probeTime is how long a mail server may take for each step.
const probeTime = 8 * time.Second

// ProbeMail goes as far as a mail goes before it is handed over: it connects,
// says hello, turns to TLS and signs in. It sends nothing.
func ProbeMail(ctx context.Context, smtpURL, from string) error {
	m, err := newMailer(smtpURL, from, probeTime)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", m.addr)
	if err != nil {
		return ErrMailAway
	}
	_ = conn.Close()
	server, err := m.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return mailFault(err)
	}
	_ = server.Quit()
	return nil
}

// mailFault keeps nothing of what the server said, which may quote what it was sent.
func mailFault(err error) error {
	var timeout net.Error
	switch {
	case errors.As(err, new(*tls.CertificateVerificationError)), errors.As(err, new(x509.HostnameError)),
		errors.As(err, new(tls.RecordHeaderError)), strings.Contains(err.Error(), "STARTTLS"):
		return ErrMailTLS
	case errors.As(err, new(*textproto.Error)), strings.Contains(err.Error(), "AUTH"):
		return ErrMailSignIn
	case errors.As(err, &timeout) && timeout.Timeout():
		return ErrMailAway
	}
	return ErrMailOther
}
