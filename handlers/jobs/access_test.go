package jobs

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/rivertype"

	"portico/e2e/storetest"
	"portico/store"
	"portico/store/queue"
)

// Leo is removed, disabled or erased between the publication and the mail. Mia gets the
// mail; Leo gets neither the mail nor the digest.
func TestRemovedPeopleGetNoMail(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	for name, lose := range map[string]string{
		"membership ended": `update memberships set ended_at = now() where email = $1`,
		"account disabled": `update users set disabled_at = now() where email = $1`,
		"address removed":  `update memberships set email = null where email = $1`,
		"forgotten":        `select lookup.forget(id, email, id, gen_random_uuid(), '') from users where email = $1`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := endsOf(t, r)
			a := storetest.Agency(t)
			dana := a.Member(t, a.Dana, a.Acme)
			published(t, dana, "Poster "+a.Suffix)
			mailTo(t, a.Leo, "Poster "+a.Suffix) // while he has access, he gets mail
			leo := ask[uuid.UUID](t, admin(t), `select id from users where email = $1`, a.Leo)
			do(t, admin(t), lose, a.Leo)

			again := draft(t, dana, "Flyer "+a.Suffix)
			publish(t, dana, again)
			mailTo(t, a.Mia, "Flyer "+a.Suffix)
			sig := queue.Signature{Tenant: dana.TenantID()}
			for _, job := range []queue.TenantJob{
				&queue.VersionMail{Signature: sig, Version: again, To: leo},
				&queue.DigestMail{Signature: sig, Day: "2026-01-02", To: leo, Since: time.Now().Add(-time.Hour).UTC(), Until: time.Now().Add(time.Hour).UTC()},
			} {
				check(t, testSigner.Sign(job))
				if row := ended(insert(t, r, job)); row.State != rivertype.JobStateCompleted {
					t.Errorf("%s is %s", row.Kind, row.State)
				}
			}
			for _, m := range mailsTo(t, a.Leo) {
				if !strings.Contains(m.Text(), "Poster "+a.Suffix) || strings.Contains(m.Text(), "Flyer") {
					t.Errorf("a mail reached him: %s", m.Subject())
				}
			}
		})
	}
}

// Ravi publishes and loses his access, or the right to publish, before the job runs: the
// job is cancelled and the audit trail records it. The same job requested by Dana runs.
func TestRequesterMustStillBeAllowed(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	for name, lose := range map[string]string{
		"membership ended": `update memberships set ended_at = now() where email = $1 and tenant_id = $2`,
		"role lowered":     `update memberships set role = 'viewer' where email = $1 and tenant_id = $2`,
		"account disabled": `update users set disabled_at = now() where email = $1 and $2::uuid is not null`,
		"forgotten":        `select lookup.forget(id, email, id, gen_random_uuid(), '') from users where email = $1 and $2::uuid is not null`,
		"tenant suspended": `update tenants set state = 'suspended' where id = $2 and $1 <> ''`,
		"agency suspended": `update tenants set state = 'suspended' where id = (select agency_id from tenants where id = $2) and $1 <> ''`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := endsOf(t, r)
			a := storetest.Agency(t)
			ravi, dana := a.Member(t, a.Ravi, a.Acme), a.Member(t, a.Dana, a.Acme)
			version := published(t, dana, "Poster "+a.Suffix)
			mailTo(t, a.Mia, "Poster "+a.Suffix)
			leo := ask[uuid.UUID](t, admin(t), `select id from users where email = $1`, a.Leo)
			mailTo(t, a.Leo, "Poster "+a.Suffix)
			waitIdle(t, r, []uuid.UUID{dana.TenantID()})
			do(t, admin(t), `delete from job_effects where tenant_id = $1`, dana.TenantID())
			do(t, admin(t), lose, a.Ravi, dana.TenantID())

			job := &queue.VersionMail{Signature: queue.Signature{Tenant: dana.TenantID(), RequestedBy: ravi.ID(), Actor: ravi.ID()}, Version: version, To: leo}
			check(t, testSigner.Sign(job))
			if row := ended(insert(t, r, job)); row.State != rivertype.JobStateCancelled {
				t.Errorf("the job is %s", row.State)
			}
			if n := len(mailsTo(t, a.Leo)); n != 1 {
				t.Errorf("%d mails, want only the first", n)
			}
			if n := ask[int](t, admin(t), `select count(*)::int from audit_events where tenant_id = $1 and verb = 'job.cancelled' and result = 'denied' and actor_id = $2`, dana.TenantID(), ravi.ID()); n != 1 {
				t.Errorf("%d lines in the trail, want 1", n)
			}
			if strings.Contains(name, "suspended") {
				return
			}
			job.RequestedBy, job.Actor = dana.ID(), dana.ID()
			check(t, testSigner.Sign(job))
			ended(insert(t, r, job))
			if n := len(mailsTo(t, a.Leo)); n != 2 {
				t.Errorf("%d mails, want the one that Dana requested too", n)
			}
		})
	}
}

