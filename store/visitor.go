package store

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/google/uuid"

	"portico/store/engine"
)

// Token is the secret in a session cookie: 32 random bytes. The database holds
// its SHA-256.
type Token [32]byte

func (t *Token) hash() []byte {
	if t == nil {
		return nil
	}
	sum := sha256.Sum256(t[:])
	return sum[:]
}

// Ask is what a request carries that can name a person and a tenant.
type Credentials struct {
	// Token is nil when the request has no session cookie.
	Token *Token
	// Host is "" on the main host, else the tenant host the request came to; a
	// session is good on the host it was made for, nowhere else.
	Host string
	// Slug is the tenant's slug, from the path or from <slug>.<tenant domain>.
	Slug string
	// Domain is a host that may be a tenant's own, verified domain.
	Domain string
	// RequestID goes into the audit rows.
	RequestID string
}

// Visitor is who is asking, as of this moment. Nothing of it may be kept beyond
// the request.
type Visitor struct {
	credentials Credentials
	row         visitorRow
}

type visitorRow struct {
	SessionID       *uuid.UUID
	UserID          *uuid.UUID
	UserKind        *string
	UserName        *string
	UserEmail       *string
	TimeZone        *string
	Locale          *string
	SteppedUpAt     *time.Time
	TenantID        *uuid.UUID
	TenantKind      *TenantKind
	TenantSlug      *string
	TenantName      *string
	TenantState     *TenantState
	PortalName      *string
	Welcome         *string
	Accent          *string
	LogoID          *uuid.UUID
	AgencyName      *string
	TenantHost      *string
	SubjectID       *uuid.UUID
	SubjectName     *string
	SubjectEmail    *string
	SubjectTimeZone *string
	SubjectLocale   *string
	Party           *Party
	Role            *Role
	LastSeenAt      *time.Time
	SeenBeforeAt    *time.Time
	Places          int
	LastPlace       *string
	Latest          bool
	Unread          int
	SupportID       *uuid.UUID
	SupportTenantID *uuid.UUID
	SupportKind     *SupportKind
	SupportMode     *SupportMode
	SupportReason   *string
	SupportTicket   *string
	SupportEndsAt   *time.Time
	SupportMayWrite bool
	SupportSlug     *string
	SupportOver     *SupportEnd
}

// Identify is the first round trip of every request.
func (db *DB) Identify(ctx context.Context, ask Credentials) (v Visitor, err error) {
	ctx, end := db.engine.Observe(ctx, "who is asking", uuid.Nil)
	defer func() { end(err) }()
	v.credentials = ask
	err = db.engine.OutsideTenant(ctx, "who is asking", engine.One(&v.row),
		`select * from lookup.who_is_asking($1, $2, $3, $4)`, ask.Token.hash(), ask.Host, ask.Slug, ask.Domain)
	return v, err
}

// Person is somebody signed in, apart from any tenant. Only this package makes one.
type Person struct {
	scope       engine.Scope
	credentials Credentials
	SessionID   uuid.UUID
	Name        string
	Email       string
	TimeZone    string // how they read dates, with Locale
	Locale      string
	Agent       bool       // a support agent, never a member of anything
	SteppedUpAt *time.Time // when they last proved themselves anew
	// SupportOver says that the browser's support session is over without their
	// Stop, until they start or stop another; SupportOverHow says how.
	SupportOver    bool
	SupportOverHow SupportEnd
	// SupportSlug names the tenant of the browser's support session, running or
	// over as in SupportOver, else "".
	SupportSlug string
	RequestID   string
}

// ID is the person's user id.
func (p Person) ID() uuid.UUID { return p.scope.User }

// Tenant is what a member may know of the tenant they stand in.
type Tenant struct {
	ID         uuid.UUID
	Kind       TenantKind
	Slug       string
	Name       string
	State      TenantState
	PortalName string // what clients see; Name when none was chosen
	Welcome    string
	Accent     string // "#rrggbb", or "" for ours
	LogoID     string // "" for none
	MailName   string // whom mail comes from, where mail is written; "" for the installation's own
	AgencyName string
	Host       string // that all its links lead to; "" is the main one, with a path
}

// Support is a support session under way.
type Support struct {
	ID        uuid.UUID
	Kind      SupportKind
	Mode      SupportMode
	Reason    string
	Ticket    string
	EndsAt    time.Time
	MayWrite  bool // it reads, and its consent would let it write
	AgentName string
}

// ViewAs says that staff look as their client, not support.
func (s Support) ViewAs() bool { return s.Kind == SupportViewAs }

