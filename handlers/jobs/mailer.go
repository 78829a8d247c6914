package jobs

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"portico/views/mail"
)

const (
	dialTime = 10 * time.Second // to connect to the mail server
	sendTime = 30 * time.Second // to send a message
)

// Mailer sends mail through the installation's SMTP server. It logs nothing, because
// bodies and addresses are secrets.
type Mailer struct {
	client *gomail.Client
	from   *netmail.Address
	addr   string // host:port
	host   string
	tls    bool // from the first byte
}

// NewMailer reads SMTP_URL (smtp://user:password@host:port or smtps://…) and
// MAIL_FROM. It does not connect yet. Credentials are sent only over TLS or to
// loopback. No error quotes the URL.
func NewMailer(smtpURL, from string) (*Mailer, error) { return newMailer(smtpURL, from, sendTime) }

func newMailer(smtpURL, from string, sendTime time.Duration) (*Mailer, error) {
	sender, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, errors.New("MAIL_FROM is not an email address")
	}
	u, err := url.Parse(smtpURL)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, errors.New("SMTP_URL is not of the form smtp://host:port or smtps://host:port")
	}
	m := &Mailer{from: sender, host: u.Hostname(), tls: u.Scheme == "smtps"}
	port, err := strconv.Atoi(u.Port())
	switch {
	case u.Port() != "" && err != nil:
		return nil, errors.New("SMTP_URL has no sensible port")
	case u.Port() == "" && m.tls:
		port = 465
	case u.Port() == "":
		port = 587
	}
	m.addr = net.JoinHostPort(m.host, strconv.Itoa(port))
	if m.client, err = gomail.NewClient(m.host, m.options(port, u.User, sendTime)...); err != nil {
		return nil, errors.New("SMTP_URL cannot be used")
	}
	return m, nil
}

func (m *Mailer) options(port int, user *url.Userinfo, sendTime time.Duration) []gomail.Option {
	opts := []gomail.Option{gomail.WithPort(port), gomail.WithTimeout(sendTime), gomail.WithoutNoop()}
	loopback := m.host == "localhost"
	if ip := net.ParseIP(m.host); ip != nil {
		loopback = ip.IsLoopback()
	}
	policy, auth := gomail.TLSOpportunistic, gomail.SMTPAuthAutoDiscover
	switch {
	case m.tls:
		opts = append(opts, gomail.WithSSL())
		policy = gomail.NoTLS // the connection is TLS already
	case user != nil && !loopback:
		policy = gomail.TLSMandatory
	case loopback:
		// Go's PLAIN allows loopback without TLS; discovery does not.
		auth = gomail.SMTPAuthPlain
	}
	opts = append(opts, gomail.WithTLSPolicy(policy))
	if user != nil {
		password, _ := user.Password()
		opts = append(opts, gomail.WithSMTPAuth(auth), gomail.WithUsername(user.Username()), gomail.WithPassword(password))
	}
	return opts
}

// Message is one mail to one person.
type Message struct {
	mail.Message
	// From is the sender's name; "" means the name in MAIL_FROM. The address is always
	// MAIL_FROM's.
	From   string
	ToName string
	To     string
	// ID is the first part of the Message-ID, so that mail programs recognise a mail that
	// is sent again. "" makes it random.
	ID string
	// Header holds further headers; names are ours, values are ids.
	Header map[string]string
}

// SendError is the error of a mail that was not sent. It holds no address.
type SendError struct {
	// Permanent means that the server will never accept this message.
	Permanent bool
	Code      int // SMTP code of the server's answer; 0 without an answer
	step      string
}

func (e *SendError) Error() string {
	if e.Code == 0 {
		return "mail server: no answer: " + e.step
	}
	return fmt.Sprintf("mail server: %d: %s", e.Code, e.step)
}

