package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// Consent is what support may do in a tenant now as somebody of one party.
type Consent struct {
	As        Party       // as whose people
	Mode      SupportMode // "read", or "write": sessions may be switched to writing
	EndsAt    time.Time
	ByName    string // who allowed it, of ByParty
	ByParty   Party
	CreatedAt time.Time
	Drafts    bool // the agency's drafts are open too
}

// SupportInForce reads what the database allows support now, for each party as whose
// people it allows anything.
func SupportInForce(dst *[]Consent) Read {
	return Read{many("support in force", dst, `
select party as "as", mode, ends_at, by_name, by_party, created_at, drafts
from lookup.support_in_force()`, nil)}
}

// OwnConsent is what the reader's side allows support, as it was chosen. The other side's
// consent may be the limit.
type OwnConsent struct {
	Mode  SupportMode
	Hours int
}

// GetOwnConsent reads what the reader's side allows support now; nil for nothing.
func GetOwnConsent(dst **OwnConsent) Read {
	return Read{optional("own consent", dst, `
select mode, (extract(epoch from ends_at - created_at) / 3600)::int as hours
from support_grants
where tenant_id = @tenant_id
  and party = current_setting('app.party', true)
  and revoked_at is null
  and replaced_at is null
  and ends_at > now()`, nil)}
}

// SeenConsent reads the [Seen] of what the reader's side allows support.
func SeenConsent(dst *Seen) Read {
	return Read{value("seen consent", dst, `
select coalesce(string_agg(id::text, ' ' order by id), 'none')
from support_grants
where tenant_id = @tenant_id
  and party = current_setting('app.party', true)
  and revoked_at is null
  and replaced_at is null`, nil)}
}

// SupportSession is one line of a tenant's ledger: who was here, as whom and why.
type SupportSession struct {
	ID          uuid.UUID
	Kind        SupportKind
	Mode        SupportMode
	AgentName   string
	SubjectName string
	Reason      string
	Ticket      string
	StartedAt   time.Time
	EndsAt      time.Time   // the latest possible end
	EndedAt     *time.Time  // nil while it runs
	EndedHow    *SupportEnd // nil while it runs
	Pages       int         // pages seen
	Files       int         // files downloaded or viewed
	Changes     int         // changes made
	// WriteByName is the second agent who confirmed writing, "" for none.
	WriteByName string
	// Verdict, Words and ReviewedBy are what an owner or admin said of it, "" if nobody did.
	Verdict    SupportVerdict
	Words      string
	ReviewedBy string
}

// ListSupportSessions reads the tenant's ledger, newest first. A session that has
// ended is shown as ended even before a job has marked it.
func ListSupportSessions(p Page, dst *[]SupportSession) Read {
	at, id := p.before()
	return Read{many("list support sessions", dst, `
select s.id, s.kind, s.mode, s.actor_name as agent_name, m.name as subject_name, s.reason, s.ticket,
       s.started_at, s.ends_at, o.ended_at, o.ended_how, c.pages, c.files, c.changes, coalesce(s.write_by_name, '') as write_by_name,
       coalesce(v.verdict, '') as verdict, coalesce(v.words, '') as words, coalesce(b.name, '') as reviewed_by
from (
    select *
    from support_sessions
    where tenant_id = @tenant_id
      and (started_at, id) < (@before_at, @before_id)
    order by started_at desc, id desc
    limit @limit
) s
join memberships m on m.tenant_id = s.tenant_id and m.user_id = s.subject_id
left join support_grants g on g.tenant_id = s.tenant_id and g.id = s.grant_id
left join memberships a on a.tenant_id = s.tenant_id and a.user_id = s.actor_id and s.kind = 'view_as'
left join support_reviews v on v.tenant_id = s.tenant_id and v.id = s.id
left join memberships b on b.tenant_id = v.tenant_id and b.user_id = v.created_by
cross join lateral (`+supportOver+`) o
cross join lateral (`+supportCounts+`) c
order by s.started_at desc, s.id desc`,
		pgx.StrictNamedArgs{"before_at": at, "before_id": id, "limit": p.limit()})}
}