// Mail holds neither drafts nor work that was deleted before the mail was written. Work
// that is no longer shared is only in the staff's mail. The job reads under the
// recipient's own scope.
func TestMailShowsOnlyWhatItsReaderMaySee(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	ended := endsOf(t, r)
	a := storetest.Agency(t)
	dana, ravi := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Ravi, a.Acme)
	published(t, ravi, "Shown "+a.Suffix)
	binned := published(t, ravi, "Binned "+a.Suffix)
	draft(t, ravi, "Draft "+a.Suffix)
	back := published(t, ravi, "Back "+a.Suffix)
	mailTo(t, a.Mia, "Back "+a.Suffix)
	mailTo(t, a.Mia, "Binned "+a.Suffix)
	do(t, admin(t), `update projects set shared_at = null
		where id = (select project_id from deliverables where id = (select deliverable_id from versions where id = $1))`, back)
	do(t, admin(t), `update deliverables set deleted_at = now() where id = (select deliverable_id from versions where id = $1)`, binned)

	for _, who := range []string{a.Mia, a.Dana} {
		id := ask[uuid.UUID](t, admin(t), `select id from users where email = $1`, who)
		job := &queue.DigestMail{Signature: queue.Signature{Tenant: dana.TenantID()}, Day: "2026-01-03", To: id,
			Since: time.Now().Add(-time.Hour).UTC(), Until: time.Now().Add(time.Hour).UTC()}
		check(t, testSigner.Sign(job))
		ended(insert(t, r, job))
		digest := mailTo(t, who, "New in ").Text()
		if !strings.Contains(digest, "Shown "+a.Suffix) || strings.Contains(digest, "Binned") || strings.Contains(digest, "Draft") {
			t.Errorf("the digest for %s holds the wrong things:\n%s", who, digest)
		}
		if staff := who == a.Dana; strings.Contains(digest, "Back "+a.Suffix) != staff {
			t.Errorf("work that is no longer shared is in the wrong digest, for %s:\n%s", who, digest)
		}
	}
	again := &queue.VersionMail{Signature: queue.Signature{Tenant: dana.TenantID()}, Version: back, To: mia(t, dana)}
	waitIdle(t, r, []uuid.UUID{dana.TenantID()})
	do(t, admin(t), `delete from job_effects where tenant_id = $1 and key like 'version_mail:' || $2 || '%'`, dana.TenantID(), back.String())
	before := len(mailsTo(t, a.Mia))
	if row := ended(signAndInsert(t, r, again)); row.State != rivertype.JobStateCompleted || len(mailsTo(t, a.Mia)) != before {
		t.Errorf("the job is %s, and she got mail about work that is no longer shared", row.State)
	}
	// Ravi published everything himself, so he gets no digest.
	job := &queue.DigestMail{Signature: queue.Signature{Tenant: dana.TenantID()}, Day: "2026-01-03", To: ravi.ID(),
		Since: time.Now().Add(-time.Hour).UTC(), Until: time.Now().Add(time.Hour).UTC()}
	check(t, testSigner.Sign(job))
	ended(insert(t, r, job))
	if n := len(mailsTo(t, a.Ravi)); n != 0 {
		t.Errorf("%d mails to Ravi, want none", n)
	}
}

