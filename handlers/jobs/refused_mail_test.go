package jobs

import (
	"strings"
	"testing"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
)

// A mail server that refuses an invited address is told to whoever invited, and on the
// invitation. Sending it again starts afresh. Another tenant's invitation is untouched.
func TestRefusedInviteIsTold(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a := storetest.Agency(t)
	dana, gus := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Gus, a.Globex)
	nina := stack.NoMailbox + "nina@" + a.Suffix + ".test"
	id := invite(t, dana, nina)
	theirs := invite(t, gus, "nina@"+a.Suffix+".test")
	waitFor(t, r, `select mail_refused_code is not distinct from 550 from invites where id = $1`, id)
	msg := mailTo(t, a.Dana, "did not arrive")
	if !strings.Contains(msg.Text(), nina) || !strings.Contains(msg.Text(), "550") || !strings.Contains(msg.Text(), "/w/"+a.Acme+"/members") {
		t.Errorf("Dana reads:\n%s", msg.Text())
	}
	refusedOf := func() (code *int) {
		var list []store.Invite
		check(t, storetest.DB().Read(t.Context(), dana, store.ListInvites(&list)))
		for _, i := range list {
			if i.ID == id {
				code = i.MailRefusedCode
			}
		}
		return code
	}
	if code := refusedOf(); code == nil || *code != 550 {
		t.Errorf("the list of invitations says %v", code)
	}
	waitFor(t, r, `select sent_at is not null and mail_refused_at is null from invites where id = $1`, theirs)
	if strings.Contains(runnerLog.String(), nina) {
		t.Error("the log holds the address")
	}
	check(t, storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error { return tx.ResendInvite(t.Context(), id) }))
	waitFor(t, r, `select sendings = 2 and mail_refused_code is not distinct from 550 from invites where id = $1`, id)
	if n := ask[int](t, admin(t), `select count(*)::int from audit_events where target_id = $1 and verb = 'member.mail_refused'`, id); n != 2 {
		t.Errorf("%d rows in the trail of two sendings", n)
	}
}

// A member whose address is refused has that on their row, until a mail arrives.
func TestRefusedMemberIsMarked(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	gone := stack.NoMailbox + "admin@" + a.Suffix + ".test"
	check(t, storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Gone", Email: gone, Party: store.PartyClient, Role: store.RoleAdmin})
		return err
	}))
	member := a.Member(t, gone, a.Acme)
	id := invite(t, member, stack.NoMailbox+"nina@"+a.Suffix+".test")
	waitFor(t, r, `select mail_refused_code is not distinct from 550 from invites where id = $1`, id)
	waitFor(t, r, `select m.mail_refused_code is not distinct from 550 from memberships m join users u on u.id = m.user_id join tenants t on t.id = m.tenant_id where u.email = $1 and t.slug = $2`, gone, a.Acme)
	var p store.Membership
	check(t, storetest.DB().Read(t.Context(), dana, store.GetPerson(member.ID(), &p)))
	if p.MailRefusedCode == nil || *p.MailRefusedCode != 550 {
		t.Errorf("the person's row says %v", p.MailRefusedCode)
	}
	do(t, admin(t), `update memberships set email = $2 where user_id = $1`, member.ID(), "back@"+a.Suffix+".test")
	again := invite(t, member, stack.NoMailbox+"olga@"+a.Suffix+".test")
	waitFor(t, r, `select mail_refused_code is not distinct from 550 from invites where id = $1`, again)
	mailTo(t, "back@"+a.Suffix+".test", "did not arrive")
	waitFor(t, r, `select mail_refused_code is null from memberships where user_id = $1`, member.ID())
}

