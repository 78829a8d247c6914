package jobs

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wneessen/go-mail/smtp"

	"portico/e2e/stack"
	"portico/views/mail"
)

// strictServer is a mail server with the peculiarities of common ones.
type strictServer struct {
	certificate *tls.Certificate // offers STARTTLS, with a certificate that it made itself
	mechanisms  string           // of AUTH, "" for none
	wantsName   bool             // refuses a greeting name without a dot, as Postfix can
	sender      string           // the only sender that it takes; "" takes all
	needsLogin  bool
	utf8        bool
}

// start serves until the test ends and returns the address. Each command gets the answer
// of a real server.
func (s strictServer) start(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return l.Addr().String()
}

func (s strictServer) serve(conn net.Conn) {
	defer conn.Close()
	in, secure, signedIn, data := bufio.NewReader(conn), false, false, false
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 strict ESMTP")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		switch verb = strings.ToUpper(verb); {
		case data:
			if line == "." {
				data = false
				say("250 taken")
			}
		case verb == "EHLO" || verb == "HELO":
			if s.wantsName && !strings.Contains(rest, ".") {
				say("504 5.5.2 <" + rest + ">: Helo command rejected: need fully-qualified hostname")
				continue
			}
			lines := []string{"strict"}
			if s.certificate != nil && !secure {
				lines = append(lines, "STARTTLS")
			}
			if s.mechanisms != "" {
				lines = append(lines, "AUTH "+s.mechanisms)
			}
			if s.utf8 {
				lines = append(lines, "SMTPUTF8")
			}
			for i, l := range lines {
				mark := "-"
				if i == len(lines)-1 {
					mark = " "
				}
				say("250" + mark + l)
			}
		case verb == "STARTTLS":
			say("220 go on")
			over := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*s.certificate}, MinVersion: tls.VersionTLS12})
			if over.Handshake() != nil {
				return
			}
			conn, in, secure = over, bufio.NewReader(over), true
		case verb == "AUTH" && strings.HasPrefix(rest, "LOGIN") && strings.Contains(s.mechanisms, "LOGIN"):
			say("334 VXNlcm5hbWU6")
			_, _ = in.ReadString('\n')
			say("334 UGFzc3dvcmQ6")
			password, _ := in.ReadString('\n')
			if signedIn = strings.TrimSpace(password) == "czNjcmV0"; signedIn {
				say("235 welcome")
			} else {
				say("535 5.7.8 authentication failed")
			}
		case verb == "AUTH":
			say("504 5.5.4 unrecognized authentication type")
		case verb == "MAIL" && s.needsLogin && !signedIn:
			say("530 5.7.0 authentication required")
		case verb == "MAIL" && s.sender != "" && !strings.Contains(rest, "<"+s.sender+">"):
			say("553 5.7.1 sender address rejected: not owned by user")
		case verb == "RCPT":
			if strings.ContainsFunc(rest, func(c rune) bool { return c > 127 }) && !s.utf8 {
				say("553 5.6.7 not ASCII")
				continue
			}
			say("250 ok")
		case verb == "DATA":
			data = true
			say("354 go on")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// selfSigned is a certificate that nobody else vouches for.
func selfSigned(t *testing.T) *tls.Certificate {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	return &s.TLS.Certificates[0]
}

// Common mail servers take our mail with the settings that their operators would guess,
// and where one does not, the probe names the cause.
func TestMailServersOfAllKinds(t *testing.T) {
	t.Parallel()
	self := selfSigned(t)
	for what, c := range map[string]struct {
		server strictServer
		url    string // with the server's address for %s
		want   error
	}{
		"a local Postfix with its own certificate": {strictServer{certificate: self}, "smtp://%s", nil},
		"the same, by name":                        {strictServer{certificate: self}, "smtp://localhost:%p", nil},
		"the same, and TLS is demanded":            {strictServer{certificate: self}, "smtp://%s?tls=required", ErrMailCertificate},
		"the same, unverified":                     {strictServer{certificate: self}, "smtp://%s?tls=unverified", nil},
		"the same, without TLS":                    {strictServer{certificate: self}, "smtp://%s?tls=off", nil},
		"no TLS, and TLS is demanded":              {strictServer{}, "smtp://%s?tls=required", ErrMailTLS},
		"a whole name is wanted":                   {strictServer{wantsName: true}, "smtp://%s", nil},
		"a whole name is wanted, ours is set":      {strictServer{wantsName: true}, "smtp://%s?helo=portal.acme.test", nil},
		"a whole name is wanted, ours has no dot":  {strictServer{wantsName: true}, "smtp://%s?helo=box", ErrMailName},
		"LOGIN only":                               {strictServer{mechanisms: "LOGIN", needsLogin: true}, "smtp://me:s3cret@%s", nil},
		"LOGIN only, over TLS":                     {strictServer{mechanisms: "LOGIN", needsLogin: true, certificate: self}, "smtp://me:s3cret@%s", nil},
		"LOGIN only, another password":             {strictServer{mechanisms: "LOGIN", needsLogin: true}, "smtp://me:other@%s", ErrMailCredentials},
		"a way to sign in that we don't know":      {strictServer{mechanisms: "XOAUTH2 GSSAPI", needsLogin: true}, "smtp://me:s3cret@%s", ErrMailMechanism},
		"no way to sign in":                        {strictServer{}, "smtp://me:s3cret@%s", ErrMailMechanism},
		"a login is wanted":                        {strictServer{mechanisms: "LOGIN", needsLogin: true}, "smtp://%s", ErrMailLogin},
		"another sender":                           {strictServer{sender: "else@acme.test"}, "smtp://%s", ErrMailSender},
		"our sender":                               {strictServer{sender: "portico@portico.test"}, "smtp://%s", nil},
	} {
		addr := c.server.start(t)
		_, port, err := net.SplitHostPort(addr)
		check(t, err)
		url := strings.NewReplacer("%s", addr, "%p", port).Replace(c.url)
		if err := ProbeMail(t.Context(), url, "Portico <portico@portico.test>"); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
		mailer := mailerOf(t, url)
		if err := mailer.Check(t.Context()); (err == nil) != (c.want == nil) {
			t.Errorf("%s: the check says %v", what, err)
		}
		err = mailer.Send(t.Context(), Message{To: "mia@acme.test", Message: mail.Message{Subject: "s", Text: "t", HTML: "h"}})
		if (err == nil) != (c.want == nil) {
			t.Errorf("%s: sending says %v", what, err)
		}
	}
}

