package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Move puts a thing after another one of the same list, or first if after is zero. If
// either is not in the list it returns [ErrNotFound] and moves nothing. A kind
// without a position is [ErrInvalid].
func (tx *Tx) Move(ctx context.Context, kind Kind, id, after uuid.UUID) error {
	row := kind.row()
	if row.siblings == "" {
		return fmt.Errorf("move %q: %w", kind, ErrInvalid)
	}
	n, err := tx.exec(ctx, "move "+string(kind), `
with rest as (
    select id, row_number() over (order by position, id) as place
    from `+row.table+`
    where tenant_id = @tenant_id
      and deleted_at is null
      and id <> @id
      and `+row.siblings+`
), target as (
    select coalesce((select place from rest where id = @after), 0) as place
    where @after::uuid is null
       or exists (select 1 from rest where id = @after)
)
update `+row.table+` x
set position = case
        when x.id = @id then (select place from target) * 2 + 1
        else (select place from rest where rest.id = x.id) * 2
    end
where x.tenant_id = @tenant_id
  and x.deleted_at is null
  and (x.id = @id or x.id in (select id from rest))
  and exists (select 1 from target)
  and exists (select 1 from `+row.table+` where tenant_id = @tenant_id and id = @id and deleted_at is null)`,
		pgx.StrictNamedArgs{"id": id, "after": nilIfZero(after)})
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("move %s: %w", kind, ErrNotFound)
	}
	return tx.audit(ctx, Event{Verb: string(kind) + ".moved", TargetKind: kind, TargetID: id})
}
