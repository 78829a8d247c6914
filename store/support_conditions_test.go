package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// A session waits for a second agent's word only while it may have it, and only another
// agent hears of it. While it doesn't wait nobody can confirm it.
func TestWriteRequestWaitsForAnotherAgentOnly(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantWriteAccess(t)
	id := b.startAs(t, b.dana.ID())
	must(t, errOf(b.writes(t, true)))
	second := storetest.Agent(t)
	tess := storetest.Person(t, storetest.StepUp(t, storetest.SignIn(t, second)))
	hears := func(me store.Person) bool {
		t.Helper()
		var asks []store.WriteRequest
		must(t, b.db.ReadOwn(t.Context(), me, store.ListWriteRequests(&asks)))
		return slices.ContainsFunc(asks, func(a store.WriteRequest) bool { return a.SessionID == id })
	}
	for what, me := range map[string]store.Person{
		"the agent who asks": storetest.Person(t, b.token), "a member": storetest.Person(t, storetest.SignIn(t, b.Dana)),
	} {
		if hears(me) {
			t.Errorf("%s hears of it", what)
		}
	}
	sessions, grants := `update support_sessions set `, `update support_grants set `
	for what, c := range map[string]struct {
		off, on string
		want    error
	}{
		"it was asked ten minutes ago": {sessions + `write_asked_at = now() - interval '10 minutes' where id = $1`, sessions + `write_asked_at = now() where id = $1`, store.ErrConflict},
		"it was asked in the future":   {sessions + `write_asked_at = now() + interval '1 hour' where id = $1`, sessions + `write_asked_at = now() where id = $1`, store.ErrConflict},
		"it writes already":            {sessions + `mode = 'write' where id = $1`, sessions + `mode = 'read' where id = $1`, store.ErrConflict},
		"it was stopped":               {sessions + `ended_at = now(), ended_how = 'stopped' where id = $1`, sessions + `ended_at = null, ended_how = null where id = $1`, store.ErrConflict},
		"its time ran out":             {sessions + `started_at = started_at - interval '1 hour', ends_at = ends_at - interval '1 hour' where id = $1`, sessions + `started_at = started_at + interval '1 hour', ends_at = ends_at + interval '1 hour' where id = $1`, store.ErrConflict},
		"the consent is to read":       {grants + `mode = 'read' where id = (select grant_id from support_sessions where id = $1)`, grants + `mode = 'write' where id = (select grant_id from support_sessions where id = $1)`, store.ErrConflict},
		"the consent was replaced":     {grants + `replaced_at = now() where id = (select grant_id from support_sessions where id = $1)`, grants + `replaced_at = null where id = (select grant_id from support_sessions where id = $1)`, store.ErrConflict},
		"its agent is disabled": {`update support_agents set disabled_at = now() where user_id = (select actor_id from support_sessions where id = $1)`,
			`update support_agents set disabled_at = null where user_id = (select actor_id from support_sessions where id = $1)`, store.ErrConflict},
	} {
		if !hears(tess) {
			t.Fatalf("before %s, another agent doesn't hear of it", what)
		}
		b.exec(t, c.off, id)
		if hears(tess) {
			t.Errorf("%s, and another agent hears of it", what)
		}
		wantErr(t, what, b.db.ConfirmWrite(t.Context(), tess, id), c.want)
		b.exec(t, c.on, id)
	}
	for _, sql := range [][2]string{
		{`update support_agents set disabled_at = now() where user_id = $1`, `update support_agents set disabled_at = null where user_id = $1`},
		{`update users set disabled_at = now() where id = $1`, `update users set disabled_at = null where id = $1`},
	} {
		b.exec(t, sql[0], tess.ID())
		if hears(tess) {
			t.Error("a disabled agent hears of it")
		}
		wantErr(t, "a disabled agent", b.db.ConfirmWrite(t.Context(), tess, id), store.ErrForbidden)
		b.exec(t, sql[1], tess.ID())
	}
	if n := b.count(t, `select count(*) from support_sessions where id = $1 and mode = 'read' and write_by is null`, id); n != 1 {
		t.Error("a refused confirmation switched the session to writing")
	}
	must(t, b.db.ConfirmWrite(t.Context(), tess, id))
	if hears(tess) {
		t.Error("afterwards another agent still hears of it")
	}
}

