package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// viewAs lets Dana, who is staff at Acme, view as that person in a new browser, which
// becomes the bundle's.
func (b *supportBundle) viewAs(t *testing.T, subject uuid.UUID) error {
	t.Helper()
	b.token = storetest.SignIn(t, b.Dana)
	m, ok := storetest.Visit(t, b.token, b.Acme).Member()
	if !ok {
		t.Fatal("Dana is no member")
	}
	return b.db.ViewAs(t.Context(), m, subject)
}

func (b *supportBundle) latestSession(t *testing.T) uuid.UUID {
	t.Helper()
	rows := b.ledger(t)
	if len(rows) == 0 {
		t.Fatal("no session on the ledger")
	}
	return rows[0].ID
}

// Staff view as a client user: read-only, for an hour, on the client's ledger and
// trail, and without mail.
func TestViewAs(t *testing.T) {
	t.Parallel()
	b := setupSupport(t)
	must(t, b.viewAs(t, b.mia.ID()))
	m := b.inside(t)
	if m.ID() != b.mia.ID() || m.Party != store.PartyClient || m.Person.ID() != b.dana.ID() || !m.Support.ViewAs() || m.Support.Mode != "read" {
		t.Errorf("inside as %v, %s, by %v, in %+v", m.ID(), m.Party, m.Person.ID(), m.Support)
	}
	row := b.ledger(t)[0]
	if row.Kind != "view_as" || row.AgentName != b.dana.Name || row.SubjectName != b.mia.Name || row.EndsAt.Sub(row.StartedAt) != time.Hour {
		t.Errorf("ledger = %+v", row)
	}
	got := b.trail(t, b.mia, "support.view_started")
	if len(got) != 1 || *got[0].ActorID != b.dana.ID() || got[0].SubjectName != b.mia.Name || *got[0].SupportSessionID != row.ID || !got[0].ViewAs {
		t.Errorf("trail = %+v", got)
	}
	if b.jobs(t, "support_expiry", row.ID) != 1 || b.jobs(t, "support_started", row.ID) != 0 {
		t.Error("the end is not set, or owners are told by mail")
	}
	// Elsewhere, and in her other browsers, she acts as herself.
	for _, v := range []store.Visitor{storetest.Visit(t, b.token, b.Globex), storetest.Visit(t, storetest.SignIn(t, b.Dana), b.Acme)} {
		if m, ok := v.Member(); !ok || m.ID() != b.dana.ID() || m.Support != nil {
			t.Errorf("elsewhere she is %v in %+v", m.ID(), m.Support)
		}
	}
	must(t, b.db.StopSupport(t.Context(), m.Person))
	if m, _ := storetest.Visit(t, b.token, b.Acme).Member(); m.ID() != b.dana.ID() || m.Support != nil || m.Person.SupportOver {
		t.Errorf("after Stop she is %v in %+v", m.ID(), m.Support)
	}
	if row := b.ledger(t)[0]; *row.EndedHow != "stopped" {
		t.Errorf("ledger = %+v", row)
	}
	must(t, b.db.Write(t.Context(), b.mia, func(tx *store.Tx) error { return tx.EnqueueSupportMails(t.Context(), row.ID, true) }))
	if n := b.count(t, `select count(*) from river.river_job where kind = 'support_mail' and args ->> 'session' = $1::text`, row.ID); n != 0 {
		t.Errorf("%d mails about what staff looked at", n)
	}
}

