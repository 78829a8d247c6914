package store_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// With a grant, a reason, a ticket and a step-up the agent enters as the person,
// read-only, for the requested time. The tenant is told.
func TestSupportStarts(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	id := b.startAs(t, b.mia.ID())

	m := b.inside(t)
	if m.ID() != b.mia.ID() || m.Person.Email != b.agent || m.Support.ID != id || m.Support.Mode != "read" {
		t.Errorf("inside as %v by %s in %+v", m.ID(), m.Person.Email, m.Support)
	}
	rows := b.ledger(t)
	if len(rows) != 1 || rows[0].AgentName != "Sam" || rows[0].SubjectName != b.mia.Name || rows[0].Ticket != "T-1" ||
		rows[0].Reason != "A file does not open" || rows[0].EndsAt.Sub(rows[0].StartedAt) != 30*time.Minute || rows[0].EndedAt != nil {
		t.Errorf("ledger = %+v", rows)
	}
	if got := b.trail(t, b.mia, "support.started"); len(got) != 1 || *got[0].ActorID != m.Person.ID() || got[0].SubjectName != b.mia.Name || *got[0].SupportSessionID != id {
		t.Errorf("trail = %+v", got)
	}
	if b.jobs(t, "support_started", id) != 1 || b.jobs(t, "support_expiry", id) != 1 {
		t.Error("the owners' mail or the expiry was not asked for")
	}
	if n := b.count(t, `select count(*) from river.river_job j join support_sessions s on s.id = $1
		where j.kind = 'support_expiry' and j.args ->> 'session' = $1::text and j.scheduled_at = s.ends_at
		  and j.args ->> 'support' = $1::text and j.args ->> 'asked_by' = s.subject_id::text and j.args ->> 'actor' = s.actor_id::text`, id); n != 1 {
		t.Error("the expiry is not set for the hard end, or its signature names somebody else")
	}
}

