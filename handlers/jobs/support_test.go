package jobs

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river/rivertype"

	"portico/e2e/storetest"
	"portico/store"
	"portico/store/queue"
)

// A support session starts and expires: the owners of the client and the agency get mail
// both times, and nobody else does. The session is closed and the audit trail records
// it.
func TestOwnersGetMailAboutSupport(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a := storetest.Agency(t)
	me := supporter(t, a)
	conn := admin(t)
	sig := queue.Signature{Tenant: me.TenantID(), RequestedBy: me.ID(), Actor: me.Person.ID(), Support: me.Support.ID}

	signAndInsert(t, r, &queue.SupportStarted{Signature: sig, Session: me.Support.ID})
	for _, owner := range []string{a.Mia, a.Dana} {
		msg := mailTo(t, owner, "is viewing ")
		if !strings.Contains(msg.Text(), "T-1") || msg.Header("X-Portico-Actor") != me.Person.ID().String() {
			t.Errorf("the mail about the start lacks the ticket or the agent:\n%s", msg.Raw)
		}
	}
	do(t, conn, `update support_sessions set started_at = now() - interval '30 minutes', ends_at = now() - interval '1 second' where id = $1`, me.Support.ID)
	signAndInsert(t, r, &queue.SupportExpiry{Signature: sig, Session: me.Support.ID})
	for _, owner := range []string{a.Mia, a.Dana} {
		if msg := mailTo(t, owner, " has ended"); !strings.Contains(msg.Text(), "It ended by itself after 30 minutes.") {
			t.Errorf("the mail about the end does not say how:\n%s", msg.Text())
		}
	}
	for _, other := range []string{a.Leo, a.Ravi, a.Gus} {
		if n := len(mailsTo(t, other)); n != 0 {
			t.Errorf("%d mails to %s, who owns nothing there", n, other)
		}
	}
	if how := ask[string](t, conn, `select ended_how from support_sessions where id = $1`, me.Support.ID); how != "expired" {
		t.Errorf("ended_how = %q", how)
	}
	// One audit event for the end and one for each of the four mails.
	waitFor(t, r, `select count(*) = 5 from audit_events where tenant_id = $1 and support_session_id = $2 and actor_id = $3
		and verb in ('support.expired', 'support.mail_sent')`, me.TenantID(), me.Support.ID, me.Person.ID())
}

// The mail about the end says who ended the session, by name and side: the same to both
// sides.
func TestMailSaysWhoEndedTheSession(t *testing.T) {
	t.Parallel()
	theRunner(t)
	for name, c := range map[string]struct {
		ends func(*storetest.Tenants, store.Member) error
		want func(*storetest.Tenants) string
	}{
		"a client's owner": {
			ends: func(a *storetest.Tenants, me store.Member) error {
				return storetest.DB().Write(t.Context(), a.Member(t, a.Mia, a.Acme), func(tx *store.Tx) error {
					return tx.EndSupportSession(t.Context(), me.Support.ID)
				})
			},
			want: func(a *storetest.Tenants) string { return "Mia " + a.Suffix + " (Acme " + a.Suffix + ") ended it." },
		},
		"the agency's owner": {
			ends: func(a *storetest.Tenants, me store.Member) error {
				return storetest.DB().Write(t.Context(), a.Member(t, a.Dana, a.Acme), func(tx *store.Tx) error { return tx.RevokeSupport(t.Context()) })
			},
			want: func(a *storetest.Tenants) string {
				return "Dana " + a.Suffix + " (Northwind " + a.Suffix + ") ended it."
			},
		},
		"the agent": {
			ends: func(_ *storetest.Tenants, me store.Member) error {
				return storetest.DB().StopSupport(t.Context(), me.Person)
			},
			want: func(*storetest.Tenants) string { return "Sam (support) ended it." },
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := storetest.Agency(t)
			me := supporter(t, a)
			check(t, c.ends(a, me))
			for _, owner := range []string{a.Mia, a.Dana} {
				if text := mailTo(t, owner, "Support session in ").Text(); !strings.Contains(text, c.want(a)) {
					t.Errorf("%s reads:\n%s", owner, text)
				}
			}
		})
	}
}

