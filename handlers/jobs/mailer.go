package jobs

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"sync"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"portico/handlers/web"
	"portico/views/mail"
)

const (
	dialTime = 10 * time.Second // to connect to the mail server
	sendTime = 30 * time.Second // to send a message
)

// Mailer sends mail through the installation's SMTP server. It logs nothing, because
// bodies and addresses are secrets.
type Mailer struct {
	client   *gomail.Client
	settings smtpSettings
	from     *netmail.Address

	mu     sync.Mutex
	last   error // why the last check failed, or nil
	lastAt time.Time
}

// NewMailer reads SMTP_URL and MAIL_FROM. SMTP_URL is smtp://user:password@host:port or
// smtps://…, with the settings tls and helo as in docs/configuration.md. It does not
// connect yet. Credentials are sent only over TLS or to loopback. No error quotes the URL.
func NewMailer(smtpURL, from string) (*Mailer, error) { return newMailer(smtpURL, from, sendTime) }

func newMailer(smtpURL, from string, sendTime time.Duration) (*Mailer, error) {
	sender, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, errors.New("MAIL_FROM is not an email address")
	}
	s, err := readSMTP(smtpURL, sender)
	if err != nil {
		return nil, err
	}
	client, err := s.client(sendTime)
	if err != nil {
		return nil, errors.New("SMTP_URL cannot be used")
	}
	return &Mailer{client: client, settings: s, from: sender}, nil
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
	letter, ascii, err := m.compose(msg)
	if err != nil {
		return &SendError{Permanent: true, step: "the address cannot be written to"}
	}
	dialCtx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	server, err := m.client.DialToSMTPClientWithContext(dialCtx)
	if err != nil {
		m.noteResult(errSilent) // the next check finds out why
		return withCancellation(ctx, &SendError{step: "connect"})
	}
	answer := make(chan error, 1)
	go func() {
		defer func() {
			if recover() != nil {
				answer <- &SendError{step: "panic"}
			}
		}()
		answer <- m.send(server, letter, ascii)
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

// send sends a mail. Addresses outside ASCII need a server that takes them; for others
// the extension is not asked for, so that the next server need not know it.
func (m *Mailer) send(server *smtp.Client, letter *gomail.Msg, ascii bool) error {
	if offered, _ := server.Extension("SMTPUTF8"); !ascii && !offered {
		_ = server.Quit()
		return &SendError{Permanent: true, step: "the server can't write to an address outside ASCII"}
	}
	server.SkipSMTPUTF8(ascii)
	err := m.client.SendWithSMTPClient(server, letter)
	if letter.IsDelivered() {
		// The server accepted the mail. An error of QUIT must not cause a second mail.
		m.noteResult(nil)
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

// compose writes the mail, and reports whether both addresses are in ASCII.
func (m *Mailer) compose(msg Message) (letter *gomail.Msg, ascii bool, err error) {
	// No User-Agent, which would reveal our mail library.
	letter = gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	// The standard library quotes names correctly; go-mail only concatenates name and
	// address.
	from := *m.from
	var fromASCII bool
	from.Address, fromASCII = web.WireEmail(from.Address)
	if msg.From != "" {
		from.Name = oneLine(msg.From)
	}
	if err := letter.From(from.String()); err != nil {
		return nil, false, err
	}
	wire, ascii := web.WireEmail(msg.To)
	to, err := netmail.ParseAddress(wire)
	// Accept exactly one address without a name.
	if err != nil || to.Name != "" || to.String() != "<"+wire+">" {
		return nil, false, errors.New("not an address")
	}
	to.Name = oneLine(msg.ToName)
	if err := letter.To(to.String()); err != nil {
		return nil, false, err
	}
	letter.Subject(oneLine(msg.Subject))
	letter.SetDate()
	// Our own Message-ID, because go-mail's holds the name of this machine.
	_, domain, _ := web.SplitEmail(from.Address)
	letter.SetMessageIDWithValue(cmp.Or(msg.ID, rand.Text()) + "@" + domain)
	// Tells mail programs not to send automatic replies.
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	for name, v := range msg.Header {
		letter.SetGenHeader(gomail.Header(name), oneLine(v))
	}
	letter.SetBodyString(gomail.TypeTextPlain, msg.Text)
	letter.AddAlternativeString(gomail.TypeTextHTML, msg.HTML)
	return letter, ascii && fromASCII, nil
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