// If anything is missing, the start is refused, no session begins, and the tenant's
// trail has the refusal with the agent as actor.
func TestSupportStartRefused(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		before func(t *testing.T, b *supportBundle)
		change func(b *supportBundle, in *store.SupportStart)
		want   error
		why    string
	}{
		{name: "no grant", want: store.ErrForbidden, why: "no_grant",
			before: func(t *testing.T, b *supportBundle) {
				b.exec(t, `delete from support_grants where tenant_id = $1`, b.mia.TenantID())
			}},
		{name: "the grant has ended", want: store.ErrForbidden, why: "no_grant",
			before: func(t *testing.T, b *supportBundle) {
				b.exec(t, `update support_grants set created_at = created_at - interval '2 hours', ends_at = ends_at - interval '2 hours' where tenant_id = $1`, b.mia.TenantID())
			}},
		{name: "the grant is taken back", want: store.ErrForbidden, why: "no_grant",
			before: func(t *testing.T, b *supportBundle) {
				must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.RevokeSupport(t.Context()) }))
			}},
		{name: "only another tenant's grant", want: store.ErrForbidden, why: "no_grant",
			before: func(t *testing.T, b *supportBundle) {
				must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.RevokeSupport(t.Context()) }))
				storetest.GrantSupport(t, b.Member(t, b.Gus, b.Globex))
				storetest.GrantSupport(t, b.Member(t, b.Dana, b.Agency))
			}},
		{name: "the tenant is suspended", want: store.ErrForbidden, why: "no_grant",
			before: func(t *testing.T, b *supportBundle) {
				b.exec(t, `update tenants set state = 'suspended' where slug = $1`, b.Acme)
			}},
		{name: "its agency is suspended", want: store.ErrForbidden, why: "no_grant",
			before: func(t *testing.T, b *supportBundle) {
				b.exec(t, `update tenants set state = 'suspended' where slug = $1`, b.Agency)
			}},
		{name: "no step-up", want: store.ErrStepUp, why: "no_step_up",
			before: func(t *testing.T, b *supportBundle) { b.token = storetest.SignIn(t, b.agent) }},
		{name: "a step-up of another browser", want: store.ErrStepUp, why: "no_step_up",
			before: func(t *testing.T, b *supportBundle) {
				other := storetest.SignIn(t, b.agent)
				storetest.StepUp(t, other)
				b.token = storetest.SignIn(t, b.agent)
			}},
		{name: "a step-up five minutes old", want: store.ErrStepUp, why: "no_step_up",
			before: func(t *testing.T, b *supportBundle) {
				b.exec(t, `update sessions set stepped_up_at = now() - interval '5 minutes' where user_id = $1`, storetest.Person(t, b.token).ID())
			}},
		{name: "no reason", want: store.ErrInvalid, why: "bad_input",
			change: func(_ *supportBundle, in *store.SupportStart) { in.Reason = "" }},
		{name: "a reason nobody can see", want: store.ErrInvalid, why: "bad_input",
			change: func(_ *supportBundle, in *store.SupportStart) { in.Reason = " \t\u00a0\u200b\x00\n" }},
		{name: "a reason of what looks like letters", want: store.ErrInvalid, why: "bad_input",
			change: func(_ *supportBundle, in *store.SupportStart) { in.Reason = "\u3164\u2800 \ue000" }},
		{name: "a reason that is a novel", want: store.ErrInvalid, why: "bad_input",
			change: func(_ *supportBundle, in *store.SupportStart) { in.Reason = strings.Repeat("ü", 501) }},
		{name: "no ticket", want: store.ErrInvalid, why: "bad_input",
			change: func(_ *supportBundle, in *store.SupportStart) { in.Ticket = "\r\n" }},
		{name: "more than an hour", want: store.ErrInvalid, why: "bad_input",
			change: func(_ *supportBundle, in *store.SupportStart) { in.Minutes = 61 }},
		{name: "no time at all", want: store.ErrInvalid, why: "bad_input",
			change: func(_ *supportBundle, in *store.SupportStart) { in.Minutes = 0 }},
		{name: "a person of another tenant", want: store.ErrInvalid, why: "bad_target",
			before: func(t *testing.T, b *supportBundle) { b.dana = b.Member(t, b.Gus, b.Globex) },
			change: func(b *supportBundle, in *store.SupportStart) { in.Subject = b.dana.ID() }},
		{name: "nobody", want: store.ErrInvalid, why: "bad_target",
			change: func(_ *supportBundle, in *store.SupportStart) { in.Subject = uuid.Nil }},
		{name: "the agent as themselves", want: store.ErrInvalid, why: "bad_target",
			change: func(b *supportBundle, in *store.SupportStart) { in.Subject = b.sam }},
		{name: "somebody who has left", want: store.ErrInvalid, why: "bad_target",
			before: func(t *testing.T, b *supportBundle) {
				b.exec(t, `update memberships set ended_at = now() where tenant_id = $1 and user_id = $2`, b.dana.TenantID(), b.dana.ID())
			},
			change: func(b *supportBundle, in *store.SupportStart) { in.Subject = b.dana.ID() }},
		{name: "somebody who is disabled", want: store.ErrInvalid, why: "bad_target",
			before: func(t *testing.T, b *supportBundle) {
				b.exec(t, `update users set disabled_at = now() where id = $1`, b.dana.ID())
			},
			change: func(b *supportBundle, in *store.SupportStart) { in.Subject = b.dana.ID() }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setupSupport(t).grantAccess(t)
			if c.before != nil {
				c.before(t, b)
			}
			in := b.ask(b.Acme, b.mia.ID())
			if c.change != nil {
				c.change(b, &in)
			}
			_, err := b.start(t, in)
			wantErr(t, c.name, err, c.want)
			b.wantRefused(t, c.why)
		})
	}
}

// wantRefused checks that Acme's trail has one refusal and that no session began.
func (b *supportBundle) wantRefused(t *testing.T, why string) {
	t.Helper()
	got := b.trail(t, b.mia, "support.refused")
	agent := storetest.Person(t, b.token)
	if len(got) != 1 || got[0].Result != "denied" || *got[0].ActorID != agent.ID() || got[0].Detail["why"] != why {
		t.Errorf("trail = %+v, want one denied %q", got, why)
	}
	if n := b.count(t, `select count(*) from support_sessions where tenant_id = $1`, b.mia.TenantID()); n != 0 {
		t.Errorf("%d sessions began", n)
	}
	if agent.SupportSlug != "" || agent.SupportOver {
		t.Error("the agent's browser points at a session")
	}
	if _, ok := storetest.Visit(t, b.token, b.Acme).Member(); ok {
		t.Error("the agent is inside")
	}
}