// Each owner's mail uses their own time zone and language. Without a chosen zone, times
// are marked as UTC.
func TestMailUsesItsReadersTimeZone(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a := storetest.Agency(t)
	check(t, storetest.DB().SetDates(t.Context(), a.Member(t, a.Mia, a.Acme).Person, "Pacific/Auckland", "de-DE"))
	me := supporter(t, a)
	do(t, admin(t), `update support_sessions set started_at = '2020-03-10 23:00Z', ends_at = '2020-03-10 23:30Z' where id = $1`, me.Support.ID)
	signAndInsert(t, r, &queue.SupportStarted{
		Signature: queue.Signature{Tenant: me.TenantID(), RequestedBy: me.ID(), Actor: me.Person.ID(), Support: me.Support.ID},
		Session:   me.Support.ID,
	})
	for owner, want := range map[string]string{a.Mia: "11. März 2020, 12:30, Auckland time", a.Dana: "10 March 2020, 23:30 UTC"} {
		if text := mailTo(t, owner, "is viewing ").Text(); !strings.Contains(text, "The session ends by itself at "+want+".") {
			t.Errorf("%s reads:\n%s", owner, text)
		}
	}
}

// The person whom support viewed as is removed: the owners still get mail about the end.
func TestSupportEndIsMailedWhenItsTargetIsRemoved(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a := storetest.Agency(t)
	me := supporter(t, a)
	do(t, admin(t), `update support_sessions set ended_at = now(), ended_how = 'target_gone' where id = $1`, me.Support.ID)
	do(t, admin(t), `update memberships set ended_at = now() where tenant_id = $1 and user_id = $2`, me.TenantID(), me.ID())

	signAndInsert(t, r, &queue.SupportEnded{
		Signature: queue.Signature{Tenant: me.TenantID(), RequestedBy: me.ID(), Actor: me.Person.ID(), Support: me.Support.ID},
		Session:   me.Support.ID,
	})
	mailTo(t, a.Mia, "no longer has access")
	if n := len(mailsTo(t, a.Dana)); n != 0 {
		t.Errorf("%d mails to a removed owner", n)
	}
}

// The queue's clock is ahead of the database's: the session stays open and the job runs
// again later.
func TestSupportExpiryWaitsForTheDatabaseClock(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a := storetest.Agency(t)
	me := supporter(t, a)
	job := queue.SupportExpiry{Signature: queue.Signature{Tenant: me.TenantID()}, Session: me.Support.ID}
	check(t, testSigner.Sign(&job))
	j, err := storetest.DB().VerifyJob(&job, store.JobPolicy{IgnoreRequester: true})
	check(t, err)

	if err := r.supportExpiry(t.Context(), j, job); err == nil || !strings.Contains(err.Error(), "Snooze") {
		t.Errorf("err = %v, want a snooze", err)
	}
	if open := ask[bool](t, admin(t), `select ended_at is null from support_sessions where id = $1`, me.Support.ID); !open {
		t.Error("the session was closed before its end")
	}
}

// A job whose policy requires a live support session runs during the session and is
// cancelled after it.
func TestLiveSupportJobIsCancelledAfterItsSession(t *testing.T) {
	t.Parallel()
	theRunner(t)
	a := storetest.Agency(t)
	me := supporter(t, a)
	job := &queue.ProjectDigest{Signature: queue.Signature{Tenant: me.TenantID(), RequestedBy: me.ID(), Actor: me.Person.ID(), Support: me.Support.ID}, Day: "2026-01-01"}
	check(t, testSigner.Sign(job))
	j, err := storetest.DB().VerifyJob(job, store.JobPolicy{LiveSupport: true})
	check(t, err)
	nothing := func(*store.Tx) error { return nil }

	check(t, storetest.DB().Work(t.Context(), j, nothing))
	do(t, admin(t), `update support_grants set revoked_at = now(), revoked_by = $2 where tenant_id = $1`, me.TenantID(), me.ID())
	if err := storetest.DB().Work(t.Context(), j, nothing); !strings.Contains(err.Error(), store.ErrStale.Error()) {
		t.Errorf("err = %v, want stale", err)
	}
}

