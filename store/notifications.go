package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// EnqueueVersionMails queues, once per version, a mail to everybody on the client's
// side, but not to those who are asked to decide on it: that mail says it too. A version that is not in this tenant, or not published, is [ErrNotFound].
func (tx *Tx) EnqueueVersionMails(ctx context.Context, version uuid.UUID) error {
	if err := tx.CheckVersionShared(ctx, version); err != nil {
		return err
	}
	first, err := tx.ClaimEffect(ctx, "version_published:"+version.String())
	if err != nil || !first {
		return err
	}
	people, err := tx.people(ctx, PartyClient)
	if err != nil {
		return err
	}
	asked, err := tx.askedAbout(ctx, version)
	if err != nil {
		return err
	}
	for _, person := range people {
		if slices.Contains(asked, person) {
			continue
		}
		if err := tx.Enqueue(ctx, &queue.VersionMail{Version: version, To: person}); err != nil {
			return err
		}
	}
	return nil
}

// CheckVersionShared returns [ErrNotFound] unless the version is in this tenant and
// published.
func (tx *Tx) CheckVersionShared(ctx context.Context, version uuid.UUID) error {
	return tx.exists(ctx, "shared version", `
select exists (
    select 1
    from versions
    where tenant_id = @tenant_id
      and id = @id
      and shared_at is not null
)`, pgx.StrictNamedArgs{"id": version})
}

// EnqueueSupportMails queues a mail to each owner of the tenant, once for the start
// and once for the end of a support session. A view-as session is on the ledger and
// sends no mail. [ErrNotFound] means that the session is another tenant's or, if ended is
// set, still runs.
func (tx *Tx) EnqueueSupportMails(ctx context.Context, session uuid.UUID, ended bool) error {
	if err := tx.CheckSupportSession(ctx, session, ended); err != nil {
		return err
	}
	key := "support_started:"
	if ended {
		key = "support_ended:"
	}
	first, err := tx.ClaimEffect(ctx, key+session.String())
	if err != nil || !first {
		return err
	}
	if err := tx.refuseViewAs(ctx, session); err != nil {
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	}
	owners, err := tx.owners(ctx)
	if err != nil {
		return err
	}
	for _, owner := range owners {
		if err := tx.Enqueue(ctx, &queue.SupportMail{Session: session, To: owner, Ended: ended}); err != nil {
			return err
		}
	}
	return nil
}

// refuseViewAs returns [ErrNotFound] for a view-as session.
func (tx *Tx) refuseViewAs(ctx context.Context, session uuid.UUID) error {
	return tx.exists(ctx, "support session", `
select exists (
    select 1
    from support_sessions
    where tenant_id = @tenant_id
      and id = @id
      and kind = 'support'
)`, pgx.StrictNamedArgs{"id": session})
}

// owners returns the owners of both sides who have an address.
func (tx *Tx) owners(ctx context.Context) (owners []uuid.UUID, err error) {
	return owners, tx.get(ctx, column("owners", &owners, `
select user_id
from memberships
where tenant_id = @tenant_id
  and ended_at is null
  and email is not null
  and role = 'owner'
order by user_id`, nil))
}

// CheckSupportSession returns [ErrNotFound] unless the session is in this tenant and, if
// ended, marked as over.
func (tx *Tx) CheckSupportSession(ctx context.Context, session uuid.UUID, ended bool) error {
	return tx.exists(ctx, "support session", `
select exists (
    select 1
    from support_sessions
    where tenant_id = @tenant_id
      and id = @id
      and (ended_at is not null or not @ended)
)`, pgx.StrictNamedArgs{"id": session, "ended": ended})
}

func (tx *Tx) exists(ctx context.Context, name, sql string, args pgx.StrictNamedArgs) error {
	var there bool
	if err := tx.get(ctx, value(name, &there, sql, args)); err != nil {
		return err
	}
	if !there {
		return fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	return nil
}

// PublishedVersion is a published version as its mail shows it.
type PublishedVersion struct {
	ProjectName   string
	DeliverableID uuid.UUID
	Title         string
	Number        int
	Note          string
	AuthorName    string
}

// GetPublishedVersion reads a published version. Its deliverable and project must not
// be in the bin.
func GetPublishedVersion(id uuid.UUID, dst *PublishedVersion) Read {
	return Read{one("get published version", dst, `
select p.name as project_name, d.id as deliverable_id, d.title, v.number, v.note,
       `+actorName("m", "ss")+` as author_name
from versions v
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
left join memberships m on m.tenant_id = v.tenant_id and m.user_id = v.shared_by`+joinSession("ss", "v.tenant_id", "v.shared_session_id")+`
where v.tenant_id = @tenant_id
  and v.id = @id
  and v.shared_at is not null`, pgx.StrictNamedArgs{"id": id})}
}

// SupportNotice is a support session as its mail shows it.
type SupportNotice struct {
	Kind        SupportKind
	Mode        SupportMode
	AgentName   string
	SubjectName string
	Reason      string
	Ticket      string
	StartedAt   time.Time
	EndsAt      time.Time
	EndedAt     *time.Time
	EndedHow    *SupportEnd
	EndedBy     string // the owner or admin who ended it, of EndedParty; "" for nobody
	EndedParty  Party
	Pages       int // as in [SupportSession]
	Files       int
	Changes     int
}

// GetSupportNotice reads one support session of the tenant.
func GetSupportNotice(id uuid.UUID, dst *SupportNotice) Read {
	return Read{one("get support notice", dst, `
select s.kind, s.mode, s.actor_name as agent_name, m.name as subject_name, s.reason, s.ticket,
       s.started_at, s.ends_at, s.ended_at, s.ended_how,
       coalesce(b.name, '') as ended_by, coalesce(b.party, '') as ended_party, c.pages, c.files, c.changes
from support_sessions s
join memberships m on m.tenant_id = s.tenant_id and m.user_id = s.subject_id
left join audit_events e on e.tenant_id = s.tenant_id and e.at = s.ended_at and e.verb = 'support.ended' and e.target_id = s.id
left join memberships b on b.tenant_id = e.tenant_id and b.user_id = e.actor_id and s.ended_how = 'revoked'
cross join lateral (`+supportCounts+`) c
where s.tenant_id = @tenant_id
  and s.id = @id`, pgx.StrictNamedArgs{"id": id})}
}
