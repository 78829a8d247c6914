package jobs

import (
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
	"portico/store/queue"
)

var (
	linkIn = regexp.MustCompile(`https://portico\.test/login/([A-Za-z0-9_-]+)`)
	codeIn = regexp.MustCompile(`(?m)^\s*(\d{6})\s*$`)
)

// Mia requests a sign-in mail: one is sent and its link signs her in. Neither the log
// nor the queue holds the code or the token.
func TestSignInMail(t *testing.T) {
	t.Parallel()
	theRunner(t)
	a := storetest.Agency(t)
	cookie := store.Secret("cookie of " + a.Suffix)
	_, err := storetest.DB().BeginMailFlow(t.Context(), cookie, a.Mia, "/")
	check(t, err)

	msg := mailTo(t, a.Mia, "Sign in")
	link, code := linkIn.FindStringSubmatch(msg.Text()), codeIn.FindStringSubmatch(msg.Text())
	if link == nil || code == nil {
		t.Fatalf("no link or no code in:\n%s", msg.Text())
	}
	if !strings.Contains(msg.HTML(), link[0]) || !strings.Contains(msg.HTML(), code[1]) {
		t.Error("the HTML part lacks the link or the code")
	}
	if id := msg.Header("Message-Id"); !strings.HasSuffix(id, "@portico.test>") || msg.Header("User-Agent")+msg.Header("X-Mailer") != "" {
		t.Errorf("the mail reveals the machine or the mail library: %s", msg.Raw)
	}
	token, err := base64.RawURLEncoding.DecodeString(link[1])
	check(t, err)
	if len(token) != 32 {
		t.Errorf("the token has %d bytes, want 32", len(token))
	}
	_, err = storetest.DB().SignInByLink(t.Context(), token, store.NewSession{Token: store.Token{1, 2, 3}})
	check(t, err)

	queued := ask[string](t, admin(t), `select string_agg(to_jsonb(j)::text, '') from river.river_job j where kind = 'sign_in_mail'`)
	for what, secret := range map[string]string{"address": a.Mia, "code": `"` + code[1] + `"`, "token": link[1]} {
		if strings.Contains(runnerLog.String(), secret) {
			t.Errorf("the log holds the %s", what)
		}
		if strings.Contains(queued, secret) {
			t.Errorf("the queue holds the %s", what)
		}
	}
}

// Somebody requests a sign-in mail for an unknown address: the job completes and sends
// nothing.
func TestUnknownAddressGetsNoSignInMail(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	ended := endsOf(t, r)
	a := storetest.Agency(t)
	flow, err := storetest.DB().BeginMailFlow(t.Context(), store.Secret("cookie of "+a.Suffix), "nobody@"+a.Suffix+".test", "/")
	check(t, err)

	id := ask[int64](t, admin(t), `select id from river.river_job where args ->> 'flow' = $1`, flow.String())
	if job := ended(id); job.State != "completed" {
		t.Errorf("the job is %s", job.State)
	}
	if got, err := mails.To("nobody@" + a.Suffix + ".test"); err != nil || len(got) != 0 {
		t.Errorf("%d mails went out, err = %v", len(got), err)
	}
}

// Each attempt of a sign-in mail makes a new link. The newer link works, the older does
// not.
func TestRetriedSignInMailHasANewLink(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a := storetest.Agency(t)
	flow, err := storetest.DB().BeginMailFlow(t.Context(), store.Secret("cookie of "+a.Suffix), a.Mia, "/")
	check(t, err)
	first := linkIn.FindStringSubmatch(mailTo(t, a.Mia, "Sign in").Text())[1]
	check(t, r.signInMail(t.Context(), queue.SignInMail{Flow: flow}))

	all, err := mails.To(a.Mia)
	check(t, err)
	second := linkIn.FindStringSubmatch(all[len(all)-1].Text())[1]
	if _, err := storetest.DB().SignInByLink(t.Context(), unbase64(t, first), store.NewSession{Token: store.Token{4}}); err == nil {
		t.Error("the older link still signs in")
	}
	if _, err := storetest.DB().SignInByLink(t.Context(), unbase64(t, second), store.NewSession{Token: store.Token{5}}); err != nil {
		t.Errorf("the newer link does not sign in: %v", err)
	}
}

func unbase64(t *testing.T, token string) store.Secret {
	t.Helper()
	secret, err := base64.RawURLEncoding.DecodeString(token)
	check(t, err)
	return secret
}

// The mail wears the brand of the tenant through which somebody came: name, colour, logo
// and sender's name. The sender's address stays the installation's.
func TestSignInMailWearsTheTenantsBrand(t *testing.T) {
	t.Parallel()
	theRunner(t)
	a := storetest.Agency(t)
	if err := storetest.DB().Write(t.Context(), a.Member(t, a.Dana, a.Acme), func(tx *store.Tx) error {
		return errors.Join(
			tx.UpdateSettings(t.Context(), store.SettingsInput{Name: "Acme", PortalName: "Portal " + a.Suffix, MailName: "Senders " + a.Suffix, Accent: "#224466"}),
			tx.SetLogo(t.Context(), store.Logo{ContentType: "image/png", Content: []byte("logo " + a.Suffix)}))
	}); err != nil {
		t.Fatal(err)
	}
	_, err := storetest.DB().BeginMailFlow(t.Context(), store.Secret("cookie of "+a.Suffix), a.Mia, "/")
	check(t, err)
	msg := mailTo(t, a.Mia, "Sign in")
	if !strings.Contains(msg.Header("From"), "Senders "+a.Suffix) || !strings.Contains(msg.Header("From"), "@portico.test>") {
		t.Errorf("it is from %s", msg.Header("From"))
	}
	for _, part := range []string{"Portal " + a.Suffix, "#224466", "https://portico.test/logo/"} {
		if !strings.Contains(msg.HTML(), part) {
			t.Errorf("the mail lacks %q", part)
		}
	}
	if strings.Contains(msg.HTML()+msg.Text()+msg.Subject(), "Portico") {
		t.Error("the mail speaks of Portico")
	}
}
