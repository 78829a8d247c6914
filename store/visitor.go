package store

import (
	"crypto/sha256"
	"time"

	"github.com/google/uuid"

	"portico/store/engine"
)

// Token is the secret in a session cookie: 32 random bytes. The database stores its
// SHA-256.
type Token [32]byte

func (t *Token) hash() []byte {
	if t == nil {
		return nil
	}
	sum := sha256.Sum256(t[:])
	return sum[:]
}

// Credentials is what a request carries that can name a person and a tenant.
type Credentials struct {
	// Token is nil when the request has no session cookie.
	Token *Token
	// Host is "" on the main host, else the tenant host of the request. A session is
	// valid only on the host it was made for.
	Host string
	// Slug is the tenant's slug, from the path or from <slug>.<tenant domain>.
	Slug string
	// Domain is a host that may be a tenant's own, verified domain.
	Domain string
	// RequestID goes into the audit rows.
	RequestID string
}

// Visitor is who sends this request. It must not be kept beyond the request.
type Visitor struct {
	credentials Credentials
	row         visitorRow
	answered    bool  // see [Member.Answered]
	failed      error // of the reads, if answered
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
	// SupportElsewhere says that another host of this browser views as a client.
	SupportElsewhere bool
	// SupportDrafts says that the support session may see the agency's drafts.
	SupportDrafts bool
	// ReadOnly says that the agency didn't pay in time.
	ReadOnly bool
	// Opened says that the database set the scope of this visitor for the reads of a page.
	Opened bool
}

// Person is a signed-in person, outside any tenant. Only this package makes one.
type Person struct {
	scope       engine.Scope
	credentials Credentials
	SessionID   uuid.UUID
	Name        string
	Email       string
	TimeZone    string // in which they see dates, with Locale
	Locale      string
	Agent       bool       // a support agent, never a member of anything
	SteppedUpAt *time.Time // when they last stepped up
	// SupportOver says that the browser's support session was ended by something other
	// than Stop. It is cleared when they start or stop one. SupportOverHow says by what.
	SupportOver    bool
	SupportOverHow SupportEnd
	// SupportSlug is the tenant of the browser's support session, running or over; ""
	// for none.
	SupportSlug string
	// ViewsAsElsewhere says that on another host of this browser they view as a client.
	// Until they stop, they are no [Member] here.
	ViewsAsElsewhere bool
	RequestID        string
}

// ID is the person's user id.
func (p Person) ID() uuid.UUID { return p.scope.User }

// Tenant is the tenant that a request addresses, or in whose name a mail is sent.
type Tenant struct {
	ID         uuid.UUID
	Kind       TenantKind
	Slug       string
	Name       string
	State      TenantState
	PortalName string // what clients see; Name if none was chosen
	Welcome    string
	Accent     string // "#rrggbb", or "" for the default
	LogoID     string // "" for none
	MailName   string // sender name of mails, set in mail jobs; "" for the agency's name
	AgencyName string
	Host       string // host of all its links; "" is the main host, with a path
}

// Support is a running support session.
type Support struct {
	ID        uuid.UUID
	Kind      SupportKind
	Mode      SupportMode
	Reason    string
	Ticket    string
	EndsAt    time.Time
	MayWrite  bool // it is in read mode and may switch to write
	NoDrafts  bool // the agency's drafts are hidden from it, as the agency did not consent
	AgentName string
}

// ViewAs says that staff view as their client; otherwise it is support.
func (s Support) ViewAs() bool { return s.Kind == SupportViewAs }

// Member is a person inside one tenant: in person, through a support session, or through
// a program with an API key. Only this package makes one, from what the database returned
// in this request.
type Member struct {
	scope          engine.Scope
	Tenant         Tenant
	Name           string // the subject's name in this tenant
	Email          string
	TimeZone       string // in which the subject sees dates, with Locale
	Locale         string
	Party          Party
	Role           Role
	LastSeenAt     *time.Time
	WorkspaceCount int // of the person: 1, or 2 for two or more; 1 in a support session
	// LastPlace is the path in this tenant where the person was last, "" for none.
	LastPlace string
	latest    bool     // this is the workspace they used last
	Support   *Support // nil in person
	Key       *Key     // the API key of a program; nil for people
	Person    Person   // the actor; without a session for a program
	RequestID string
	// Unpaid says that nobody can change anything here and in the agency, because the
	// agency didn't pay in time.
	Unpaid        bool
	despiteUnpaid bool
	answered      bool
	failed        error
}

// DespiteUnpaid is the member for a deed that works even where the agency didn't pay in
// time: to pay, to leave, and to take access away. Only the table of routes says which.
func (m Member) DespiteUnpaid() Member { m.despiteUnpaid = true; return m }

// ID is the subject's user id.
func (m Member) ID() uuid.UUID { return m.scope.User }

// TenantID is the member's tenant.
func (m Member) TenantID() uuid.UUID { return m.scope.Tenant }

// May says whether the member has the capability. A support session has exactly those
// of its subject. A program has those of its key's maker that the key's scopes open.
func (m Member) May(c Capability) bool {
	return May(c, m.Party, m.Role) && (m.Key == nil || m.Key.opens(c))
}

// MayNow says whether pages offer a change now. A read-only support session, a tenant that
// is not active, or one whose agency didn't pay in time, offers none.
func (m Member) MayNow(c Capability) bool {
	return m.May(c) && !m.scope.ReadOnly && m.Tenant.State == TenantActive && !m.Unpaid
}

// Person returns who is signed in; false if nobody is.
func (v Visitor) Person() (Person, bool) {
	r := v.row
	if r.UserID == nil {
		return Person{}, false
	}
	return Person{
		scope:            engine.Scope{User: *r.UserID, Actor: *r.UserID},
		credentials:      v.credentials,
		SessionID:        *r.SessionID,
		Name:             *r.UserName,
		Email:            deref(r.UserEmail),
		TimeZone:         *r.TimeZone,
		Locale:           *r.Locale,
		Agent:            *r.UserKind == "agent",
		SteppedUpAt:      r.SteppedUpAt,
		SupportOver:      r.SupportOver != nil,
		SupportOverHow:   deref(r.SupportOver),
		SupportSlug:      deref(r.SupportSlug),
		ViewsAsElsewhere: r.SupportElsewhere,
		RequestID:        v.credentials.RequestID,
	}, true
}

// Tenant returns the addressed tenant, if it exists, for the sign-in page on its own
// host. It says nothing about the visitor.
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

// Member returns the visitor as a member of the addressed tenant; false if they are
// none. The answer must then look as if the tenant didn't exist.
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
		Tenant:         tenant,
		Name:           *r.SubjectName,
		Email:          deref(r.SubjectEmail),
		TimeZone:       *r.SubjectTimeZone,
		Locale:         *r.SubjectLocale,
		Party:          *r.Party,
		Role:           *r.Role,
		LastSeenAt:     r.LastSeenAt,
		WorkspaceCount: r.Places,
		LastPlace:      deref(r.LastPlace),
		latest:         r.Latest,
		Person:         person,
		RequestID:      v.credentials.RequestID,
		Unpaid:         r.ReadOnly,
		answered:       v.answered,
		failed:         v.failed,
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
			NoDrafts:  !r.SupportDrafts,
			AgentName: person.Name,
		}
		m.scope.Support = *r.SupportID
		m.scope.ReadOnly = *r.SupportMode != SupportWrite
		m.scope.HideDrafts = !r.SupportDrafts
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
