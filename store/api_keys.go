package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
	"portico/store/queue"
)

// APIKey is a key with which a program acts in one tenant, as the person who made it.
type APIKey struct {
	ID         uuid.UUID
	Name       string
	Prefix     string // the first random part of its text, by which people tell keys apart
	Scopes     []KeyScope
	MakerName  string
	MakerLeft  bool // the maker no longer belongs to the tenant, so the key doesn't work
	CreatedAt  time.Time
	ExpiresAt  time.Time
	Expired    bool
	LastUsedAt *time.Time // within a minute; nil: never
	RevokedAt  *time.Time
}

// ListAPIKeys reads the tenant's keys, newest first, at most 200. Clients see those of
// their own side.
func ListAPIKeys(dst *[]APIKey) Read {
	return Read{many("list API keys", dst, `
select k.id, k.name, k.prefix, k.scopes, m.name as maker_name, m.ended_at is not null or m.party <> k.party as maker_left,
       k.created_at, k.expires_at, k.expires_at <= now() as expired, k.last_used_at, k.revoked_at
from api_keys k
join memberships m on m.tenant_id = k.tenant_id and m.user_id = k.user_id
where k.tenant_id = @tenant_id
order by k.created_at desc, k.id desc
limit 200`, nil)}
}

// GetAPIKey reads one key; [ErrNotFound] if there is none, or the reader may not see it.
func GetAPIKey(id uuid.UUID, dst *APIKey) Read {
	return Read{one("API key", dst, `
select k.id, k.name, k.prefix, k.scopes, m.name as maker_name, m.ended_at is not null or m.party <> k.party as maker_left,
       k.created_at, k.expires_at, k.expires_at <= now() as expired, k.last_used_at, k.revoked_at
from api_keys k
join memberships m on m.tenant_id = k.tenant_id and m.user_id = k.user_id
where k.tenant_id = @tenant_id
  and k.id = @id`, pgx.StrictNamedArgs{"id": id})}
}

// NewAPIKey is what somebody chooses about a key. The name has 1 to 80 characters.
type NewAPIKey struct {
	ID     uuid.UUID // a form that is sent twice makes one key; zero for a new one
	Name   string
	Scopes []KeyScope
	Days   int // until it expires, 1 to [MaxKeyDays]
}

const (
	// MaxKeyDays is how long a key works at most, in days.
	MaxKeyDays = 365
	// MaxAPIKeys is how many keys of each side of a tenant may work at the same time.
	MaxAPIKeys = 50
)

// MakeAPIKey makes a key of the actor's and returns its secret, which is stored nowhere.
// Without a fresh step-up it returns [ErrStepUp]. A scope that the actor may not give is
// an [InvalidError] of the field "scopes", and the name of a key of the same side that works
// one of "name": the other side's names are not told. The owners who may see the key get a
// mail.
func (tx *Tx) MakeAPIKey(ctx context.Context, in NewAPIKey) (TenantToken, uuid.UUID, error) {
	var none TenantToken
	if err := tx.requireStepUp(ctx); err != nil {
		return none, uuid.Nil, err
	}
	for _, s := range in.Scopes {
		if !MayScope(s, Party(tx.scope.Party), tx.role) {
			return none, uuid.Nil, InvalidError{"scopes": "Choose only what you may do yourself."}
		}
	}
	switch {
	case len(in.Scopes) == 0:
		return none, uuid.Nil, InvalidError{"scopes": "Choose what the key may do."}
	case in.Days < 1 || in.Days > MaxKeyDays:
		return none, uuid.Nil, InvalidError{"days": "Choose when the key expires."}
	}
	// If two people make the last key at once, one must be refused.
	if _, err := tx.lockPeople(ctx); err != nil {
		return none, uuid.Nil, err
	}
	token, id := NewTenantToken(tx.scope.Tenant), in.ID
	if id == uuid.Nil {
		id = NewID()
	}
	var taken bool
	err := tx.get(ctx, value("name of API key", &taken, `
select exists (
    select
    from api_keys
    where tenant_id = @tenant_id
      and party = @party
      and id <> @id
      and lower(name) = lower(@name)
      and revoked_at is null
      and expires_at > now())`, pgx.StrictNamedArgs{"id": id, "name": in.Name, "party": tx.scope.Party}))
	if err != nil {
		return none, uuid.Nil, err
	}
	if taken {
		return none, uuid.Nil, InvalidError{"name": "A key that works has this name. Choose another one, so that people can tell them apart."}
	}
	err = tx.change(ctx, "make API key", `
insert into api_keys (tenant_id, id, name, token_hash, prefix, scopes, expires_at)
select @tenant_id, @id, @name, @hash, @prefix, @scopes, now() + make_interval(days => @days)
where (select count(*) from api_keys where tenant_id = @tenant_id and party = @party and revoked_at is null and expires_at > now()) < @most`,
		pgx.StrictNamedArgs{"id": id, "name": in.Name, "hash": token.hash(), "prefix": token.prefix(), "scopes": in.Scopes,
			"days": in.Days, "party": tx.scope.Party, "most": MaxAPIKeys})
	if errors.Is(err, ErrNotFound) {
		return none, uuid.Nil, InvalidError{"name": fmt.Sprintf("%d keys work already. Revoke one first.", MaxAPIKeys)}
	}
	if same, ok := errors.AsType[*ConstraintError](err); ok && same.Constraint == "api_keys_pkey" {
		return none, uuid.Nil, InvalidError{"name": "This key is made already, and isn't shown again. If you didn't copy it, revoke it and make another."}
	}
	if err != nil {
		return none, uuid.Nil, err
	}
	owners, err := tx.owners(ctx)
	if err != nil {
		return none, uuid.Nil, err
	}
	for _, owner := range owners {
		if err := tx.Enqueue(ctx, &queue.KeyMail{APIKey: id, To: owner}); err != nil {
			return none, uuid.Nil, err
		}
	}
	return token, id, tx.audit(Event{Verb: "api_key.created", TargetKind: KindAPIKey, TargetID: id, Detail: map[string]any{"scopes": in.Scopes, "days": in.Days}})
}

