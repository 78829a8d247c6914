package store_test

import (
	"testing"
	"time"

	"portico/e2e/storetest"
	"portico/store"
)

// grantWriteAccess lets Acme's client owner grant access to write.
func (b *supportBundle) grantWriteAccess(t *testing.T) *supportBundle {
	t.Helper()
	must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.GrantSupportToWrite(t.Context(), time.Hour) }))
	return b
}

// writes requests writing after another step-up.
func (b *supportBundle) writes(t *testing.T, fourEyes bool) (bool, error) {
	t.Helper()
	b.token = storetest.StepUp(t, b.token)
	return b.db.RequestWrite(t.Context(), storetest.Person(t, b.token), fourEyes)
}

// A session reads until a second step with a second step-up. Its changes then name
// the subject and the session, and the trail names the agent.
func TestSupportWrites(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantWriteAccess(t)
	id := b.startAs(t, b.dana.ID())
	m := b.inside(t)
	if m.Support.Mode != "read" || !m.Support.MayWrite {
		t.Errorf("it begins as %+v", m.Support)
	}
	create := func(tx *store.Tx) error {
		return errOf(tx.CreateProject(t.Context(), store.ProjectInput{Name: "Mended " + b.Suffix}))
	}
	wantErr(t, "a change before the step", b.write(t, m, create), store.ErrForbidden)
	_, err := b.db.RequestWrite(t.Context(), storetest.Person(t, b.token), false)
	wantErr(t, "with the proof that the session began with", err, store.ErrStepUp)
	if b.inside(t).Support.Mode != "read" {
		t.Error("a refused step switched the session to writing")
	}

	if now, err := b.writes(t, false); err != nil || !now {
		t.Fatalf("the step: %v, %v", now, err)
	}
	m = b.inside(t)
	if m.Support.Mode != "write" || m.Support.MayWrite {
		t.Errorf("then it is %+v", m.Support)
	}
	must(t, b.write(t, m, create))
	if n := b.count(t, `select count(*) from projects where tenant_id = $1 and created_by = $2 and support_session_id = $3`, b.dana.TenantID(), b.dana.ID(), id); n != 1 {
		t.Errorf("%d projects of the session", n)
	}
	got := append(b.trail(t, b.dana, "project.created"), b.trail(t, b.mia, "support.write_started")...)
	if len(got) != 2 {
		t.Fatalf("trail = %+v", got)
	}
	for _, e := range got {
		if *e.ActorID != b.sam || e.SubjectName != b.dana.Name || *e.SupportSessionID != id {
			t.Errorf("trail = %+v", e)
		}
	}
	// What a session may never do, in either mode.
	for what, deed := range map[string]func(*store.Tx) error{
		"consent":     func(tx *store.Tx) error { return tx.GrantSupport(t.Context(), time.Hour) },
		"being asked": func(tx *store.Tx) error { return tx.SetAccessRequestsAllowed(t.Context(), true) },
		"an invitation": func(tx *store.Tx) error {
			return errOf(tx.InvitePerson(t.Context(), store.NewPerson{Name: "x", Email: "x@" + b.Suffix + ".test", Party: store.PartyClient, Role: store.RoleViewer}))
		},
		"a visit": func(tx *store.Tx) error { return tx.EndSupportSession(t.Context(), id) },
	} {
		wantErr(t, what, b.write(t, m, deed), store.ErrForbidden)
	}
	_, err = b.writes(t, false)
	wantErr(t, "the step again", err, store.ErrConflict)
	must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.RevokeSupport(t.Context()) }))
	b.wantOut(t, "revoked")
}

// The second step is refused if the grant only allows reading, or no session runs.
// Each refusal inside a tenant is in its trail.
func TestSupportWriteRefused(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	_, err := b.writes(t, false)
	wantErr(t, "outside", err, store.ErrConflict)
	id := b.startAs(t, b.dana.ID())
	_, err = b.writes(t, false)
	wantErr(t, "with consent to read", err, store.ErrForbidden)
	if got := b.trail(t, b.mia, "support.write_requested"); len(got) != 1 || got[0].Result != "denied" || got[0].Detail["why"] != "read_only" || *got[0].SupportSessionID != id {
		t.Errorf("trail = %+v", got)
	}
	if m := b.inside(t); m.Support.Mode != "read" || m.Support.MayWrite {
		t.Errorf("inside in %+v", m.Support)
	}
	b.exec(t, `update support_grants set mode = 'write' where tenant_id = $1`, b.mia.TenantID())
	other := storetest.StepUp(t, storetest.SignIn(t, b.agent))
	_, err = b.db.RequestWrite(t.Context(), storetest.Person(t, other), false)
	wantErr(t, "from a browser that is not inside", err, store.ErrConflict)
	b.token = storetest.StepUp(t, b.token)
	b.exec(t, `update sessions set stepped_up_at = now() - interval '5 minutes' where user_id = $1`, b.sam)
	b.exec(t, `update support_sessions set started_at = started_at - interval '10 minutes' where id = $1`, id)
	_, err = b.db.RequestWrite(t.Context(), storetest.Person(t, b.token), false)
	wantErr(t, "with a proof five minutes old", err, store.ErrStepUp)
	b.ageSession(t, id, time.Hour)
	_, err = b.writes(t, false)
	wantErr(t, "past its end", err, store.ErrConflict)
}

// Four eyes: another agent must confirm within ten minutes, after a step-up of their
// own.
func TestSupportWritesWithFourEyes(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantWriteAccess(t)
	id := b.startAs(t, b.dana.ID())
	confirm := func(who store.Token) error { return b.db.ConfirmWrite(t.Context(), storetest.Person(t, who), id) }
	tess := storetest.StepUp(t, storetest.SignIn(t, storetest.Agent(t)))
	wantErr(t, "before it is asked for", confirm(tess), store.ErrConflict)
	if now, err := b.writes(t, true); err != nil || now {
		t.Fatalf("the step: %v, %v", now, err)
	}
	if b.inside(t).Support.Mode != "read" {
		t.Error("the session writes before the second agent confirms")
	}
	var asks []store.WriteRequest
	must(t, b.db.ReadOwn(t.Context(), storetest.Person(t, b.token), store.ListWriteRequests(&asks)))
	for _, a := range asks {
		if a.SessionID == id {
			t.Error("an agent is asked for their own")
		}
	}
	wantErr(t, "by the agent who asks", confirm(b.token), store.ErrConflict)
	wantErr(t, "without a proof", confirm(storetest.SignIn(t, storetest.Agent(t))), store.ErrStepUp)
	wantErr(t, "by an owner of the tenant", confirm(storetest.StepUp(t, storetest.SignIn(t, b.Mia))), store.ErrForbidden)
	b.exec(t, `update support_sessions set write_asked_at = now() - interval '10 minutes' where id = $1`, id)
	wantErr(t, "too late", confirm(tess), store.ErrConflict)
	if n := b.count(t, `select count(*) from support_sessions where id = $1 and mode = 'read' and write_by is null`, id); n != 1 {
		t.Error("a refusal switched the session to writing")
	}

	_, err := b.writes(t, true)
	must(t, err)
	must(t, confirm(tess))
	if b.inside(t).Support.Mode != "write" {
		t.Error("the session does not write")
	}
	got := b.trail(t, b.mia, "support.write_confirmed")
	if len(got) != 1 || *got[0].ActorID != storetest.Person(t, tess).ID() || *got[0].TargetID != id {
		t.Errorf("trail = %+v", got)
	}
	wantErr(t, "again", confirm(tess), store.ErrConflict)
}
