package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// reminders are when somebody is reminded of a request: so many days before or after its
// due date, at [reminderHour] UTC.
var reminders = []int{-1, 0, 3}

const reminderHour = 7

// mailAsked queues the mail that asks somebody to decide, and the reminders. Each looks
// again when it is sent whether the request is open.
func (tx *Tx) mailAsked(ctx context.Context, request uuid.UUID, due *time.Time) error {
	if err := tx.Enqueue(ctx, &queue.ReviewMail{Request: request, Mailing: NewID()}); err != nil || due == nil {
		return err
	}
	for _, days := range reminders {
		at := due.AddDate(0, 0, days).Add(reminderHour * time.Hour)
		if at.Before(time.Now()) {
			continue
		}
		if err := tx.EnqueueAt(ctx, &queue.ReviewMail{Request: request, Mailing: NewID(), Reminds: true}, at); err != nil {
			return err
		}
	}
	return nil
}

// mailAgency queues a mail to each of the agency who asked about a version, and to who
// published it.
func (tx *Tx) mailAgency(ctx context.Context, version uuid.UUID, mail func(to uuid.UUID) queue.TenantJob) error {
	var people []uuid.UUID
	err := tx.get(ctx, column("who asked", &people, `
select m.user_id
from memberships m
where m.tenant_id = @tenant_id
  and m.party = 'agency'
  and m.ended_at is null
  and (m.user_id in (select asked_by from review_requests where tenant_id = @tenant_id and version_id = @version)
    or m.user_id = (select shared_by from versions where tenant_id = @tenant_id and id = @version))
order by m.user_id`, pgx.StrictNamedArgs{"version": version}))
	if err != nil {
		return err
	}
	for _, to := range people {
		if err := tx.Enqueue(ctx, mail(to)); err != nil {
			return err
		}
	}
	return nil
}

// askedAbout are the people who are or were asked to decide on a version, and get mails of
// their own about it.
func (tx *Tx) askedAbout(ctx context.Context, version uuid.UUID) (people []uuid.UUID, err error) {
	return people, tx.get(ctx, column("people asked", &people, `
select distinct user_id
from review_requests
where tenant_id = @tenant_id
  and version_id = @version
  and asked_at is not null`, pgx.StrictNamedArgs{"version": version}))
}

// CheckRequest returns who is asked. [ErrNotFound] means that the request is not in this
// tenant.
func (tx *Tx) CheckRequest(ctx context.Context, request uuid.UUID) (person uuid.UUID, err error) {
	return person, tx.get(ctx, value("request", &person, `
select user_id
from review_requests
where tenant_id = @tenant_id
  and id = @id`, pgx.StrictNamedArgs{"id": request}))
}

// CheckDecision returns [ErrNotFound] unless the decision is in this tenant.
func (tx *Tx) CheckDecision(ctx context.Context, decision uuid.UUID) error {
	return tx.exists(ctx, "decision", `
select exists (
    select
    from decisions
    where tenant_id = @tenant_id
      and id = @id
)`, pgx.StrictNamedArgs{"id": decision})
}

// RecordReminder records that somebody was reminded of a request.
func (tx *Tx) RecordReminder(request uuid.UUID) {
	tx.later("record reminder", `
update review_requests
set last_reminder_at = now()
where tenant_id = @tenant_id
  and id = @id`, pgx.StrictNamedArgs{"id": request})
}

// ReviewedVersion is the version that a mail about deciding is about.
type ReviewedVersion struct {
	ProjectName   string
	DeliverableID uuid.UUID
	Title         string
	Number        int
}

// reviewedVersion selects a published version v. Its deliverable and project must not be in
// the bin.
const reviewedVersion = `p.name as project_name, d.id as deliverable_id, d.title, v.number`

const withReviewed = `
join deliverables d on d.tenant_id = @tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = @tenant_id and p.id = d.project_id and p.deleted_at is null`

// RequestNotice is an open request of the reader, as its mail shows it.
type RequestNotice struct {
	ReviewedVersion
	Note       string // what is new in the version
	AskerName  string
	AskerParty Party
	DueOn      *time.Time
	CanPass    bool // somebody else may decide who isn't asked
}

// GetRequestNotice reads an open request of the reader about a version that nothing locks.
// Any other is [ErrNotFound].
func GetRequestNotice(id uuid.UUID, dst *RequestNotice) Read {
	return Read{one("get request", dst, `
select `+reviewedVersion+`, v.note, a.name as asker_name, a.party as asker_party, r.due_on,
       exists (
           select
           from memberships m
           where m.tenant_id = @tenant_id
             and m.ended_at is null
             and m.party = 'client'
             and m.role = any (@deciders)
             and m.user_id <> r.user_id
             and not exists (select from review_requests q where q.tenant_id = @tenant_id and q.version_id = r.version_id and q.user_id = m.user_id and q.ended_at is null)) as can_pass
from review_requests r
join versions v on v.tenant_id = @tenant_id and v.id = r.version_id and v.shared_at is not null and v.locked_at is null`+withReviewed+`
join memberships a on a.tenant_id = @tenant_id and a.user_id = r.asked_by
where r.tenant_id = @tenant_id
  and r.id = @id
  and r.user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
  and r.asked_at is not null
  and r.ended_at is null`, pgx.StrictNamedArgs{"id": id, "deciders": rolesThatMay(Decide, PartyClient)})}
}

// DecisionNotice is a decision as its mail shows it.
type DecisionNotice struct {
	ReviewedVersion
	Name    string
	Answer  Outcome
	Words   string
	Outcome *Outcome // of the version now
	Waiting int      // open requests about it
}

// GetDecisionNotice reads a decision that none supersedes. Any other is [ErrNotFound].
func GetDecisionNotice(id uuid.UUID, dst *DecisionNotice) Read {
	return Read{one("get decision", dst, `
select `+reviewedVersion+`, m.name, x.answer, x.words, v.outcome,
       (select count(*) from review_requests r where r.tenant_id = @tenant_id and r.version_id = v.id and r.ended_at is null)::int as waiting
from decisions x
join versions v on v.tenant_id = @tenant_id and v.id = x.version_id`+withReviewed+`
join memberships m on m.tenant_id = @tenant_id and m.user_id = x.user_id
where x.tenant_id = @tenant_id
  and x.id = @id
  and not exists (select from decisions l where l.tenant_id = @tenant_id and l.supersedes = x.id)`, pgx.StrictNamedArgs{"id": id})}
}

// PassedOnNotice is a request that was passed on, as its mail shows it.
type PassedOnNotice struct {
	ReviewedVersion
	FromName, ToName string
}

// GetPassedOnNotice reads a request that was passed on.
func GetPassedOnNotice(id uuid.UUID, dst *PassedOnNotice) Read {
	return Read{one("get request that was passed on", dst, `
select `+reviewedVersion+`, m.name as from_name, t.name as to_name
from review_requests r
join versions v on v.tenant_id = @tenant_id and v.id = r.version_id`+withReviewed+`
join memberships m on m.tenant_id = @tenant_id and m.user_id = r.user_id
join memberships t on t.tenant_id = @tenant_id and t.user_id = r.passed_to
where r.tenant_id = @tenant_id
  and r.id = @id`, pgx.StrictNamedArgs{"id": id})}
}
