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
