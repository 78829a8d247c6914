package mail_test

import (
	"strings"
	"testing"

	"portico/views/mail"
)

// The mails promise that a decision can be passed on only if there is somebody to pass it to.
func TestMailsPromiseNoPassingOnToNobody(t *testing.T) {
	t.Parallel()
	for _, can := range []bool{true, false} {
		p := mail.ReviewProps{By: "Dana", CanPass: can, About: mail.About{Title: "Logo", Agency: "Northwind", Version: 3, URL: "https://acme.example/"}}
		asked, err := mail.ReviewAsked(p)
		reminder, err2 := mail.ReviewReminder(p)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		for what, m := range map[string]mail.Message{"asked": asked, "reminder": reminder} {
			if strings.Contains(m.Text, "pass it on") != can {
				t.Errorf("%s, can pass it on %t: %s", what, can, m.Text)
			}
		}
	}
}