// A confirmation counts with a fresh proof of the second agent, in the browser in which
// they confirm.
func TestConfirmingNeedsItsOwnProof(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantWriteAccess(t)
	id := b.startAs(t, b.dana.ID())
	must(t, errOf(b.writes(t, true)))
	second := storetest.Agent(t)
	storetest.SignIn(t, second) // another browser
	tess := storetest.Person(t, storetest.StepUp(t, storetest.SignIn(t, second)))
	for what, c := range map[string][2]string{
		"the session expired":               {`update sessions set expires_at = now() where id = $1`, `update sessions set expires_at = now() + interval '1 day' where id = $1`},
		"the session was not used for long": {`update sessions set last_used_at = now() - interval '12 hours' where id = $1`, `update sessions set last_used_at = now() where id = $1`},
		"the proof is five minutes old":     {`update sessions set stepped_up_at = now() - interval '5 minutes' where id = $1`, `update sessions set stepped_up_at = now() where id = $1`},
		"the proof is of the future":        {`update sessions set stepped_up_at = now() + interval '1 hour' where id = $1`, `update sessions set stepped_up_at = now() where id = $1`},
		"the proof is of another browser":   {`update sessions set stepped_up_at = case when id = $1 then null else now() end where user_id = (select user_id from sessions where id = $1)`, `update sessions set stepped_up_at = now() where id = $1`},
	} {
		b.exec(t, c[0], tess.SessionID)
		wantErr(t, what, b.db.ConfirmWrite(t.Context(), tess, id), store.ErrStepUp)
		b.exec(t, c[1], tess.SessionID)
	}
	give := func(person uuid.UUID) {
		b.exec(t, `update sessions set user_id = $2 where id = $1`, tess.SessionID, person)
	}
	give(b.dana.ID())
	wantErr(t, "a browser of somebody else", b.db.ConfirmWrite(t.Context(), tess, id), store.ErrStepUp)
	give(tess.ID())
	must(t, b.db.ConfirmWrite(t.Context(), tess, id))
}

// Somebody who left, and a tenant that is suspended, are not found by their address or the
// beginning of the name. They are before and again afterwards.
func TestSupportFindsNobodyWhoLeft(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t).allowRequests(t)
	sam := storetest.Person(t, b.token)
	finds := func(text string) (found []store.FoundTenant) {
		t.Helper()
		found, err := b.db.FindSupportTenants(t.Context(), sam, text)
		must(t, err)
		return found
	}
	for what, c := range map[string]struct{ off, on, text string }{
		"who left":             {`update memberships set ended_at = now() where email = $1`, `update memberships set ended_at = null where email = $1`, b.Leo},
		"the tenant suspended": {`update tenants set state = 'suspended' where $1 <> '' and slug = '` + b.Acme + `'`, `update tenants set state = 'active' where $1 <> '' and slug = '` + b.Acme + `'`, b.Leo},
	} {
		if len(finds(c.text)) != 1 {
			t.Errorf("before, %s is not found", what)
		}
		b.exec(t, c.off, b.Leo)
		if found := finds(c.text); len(found) != 0 {
			t.Errorf("%s: %+v is found", what, found)
		}
		if found := finds(b.Acme); what == "the tenant suspended" && (len(found) != 1 || found[0].Kind != nil || found[0].AgencyName != nil || found[0].Asks) {
			t.Errorf("%s: its slug shows %+v", what, found)
		}
		b.exec(t, c.on, b.Leo)
		if len(finds(c.text)) != 1 {
			t.Errorf("afterwards, %s is not found", what)
		}
	}
	if found := finds(b.Acme[:1]); len(found) != 0 {
		t.Errorf("one letter finds %+v", found)
	}
}

// An agent may have one open request in each tenant, and one session. Another agent's don't
// count. Only its agent, in its tenant, withdraws an expired request.
func TestAgentsDontBlockEachOther(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).allowRequests(t)
	gus := b.Member(t, b.Gus, b.Globex)
	must(t, b.write(t, gus, func(tx *store.Tx) error { return tx.SetAccessRequestsAllowed(t.Context(), true) }))
	other := *b
	other.agent = storetest.Agent(t)
	other.token = storetest.StepUp(t, storetest.SignIn(t, other.agent))
	toGlobex := func(in *store.NewAccessRequest) { in.Slug = b.Globex }
	must(t, b.asks(t, nil))
	must(t, other.asks(t, nil))
	must(t, b.asks(t, toGlobex))
	wantErr(t, "a second request", b.asks(t, nil), store.ErrConflict)
	b.exec(t, `update support_asks set ends_at = now() where tenant_id = any ($1)`, []uuid.UUID{b.mia.TenantID(), gus.TenantID()})
	must(t, b.asks(t, nil))
	if n := b.count(t, `select count(*) from support_asks where tenant_id = $1 and answer = 'withdrawn'`, b.mia.TenantID()); n != 1 {
		t.Errorf("%d requests were withdrawn, want the agent's own", n)
	}
	if n := b.count(t, `select count(*) from support_asks where tenant_id = $1 and answer is not null`, gus.TenantID()); n != 0 {
		t.Error("a request to another tenant was withdrawn")
	}

	b.grantAccess(t)
	b.startAs(t, b.mia.ID())
	other.startAs(t, b.mia.ID())
	b.inside(t)
	other.inside(t)
	wantErr(t, "a second session", errOf(b.start(t, b.ask(b.Acme, b.dana.ID()))), store.ErrConflict)
	must(t, b.db.StopSupport(t.Context(), storetest.Person(t, b.token)))
	other.inside(t)
}