// supportOver returns how and when a session s with its grant g, subject m and staff
// actor a ended, as far as its tenant can read; lookup.support_over knows the other
// reasons.
const supportOver = `
    select coalesce(s.ended_how, w.how) as ended_how,
           coalesce(s.ended_at, w.at) as ended_at
    from (
        select case
                   when s.ends_at <= now() then 'expired'
                   when g.revoked_at is not null then 'revoked'
                   when g.ends_at <= now() and g.replaced_at is null then 'expired'
                   when a.ended_at is not null or (s.kind = 'view_as' and a.role not in ('owner', 'admin')) then 'actor_gone'
                   when m.ended_at is not null then 'target_gone'
               end as how,
               case
                   when s.ends_at <= now() then s.ends_at
                   when g.revoked_at is not null then g.revoked_at
                   when g.ends_at <= now() and g.replaced_at is null then g.ends_at
                   when a.ended_at is not null then a.ended_at
                   when s.kind = 'view_as' and a.role not in ('owner', 'admin') then now()
                   when m.ended_at is not null then m.ended_at
               end as at
    ) w`

// requireConsentRight returns [ErrForbidden] unless the actor may grant support
// access in person. In a support session nobody may.
func (tx *Tx) requireConsentRight() error {
	if tx.scope.Support != uuid.Nil || !May(GrantSupport, Party(tx.scope.Party), tx.role) {
		return ErrForbidden
	}
	return nil
}

// MaxGrant is the longest support access that a tenant can grant.
const MaxGrant = 7 * 24 * time.Hour

// GrantSupport grants support access to read from now on, in whole minutes of the
// database's clock. It replaces what this side granted before, and compares
// [SeenConsent]. An agency can't allow again what its client has revoked.
func (tx *Tx) GrantSupport(ctx context.Context, length time.Duration) error {
	return second(tx.grantSupport(ctx, SupportRead, length))
}

// GrantSupportToWrite is [Tx.GrantSupport] for sessions that may be switched to
// writing in a second step.
func (tx *Tx) GrantSupportToWrite(ctx context.Context, length time.Duration) error {
	return second(tx.grantSupport(ctx, SupportWrite, length))
}

func second[T any](_ T, err error) error { return err }

func (tx *Tx) grantSupport(ctx context.Context, mode SupportMode, length time.Duration) (uuid.UUID, error) {
	if err := tx.requireConsentRight(); err != nil {
		return uuid.Nil, err
	}
	wrong := InvalidError{}
	if length < time.Minute || length > MaxGrant {
		wrong["hours"] = "Choose how long."
	}
	if !mode.valid() {
		wrong["mode"] = "Choose what support can do."
	}
	if len(wrong) > 0 {
		return uuid.Nil, wrong
	}
	// One at a time: the row of the tenant is the lock.
	if _, err := tx.lockPeople(ctx); err != nil {
		return uuid.Nil, err
	}
	var now Seen
	err := tx.Read(ctx, SeenConsent(&now))
	if err == nil {
		err = tx.compareSeen(now)
	}
	if err != nil {
		return uuid.Nil, err
	}
	_, err = tx.exec(ctx, "replace support", `
update support_grants
set replaced_at = now()
where tenant_id = @tenant_id
  and party = @party
  and revoked_at is null
  and replaced_at is null`, pgx.StrictNamedArgs{"party": tx.scope.Party})
	if err != nil {
		return uuid.Nil, err
	}
	id := NewID()
	err = tx.change(ctx, "grant support", `
insert into support_grants (tenant_id, id, mode, ends_at)
values (@tenant_id, @id, @mode, now() + make_interval(mins => @minutes))`,
		pgx.StrictNamedArgs{"id": id, "mode": mode, "minutes": int(length / time.Minute)})
	if err != nil {
		return uuid.Nil, err
	}
	var inForce []Consent
	if err := tx.Read(ctx, SupportInForce(&inForce)); err != nil {
		return uuid.Nil, err
	}
	if len(inForce) == 0 {
		return uuid.Nil, InvalidError{"hours": "The client revoked support access. Only its owners and admins can allow it again."}
	}
	return id, tx.audit(Event{Verb: "support.granted", TargetKind: KindSupportGrant, TargetID: id,
		Detail: map[string]any{"minutes": int(length / time.Minute), "mode": mode}})
}