// Somebody whose address refuses the mail to sign in has that on their row in every
// workspace that knows them by that address, until a mail arrives, and so has an open
// invitation. Rows of others, past ones and ones with another address stay as they are.
// For an address that nobody knows nothing is written.
func TestRefusedSignInMailIsMarked(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a, b := storetest.Agency(t), storetest.Agency(t)
	gone, nina := stack.NoMailbox+"gone@"+a.Suffix+".test", stack.NoMailbox+"nina@"+a.Suffix+".test"
	add := func(dana store.Member) {
		t.Helper()
		check(t, storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error {
			_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Gone", Email: gone, Party: store.PartyClient, Role: store.RoleViewer})
			return err
		}))
	}
	acme, globex, elsewhere := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex), b.Member(t, b.Dana, b.Acme)
	for _, dana := range []store.Member{acme, globex, elsewhere, b.Member(t, b.Dana, b.Globex)} {
		add(dana)
	}
	person := a.Member(t, gone, a.Acme).ID()
	do(t, admin(t), `update memberships set email = $3 where user_id = $1 and tenant_id = $2`, person, elsewhere.TenantID(), "other@"+a.Suffix+".test")
	do(t, admin(t), `update memberships set ended_at = now() where user_id = $1 and tenant_id = $2`, person, b.Member(t, b.Dana, b.Globex).TenantID())
	signIn := func(email string) {
		t.Helper()
		_, err := storetest.DB().BeginMailFlow(t.Context(), store.Secret("cookie of "+email), email, "/")
		check(t, err)
	}
	const marked = `select string_agg(t.slug, ' ' order by t.slug) is not distinct from nullif($2, '')
		from memberships m join tenants t on t.id = m.tenant_id where m.user_id = $1 and m.mail_refused_code = 550`
	signIn(gone)
	waitFor(t, r, marked, person, a.Acme+" "+a.Globex)
	var p store.Membership
	check(t, storetest.DB().Read(t.Context(), acme, store.GetPerson(person, &p)))
	if p.MailRefusedCode == nil || *p.MailRefusedCode != 550 {
		t.Errorf("the person's row says %v", p.MailRefusedCode)
	}
	if n := ask[int](t, admin(t), `select count(*)::int from memberships m join tenants t on t.id = m.tenant_id
		where (t.slug like '%' || $1 or t.slug like '%' || $2) and m.mail_refused_at is not null and m.user_id <> $3`, a.Suffix, b.Suffix, person); n != 0 {
		t.Errorf("%d rows of others are marked", n)
	}
	if strings.Contains(runnerLog.String(), gone) {
		t.Error("the log holds the address")
	}

	// A mail that arrives takes the mark away.
	back := "back@" + a.Suffix + ".test"
	do(t, admin(t), `update users set email = $2 where id = $1`, person, back)
	do(t, admin(t), `update memberships set email = $2 where user_id = $1 and ended_at is null`, person, back)
	signIn(back)
	waitFor(t, r, marked, person, "")

	// Nobody has an account with Nina's address yet, but an invitation whose own mail came
	// through, as by another server.
	id := invite(t, acme, "nina@"+a.Suffix+".test")
	waitFor(t, r, `select sent_at is not null from invites where id = $1`, id)
	do(t, admin(t), `update invites set email = $2 where id = $1`, id, nina)
	signIn(nina)
	waitFor(t, r, `select mail_refused_code is not distinct from 550 and mail_refused_at is not null from invites where id = $1`, id)

	before := ask[string](t, admin(t), `select coalesce(string_agg(m::text, ' ' order by m.tenant_id, m.user_id), '') from memberships m join tenants t on t.id = m.tenant_id where t.slug like '%' || $1`, a.Suffix)
	signIn(stack.NoMailbox + "unknown@" + a.Suffix + ".test")
	signIn(back)
	mailTo(t, back, "Sign in")
	if after := ask[string](t, admin(t), `select coalesce(string_agg(m::text, ' ' order by m.tenant_id, m.user_id), '') from memberships m join tenants t on t.id = m.tenant_id where t.slug like '%' || $1`, a.Suffix); after != before {
		t.Error("an unknown address changed something")
	}
}
