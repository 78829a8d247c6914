package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/store"
)

// supportBundle is an agency whose client Acme has granted support access, and an
// agent with a fresh step-up.
type supportBundle struct {
	*storetest.Tenants
	db        *store.DB
	admin     *pgx.Conn
	mia, dana store.Member // Acme's client owner, and its staff owner
	agent     string
	sam       uuid.UUID
	token     store.Token // the agent's session
}

func setupSupport(t *testing.T) *supportBundle {
	t.Helper()
	a := storetest.Agency(t)
	b := &supportBundle{Tenants: a, db: storetest.DB(), admin: storetest.Superuser(t)}
	b.mia, b.dana = a.Member(t, a.Mia, a.Acme), a.Member(t, a.Dana, a.Acme)
	b.agent = storetest.Agent(t)
	b.token = storetest.StepUp(t, storetest.SignIn(t, b.agent))
	b.sam = storetest.Person(t, b.token).ID()
	return b
}

func (b *supportBundle) grantAccess(t *testing.T) *supportBundle {
	t.Helper()
	storetest.GrantSupport(t, b.mia)
	return b
}

// inForce reads what the database allows support now.
func (b *supportBundle) inForce(t *testing.T, me store.Member) (now []store.Consent) {
	t.Helper()
	must(t, b.db.Read(t.Context(), me, store.SupportInForce(&now)))
	return now
}

func (b *supportBundle) ask(slug string, subject uuid.UUID) store.SupportStart {
	return store.SupportStart{Slug: slug, Subject: subject, Reason: "A file does not open", Ticket: "T-1", Minutes: 30}
}

func (b *supportBundle) start(t *testing.T, in store.SupportStart) (uuid.UUID, error) {
	t.Helper()
	return b.db.StartSupport(t.Context(), storetest.Person(t, b.token), in)
}

// startAs starts a session and fails the test if it is refused.
func (b *supportBundle) startAs(t *testing.T, subject uuid.UUID) uuid.UUID {
	t.Helper()
	id, err := b.start(t, b.ask(b.Acme, subject))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// inside returns the agent as a member of Acme and fails the test if they are not.
func (b *supportBundle) inside(t *testing.T) store.Member {
	t.Helper()
	m, ok := storetest.Visit(t, b.token, b.Acme).Member()
	if !ok || m.Support == nil {
		t.Fatal("the agent is not inside")
	}
	return m
}

// wantOut checks that the agent's next request is outside the tenant, and how the
// session ended.
func (b *supportBundle) wantOut(t *testing.T, how store.SupportEnd) {
	t.Helper()
	v := storetest.Visit(t, b.token, b.Acme)
	if _, ok := v.Member(); ok {
		t.Error("the agent is still inside")
	}
	if p, ok := v.Person(); !ok || !p.SupportOver || p.SupportOverHow != how || p.SupportSlug != b.Acme {
		t.Errorf("over = %v %q in %q, want %q", p.SupportOver, p.SupportOverHow, p.SupportSlug, how)
	}
}

// undoEndings undoes everything that may have ended a session, and grants access again.
func (b *supportBundle) undoEndings(t *testing.T) {
	t.Helper()
	b.exec(t, `update memberships set ended_at = null, role = case when party = 'agency' then 'owner' else role end where tenant_id = $1`, b.mia.TenantID())
	b.exec(t, `update users u set disabled_at = null from memberships m where m.user_id = u.id and m.tenant_id = $1`, b.mia.TenantID())
	b.exec(t, `update tenants set state = 'active' where slug in ($1, $2)`, b.Acme, b.Agency)
	if _, err := b.admin.Exec(t.Context(), `update support_grants set revoked_at = null, revoked_by = null, revoked_party = null, ends_at = now() + interval '1 hour' where tenant_id = $1`, b.mia.TenantID()); err != nil {
		t.Fatal(err)
	}
}

func (b *supportBundle) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	tag, err := b.admin.Exec(t.Context(), sql, args...)
	if err != nil || tag.RowsAffected() == 0 {
		t.Fatalf("%s: %v, %d rows", sql, err, tag.RowsAffected())
	}
}

func (b *supportBundle) count(t *testing.T, sql string, args ...any) int {
	t.Helper()
	var n int
	if err := b.admin.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// ageSession moves a session's times back.
func (b *supportBundle) ageSession(t *testing.T, id uuid.UUID, by time.Duration) {
	t.Helper()
	b.exec(t, `update support_sessions set started_at = started_at - $2::interval, ends_at = ends_at - $2::interval where id = $1`, id, by)
}

func (b *supportBundle) ledger(t *testing.T) []store.SupportSession {
	t.Helper()
	var rows []store.SupportSession
	if err := b.db.Read(t.Context(), b.mia, store.ListSupportSessions(store.Page{}, &rows)); err != nil {
		t.Fatal(err)
	}
	return rows
}

// trail reads the tenant's audit trail as the client's owner.
func (b *supportBundle) trail(t *testing.T, me store.Member, verb string) []store.Activity {
	t.Helper()
	var all, some []store.Activity
	if err := b.db.Read(t.Context(), me, store.ListActivity(store.ActivityFilter{Page: store.Page{Limit: 200}}, &all)); err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.Verb == verb {
			some = append(some, e)
		}
	}
	return some
}

// jobs counts the queued jobs of a kind that name the session.
func (b *supportBundle) jobs(t *testing.T, kind string, session uuid.UUID) int {
	t.Helper()
	return b.count(t, `select count(*) from river.river_job where kind = $1 and args ->> 'session' = $2::text`, kind, session)
}

func (b *supportBundle) write(t *testing.T, me store.Member, fn func(*store.Tx) error) error {
	t.Helper()
	return b.db.Write(t.Context(), me, fn)
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: err = %v, want %v", what, err, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