// A disabled agent, a member and an unknown tenant are refused, and no trail records
// it.
func TestOnlyAgentsStartSupport(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	before := storetest.Person(t, b.token)
	storetest.DisableAgent(t, b.agent)
	_, err := b.db.StartSupport(t.Context(), before, b.ask(b.Acme, b.mia.ID()))
	wantErr(t, "a disabled agent", err, store.ErrForbidden)

	gus := storetest.Person(t, storetest.StepUp(t, storetest.SignIn(t, b.Gus)))
	_, err = b.db.StartSupport(t.Context(), gus, b.ask(b.Acme, b.mia.ID()))
	wantErr(t, "a member of another tenant", err, store.ErrForbidden)

	b.token = storetest.StepUp(t, storetest.SignIn(t, storetest.Agent(t)))
	_, err = b.start(t, b.ask("nowhere-"+b.Suffix, b.mia.ID()))
	wantErr(t, "an unknown tenant", err, store.ErrNotFound)
	b.startAs(t, b.mia.ID())
}

// One agent starts two sessions at once, from two browsers: one starts. The first is
// held up after all its checks.
func TestSupportOneSessionPerAgent(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	gus := b.Member(t, b.Gus, b.Globex)
	storetest.GrantSupport(t, gus)
	first, second := storetest.Person(t, b.token), storetest.Person(t, storetest.StepUp(t, storetest.SignIn(t, b.agent)))

	// The audit row needs a share lock on the tenant's row, which this transaction
	// blocks.
	hold, err := b.admin.Begin(t.Context())
	must(t, err)
	_, err = hold.Exec(t.Context(), `select from tenants where id = $1 for update`, b.mia.TenantID())
	must(t, err)
	start := func(me store.Person, in store.SupportStart) chan error {
		done := make(chan error, 1)
		go func() {
			_, err := b.db.StartSupport(t.Context(), me, in)
			done <- err
		}()
		return done
	}
	one := start(first, b.ask(b.Acme, b.mia.ID()))
	waitBehind(t, b.admin, nil)
	two := start(second, b.ask(b.Globex, gus.ID()))
	waitBehind(t, b.admin, two)
	must(t, hold.Commit(t.Context()))
	must(t, <-one)
	wantErr(t, "the second", <-two, store.ErrConflict)
	if n := b.count(t, `select count(*) from support_sessions where actor_id = $1`, b.sam); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// While one session runs no other starts. After Stop it does.
func TestSupportStopAllowsNextStart(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	first := b.startAs(t, b.mia.ID())
	_, err := b.start(t, b.ask(b.Acme, b.dana.ID()))
	wantErr(t, "a second start", err, store.ErrConflict)
	if m := b.inside(t); m.ID() != b.mia.ID() {
		t.Error("the refused start changed the subject")
	}

	must(t, b.db.StopSupport(t.Context(), b.inside(t).Person))
	if _, ok := storetest.Visit(t, b.token, b.Acme).Member(); ok {
		t.Error("still inside after Stop")
	}
	if p := storetest.Person(t, b.token); p.SupportOver || p.SupportSlug != "" {
		t.Error("the browser still points at the session")
	}
	if rows := b.ledger(t); rows[0].EndedHow == nil || *rows[0].EndedHow != "stopped" {
		t.Errorf("ledger = %+v", rows)
	}
	must(t, b.db.StopSupport(t.Context(), storetest.Person(t, b.token)))
	if got := b.trail(t, b.mia, "support.stopped"); len(got) != 1 || *got[0].SupportSessionID != first || *got[0].ActorID != storetest.Person(t, b.token).ID() {
		t.Errorf("trail = %+v, want one stop", got)
	}
	if b.jobs(t, "support_ended", first) != 1 {
		t.Error("the owners are not told once that it ended")
	}
	b.startAs(t, b.dana.ID())
	b.inside(t)
}

// The agent stops from another browser, or signs out: the session ends in every
// browser.
func TestSupportStopsFromOtherBrowser(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	b.startAs(t, b.mia.ID())
	must(t, b.db.StopSupport(t.Context(), storetest.Person(t, storetest.SignIn(t, b.agent))))
	b.wantOut(t, "stopped")

	b.startAs(t, b.mia.ID())
	me := storetest.Person(t, b.token)
	must(t, b.db.SignOut(t.Context(), me, me.SessionID))
	if rows := b.ledger(t); *rows[0].EndedHow != "stopped" {
		t.Errorf("after signing out the ledger says %+v", rows[0])
	}
	b.token = storetest.StepUp(t, storetest.SignIn(t, b.agent))
	b.startAs(t, b.mia.ID())
}

// Without support access the console finds a tenant by its exact slug or name only, and
// shows no more. With it the beginning of a name and a person's address find it too, and
// people are listed after a reason, a ticket and a step-up. The tenant's trail has each
// before it is shown. Members find nothing.
func TestSupportConsoleReads(t *testing.T) {
	t.Parallel()
	b := setupSupport(t)
	sam := storetest.Person(t, b.token)
	find := func(me store.Person, text string) []store.FoundTenant {
		t.Helper()
		found, err := b.db.FindSupportTenants(t.Context(), me, text)
		must(t, err)
		return found
	}
	people := func(me store.Person, in store.SupportStart) (int, error) {
		listed, err := b.db.ListSupportTargets(t.Context(), me, in)
		return len(listed), err
	}
	for i, text := range []string{b.Acme, strings.ToUpper(b.Acme), " " + b.Acme + "\x00", "acme " + strings.ToUpper(b.Suffix)} {
		found := find(sam, text)
		if len(found) != 1 || found[0].Slug != b.Acme || found[0].Kind != nil || found[0].AgencyName != nil || found[0].GrantEndsAt != nil {
			t.Errorf("%q finds %+v", text, found)
		}
		searches, rows := 0, b.trail(t, b.mia, "support.found")
		for _, r := range rows { // one a day stands for all of them
			searches += r.Views
		}
		if searches != i+1 || *rows[0].ActorID != b.sam {
			t.Errorf("the trail has %d searches, want %d", searches, i+1)
		}
	}
	hidden := []string{b.Leo, b.Mia, b.Dana, "acme " + b.Suffix[:6], b.Acme[:8], "Acme", "%", b.Suffix, "_cme " + b.Suffix, "acme  " + b.Suffix, "@" + b.Suffix + ".test"}
	for _, text := range hidden {
		if found := find(sam, text); slices.ContainsFunc(found, func(f store.FoundTenant) bool { return f.Slug == b.Acme }) {
			t.Errorf("without consent %q finds it", text)
		}
	}
	in := b.ask(b.Acme, uuid.Nil)
	if n, err := people(sam, in); n != 0 || !errors.Is(err, store.ErrForbidden) {
		t.Errorf("without a grant the console names %d people, %v", n, err)
	}
	b.grantAccess(t)
	for _, text := range []string{b.Leo, "acme " + b.Suffix[:6]} {
		if found := find(sam, text); len(found) != 1 || *found[0].AgencyName != "Northwind "+b.Suffix || found[0].GrantEndsAt == nil {
			t.Errorf("with consent %q finds %+v", text, found)
		}
	}
	for what, c := range map[string]struct {
		me   store.Person
		edit func(*store.SupportStart)
		want error
	}{
		"no reason":  {sam, func(in *store.SupportStart) { in.Reason = " \u200b" }, store.ErrInvalid},
		"no ticket":  {sam, func(in *store.SupportStart) { in.Ticket = "" }, store.ErrInvalid},
		"no step-up": {storetest.Person(t, storetest.SignIn(t, b.agent)), func(*store.SupportStart) {}, store.ErrStepUp},
		"a member":   {storetest.Person(t, storetest.StepUp(t, storetest.SignIn(t, b.Dana))), func(*store.SupportStart) {}, store.ErrForbidden},
		"no tenant":  {sam, func(in *store.SupportStart) { in.Slug = "nowhere-" + b.Suffix }, store.ErrNotFound},
	} {
		in := b.ask(b.Acme, uuid.Nil)
		c.edit(&in)
		if n, err := people(c.me, in); n != 0 || !errors.Is(err, c.want) {
			t.Errorf("%s: %d people, %v", what, n, err)
		}
	}
	if rows := b.trail(t, b.mia, "support.people_listed"); len(rows) != 0 {
		t.Errorf("refused lists are in the trail: %+v", rows)
	}
	if n, err := people(sam, in); n != 4 || err != nil {
		t.Errorf("the console names %d people, %v", n, err)
	}
	if rows := b.trail(t, b.mia, "support.people_listed"); len(rows) != 1 || *rows[0].ActorID != b.sam || rows[0].Detail["ticket"] != in.Ticket {
		t.Errorf("the trail says %+v", rows)
	}
	b.startAs(t, b.mia.ID())
	var past []store.PastSupport
	must(t, b.db.ReadOwn(t.Context(), sam, store.SupportHistory(50, &past)))
	if len(past) != 1 || past[0].Slug != b.Acme || past[0].EndedHow != nil {
		t.Errorf("past %+v", past)
	}
	dana := storetest.Person(t, storetest.SignIn(t, b.Dana))
	must(t, b.db.ReadOwn(t.Context(), dana, store.SupportHistory(50, &past)))
	if len(find(dana, b.Acme))+len(past) != 0 {
		t.Error("a person who is no agent reads the console")
	}
}