// Actors without the right and people who can't be viewed as: no session begins.
func TestViewAsRefused(t *testing.T) {
	t.Parallel()
	b := setupSupport(t)
	leo, ravi, gus := b.Member(t, b.Leo, b.Acme), b.Member(t, b.Ravi, b.Acme), b.Member(t, b.Gus, b.Globex)
	gone := b.client(t, "gone")
	b.exec(t, `update memberships set ended_at = now() where tenant_id = $1 and user_id = $2`, gone.TenantID(), gone.ID())
	disabled := b.client(t, "disabled")
	b.exec(t, `update users set disabled_at = now() where id = $1`, disabled.ID())

	wantErr(t, "a client as another", b.db.ViewAs(t.Context(), b.mia, leo.ID()), store.ErrForbidden)
	wantErr(t, "staff without the right", b.db.ViewAs(t.Context(), ravi, leo.ID()), store.ErrForbidden)
	for what, id := range map[string]uuid.UUID{
		"oneself": b.dana.ID(), "a colleague": ravi.ID(), "somebody else's client": gus.ID(), "an agent of support": b.sam,
		"nobody": uuid.Nil, "a stranger": uuid.New(), "who has left": gone.ID(), "who is disabled": disabled.ID(),
	} {
		wantErr(t, what, b.viewAs(t, id), store.ErrInvalid)
	}
	for _, slug := range []string{b.Acme, b.Agency} {
		b.exec(t, `update tenants set state = 'suspended' where slug = $1`, slug)
		wantErr(t, "while "+slug+" is suspended", b.viewAs(t, leo.ID()), store.ErrForbidden)
		b.exec(t, `update tenants set state = 'active' where slug = $1`, slug)
	}
	// Support can't view as anybody, even as the agency's owner.
	b.grantAccess(t)
	token, _ := storetest.SupportAs(t, b.agent, b.Acme, b.dana.ID())
	m, _ := storetest.Visit(t, token, b.Acme).Member()
	wantErr(t, "support as the client", b.db.ViewAs(t.Context(), m, leo.ID()), store.ErrForbidden)
	if n := b.count(t, `select count(*) from support_sessions where kind = 'view_as' and tenant_id = $1`, b.mia.TenantID()); n != 0 {
		t.Errorf("%d sessions began", n)
	}

	must(t, b.viewAs(t, leo.ID()))
	m = b.inside(t)
	wantErr(t, "a second hop", b.db.ViewAs(t.Context(), m, b.mia.ID()), store.ErrForbidden)
	// The database refuses it by itself.
	must(t, b.db.StopSupport(t.Context(), m.Person))
	wantErr(t, "for a reader, by the database", b.db.ViewAsForTest(t.Context(), ravi, leo.ID()), store.ErrForbidden)
	wantErr(t, "within support, by the database", b.db.ViewAsForTest(t.Context(), b.writingAgent(t), leo.ID()), store.ErrForbidden)
}

// client adds one more client user to Acme.
func (b *supportBundle) client(t *testing.T, name string) store.Member {
	t.Helper()
	email := name + "@" + b.Suffix + ".test"
	must(t, b.write(t, b.dana, func(tx *store.Tx) error {
		return errOf(tx.AddPerson(t.Context(), store.NewPerson{Name: name, Email: email, Party: store.PartyClient, Role: store.RoleMember}))
	}))
	return b.Member(t, email, b.Acme)
}

// writingAgent returns an agent in Acme as Dana in write mode. In person she may do all
// of it.
func (b *supportBundle) writingAgent(t *testing.T) store.Member {
	t.Helper()
	must(t, b.db.StopSupport(t.Context(), storetest.Person(t, storetest.SignIn(t, b.agent))))
	token, id := storetest.SupportAs(t, b.agent, b.Acme, b.dana.ID())
	b.exec(t, `update support_sessions set mode = 'write' where id = $1`, id)
	m, _ := storetest.Visit(t, token, b.Acme).Member()
	return m
}

// The rights table and the database agree on who may view as a client.
func TestViewAsFollowsRightsTable(t *testing.T) {
	t.Parallel()
	b := setupSupport(t)
	for _, party := range []store.Party{store.PartyAgency, store.PartyClient} {
		for _, role := range store.Roles() {
			b.exec(t, `update memberships set party = $3, role = $4 where tenant_id = $1 and user_id = $2`, b.dana.TenantID(), b.dana.ID(), party, role)
			if n, may := b.count(t, `select count(*) from lookup.may_view_as($1, $2) may where may`, b.dana.TenantID(), b.dana.ID()), store.May(store.ViewAs, party, role); (n == 1) != may {
				t.Errorf("%s %s: the table says %v, the database %v", party, role, may, n == 1)
			}
		}
	}
}