// signAndInsert signs a job and enqueues it.
func signAndInsert(t *testing.T, r *Runner, job queue.TenantJob) int64 {
	t.Helper()
	check(t, testSigner.Sign(job))
	return insert(t, r, job)
}

// After a key rotation, jobs enqueued before it still run. Once the old key is removed,
// they are refused.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	tenant := a.Member(t, a.Dana, a.Acme).TenantID()
	job := &queue.ProjectDigest{Signature: queue.Signature{Tenant: tenant}, Day: "2026-06-01"}
	check(t, testSigner.Sign(job))
	newKey := []byte("the key that came with the rotation")

	for name, c := range map[string]struct {
		keys [][]byte
		want rivertype.JobState
	}{
		"rotated":         {[][]byte{newKey, storetest.SigningKey}, rivertype.JobStateCompleted},
		"old key removed": {[][]byte{newKey}, rivertype.JobStateCancelled},
	} {
		db := openWith(t, queue.NewSigner(c.keys...))
		r := newTestRunner(t, db, testConfig(t, mails.URL(), &lockedBuffer{}), onlyQueue("rotation "+name))
		check(t, r.Start(t.Context()))
		ended := endsOf(t, r)
		res, err := r.client.Insert(t.Context(), job, inQueue("rotation "+name))
		check(t, err)
		if row := ended(res.Job.ID); row.State != c.want {
			t.Errorf("%s: the job is %s, want %s", name, row.State, c.want)
		}
		check(t, r.Stop(t.Context()))
	}
	if n := ask[int](t, admin(t), `select count(*)::int from job_effects where tenant_id = $1 and key like '%2026-06-01'`, tenant); n != 1 {
		t.Errorf("%d effects, want 1", n)
	}
}

// Support requests access: the owners of the client and the agency get mail with the
// reason and a link, and nobody else does. No mail is sent once the request is answered.
func TestAccessRequestIsMailed(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a := storetest.Agency(t)
	mia := a.Member(t, a.Mia, a.Acme)
	check(t, storetest.DB().Write(t.Context(), mia, func(tx *store.Tx) error { return tx.SetAccessRequestsAllowed(t.Context(), true) }))
	sam := storetest.Person(t, storetest.SignIn(t, storetest.Agent(t)))
	check(t, storetest.DB().RequestAccess(t.Context(), sam, store.NewAccessRequest{Slug: a.Acme, Code: storetest.SupportCode(t, a.Acme), Mode: "read", Hours: 4, Reason: "A file does not open", Ticket: "T-77"}))
	var requests []store.AccessRequest
	check(t, storetest.DB().Read(t.Context(), mia, store.ListOpenAccessRequests(&requests)))
	for owner, as := range map[string]string{
		a.Mia:  "read-only, as one of your people and as a member of Northwind " + a.Suffix + ".",
		a.Dana: "read-only, as a member of Northwind " + a.Suffix + " and as one of Acme " + a.Suffix + "'s people.",
	} {
		msg := mailTo(t, owner, "requests access to")
		if !strings.Contains(msg.Text(), as) {
			t.Errorf("%s is not asked for access %s\n%s", owner, as, msg.Text())
		}
		if !strings.Contains(msg.Text(), "T-77") || !strings.Contains(msg.Text(), "/support/asks/"+requests[0].ID.String()) || msg.Header("X-Portico-Actor") != sam.ID().String() {
			t.Errorf("the mail lacks the ticket, the link or the agent:\n%s", msg.Raw)
		}
	}
	for _, other := range []string{a.Leo, a.Ravi, a.Gus} {
		if n := len(mailsTo(t, other)); n != 0 {
			t.Errorf("%d mails to %s, who owns nothing there", n, other)
		}
	}
	check(t, storetest.DB().Write(t.Context(), mia, func(tx *store.Tx) error { return tx.DenyAccessRequest(t.Context(), requests[0].ID, "") }))
	job := queue.AccessRequestMail{Signature: queue.Signature{Tenant: mia.TenantID()}, AccessRequestID: requests[0].ID, To: a.Member(t, a.Leo, a.Acme).ID()}
	do(t, admin(t), `update memberships set role = 'owner' where tenant_id = $1 and user_id = $2`, mia.TenantID(), job.To)
	check(t, testSigner.Sign(&job))
	j, err := storetest.DB().VerifyJob(&job, store.JobPolicy{IgnoreRequester: true})
	check(t, err)
	check(t, r.accessRequestMail(t.Context(), j, job))
	if n := len(mailsTo(t, a.Leo)); n != 0 {
		t.Errorf("%d mails about an answered request", n)
	}
}