// RevokeSupport revokes every open grant, of either side, and ends support's sessions at
// once. With none open it does nothing.
func (tx *Tx) RevokeSupport(ctx context.Context) error {
	if err := tx.requireConsentRight(); err != nil {
		return err
	}
	// A grant of the other side that is being made is revoked too, or comes afterwards.
	if _, err := tx.lockPeople(ctx); err != nil {
		return err
	}
	var grants []uuid.UUID
	err := tx.get(ctx, column("revoke support", &grants, `
update support_grants
set revoked_at = now(),
    revoked_by = @me,
    revoked_party = @party
where tenant_id = @tenant_id
  and revoked_at is null
  and replaced_at is null
  and ends_at > now()
returning id`, pgx.StrictNamedArgs{"me": tx.scope.User, "party": tx.scope.Party}))
	if err != nil {
		return err
	}
	for _, id := range grants {
		if err := tx.audit(Event{Verb: "support.revoked", TargetKind: KindSupportGrant, TargetID: id}); err != nil {
			return err
		}
	}
	// A separate statement sees a session whose start held the grant when this deed
	// began.
	_, err = tx.endSupport(ctx, `kind = 'support'`, nil)
	return err
}

// EndSupportSession ends one running session of the tenant. One that has ended or
// doesn't exist is [ErrNotFound].
func (tx *Tx) EndSupportSession(ctx context.Context, id uuid.UUID) error {
	if err := tx.requireConsentRight(); err != nil {
		return err
	}
	n, err := tx.endSupport(ctx, `id = @id`, pgx.StrictNamedArgs{"id": id})
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// endSupport ends the running sessions that match, writes audit rows and queues the
// mails to owners.
func (tx *Tx) endSupport(ctx context.Context, which string, args pgx.StrictNamedArgs) (int, error) {
	var ended []uuid.UUID
	err := tx.get(ctx, column("end support", &ended, `
update support_sessions
set ended_at = now(),
    ended_how = 'revoked'
where tenant_id = @tenant_id
  and ended_at is null
  and ends_at > now()
  and `+which+`
returning id`, args))
	if err != nil {
		return 0, err
	}
	for _, id := range ended {
		if err := tx.audit(Event{Verb: "support.ended", TargetKind: KindSupportSession, TargetID: id,
			Detail: map[string]any{"how": "revoked"}}); err != nil {
			return 0, err
		}
		if err := tx.Enqueue(ctx, &queue.SupportEnded{Session: id}); err != nil {
			return 0, err
		}
	}
	return len(ended), nil
}

// ExpireSupport runs in the job at the end of a session: it marks the session unless
// it was ended before, and queues its mail. A running session is [ErrConflict]: retry
// later.
func (tx *Tx) ExpireSupport(ctx context.Context, id uuid.UUID) error {
	var over []string
	err := tx.get(ctx, column("is support over", &over, `
select o.ended_how
from support_sessions s
join memberships m on m.tenant_id = s.tenant_id and m.user_id = s.subject_id
left join support_grants g on g.tenant_id = s.tenant_id and g.id = s.grant_id
left join memberships a on a.tenant_id = s.tenant_id and a.user_id = s.actor_id and s.kind = 'view_as'
cross join lateral (`+supportOver+`) o
where s.tenant_id = @tenant_id
  and s.id = @id
  and o.ended_how is not null`, pgx.StrictNamedArgs{"id": id}))
	if err != nil {
		return err
	}
	if len(over) == 0 {
		return ErrConflict
	}
	n, err := tx.exec(ctx, "expire support", `
update support_sessions
set ended_at = least(now(), ends_at),
    ended_how = @how
where tenant_id = @tenant_id
  and id = @id
  and ended_at is null`, pgx.StrictNamedArgs{"id": id, "how": over[0]})
	if err != nil {
		return err
	}
	if n == 1 {
		err = tx.audit(Event{Verb: "support.expired", TargetKind: KindSupportSession, TargetID: id,
			Detail: map[string]any{"how": over[0]}})
		if err != nil {
			return err
		}
	}
	return tx.Enqueue(ctx, &queue.SupportEnded{Session: id})
}
