package stack

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// MailOptions configures a mail server. The zero value is right for a test.
type MailOptions struct {
	// Dir receives every message. Empty means a temporary directory that Stop
	// removes.
	Dir string
	// Port is used if it is free. Zero means any.
	Port int
	// Username and Password are required with AUTH PLAIN if both are set.
	Username, Password string
}

// Mail is a mail server on loopback that delivers nothing: it writes each message
// to an .eml file in its directory.
type Mail struct {
	opts MailOptions
	temp *tempDir // removed by Stop, or nil
	port int

	mu      sync.Mutex
	server  *smtp.Server // nil while stopped
	ears    net.Listener // the server's listener; Serve may not have started when it is closed
	faults  MailFaults
	arrived chan struct{} // closed and replaced when a message arrives
	release chan struct{} // closed to release hanging sessions
	serial  int
}

// NoMailbox begins the addresses that every mail server here refuses for good.
const NoMailbox = "no-mailbox-"

// MailFaults is how the mail server misbehaves. The zero value is a healthy server.
type MailFaults struct {
	// Refuse answers every recipient with a permanent error (550).
	Refuse bool
	// Busy answers every recipient with a temporary error (451).
	Busy bool
	// RefuseSender answers every sender with a permanent error (550).
	RefuseSender bool
	// Hang accepts the sender and then sends nothing until the fault ends.
	Hang bool
}

// StartMail starts a mail server. It runs until Stop or the end of ctx.
func StartMail(ctx context.Context, opts MailOptions) (*Mail, error) {
	m := &Mail{opts: opts, arrived: make(chan struct{}), release: make(chan struct{})}
	var err error
	if m.opts.Dir == "" {
		if m.temp, err = newTempDir("mail"); err != nil {
			return nil, fmt.Errorf("mail: %w", err)
		}
		m.opts.Dir = m.temp.path
	}
	if err := os.MkdirAll(m.opts.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	err = onFreePort(opts.Port, func(port int) error {
		m.port = port
		return m.Start()
	})
	if err != nil {
		_ = m.Stop()
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = m.Stop() })
	return m, nil
}

// Start starts the stopped server on the same port. It does nothing if the server
// is running.
func (m *Mail) Start() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.server != nil {
		return nil
	}
	listener, err := net.Listen("tcp4", loopback(m.port))
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &mailSession{mail: m}, nil
	}))
	server.Domain = "localhost"
	server.AllowInsecureAuth = true
	server.EnableSMTPUTF8 = true
	server.MaxMessageBytes = 64 << 20
	server.ReadTimeout, server.WriteTimeout = time.Minute, time.Minute
	server.ErrorLog = discardLog{}
	m.server, m.ears = server, listener
	go func() { _ = server.Serve(listener) }()
	return nil
}

// StopImmediate closes every connection and refuses new ones until Start.
func (m *Mail) StopImmediate() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.server == nil {
		return nil
	}
	err := m.server.Close()
	_ = m.ears.Close() // usually closed already
	m.server = nil
	return err
}

// Stop stops the server and removes its temporary files
func (m *Mail) Stop() error {
	m.Misbehave(MailFaults{})
	err := m.StopImmediate()
	m.temp.remove()
	return err
}

// Misbehave replaces the faults of the server; the zero value ends them all.
func (m *Mail) Misbehave(f MailFaults) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = f
	if !f.Hang {
		close(m.release)
		m.release = make(chan struct{})
	}
}

// URL returns the server's address for Portico's SMTP_URL.
func (m *Mail) URL() string {
	if m.opts.Username == "" {
		return "smtp://" + loopback(m.port)
	}
	return fmt.Sprintf("smtp://%s:%s@%s", m.opts.Username, m.opts.Password, loopback(m.port))
}

// Dir returns the directory of the .eml files.
func (m *Mail) Dir() string { return m.opts.Dir }

// faultsNow returns the current faults and a channel that is closed when a hang
// ends.
func (m *Mail) faultsNow() (MailFaults, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.faults, m.release
}

// mailSession is one client's session.
type mailSession struct {
	mail     *Mail
	from     string
	to       []string
	loggedIn bool
}

// AuthMechanisms implements smtp.AuthSession.
func (s *mailSession) AuthMechanisms() []string {
	if s.mail.opts.Username == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth implements smtp.AuthSession.
func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != s.mail.opts.Username || password != s.mail.opts.Password {
			return smtp.ErrAuthFailed
		}
		s.loggedIn = true
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	if s.mail.opts.Username != "" && !s.loggedIn {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "authentication required"}
	}
	if faults, _ := s.mail.faultsNow(); faults.RefuseSender {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "sender not allowed"}
	}
	s.from = from
	return nil
}

// Rcpt implements smtp.Session.
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	faults, release := s.mail.faultsNow()
	switch {
	case faults.Hang:
		<-release
	case faults.Refuse, strings.HasPrefix(strings.ToLower(to), NoMailbox):
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	case faults.Busy:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again later"}
	}
	s.to = append(s.to, strings.ToLower(to))
	return nil
}

// Data implements smtp.Session.
func (s *mailSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return s.mail.keep(Message{From: s.from, To: s.to, At: time.Now(), Raw: raw})
}

// Reset implements smtp.Session.
func (s *mailSession) Reset() { s.from, s.to = "", nil }

// Logout implements smtp.Session.
func (s *mailSession) Logout() error { return nil }

// discardLog discards the server's messages about clients that disconnect, which
// fault tests cause on purpose.
type discardLog struct{}

// Printf implements smtp.Logger.
func (discardLog) Printf(string, ...any) {}

// Println implements smtp.Logger.
func (discardLog) Println(...any) {}
