package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// placed is the SQL of the [Seen] of the place of a row in its list. It changes when
// somebody moves that row, and not when they move another.
func placed(alias string) string { return "coalesce(" + alias + ".moved_at::text, 'never')" }

// lockList locks the rows that are ordered together with a thing, so that one move
// sees the result of the other. [Tx.lockEnd] excludes it.
func (tx *Tx) lockList(ctx context.Context, row kindRow, id uuid.UUID) error {
	_, err := tx.exec(ctx, "lock list", `
select 1
from `+row.table+`
where tenant_id = @tenant_id
  and deleted_at is null
  and (id = @id or `+row.siblings+`)
order by id
for no key update`, pgx.StrictNamedArgs{"id": id})
	return err
}

// lockEnd locks the row at the end of a list to which a new one is added, so that
// nobody reorders the list meanwhile. In is the project of deliverables.
func (tx *Tx) lockEnd(ctx context.Context, kind Kind, order string, in *uuid.UUID) error {
	of, args := "", pgx.StrictNamedArgs(nil)
	if in != nil {
		of, args = "\n  and project_id = @project", pgx.StrictNamedArgs{"project": *in}
	}
	_, err := tx.exec(ctx, "lock end of list", `
select 1
from `+kind.row().table+`
where tenant_id = @tenant_id
  and deleted_at is null`+of+`
order by `+order+`
limit 1
for no key update`, args)
	return err
}

// Move puts a thing after another one of the same list, or first if after is zero. If
// either is not in the list it returns [ErrNotFound] and moves nothing. A kind
// without a position is [ErrInvalid]. It compares Placed of the thing and returns
// the new one: whoever moves a row that somebody else moved meanwhile is told so.
func (tx *Tx) Move(ctx context.Context, kind Kind, id, after uuid.UUID) (now Seen, err error) {
	row := kind.row()
	if row.siblings == "" {
		return "", fmt.Errorf("move %q: %w", kind, ErrInvalid)
	}
	if err := tx.lockList(ctx, row, id); err != nil {
		return "", err
	}
	err = tx.checkSeen(ctx, placed("x"), `
from `+row.table+` x
where x.tenant_id = @tenant_id
  and x.id = @id
  and x.deleted_at is null`, pgx.StrictNamedArgs{"id": id})
	if err != nil {
		return "", err
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
    end,
    moved_at = case when x.id = @id then clock_timestamp() else x.moved_at end
where x.tenant_id = @tenant_id
  and x.deleted_at is null
  and (x.id = @id or x.id in (select id from rest))
  and exists (select 1 from target)
  and exists (select 1 from `+row.table+` where tenant_id = @tenant_id and id = @id and deleted_at is null)`,
		pgx.StrictNamedArgs{"id": id, "after": nilIfZero(after)})
	if err != nil {
		return "", err
	}
	if n == 0 {
		return "", fmt.Errorf("move %s: %w", kind, ErrNotFound)
	}
	err = tx.get(ctx, value("place", &now, `
select `+placed("x")+`
from `+row.table+` x
where x.tenant_id = @tenant_id
  and x.id = @id`, pgx.StrictNamedArgs{"id": id}))
	if err != nil {
		return "", err
	}
	return now, tx.audit(Event{Verb: string(kind) + ".moved", TargetKind: kind, TargetID: id})
}