// After a view as ended, for each possible cause, the next request no longer views as the
// client, and shows why.
func TestViewAsEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		how  store.SupportEnd
		end  func(t *testing.T, b *supportBundle, id uuid.UUID)
	}{
		{"the hour has passed", "expired", func(t *testing.T, b *supportBundle, id uuid.UUID) { b.ageSession(t, id, time.Hour) }},
		{"the client ends it", "revoked", func(t *testing.T, b *supportBundle, id uuid.UUID) {
			must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.EndSupportSession(t.Context(), id) }))
		}},
		{"the looker has left", "actor_gone", func(t *testing.T, b *supportBundle, _ uuid.UUID) {
			b.exec(t, `update memberships set ended_at = now() where tenant_id = $1 and user_id = $2`, b.dana.TenantID(), b.dana.ID())
		}},
		{"the looker's role is less", "actor_gone", func(t *testing.T, b *supportBundle, _ uuid.UUID) {
			b.exec(t, `update memberships set role = 'member' where tenant_id = $1 and user_id = $2`, b.dana.TenantID(), b.dana.ID())
		}},
		{"the person has left", "target_gone", func(t *testing.T, b *supportBundle, _ uuid.UUID) {
			b.exec(t, `update memberships set ended_at = now() where tenant_id = $1 and user_id = $2`, b.mia.TenantID(), b.Member(t, b.Leo, b.Acme).ID())
		}},
		{"the person is disabled", "target_gone", func(t *testing.T, b *supportBundle, _ uuid.UUID) {
			b.exec(t, `update users set disabled_at = now() where email = $1`, b.Leo)
		}},
		{"the tenant is suspended", "tenant_suspended", func(t *testing.T, b *supportBundle, _ uuid.UUID) {
			b.exec(t, `update tenants set state = 'suspended' where slug = $1`, b.Acme)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setupSupport(t)
			must(t, b.viewAs(t, b.Member(t, b.Leo, b.Acme).ID()))
			b.inside(t)
			c.end(t, b, b.latestSession(t))
			storetest.Visit(t, b.token, b.Acme)
			b.undoEndings(t)
			v := storetest.Visit(t, b.token, b.Acme)
			if m, _ := v.Member(); m.Support != nil {
				t.Error("still viewing")
			}
			if p, _ := v.Person(); !p.SupportOver || p.SupportOverHow != c.how || p.SupportSlug != b.Acme {
				t.Errorf("over %v by %q at %q", p.SupportOver, p.SupportOverHow, p.SupportSlug)
			}
			if row := b.ledger(t)[0]; row.EndedHow == nil || *row.EndedHow != c.how {
				t.Errorf("ledger = %+v", row)
			}
		})
	}
}

// Viewing changes no row of the subject, and of the viewer only their own session's.
func TestViewAsChangesNothing(t *testing.T) {
	t.Parallel()
	b := setupSupport(t)
	project := storetest.Project(t, b.dana, "Spring "+b.Suffix)
	storetest.Deliverable(t, b.dana, project, "Poster "+b.Suffix)
	must(t, b.viewAs(t, b.mia.ID()))
	before, m := b.hashRows(t), b.inside(t)
	wantErr(t, "consent", b.write(t, m, func(tx *store.Tx) error { return tx.GrantSupport(t.Context(), time.Hour) }), store.ErrForbidden)
	wantErr(t, "an invitation", b.write(t, m, func(tx *store.Tx) error {
		return errOf(tx.InvitePerson(t.Context(), store.NewPerson{Name: "x", Email: "x@" + b.Suffix + ".test", Party: store.PartyClient, Role: store.RoleViewer}))
	}), store.ErrForbidden)
	if v, ok := m.NextVisit("/projects"); ok {
		t.Errorf("viewing was recorded as a visit: %+v", v)
	}
	wantErr(t, "a visit", b.write(t, m, func(tx *store.Tx) error {
		return tx.RecordVisit(t.Context(), store.Visit{Path: "/projects"})
	}), store.ErrForbidden)
	must(t, b.db.Record(t.Context(), m, store.Event{Verb: "support.page_seen"}))
	if after := b.hashRows(t); after != before {
		t.Errorf("rows changed:\n%s\nwere:\n%s", after, before)
	}
	if _, err := b.admin.Exec(t.Context(), `update support_sessions set mode = 'write' where id = $1`, m.Support.ID); err == nil {
		t.Error("a view-as session can be made to write")
	}
	must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.GrantSupport(t.Context(), time.Hour) }))
}

// One person starts two view-as sessions at once, from two browsers: one starts.
func TestViewAsOneSessionAtATime(t *testing.T) {
	t.Parallel()
	b := setupSupport(t)
	leo := b.Member(t, b.Leo, b.Acme)
	member := func() store.Member {
		m, _ := storetest.Visit(t, storetest.SignIn(t, b.Dana), b.Acme).Member()
		return m
	}
	one, two := member(), member()
	// The audit row needs a share lock on the tenant's row, which this transaction
	// blocks.
	hold, err := b.admin.Begin(t.Context())
	must(t, err)
	_, err = hold.Exec(t.Context(), `select from tenants where id = $1 for update`, b.mia.TenantID())
	must(t, err)
	look := func(me store.Member, as uuid.UUID) chan error {
		done := make(chan error, 1)
		go func() { done <- b.db.ViewAs(t.Context(), me, as) }()
		return done
	}
	first := look(one, b.mia.ID())
	waitBehind(t, b.admin, nil)
	second := look(two, leo.ID())
	waitBehind(t, b.admin, second)
	must(t, hold.Commit(t.Context()))
	must(t, <-first)
	wantErr(t, "the second", <-second, store.ErrConflict)
	if n := b.count(t, `select count(*) from support_sessions where actor_id = $1`, b.dana.ID()); n != 1 {
		t.Errorf("%d sessions", n)
	}
}