// A job that support caused asks the database again before it acts. A session that came to
// its own end leaves what it did; one that was ended, or whose tenant no longer allows
// changes, doesn't, whoever ended it.
func TestJobsOfASupportSessionAskAgain(t *testing.T) {
	t.Parallel()
	theRunner(t)
	const session, grants = `update support_sessions set `, `update support_grants set `
	for what, c := range map[string]struct {
		sql  string // $1 is the tenant, $2 the agent, $3 the subject
		runs bool
	}{
		"it still runs":             {`select $1::uuid, $2::uuid, $3::uuid`, true},
		"support stopped":           {session + `ended_at = now(), ended_how = 'stopped' where tenant_id = $1 and actor_id = $2 and subject_id = $3`, true},
		"its time ran out":          {session + `started_at = now() - interval '50 minutes', ends_at = now() - interval '1 minute' where tenant_id = $1 and actor_id = $2 and subject_id = $3`, true},
		"it expired":                {session + `ended_at = now(), ended_how = 'expired' where tenant_id = $1 and actor_id = $2 and subject_id = $3`, true},
		"an owner ended it":         {session + `ended_at = now(), ended_how = 'revoked' where tenant_id = $1 and actor_id = $2 and subject_id = $3`, false},
		"consent was revoked":       {grants + `revoked_at = now() where tenant_id = $1 and $2::uuid <> $3::uuid`, false},
		"consent ran out":           {grants + `created_at = now() - interval '2 hours', ends_at = now() - interval '1 hour' where tenant_id = $1 and $2::uuid <> $3::uuid`, false},
		"consent is to read now":    {grants + `mode = 'read' where tenant_id = $1 and $2::uuid <> $3::uuid`, false},
		"it ran out, then consent":  {`with s as (update support_sessions set ended_at = now(), ended_how = 'expired' where tenant_id = $1 and actor_id = $2 and subject_id = $3) update support_grants set revoked_at = now() where tenant_id = $1`, false},
		"the agent is disabled":     {`update support_agents set disabled_at = now() where user_id = $2 and $1::uuid <> $3::uuid`, false},
		"the agent's account is":    {`update users set disabled_at = now() where id = $2 and $1::uuid <> $3::uuid`, false},
		"the subject left":          {`update memberships set ended_at = now() where tenant_id = $1 and user_id = $3 and $2::uuid <> $3`, false},
		"the subject changed sides": {`update memberships set party = 'client' where tenant_id = $1 and user_id = $3 and $2::uuid <> $3`, false},
		"the tenant is suspended":   {`update tenants set state = 'suspended' where id = $1 and $2::uuid <> $3::uuid`, false},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			me := supporter(t, storetest.Agency(t))
			job := &queue.VersionMail{Signature: queue.Signature{Tenant: me.TenantID(), RequestedBy: me.ID(), Actor: me.Person.ID(), Support: me.Support.ID}}
			check(t, testSigner.Sign(job))
			j, err := storetest.DB().VerifyJob(job, store.JobPolicy{RequesterMay: store.Publish})
			check(t, err)
			nothing := func(*store.Tx) error { return nil }
			check(t, storetest.DB().Work(t.Context(), j, nothing))
			_, err = admin(t).Exec(t.Context(), c.sql, me.TenantID(), me.Person.ID(), me.ID())
			check(t, err)
			if err := storetest.DB().Work(t.Context(), j, nothing); (err == nil) != c.runs || (err != nil && !errors.Is(err, store.ErrStale)) {
				t.Errorf("the job ends with %v, want it to run: %v", err, c.runs)
			}
		})
	}
}

