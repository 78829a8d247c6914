package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// carryNotes goes on with the open notes that the client sees on the version before: each
// is a note of the new version with the same number, at the same place of the file with the
// same name, if there is one. It waits for whoever writes on the version before, so that
// none of their notes is left behind. In a support session nothing is carried, because
// nobody writes notes in one.
func (tx *Tx) carryNotes(ctx context.Context, version, deliverable uuid.UUID) error {
	if tx.scope.Support != uuid.Nil {
		return nil
	}
	var before *uuid.UUID
	err := tx.get(ctx, value("version before", &before, `
select (
    select v.id
    from versions v
    where v.tenant_id = @tenant_id
      and v.deliverable_id = @deliverable
      and v.shared_at is not null
      and v.id <> @version
    order by v.number desc
    limit 1)`, pgx.StrictNamedArgs{"version": version, "deliverable": deliverable}))
	if err != nil || before == nil {
		return err
	}
	tx.lockNotes(*before)
	tx.later("carry notes", `
insert into threads (tenant_id, id, version_id, visibility, number, file_id, page, x, y, w, h, t_ms, t_end_ms, carried_from)
select @tenant_id, gen_random_uuid(), @version, 'client', t.number, f.id,
       case when f.id is not null then t.page end, case when f.id is not null then t.x end, case when f.id is not null then t.y end,
       case when f.id is not null then t.w end, case when f.id is not null then t.h end,
       case when f.id is not null then t.t_ms end, case when f.id is not null then t.t_end_ms end, t.id
from threads t
left join files old on old.tenant_id = t.tenant_id and old.id = t.file_id
left join lateral (
    select f.id
    from files f
    where f.tenant_id = @tenant_id
      and f.version_id = @version
      and f.state = 'ready'
      and f.deleted_at is null
      and f.folder = old.folder
      and f.name = old.name
      and f.content_type = old.content_type
    order by f.position, f.id
    limit 1) f on true
where t.tenant_id = @tenant_id
  and t.version_id = @before
  and t.visibility = 'client'
  and t.resolved_at is null`, pgx.StrictNamedArgs{"version": version, "before": *before})
	return nil
}
