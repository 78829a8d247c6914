package store

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
)

// Standing is what decides which reads a page of a member needs. It is the same at every
// click until the member's role, the state of the tenant or a support session changes.
type Standing struct {
	Kind     TenantKind
	State    TenantState
	Party    Party
	Role     Role
	ReadOnly bool // a support session in read mode, or the agency didn't pay in time
	Support  bool // a support session
}

// May is [Member.May].
func (s Standing) May(c Capability) bool { return May(c, s.Party, s.Role) }

// MayNow is [Member.MayNow].
func (s Standing) MayNow(c Capability) bool {
	return s.May(c) && !s.ReadOnly && s.State == TenantActive
}

// Standing is where the member stands.
func (m Member) Standing() Standing {
	return Standing{Kind: m.Tenant.Kind, State: m.Tenant.State, Party: m.Party, Role: m.Role, ReadOnly: m.scope.ReadOnly || m.Unpaid, Support: m.Support != nil}
}

// whoIsAsking identifies the visitor. With @opens it also sets the scope of a member in
// person of an active tenant.
const whoIsAsking = `select * from lookup.who_is_asking(@token, @host, @slug, @domain, @opens)`

func (c Credentials) args(opens bool) pgx.StrictNamedArgs {
	return pgx.StrictNamedArgs{"token": c.Token.hash(), "host": c.Host, "slug": c.Slug, "domain": c.Domain, "opens": opens}
}

// Identify finds the visitor. It is the first round trip of a request that isn't a page.
func (db *DB) Identify(ctx context.Context, credentials Credentials) (v Visitor, err error) {
	ctx, end := db.engine.Observe(ctx, "who is asking", uuid.Nil)
	defer func() { end(err) }()
	v.credentials = credentials
	err = db.engine.OutsideTenant(ctx, "who is asking", engine.One(&v.row), whoIsAsking, credentials.args(false))
	v.row.ReadOnly = v.row.ReadOnly && db.billing != nil
	return v, err
}

// Open is [DB.Identify], and sends the reads of a page along. The database itself finds the
// visitor, and sets their scope if they are a member in person of an active tenant. For
// anybody else the reads see no row and are not scanned.
//
// reads returns the reads for a standing. Until the answer nobody knows the visitor's
// standing, so Open takes that of their last visit, at the first that of a client user.
// [Member.Answered] tells whether the reads are those for the standing that they have.
func (db *DB) Open(ctx context.Context, credentials Credentials, reads func(Standing) []Read) (Visitor, error) {
	if credentials.Token == nil {
		return db.Identify(ctx, credentials)
	}
	last := db.lastVisits.get(credentials)
	sent := reads(last.standing)
	v := Visitor{credentials: credentials}
	failed, err := db.engine.Open(ctx, last.tenant, one("who is asking", &v.row, whoIsAsking, credentials.args(true)),
		func() bool { return v.row.Opened }, queries(sent)...)
	v.row.ReadOnly = v.row.ReadOnly && db.billing != nil
	if err != nil {
		return v, err
	}
	if me, ok := v.Member(); ok && v.row.Opened && (me.Standing() == last.standing || sameReads(sent, reads(me.Standing()))) {
		v.answered, v.failed = true, failed
	}
	db.lastVisits.put(v)
	return v, nil
}

// sameReads reports whether two lists hold the same statements and arguments.
func sameReads(a, b []Read) bool {
	return slices.EqualFunc(a, b, func(a, b Read) bool { return a.SQL == b.SQL && reflect.DeepEqual(a.Args, b.Args) })
}

// Answered reports whether the reads of [DB.Open] ran under the visitor's own scope and for
// their standing, and returns the error of the first that failed.
func (m Member) Answered() (bool, error) { return m.answered, m.failed }

// lastVisits remembers where visitors stood at their last click. It decides which reads
// are sent along and whose connections are counted, never what anybody may see. The zero
// value is ready.
type lastVisits struct {
	mu     sync.Mutex
	visits map[visitKey]lastVisit
}

type visitKey struct {
	token              [32]byte // the SHA-256
	host, slug, domain string
}

type lastVisit struct {
	tenant   uuid.UUID
	standing Standing
}

// maxLastVisits bounds the memory, about 300 bytes each. At that many, all are forgotten.
const maxLastVisits = 20_000

// get returns the last visit. For a first one it returns a client user, and a part of the
// token's hash in place of the tenant.
func (l *lastVisits) get(c Credentials) lastVisit {
	key := keyOf(c)
	l.mu.Lock()
	defer l.mu.Unlock()
	if v, known := l.visits[key]; known {
		return v
	}
	return lastVisit{uuid.UUID(key.token[:16]), Standing{Kind: TenantClient, State: TenantActive, Party: PartyClient, Role: RoleMember}}
}

// put remembers a member in person of an active tenant, and forgets everybody else.
func (l *lastVisits) put(v Visitor) {
	me, member := v.Member()
	visit, key := lastVisit{me.TenantID(), me.Standing()}, keyOf(v.credentials)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch last, known := l.visits[key]; {
	case !member || me.Support != nil || me.Tenant.State != TenantActive:
		delete(l.visits, key)
	case known && last == visit:
	default:
		if l.visits == nil || len(l.visits) >= maxLastVisits {
			l.visits = map[visitKey]lastVisit{}
		}
		// A part of a string keeps the whole one in memory.
		key.host, key.slug, key.domain = strings.Clone(key.host), strings.Clone(key.slug), strings.Clone(key.domain)
		l.visits[key] = visit
	}
}

func keyOf(c Credentials) visitKey {
	return visitKey{token: [32]byte(c.Token.hash()), host: c.Host, slug: c.Slug, domain: c.Domain}
}