// An agent whose access request is answered gets a mail that says what was allowed, and
// leads to the console. Nobody else does, nor an agent who is none any more.
func TestAgentIsMailedTheAnswer(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	ended := endsOf(t, r)
	a := storetest.Agency(t)
	mia := a.Member(t, a.Mia, a.Acme)
	check(t, storetest.DB().Write(t.Context(), mia, func(tx *store.Tx) error { return tx.SetAccessRequestsAllowed(t.Context(), true) }))
	request := func(agent string) (id uuid.UUID) {
		t.Helper()
		me := storetest.Person(t, storetest.SignIn(t, agent))
		check(t, storetest.DB().RequestAccess(t.Context(), me, store.NewAccessRequest{Slug: a.Acme, Code: storetest.SupportCode(t, a.Acme), Mode: "write", Hours: 4, Reason: "Why " + a.Suffix, Ticket: "T-1"}))
		return ask[uuid.UUID](t, admin(t), `select id from support_asks where actor_id = $1 and answer is null`, me.ID())
	}
	yes, no, gone := storetest.Agent(t), storetest.Agent(t), storetest.Agent(t)
	answer := func(fn func(*store.Tx) error) {
		t.Helper()
		check(t, storetest.DB().Write(t.Context(), mia, fn))
	}
	asked := request(yes)
	answer(func(tx *store.Tx) error { return tx.ApproveAccessRequest(t.Context(), asked, "read", time.Hour) })
	msg := mailTo(t, yes, "Acme "+a.Suffix+" approved your access request")
	if !strings.Contains(msg.Text(), "Read-only.") || !strings.Contains(msg.Text(), "/support?tenant="+a.Acme) || strings.Contains(msg.Text(), "Mia") {
		t.Errorf("the mail says:\n%s", msg.Text())
	}
	asked = request(no)
	answer(func(tx *store.Tx) error { return tx.DenyAccessRequest(t.Context(), asked, "Call us first") })
	if msg := mailTo(t, no, "Acme "+a.Suffix+" declined your access request"); !strings.Contains(msg.Text(), "Call us first") {
		t.Errorf("the mail says:\n%s", msg.Text())
	}
	asked = request(gone)
	do(t, admin(t), `update support_agents set disabled_at = now() where user_id = (select id from users where email = $1)`, gone)
	answer(func(tx *store.Tx) error { return tx.ApproveAccessRequest(t.Context(), asked, "read", time.Hour) })
	for _, id := range ask[[]int64](t, admin(t), `select array_agg(id) from river.river_job where kind = 'support_answered' and args ->> 'ask' = $1`, asked.String()) {
		ended(id)
	}
	for agent, want := range map[string]int{yes: 1, no: 1, gone: 0} {
		if n := len(mailsTo(t, agent)); n != want {
			t.Errorf("%d mails to %s, want %d", n, agent, want)
		}
	}
}