// Member is a person inside one tenant, in person or through a support session.
// Only this package makes one, from what the database said in this request.
type Member struct {
	scope      engine.Scope
	Tenant     Tenant
	Name       string // the subject's, as known in this tenant
	Email      string
	TimeZone   string // how the subject reads dates, with Locale
	Locale     string
	Party      Party
	Role       Role
	LastSeenAt *time.Time
	// NewSince is when the visit before this one began: what came later is new.
	NewSince *time.Time
	Places   int // how many tenants the person belongs to, 2 for more; 1 in a support session
	// LastPlace is the page of this tenant where the person was last, "" for none.
	LastPlace string
	latest    bool // of all their workspaces the one used last
	unread    int
	Support   *Support // nil when the person is here in person
	Person    Person   // who really sits there
	RequestID string
}

// ID is the subject's user id: as whom things are done.
func (m Member) ID() uuid.UUID { return m.scope.User }

// TenantID is the tenant the member stands in.
func (m Member) TenantID() uuid.UUID { return m.scope.Tenant }

// May says whether the member has the capability. Support never has more than
// the person it looks as.
func (m Member) May(c Capability) bool { return May(c, m.Party, m.Role) }

// MayNow says whether the member may do it here and now: what pages offer. In a
// support session that only reads, and in a tenant that is closed, nothing is
// offered that would be refused.
func (m Member) MayNow(c Capability) bool {
	return m.May(c) && !m.scope.ReadOnly && m.Tenant.State == TenantActive
}

// Person returns who is signed in; false for nobody.
func (v Visitor) Person() (Person, bool) {
	r := v.row
	if r.UserID == nil {
		return Person{}, false
	}
	return Person{
		scope:          engine.Scope{User: *r.UserID, Actor: *r.UserID},
		credentials:    v.credentials,
		SessionID:      *r.SessionID,
		Name:           *r.UserName,
		Email:          deref(r.UserEmail),
		TimeZone:       *r.TimeZone,
		Locale:         *r.Locale,
		Agent:          *r.UserKind == "agent",
		SteppedUpAt:    r.SteppedUpAt,
		SupportOver:    r.SupportOver != nil,
		SupportOverHow: deref(r.SupportOver),
		SupportSlug:    deref(r.SupportSlug),
		RequestID:      v.credentials.RequestID,
	}, true
}

// Tenant returns the addressed tenant, if there is one, for the front of its
// door: the sign-in page on its own host. It says nothing about the visitor.
func (v Visitor) Tenant() (Tenant, bool) {
	r := v.row
	if r.TenantID == nil {
		return Tenant{}, false
	}
	t := Tenant{
		ID:         *r.TenantID,
		Kind:       *r.TenantKind,
		Slug:       *r.TenantSlug,
		Name:       *r.TenantName,
		State:      *r.TenantState,
		PortalName: deref(r.PortalName),
		Welcome:    deref(r.Welcome),
		Accent:     deref(r.Accent),
		LogoID:     logoID(r.LogoID),
		AgencyName: deref(r.AgencyName),
		Host:       deref(r.TenantHost),
	}
	if t.PortalName == "" {
		t.PortalName = t.Name
	}
	return t, true
}

// Member returns the visitor's place in the addressed tenant; false when they
// have none, which must look just like a tenant that does not exist.
func (v Visitor) Member() (Member, bool) {
	person, signedIn := v.Person()
	tenant, addressed := v.Tenant()
	r := v.row
	if !signedIn || !addressed || r.SubjectID == nil {
		return Member{}, false
	}
	m := Member{
		scope: engine.Scope{
			Tenant: tenant.ID,
			User:   *r.SubjectID,
			Actor:  person.scope.Actor,
			Party:  string(*r.Party),
		},
		Tenant:     tenant,
		Name:       *r.SubjectName,
		Email:      deref(r.SubjectEmail),
		TimeZone:   *r.SubjectTimeZone,
		Locale:     *r.SubjectLocale,
		Party:      *r.Party,
		Role:       *r.Role,
		LastSeenAt: r.LastSeenAt,
		NewSince:   newSince(r.LastSeenAt, r.SeenBeforeAt),
		Places:     r.Places,
		LastPlace:  deref(r.LastPlace),
		latest:     r.Latest,
		unread:     r.Unread,
		Person:     person,
		RequestID:  v.credentials.RequestID,
	}
	if r.SupportTenantID != nil && *r.SupportTenantID == tenant.ID {
		m.Support = &Support{
			ID:        *r.SupportID,
			Kind:      *r.SupportKind,
			Mode:      *r.SupportMode,
			Reason:    *r.SupportReason,
			Ticket:    *r.SupportTicket,
			EndsAt:    *r.SupportEndsAt,
			MayWrite:  r.SupportMayWrite,
			AgentName: person.Name,
		}
		m.scope.Support = *r.SupportID
		m.scope.ReadOnly = *r.SupportMode != SupportWrite
	}
	return m, true
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