// RevokeAPIKey ends a key at once: its next request is refused. A key that was revoked
// before stays so.
func (tx *Tx) RevokeAPIKey(ctx context.Context, id uuid.UUID) error {
	var revoked bool
	err := tx.get(ctx, value("API key to revoke", &revoked, `
select revoked_at is not null
from api_keys
where tenant_id = @tenant_id
  and id = @id
for no key update`, pgx.StrictNamedArgs{"id": id}))
	if err != nil || revoked {
		return err
	}
	tx.changeLater("revoke API key", `
update api_keys
set revoked_at = now(),
    revoked_by = @me
where tenant_id = @tenant_id
  and id = @id`, pgx.StrictNamedArgs{"id": id, "me": tx.scope.User}, ErrNotFound)
	return tx.audit(Event{Verb: "api_key.revoked", TargetKind: KindAPIKey, TargetID: id})
}

// Key is the API key with which a program sends a request.
type Key struct {
	ID     uuid.UUID
	Name   string
	Scopes []KeyScope
}

// opens says whether one of the key's scopes opens the capability.
func (k Key) opens(c Capability) bool {
	return slices.ContainsFunc(k.Scopes, func(s KeyScope) bool { return slices.Contains(scopes[s], c) })
}

// ErrNoKey means that no key with that secret works: unknown, revoked, expired, or of
// somebody who left. Callers can't tell which.
var ErrNoKey = errors.New("no API key that works")

type keyRow struct {
	KeyID       uuid.UUID
	KeyName     string
	Scopes      []KeyScope
	UserID      uuid.UUID
	UserName    string
	UserEmail   *string
	TimeZone    string
	Locale      string
	Party       Party
	Role        Role
	TenantKind  TenantKind
	TenantSlug  string
	TenantName  string
	TenantState TenantState
	PortalName  *string
	AgencyName  *string
	TenantHost  *string
	ReadOnly    bool // the agency didn't pay in time
}

// IdentifyKey finds the member as whom a program acts: the maker of the key, with at most
// the rights that the key's scopes open. It is the first round trip of a program's
// request. The key names the tenant; nothing else in the request can. A key that doesn't
// work is [ErrNoKey].
func (db *DB) IdentifyKey(ctx context.Context, token TenantToken, request string) (m Member, err error) {
	ctx, end := db.engine.Observe(ctx, "which key", token.tenant)
	defer func() { end(err) }()
	var r *keyRow
	err = db.engine.OutsideTenant(ctx, "which key", engine.Optional(&r), `select * from lookup.which_key(@tenant, @hash)`,
		pgx.StrictNamedArgs{"tenant": token.tenant, "hash": token.hash()})
	if err == nil && r == nil {
		err = ErrNoKey
	}
	if err != nil {
		return Member{}, err
	}
	t := Tenant{ID: token.tenant, Kind: r.TenantKind, Slug: r.TenantSlug, Name: r.TenantName, State: r.TenantState,
		PortalName: deref(r.PortalName), AgencyName: deref(r.AgencyName), Host: deref(r.TenantHost)}
	if t.PortalName == "" {
		t.PortalName = t.Name
	}
	return Member{
		scope:  engine.Scope{Tenant: token.tenant, User: r.UserID, Actor: r.UserID, Key: r.KeyID, Party: string(r.Party)},
		Tenant: t, Name: r.UserName, Email: deref(r.UserEmail), TimeZone: r.TimeZone, Locale: r.Locale,
		Party: r.Party, Role: r.Role, WorkspaceCount: 1, RequestID: request,
		Unpaid: r.ReadOnly && db.billing != nil,
		Key:    &Key{ID: r.KeyID, Name: r.KeyName, Scopes: r.Scopes},
	}, nil
}
