package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// shownDeliverables are the deliverables in the lists of clients. Counters and lists
// must agree, so both begin here.
const shownDeliverables = `
    select d.id, d.state, d.due_on, d.shown_at
    from deliverables d
    join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id
    where d.tenant_id = @tenant_id
      and d.shown_at is not null
      and d.archived_at is null
      and d.deleted_at is null
      and p.archived_at is null
      and p.deleted_at is null`

// unopened counts, for each client user, the shown deliverables that they have not
// opened since something was last published in them. It needs "shown" in a with clause.
const unopened = `
    select m.user_id, ((select count(*) from shown) - count(v.deliverable_id))::int as unread
    from memberships m
    left join deliverable_views v on v.tenant_id = m.tenant_id
                                 and v.user_id = m.user_id
                                 and exists (select from shown s where s.id = v.deliverable_id and s.shown_at <= v.shown_at)
    where m.tenant_id = @tenant_id
      and m.party = 'client'
      and m.ended_at is null
    group by m.user_id`

// newForReader says in a query of deliverables d that the reader is a client user who
// has not opened it since something was last published in it.
const newForReader = `(
       (select current_setting('app.party', true)) = 'client'
   and d.shown_at is not null
   and not exists (
       select from deliverable_views o
       where o.tenant_id = @tenant_id
         and o.user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
         and o.deliverable_id = d.id
         and o.shown_at >= d.shown_at))`

// recount updates the counters on the membership rows after a deed that may have
// changed what is in review or what is new. The list of workspaces reads them there, so
// that its cost doesn't grow with their number. If news is true, clients also
// see that something happened now. Otherwise only staff do, because the deed may have
// changed a draft.
func (tx *Tx) recount(news bool) {
	tx.lockCounters()
	tx.later("recount", `
with shown as materialized (`+shownDeliverables+`
), people as (`+unopened+`
)
select lookup.recount(w.waiting, w.next_due_on, @news, n.people, n.unread)
from (
    select count(*) as waiting, min(due_on) as next_due_on
    from shown
    where state = 'in_review'
) w, (
    select array_agg(user_id) as people, array_agg(unread) as unread
    from people
) n`, pgx.StrictNamedArgs{"news": news})
	tx.countWork()
}

// lockCounters locks the counters on the membership rows. Deeds that run at once must
// count one after the other, or one would miss the other's rows.
func (tx *Tx) lockCounters() {
	tx.later("lock counters", `
select 1
from memberships
where tenant_id = @tenant_id
  and ended_at is null
order by user_id
for no key update`, nil)
}

// forUs says in a query of deliverables d that its next step is the agency's: a draft to
// finish and publish, or changes to make.
const forUs = `(d.state in ('draft', 'changes') or exists (
           select from versions o
           where o.tenant_id = @tenant_id
             and o.deliverable_id = d.id
             and o.shared_at is null))`

// forUsOfReader is [forUs] for the readers who see that number: the agency's, unless its
// drafts are hidden from their support session.
const forUsOfReader = `(
       (select current_setting('app.party', true)) = 'agency'
   and (select coalesce(current_setting('app.drafts', true), '')) <> 'hidden'
   and ` + forUs + `)`

// countWork counts the tenant's work for the agency's lists.
func (tx *Tx) countWork() {
	tx.seeingDrafts(func() {
		tx.later("count work", `
insert into work_counts (tenant_id, projects, for_us)
select @tenant_id, count(distinct p.id), count(d.id)
from projects p
left join deliverables d on d.tenant_id = @tenant_id
                        and d.project_id = p.id
                        and d.archived_at is null
                        and d.deleted_at is null
                        and `+forUs+`
where p.tenant_id = @tenant_id
  and p.archived_at is null
  and p.deleted_at is null
on conflict (tenant_id) do update
set projects = excluded.projects,
    for_us = excluded.for_us`, nil)
	})
}

// countNewFor sets the number of new items of one person in the tenant.
func (tx *Tx) countNewFor(ctx context.Context, person uuid.UUID) error {
	_, err := tx.exec(ctx, "count what is new", `
with shown as materialized (`+shownDeliverables+`
), people as (`+unopened+`
)
update memberships m
set unread = people.unread
from people
where m.tenant_id = @tenant_id
  and m.user_id = @person
  and people.user_id = m.user_id`, pgx.StrictNamedArgs{"person": person})
	return err
}

// RecordOpened records that the client user opened a deliverable, so that it is no
// longer new for them. shownAt is the publication that they saw: with a later one it
// stays new. It is no deed and writes no audit row.
func (tx *Tx) RecordOpened(ctx context.Context, deliverable uuid.UUID, shownAt time.Time) error {
	// As in recount: wait for a deed that counts.
	_, err := tx.exec(ctx, "lock counters", `
select 1
from memberships
where tenant_id = @tenant_id
  and user_id = @me
  and ended_at is null
for no key update`, pgx.StrictNamedArgs{"me": tx.scope.Actor})
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "record opened", `
insert into deliverable_views (tenant_id, deliverable_id, shown_at)
select @tenant_id, d.id, d.shown_at
from deliverables d
where d.tenant_id = @tenant_id
  and d.id = @deliverable
  and d.shown_at = @shown_at
on conflict (tenant_id, user_id, deliverable_id) do update
set shown_at = excluded.shown_at`, pgx.StrictNamedArgs{"deliverable": deliverable, "shown_at": shownAt})
	if err != nil {
		return err
	}
	return tx.countNewFor(ctx, tx.scope.Actor)
}
