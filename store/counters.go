package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// recount brings the counters on the membership rows up to date, after a deed
// that may have changed what waits in the tenant. The switcher and the list of
// workspaces read them there, so that many workspaces cost what few cost. With
// news, client people have one more thing they have not seen; without, nothing
// of theirs moves, for the deed may have been on a draft.
func (tx *Tx) recount(ctx context.Context, news bool) error {
	// Two deeds at once count one after the other, or the second would count
	// what it saw before the first.
	_, err := tx.exec(ctx, "lock counters", `
select 1
from memberships
where tenant_id = @tenant_id
  and ended_at is null
order by user_id
for no key update`, nil)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "recount", `
select lookup.recount(w.waiting, w.next_due_on, @news)
from (
    select count(*) as waiting, min(d.due_on) as next_due_on
    from deliverables d
    join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id
    where d.tenant_id = @tenant_id
      and d.state = 'in_review'
      and d.archived_at is null
      and d.deleted_at is null
      and p.archived_at is null
      and p.deleted_at is null
) w`, pgx.StrictNamedArgs{"news": news})
	return err
}