// An agent whose account is disabled starts nothing, even in a request that began before.
func TestDisabledAgentStartsNothing(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t).allowRequests(t)
	me := storetest.Person(t, b.token)
	request := store.NewAccessRequest{Slug: b.Acme, Code: storetest.SupportCode(t, b.Acme), Mode: "read", Hours: 1, Reason: "A look", Ticket: "T-1"}
	for _, sql := range [][2]string{
		{`update support_agents set disabled_at = now() where user_id = $1`, `update support_agents set disabled_at = null where user_id = $1`},
		{`update users set disabled_at = now() where id = $1`, `update users set disabled_at = null where id = $1`},
	} {
		b.exec(t, sql[0], b.sam)
		_, err := b.db.StartSupport(t.Context(), me, b.ask(b.Acme, b.mia.ID()))
		wantErr(t, "a start", err, store.ErrForbidden)
		wantErr(t, "a request", b.db.RequestAccess(t.Context(), me, request), store.ErrForbidden)
		found, err := b.db.FindSupportTenants(t.Context(), me, b.Acme)
		if err != nil || len(found) != 0 {
			t.Errorf("a search finds %+v, %v", found, err)
		}
		b.exec(t, sql[1], b.sam)
	}
	must(t, b.db.RequestAccess(t.Context(), me, request))
	must(t, errOf(b.db.StartSupport(t.Context(), me, b.ask(b.Acme, b.mia.ID()))))
}

// A client's revocation keeps binding the agency, even if another client allows support
// later.
func TestOtherClientsConsentKeepsRevocation(t *testing.T) {
	t.Parallel()
	b := setupSupport(t)
	storetest.GrantSupport(t, b.dana)
	must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.RevokeSupport(t.Context()) }))
	storetest.GrantSupport(t, b.Member(t, b.Gus, b.Globex))
	again := func(tx *store.Tx) error { return tx.GrantSupport(t.Context(), time.Hour) }
	wantErr(t, "the agency again", b.write(t, b.dana, again), store.ErrInvalid)
	_, err := b.start(t, b.ask(b.Acme, b.dana.ID()))
	wantErr(t, "a start", err, store.ErrForbidden)
	must(t, b.write(t, b.mia, again))
	must(t, b.write(t, b.dana, again))
	b.startAs(t, b.dana.ID())
}

// An agency's consent allows nothing if it is dated in the future, replaced or revoked.
func TestAgencyConsentNotInForceIsIgnored(t *testing.T) {
	t.Parallel()
	for what, c := range map[string][2]string{
		"of the future": {`created_at = created_at + interval '10 minutes'`, `created_at = created_at - interval '10 minutes'`},
		"replaced":      {`replaced_at = now()`, `replaced_at = null`},
		"revoked":       {`revoked_at = now(), revoked_by = created_by, revoked_party = party`, `revoked_at = null, revoked_by = null, revoked_party = null`},
	} {
		b := setupSupport(t)
		storetest.GrantSupport(t, b.dana)
		b.exec(t, `update support_grants set `+c[0]+` where tenant_id = $1`, b.dana.TenantID())
		if now := b.inForce(t, b.dana); len(now) != 0 {
			t.Errorf("a consent %s: %+v is in force", what, now)
		}
		_, err := b.start(t, b.ask(b.Acme, b.dana.ID()))
		wantErr(t, "with a consent "+what, err, store.ErrForbidden)
		b.exec(t, `update support_grants set `+c[1]+` where tenant_id = $1`, b.dana.TenantID())
		b.startAs(t, b.dana.ID())
	}
}

// A session is over at its end, not after it.
func TestSupportIsOverAtItsEnd(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	id := b.startAs(t, b.mia.ID())
	for end, over := range map[string]bool{"now()": true, "now() + interval '1 microsecond'": false} {
		tx, err := b.admin.Begin(t.Context()) // in which now() stands still
		must(t, err)
		_, err = tx.Exec(t.Context(), `update support_sessions set started_at = now() - interval '5 minutes', ends_at = `+end+` where id = $1`, id)
		must(t, err)
		var how *store.SupportEnd
		must(t, tx.QueryRow(t.Context(), `select lookup.support_over(s) from support_sessions s where s.id = $1`, id).Scan(&how))
		if (how != nil) != over {
			t.Errorf("at %s it is over: %v", end, how)
		}
		must(t, tx.Rollback(t.Context()))
	}
}
