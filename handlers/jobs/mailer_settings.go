package jobs

import (
	"crypto/tls"
	"errors"
	"net"
	netmail "net/mail"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"portico/handlers/web"
)

// smtpSettings are what SMTP_URL says.
type smtpSettings struct {
	host     string
	port     int
	ssl      bool   // TLS from the first byte
	tls      string // "", or one of tlsModes
	helo     string // the name by which we greet
	user     string
	password string
}

// tlsModes are the values of ?tls= in SMTP_URL.
var tlsModes = []string{"required", "unverified", "off"}

// readSMTP reads SMTP_URL. No error quotes it.
func readSMTP(smtpURL string, from *netmail.Address) (s smtpSettings, err error) {
	u, err := url.Parse(smtpURL)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return s, errors.New("SMTP_URL is not of the form smtp://host:port or smtps://host:port")
	}
	s = smtpSettings{host: u.Hostname(), ssl: u.Scheme == "smtps", tls: u.Query().Get("tls"), helo: u.Query().Get("helo"), user: u.User.Username()}
	s.password, _ = u.User.Password()
	s.port, err = strconv.Atoi(u.Port())
	switch {
	case u.Port() != "" && err != nil:
		return s, errors.New("SMTP_URL has no sensible port")
	case u.Port() == "" && s.ssl:
		s.port = 465
	case u.Port() == "":
		s.port = 587
	}
	for name := range u.Query() {
		if name != "tls" && name != "helo" {
			return s, errors.New("SMTP_URL has a setting other than tls and helo")
		}
	}
	switch {
	case s.tls != "" && !slices.Contains(tlsModes, s.tls):
		return s, errors.New("tls in SMTP_URL must be required, unverified or off")
	case s.tls == "off" && s.ssl:
		return s, errors.New("SMTP_URL says smtps and tls=off")
	case s.tls == "off" && s.user != "" && !s.loopback():
		return s, errors.New("SMTP_URL would send the password unencrypted: use tls=required or tls=unverified")
	case strings.ContainsAny(s.helo, " \r\n\t<>"):
		return s, errors.New("helo in SMTP_URL is not a host name")
	}
	if s.helo == "" {
		s.helo = heloName(from)
	}
	return s, nil
}

// heloName is the name by which we greet if none is set: this machine's if it is a whole
// name, else the sender's domain. Many servers refuse a name without a dot.
func heloName(from *netmail.Address) string {
	if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") && !strings.HasSuffix(name, ".localdomain") {
		return name
	}
	wire, _ := web.WireEmail(from.Address)
	_, domain, _ := web.SplitEmail(wire)
	if strings.ContainsAny(domain, ".") {
		return domain
	}
	return "localhost"
}

func (s smtpSettings) loopback() bool {
	ip := net.ParseIP(s.host)
	return s.host == "localhost" || ip.IsLoopback()
}

func (s smtpSettings) addr() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

// tlsConfig is how the server's certificate is checked. On loopback nobody is in between,
// and servers there have certificates that they made themselves.
func (s smtpSettings) tlsConfig() *tls.Config {
	return &tls.Config{
		ServerName: s.host, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: s.tls == "unverified" || (s.tls == "" && s.loopback()), //nolint:gosec // on loopback, or as the operator says
	}
}

// client makes a client of the server. Nothing is sent to it yet.
func (s smtpSettings) client(timeout time.Duration) (*gomail.Client, error) {
	opts := []gomail.Option{
		gomail.WithPort(s.port), gomail.WithTimeout(timeout), gomail.WithoutNoop(), gomail.WithHELO(s.helo), gomail.WithTLSConfig(s.tlsConfig()),
	}
	policy := gomail.TLSOpportunistic
	switch {
	case s.ssl:
		opts = append(opts, gomail.WithSSL())
		policy = gomail.NoTLS // the connection is TLS already
	case s.tls == "off":
		policy = gomail.NoTLS
	case s.tls != "", s.user != "" && !s.loopback():
		policy = gomail.TLSMandatory
	}
	opts = append(opts, gomail.WithTLSPolicy(policy))
	if s.user != "" {
		opts = append(opts, gomail.WithSMTPAuthCustom(&login{settings: s}))
	}
	return gomail.NewClient(s.host, opts...)
}

// login signs in with the best way that the server offers. The password is sent as it is
// only over TLS or to loopback.
type login struct {
	settings smtpSettings
	chosen   smtp.Auth
}

// Start implements smtp.Auth.
func (l *login) Start(server *smtp.ServerInfo) (string, []byte, error) {
	s := l.settings
	offers := func(name string) bool {
		return slices.ContainsFunc(server.Auth, func(offered string) bool { return strings.EqualFold(offered, name) })
	}
	encrypted := server.TLS || s.loopback()
	switch {
	case offers("SCRAM-SHA-256"):
		l.chosen = smtp.ScramSHA256Auth(s.user, s.password)
	case offers("SCRAM-SHA-1"):
		l.chosen = smtp.ScramSHA1Auth(s.user, s.password)
	case offers("PLAIN") && encrypted:
		l.chosen = smtp.PlainAuth("", s.user, s.password, s.host, true)
	case offers("LOGIN") && encrypted:
		l.chosen = smtp.LoginAuth(s.user, s.password, s.host, true)
	case offers("CRAM-MD5"):
		l.chosen = smtp.CRAMMD5Auth(s.user, s.password)
	default:
		return "", nil, ErrMailMechanism
	}
	return l.chosen.Start(server)
}

// Next implements smtp.Auth.
func (l *login) Next(fromServer []byte, more bool) ([]byte, error) {
	return l.chosen.Next(fromServer, more)
}
