package jobs

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/riverqueue/river/rivertype"

	"portico/e2e/storetest"
	"portico/store"
	"portico/store/queue"
)

var inviteIn = regexp.MustCompile(`https://portico\.test/invites/([A-Za-z0-9_-]+)`)

// Dana invites Nina: one mail is sent, its link leads to the installation's own address
// and Nina can accept with it. Neither the log nor the queue holds the token.
func TestInviteMail(t *testing.T) {
	t.Parallel()
	theRunner(t)
	a := storetest.Agency(t)
	dana, nina := a.Member(t, a.Dana, a.Acme), "nina@"+a.Suffix+".test"
	id := invite(t, dana, nina)
	msg := mailTo(t, nina, "Dana "+a.Suffix+" (Northwind "+a.Suffix+") invited you to the Acme "+a.Suffix+" portal")
	link := inviteIn.FindStringSubmatch(msg.Text())
	if !strings.Contains(msg.Text(), "There you see what Northwind "+a.Suffix+" makes for you.") {
		t.Errorf("whose portal is it?\n%s", msg.Text())
	}
	if link == nil || !strings.Contains(msg.HTML(), link[0]) || !strings.Contains(msg.Text(), "Dana "+a.Suffix) {
		t.Fatalf("no link or no inviter in:\n%s", msg.Text())
	}
	token, ok := store.ParseTenantToken(link[1])
	if !ok {
		t.Fatalf("no token: %s", link[1])
	}
	queued := ask[string](t, admin(t), `select string_agg(to_jsonb(j)::text, '') from river.river_job j where kind = 'invite_mail'`)
	for what, secret := range map[string]string{"address": nina, "token": link[1]} {
		if strings.Contains(runnerLog.String(), secret) || strings.Contains(queued, secret) {
			t.Errorf("the log or the queue holds the %s", what)
		}
	}
	waitFor(t, theRunner(t), `select sent_at is not null from invites where id = $1`, id)
	me := storetest.Person(t, storetest.SignIn(t, nina))
	_, err := storetest.DB().AcceptInvite(t.Context(), me, token, "Nina")
	check(t, err)
}

// Only the latest sending of an invitation is mailed, and none after it is revoked. A
// job that names another tenant's invitation is refused.
func TestOnlyTheLatestInviteIsMailed(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	ended := endsOf(t, r)
	a := storetest.Agency(t)
	dana, globex := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex)
	nina := "nina@" + a.Suffix + ".test"
	id := invite(t, dana, nina)
	mailTo(t, nina, "invited you to")
	again := func(tenant uuid.UUID, sending int) rivertype.JobState {
		job := &queue.InviteMail{Signature: queue.Signature{Tenant: tenant}, Invite: id, Sending: sending}
		check(t, testSigner.Sign(job))
		return ended(insert(t, r, job)).State
	}
	waitFor(t, r, `select sent_at is not null from invites where id = $1`, id)
	for what, c := range map[string]struct {
		tenant  uuid.UUID
		sending int
		want    rivertype.JobState
	}{
		"the same once more": {dana.TenantID(), 1, rivertype.JobStateCompleted},
		"one never enqueued": {dana.TenantID(), 2, rivertype.JobStateCompleted},
		"another tenant's":   {globex.TenantID(), 1, rivertype.JobStateCancelled},
	} {
		if got := again(c.tenant, c.sending); got != c.want {
			t.Errorf("%s: %s, want %s", what, got, c.want)
		}
	}
	check(t, storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error { return tx.ResendInvite(t.Context(), id) }))
	waitFor(t, r, `select sent_at is not null from invites where id = $1`, id)
	check(t, storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error { return tx.RevokeInvite(t.Context(), id) }))
	again(dana.TenantID(), 2)
	if n := len(mailsTo(t, nina)); n != 2 {
		t.Errorf("%d mails, want the first and the one sent again", n)
	}
}

// Work is published while nobody of the client has joined. Whoever joins later gets one
// mail that lists it, with nothing of drafts; their colleagues and staff get none.
func TestLateJoinersAreToldWhatWasPublished(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	published(t, dana, "Poster")
	draft(t, dana, "Secret draft")
	nina := "nina@" + a.Suffix + ".test"
	invite(t, dana, nina)
	link := inviteIn.FindStringSubmatch(mailTo(t, nina, "invited you to").Text())
	token, ok := store.ParseTenantToken(link[1])
	if !ok {
		t.Fatalf("no token: %s", link[1])
	}
	_, err := storetest.DB().AcceptInvite(t.Context(), storetest.Person(t, storetest.SignIn(t, nina)), token, "Nina")
	check(t, err)
	text := mailTo(t, nina, "New for you in Acme").Text()
	if !strings.Contains(text, "Poster, version 1") || strings.Contains(text, "Secret draft") {
		t.Errorf("the mail to somebody who joined late:\n%s", text)
	}
	// The same job once more sends nothing.
	job := &queue.DigestMail{Signature: queue.Signature{Tenant: dana.TenantID()}, Day: queue.DayJoined,
		To: storetest.Person(t, storetest.SignIn(t, nina)).ID()}
	check(t, testSigner.Sign(job))
	if got := endsOf(t, r)(insert(t, r, job)).State; got != rivertype.JobStateCompleted {
		t.Errorf("once more: %s", got)
	}
	if got := len(mailsTo(t, nina)); got != 2 {
		t.Errorf("%d mails to who joined late, want the invitation and one more", got)
	}
	for _, other := range []string{a.Leo, a.Dana, a.Gus} {
		for _, m := range mailsTo(t, other) {
			if strings.Contains(m.Subject(), "New for you") {
				t.Errorf("%s got %q", other, m.Subject())
			}
		}
	}
}

func invite(t *testing.T, by store.Member, email string) (id uuid.UUID) {
	t.Helper()
	check(t, storetest.DB().Write(t.Context(), by, func(tx *store.Tx) (err error) {
		id, err = tx.InvitePerson(t.Context(), store.NewPerson{Name: "Nina", Email: email, Party: store.PartyClient, Role: store.RoleViewer})
		return err
	}))
	return id
}
