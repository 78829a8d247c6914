package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// recount updates the counters on the membership rows after a deed that may have
// changed what is in review. The list of workspaces reads them there, so that its
// cost doesn't grow with their number. With news, client users get one more unread
// item. Without it their rows stay the same, because the deed may have changed a
// draft.
func (tx *Tx) recount(ctx context.Context, news bool) error {
	// Deeds that run at once must count one after the other, or one would miss the
	// other's rows.
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