// Send sends one message. Every error is or wraps a [*SendError].
func (m *Mailer) Send(ctx context.Context, msg Message) error {
	letter, err := m.compose(msg)
	if err != nil {
		return &SendError{Permanent: true, step: "the address cannot be written to"}
	}
	dialCtx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	server, err := m.client.DialToSMTPClientWithContext(dialCtx)
	if err != nil {
		return withCancellation(ctx, &SendError{step: "connect"})
	}
	answer := make(chan error, 1)
	go func() {
		defer func() {
			if recover() != nil {
				answer <- &SendError{step: "panic"}
			}
		}()
		answer <- m.send(server, letter)
	}()
	select {
	case err = <-answer:
		return err
	case <-ctx.Done():
		// A server that does not answer blocks until the timeout, and a stopping process
		// must not wait for it.
		return withCancellation(ctx, &SendError{step: "stopped"})
	}
}

func (m *Mailer) send(server *smtp.Client, letter *gomail.Msg) error {
	err := m.client.SendWithSMTPClient(server, letter)
	if letter.IsDelivered() {
		// The server accepted the mail. An error of QUIT must not cause a second mail.
		_ = server.Quit()
		return nil
	}
	_ = server.Close()
	return sendError(err)
}

// withCancellation adds the error of ctx, so that a job that is being stopped returns to
// the queue and the attempt is not counted as a failure.
func withCancellation(ctx context.Context, err *SendError) error {
	if !err.Permanent && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", err, ctx.Err())
	}
	return err
}

// sendError keeps the code and the reason of a failure and drops the server's text,
// which often quotes the address.
func sendError(err error) *SendError {
	var failed *gomail.SendError
	if !errors.As(err, &failed) {
		return &SendError{step: "send"}
	}
	e := &SendError{Code: failed.ErrorCode(), step: failed.Reason.String()}
	switch failed.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		e.Permanent = e.Code >= 500
	case gomail.ErrGetRcpts:
		e.Permanent = true
	}
	return e
}

func (m *Mailer) compose(msg Message) (*gomail.Msg, error) {
	// No User-Agent, which would reveal our mail library.
	letter := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	// The standard library quotes names correctly; go-mail only concatenates name and
	// address.
	from := *m.from
	if msg.From != "" {
		from.Name = oneLine(msg.From)
	}
	if err := letter.From(from.String()); err != nil {
		return nil, err
	}
	// Accept exactly one address without a name.
	if plain, err := netmail.ParseAddress(msg.To); err != nil || plain.Address != msg.To {
		return nil, errors.New("not an address")
	}
	to := netmail.Address{Name: oneLine(msg.ToName), Address: msg.To}
	if err := letter.To(to.String()); err != nil {
		return nil, err
	}
	letter.Subject(oneLine(msg.Subject))
	letter.SetDate()
	// Our own Message-ID, because go-mail's holds the name of this machine.
	_, domain, _ := strings.Cut(m.from.Address, "@")
	letter.SetMessageIDWithValue(cmp.Or(msg.ID, rand.Text()) + "@" + domain)
	// Tells mail programs not to send automatic replies.
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	for name, v := range msg.Header {
		letter.SetGenHeader(gomail.Header(name), oneLine(v))
	}
	letter.SetBodyString(gomail.TypeTextPlain, msg.Text)
	letter.AddAlternativeString(gomail.TypeTextHTML, msg.HTML)
	return letter, nil
}

// oneLine makes a text safe for a header: it replaces line breaks and other
// non-printing characters by spaces.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// Check returns an error unless the mail server greets within two seconds. It sends no
// mail.
func (m *Mailer) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	dial := (&net.Dialer{}).DialContext
	if m.tls {
		dial = (&tls.Dialer{Config: &tls.Config{ServerName: m.host, MinVersion: tls.VersionTLS12}}).DialContext
	}
	conn, err := dial(ctx, "tcp", m.addr)
	if err != nil {
		return errors.New("mail server does not answer")
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	greeting := make([]byte, 3)
	if _, err := conn.Read(greeting); err != nil || string(greeting) != "220" {
		return errors.New("mail server does not greet")
	}
	_, _ = conn.Write([]byte("QUIT\r\n"))
	return nil
}