// Every spelling of an address gets mail that its server can take, and one that it can't
// take is refused for good.
func TestMailToEverySpelling(t *testing.T) {
	t.Parallel()
	old, modern := mailerOf(t, "smtp://"+strictServer{}.start(t)), mailerOf(t, "smtp://"+strictServer{utf8: true}.start(t))
	server := startMail(t, stack.MailOptions{})
	sink := mailerOf(t, server.URL())
	for to, ascii := range map[string]bool{
		"mia@acme.test": true, "mia.maria+x@acme.test": true, `"mia maria"@acme.test`: true, `"mia@home"@acme.test`: true, `"a..b"@acme.test`: true,
		"mia@bücher.example": true, `"mia maria"@例子.测试`: true, "mia@[127.0.0.1]": true, "o'neil@acme.test": true,
		"用户@例子.测试": false, "éva@acme.test": false, "éva@bücher.example": false,
	} {
		letter := Message{To: to, ToName: "Mia, M. \"Mimi\"", Message: mail.Message{Subject: "s", Text: "t", HTML: "h"}}
		err := old.Send(t.Context(), letter)
		refused, _ := errors.AsType[*SendError](err)
		if ascii != (err == nil) || (!ascii && (refused == nil || !refused.Permanent)) {
			t.Errorf("%s, to a server that knows ASCII only: %v", to, err)
		}
		if err := modern.Send(t.Context(), letter); err != nil {
			t.Errorf("%s: %v", to, err)
		}
		if err := sink.Send(t.Context(), letter); err != nil {
			t.Errorf("%s, to another server: %v", to, err)
		}
	}
	for spelled, want := range map[string]int{"mia@xn--bcher-kva.example": 1, "éva@acme.test": 1} {
		if got, err := server.To(spelled); err != nil || len(got) != want {
			t.Errorf("%d mails to %s, %v", len(got), spelled, err)
		}
	}
}

// Settings that would not do what they say are refused.
func TestMailSettingsAreRefused(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"smtp://mail.test?tls=never", "smtp://mail.test?starttls=off", "smtps://mail.test?tls=off", "smtp://me:s3cret@mail.test?tls=off", "smtp://mail.test?helo=a%20b",
	} {
		if _, err := NewMailer(url, "a@b.test"); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// No password is sent where somebody could read it, whatever the server offers.
func TestPasswordsAreSentOverTLS(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		host string
		tls  bool
		auth []string
		want string // the mechanism, or "" for none
	}{
		"another machine, no TLS":          {"mail.test", false, []string{"PLAIN", "LOGIN"}, ""},
		"another machine, TLS":             {"mail.test", true, []string{"PLAIN", "LOGIN"}, "PLAIN"},
		"another machine, TLS, LOGIN only": {"mail.test", true, []string{"login"}, "LOGIN"},
		"no TLS, but no password is sent":  {"mail.test", false, []string{"PLAIN", "CRAM-MD5"}, "CRAM-MD5"},
		"loopback":                         {"127.0.0.1", false, []string{"PLAIN"}, "PLAIN"},
		"loopback by name":                 {"localhost", false, []string{"LOGIN"}, "LOGIN"},
		"loopback in IPv6":                 {"::1", false, []string{"LOGIN"}, "LOGIN"},
		"the best of several":              {"mail.test", true, []string{"LOGIN", "PLAIN", "SCRAM-SHA-256"}, "SCRAM-SHA-256"},
		"none that we know":                {"mail.test", true, []string{"GSSAPI"}, ""},
		"none at all":                      {"localhost", true, nil, ""},
	} {
		l := &login{settings: smtpSettings{host: c.host, user: "me", password: "s3cret"}}
		got, _, err := l.Start(&smtp.ServerInfo{Name: c.host, TLS: c.tls, Auth: c.auth})
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
}
