package store

import (
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// LedgerLine is one thing that was seen, downloaded, changed or refused in a session
// of the tenant's ledger, with that session.
type LedgerLine struct {
	SessionID   uuid.UUID
	Kind        SupportKind
	Mode        SupportMode
	AgentName   string
	SubjectName string
	Reason      string
	Ticket      string
	StartedAt   time.Time
	EndedAt     *time.Time // nil while it runs
	EndedHow    *SupportEnd
	WriteByName string // the second agent who confirmed writing, "" for none
	ID          uuid.UUID
	At          time.Time
	Verb        string
	Result      EventResult
	Route       string // of a page or a refusal
	TargetKind  Kind
	TargetName  string
}

// LedgerPage is a part of the ledger. The ledger is ordered by session first, so its
// position is a session and a cursor.
type LedgerPage struct {
	AfterSession uuid.UUID
	Page         // of 1 to 1000 rows
}

// SupportLedger reads the tenant's ledger line by line, oldest session first.
func SupportLedger(p LedgerPage, dst *[]LedgerLine) Read {
	joins, name := targetNames(true)
	return Read{many("support ledger", dst, `
select s.id as session_id, s.kind, s.mode, s.actor_name as agent_name, m.name as subject_name, s.reason, s.ticket,
       s.started_at, o.ended_at, o.ended_how, coalesce(s.write_by_name, '') as write_by_name,
       e.id, e.at, e.verb, e.result, coalesce(e.detail ->> 'route', '') as route, e.target_kind,
       `+name+`
from (
    select *
    from audit_events
    where tenant_id = @tenant_id
      and support_session_id is not null
      and (support_session_id, at, id) > (@session, @at, @id)
    order by support_session_id, at, id
    limit @limit
) e
join support_sessions s on s.tenant_id = e.tenant_id and s.id = e.support_session_id
join memberships m on m.tenant_id = s.tenant_id and m.user_id = s.subject_id
left join support_grants g on g.tenant_id = s.tenant_id and g.id = s.grant_id
left join memberships a on a.tenant_id = s.tenant_id and a.user_id = s.actor_id and s.kind = 'view_as'
cross join lateral (`+supportOver+`) o`+joins+`
order by e.support_session_id, e.at, e.id`,
		pgx.StrictNamedArgs{"session": p.AfterSession, "at": p.After.At, "id": p.After.ID, "limit": min(max(p.Limit, 1), 1000)})}
}

// supportCounts selects the counts of a session s.
const supportCounts = `
    select (count(*) filter (where e.verb = 'support.page_seen'))::int as pages,
           (count(*) filter (where e.verb in ('file.downloaded', 'file.viewed')))::int as files,
           (count(*) filter (where e.result = 'ok' and split_part(e.verb, '.', 1) not in ('support', 'access', 'job')
               and right(e.verb, 10) <> '.mail_sent' and e.verb not in ('file.downloaded', 'file.viewed')))::int as changes
    from audit_events e
    where e.tenant_id = @tenant_id
      and e.support_session_id = s.id`