// The digest of a day is sent once, however often it is enqueued. The next one starts
// where it ended, so it has no news and is not sent.
func TestDigestIsSentOnceADay(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a := storetest.Agency(t)
	ravi := a.Member(t, a.Ravi, a.Acme)
	globex := a.Member(t, a.Dana, a.Globex)
	published(t, ravi, "Poster "+a.Suffix)
	published(t, globex, "Theirs "+a.Suffix)
	tenants := []uuid.UUID{ravi.TenantID(), globex.TenantID()}

	for range 3 {
		check(t, storetest.DB().EnqueueDigests(t.Context(), "2026-03-01", tenants))
	}
	digest := mailTo(t, a.Mia, "New in ")
	mailTo(t, a.Gus, "New in ")
	mailTo(t, a.Leo, "New in ")
	mailTo(t, a.Dana, "New in ") // about acme: her own work in globex is no news
	check(t, storetest.DB().EnqueueDigests(t.Context(), "2026-03-02", tenants))
	waitIdle(t, r, tenants)

	if !strings.Contains(digest.Text(), "Poster "+a.Suffix) || strings.Contains(digest.Text(), "Theirs") {
		t.Errorf("the digest is not of its tenant:\n%s", digest.Text())
	}
	for _, who := range []string{a.Mia, a.Leo, a.Gus, a.Dana} {
		n := 0
		for _, m := range mailsTo(t, who) {
			if strings.Contains(m.Text(), "New in ") {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d digests to %s, want 1", n, who)
		}
	}
	for _, tenant := range tenants {
		n := ask[int](t, admin(t), `select count(*)::int from audit_events where tenant_id = $1 and verb = 'project.digest_sent' and party = 'system' and actor_id is null`, tenant)
		if n != 1 {
			t.Errorf("%d lines in the trail, want 1", n)
		}
	}
}

// A digest is enqueued in every active tenant, beyond one batch too, but not in a
// suspended tenant or in the clients of a suspended agency. The test has a database of
// its own, so that other tests get no digests from it.
func TestDailyDigestsOfActiveTenants(t *testing.T) {
	t.Parallel()
	db, err := storetest.Open(t.Context(), "digests")
	check(t, err)
	t.Cleanup(db.Close)
	conn, err := pgx.Connect(t.Context(), storetest.Server().AdminURL("digests"))
	check(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	do(t, conn, `insert into tenants (id, kind, slug, name, state)
		select gen_random_uuid(), 'agency', 'agency-' || n, 'Agency', case when n % 100 = 0 then 'suspended' else 'active' end from generate_series(1, $1::int) n`, tenantBatch)
	do(t, conn, `insert into tenants (id, kind, agency_id, slug, name)
		select gen_random_uuid(), 'client', id, 'client-of-' || slug, 'Client' from tenants where kind = 'agency'`)
	r := newTestRunner(t, db, testConfig(t, mails.URL(), &lockedBuffer{}), nil)

	check(t, r.dailyDigests(t.Context(), queue.DailyDigests{Day: "2026-04-01"}))
	active := ask[int](t, conn, `select count(*)::int from river.river_job j join tenants t on t.id::text = j.args ->> 'tenant'
		where j.kind = 'project_digest' and j.args ->> 'day' = '2026-04-01' and t.slug !~ '00$'`)
	all := ask[int](t, conn, `select count(*)::int from river.river_job where kind = 'project_digest'`)
	if want := 2 * (tenantBatch - tenantBatch/100); active != want || all != want {
		t.Errorf("%d jobs in active tenants, %d in all, want %d", active, all, want)
	}
}

// Digests are enqueued at six, or later before noon if no process ran.
func TestDigestHours(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 5, 4, 0, 30, 0, 0, time.UTC)
	for hour := range 24 {
		got := digestsDue(day.Add(time.Duration(hour) * time.Hour))
		if due := hour >= 6 && hour < 12; due != (got != nil) {
			t.Errorf("at %d:30: %v", hour, got)
		}
	}
	if next := (hourly{}).Next(day); !next.Equal(day.Add(30 * time.Minute)) {
		t.Errorf("after %v comes %v", day, next)
	}
}

// waitIdle waits until all jobs of the tenants have ended.
func waitIdle(t *testing.T, r *Runner, tenants []uuid.UUID) {
	t.Helper()
	names := make([]string, len(tenants))
	for i, id := range tenants {
		names[i] = id.String()
	}
	waitFor(t, r, `select not exists (select 1 from river.river_job where args ->> 'tenant' = any ($1) and state in ('available', 'running', 'retryable'))`, names)
}

// An agent publishes as Dana in acme: every job, audit event and mail that results names
// the agent, Dana and the support session.
func TestProvenance(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	ended := endsOf(t, r)
	a := storetest.Agency(t)
	me := supporter(t, a)
	version := draft(t, a.Member(t, a.Dana, a.Acme), "Poster "+a.Suffix)
	publish(t, me, version)
	msg := mailTo(t, a.Mia, "Poster "+a.Suffix)
	if by := "Sam of support, as Dana " + a.Suffix; !strings.Contains(msg.Text(), by) {
		t.Errorf("the mail does not say that %s published:\n%s", by, msg.Text())
	}
	for name, want := range map[string]uuid.UUID{
		"X-Portico-Actor":           me.Person.ID(),
		"X-Portico-Subject":         me.ID(),
		"X-Portico-Support-Session": me.Support.ID,
	} {
		if got := msg.Header(name); got != want.String() {
			t.Errorf("%s = %q, want %s", name, got, want)
		}
	}
	for _, id := range ask[[]int64](t, admin(t), `select array_agg(id) from river.river_job where args ->> 'version' = $1`, version.String()) {
		ended(id)
	}
	jobs := ask[int](t, admin(t), `select count(*)::int from river.river_job
		where args ->> 'version' = $1 and args ->> 'actor' = $2 and args ->> 'asked_by' = $3 and args ->> 'support' = $4`,
		version.String(), me.Person.ID().String(), me.ID().String(), me.Support.ID.String())
	rows := ask[int](t, admin(t), `select count(*)::int from audit_events
		where tenant_id = $1 and verb = 'version.mail_sent' and actor_id = $2 and subject_id = $3 and support_session_id = $4`,
		me.TenantID(), me.Person.ID(), me.ID(), me.Support.ID)
	if jobs != 3 || rows != 2 {
		t.Errorf("%d jobs and %d lines carry it, want 3 and 2", jobs, rows)
	}
}

// An agent publishes as Dana. The mail about it and the digest name both, and the mail to
// somebody who joins later names nobody. What Dana publishes in person names her alone.
func TestMailsOfSupportsActsNameBoth(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a := storetest.Agency(t)
	me, dana := supporter(t, a), a.Member(t, a.Dana, a.Acme)
	published(t, me, "Poster "+a.Suffix)
	published(t, dana, "Flyer "+a.Suffix)
	both := "Sam of support, as Dana " + a.Suffix
	check(t, storetest.DB().EnqueueDigests(t.Context(), "2026-03-01", []uuid.UUID{dana.TenantID()}))
	texts := map[string]string{
		"the mail":   mailTo(t, a.Mia, "Poster "+a.Suffix).Text(),
		"the digest": mailTo(t, a.Mia, "New in ").Text(),
	}
	for what, text := range texts {
		if !strings.Contains(text, both) {
			t.Errorf("%s does not say that %s published:\n%s", what, both, text)
		}
	}
	if !strings.Contains(texts["the digest"], "Dana "+a.Suffix+" published version 1 of Flyer "+a.Suffix) ||
		strings.Contains(texts["the digest"], both+" published version 1 of Flyer") {
		t.Errorf("the digest says of what Dana did:\n%s", texts["the digest"])
	}
	if text := mailTo(t, a.Mia, "Flyer "+a.Suffix).Text(); strings.Contains(text, "of support, as Dana "+a.Suffix+" published version 1 of Flyer") {
		t.Errorf("the mail says of what Dana did:\n%s", text)
	}
	nina := "nina@" + a.Suffix + ".test"
	invite(t, dana, nina)
	token, ok := store.ParseTenantToken(inviteIn.FindStringSubmatch(mailTo(t, nina, "invited you to").Text())[1])
	if !ok {
		t.Fatal("no token")
	}
	_, err := storetest.DB().AcceptInvite(t.Context(), storetest.Person(t, storetest.SignIn(t, nina)), token, "Nina")
	check(t, err)
	if text := mailTo(t, nina, "New for you in Acme").Text(); !strings.Contains(text, "Poster "+a.Suffix) || strings.Contains(text, "Sam") || strings.Contains(text, "Dana") {
		t.Errorf("the mail to somebody who joined later:\n%s", text)
	}
	waitIdle(t, r, []uuid.UUID{dana.TenantID()})
}

// supporter returns an agent in a support session in acme as Dana, in write mode.
func supporter(t *testing.T, a *storetest.Tenants) store.Member {
	t.Helper()
	email := storetest.Agent(t)
	token := storetest.SignIn(t, email)
	conn := admin(t)
	dana := a.Member(t, a.Dana, a.Acme)
	grant, session := store.NewID(), store.NewID()
	do(t, conn, `insert into support_grants (tenant_id, id, created_by, party, mode, ends_at) values ($1, $2, $3, 'agency', 'write', now() + interval '1 hour')`, dana.TenantID(), grant, dana.ID())
	do(t, conn, `insert into support_sessions (tenant_id, id, kind, mode, grant_id, actor_id, actor_name, subject_id, subject_party, reason, ticket, ends_at)
		select $1, $2, 'support', 'write', $3, u.id, u.name, $4, 'agency', 'To look', 'T-1', now() + interval '30 minutes' from users u where u.email = $5`,
		dana.TenantID(), session, grant, dana.ID(), email)
	do(t, conn, `update sessions set support_tenant_id = $1, support_session_id = $2 where user_id = (select id from users where email = $3)`, dana.TenantID(), session, email)
	v, err := storetest.DB().Identify(t.Context(), store.Credentials{Token: &token, Slug: a.Acme})
	check(t, err)
	me, ok := v.Member()
	if !ok || me.Support == nil {
		t.Fatal("the agent has no support session")
	}
	return me
}

// Somebody's account is erased while mails to their address are queued: the jobs
// complete and send nothing.
func TestForgottenAddressGetsNoMail(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	ended := endsOf(t, r)
	a, other := storetest.Agency(t), storetest.Agency(t)
	dana := other.Member(t, other.Dana, other.Acme)
	var invite uuid.UUID
	check(t, storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) (err error) {
		invite, err = tx.InvitePerson(t.Context(), store.NewPerson{Name: "Leo", Email: a.Leo, Party: store.PartyClient, Role: store.RoleViewer})
		return err
	}))
	mailTo(t, a.Leo, "Acme")
	flow, err := storetest.DB().BeginMailFlow(t.Context(), store.Secret("cookie of "+a.Suffix), a.Leo, "/")
	check(t, err)
	mailTo(t, a.Leo, "Sign in")
	do(t, admin(t), `delete from job_effects where tenant_id = $1`, dana.TenantID())
	do(t, admin(t), `select lookup.forget(id, email, id, gen_random_uuid(), '') from users where email = $1`, a.Leo)

	late := &queue.InviteMail{Signature: queue.Signature{Tenant: dana.TenantID()}, Invite: invite, Sending: 1}
	check(t, testSigner.Sign(late))
	for _, id := range []int64{insert(t, r, late), insert(t, r, queue.SignInMail{Flow: flow})} {
		if row := ended(id); row.State != rivertype.JobStateCompleted {
			t.Errorf("%s is %s", row.Kind, row.State)
		}
	}
	all, err := mails.To(a.Leo)
	check(t, err)
	if len(all) != 2 {
		t.Errorf("%d mails, want the two from before", len(all))
	}
}
