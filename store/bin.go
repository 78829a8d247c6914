package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// BinDays is how long a thing stays in the bin before it is purged.
const BinDays = 30

// tables are the tables whose rows can be archived and binned, by the word that
// audit rows use. The word never comes from a visitor.
var tables = map[string]string{
	"project":     "projects",
	"deliverable": "deliverables",
	"file":        "files",
}

func (tx *Tx) setArchived(ctx context.Context, kind string, id uuid.UUID, archived bool) error {
	verb, set := ".archived", "archived_at = now()"
	if !archived {
		verb, set = ".unarchived", "archived_at = null"
	}
	err := tx.change(ctx, kind+verb, `
update `+tables[kind]+`
set `+set+`
where tenant_id = @tenant_id
  and id = @id
  and deleted_at is null`, pgx.StrictNamedArgs{"id": id})
	if err != nil {
		return err
	}
	if err := tx.recount(ctx, false); err != nil {
		return err
	}
	return tx.audit(ctx, Event{Verb: kind + verb, TargetKind: kind, TargetID: id})
}

func (tx *Tx) setBinned(ctx context.Context, kind string, id uuid.UUID, binned bool) error {
	verb, set, was := ".binned", "deleted_at = now()", "deleted_at is null"
	if !binned {
		verb, set, was = ".restored", "deleted_at = null", "deleted_at > now() - make_interval(days => @days)"
	}
	args := pgx.StrictNamedArgs{"id": id}
	if !binned {
		args["days"] = BinDays
	}
	if err := tx.freeBeforeBin(ctx, kind, id, binned); err != nil {
		return err
	}
	err := tx.change(ctx, kind+verb, `
update `+tables[kind]+`
set `+set+`
where tenant_id = @tenant_id
  and id = @id
  and `+was, args)
	if err != nil {
		return err
	}
	if !binned {
		if err := tx.reserveRestored(ctx, kind, id); err != nil {
			return err
		}
	}
	if err := tx.recount(ctx, false); err != nil {
		return err
	}
	return tx.audit(ctx, Event{Verb: kind + verb, TargetKind: kind, TargetID: id})
}

// freeBeforeBin gives back the room of what is about to go into the bin. What is
// about to come out of it takes room afterwards, when it counts again; until then
// it must not be in the first count. A thing that is not there makes the deed fail
// afterwards, and all of it is undone.
func (tx *Tx) freeBeforeBin(ctx context.Context, kind string, id uuid.UUID, binned bool) error {
	if !binned {
		_, projects := tx.count(ctx, Projects, 0)
		_, storage := tx.count(ctx, Storage, 0)
		return errors.Join(projects, storage)
	}
	bytes, err := tx.occupied(ctx, kind, id)
	if err != nil {
		return err
	}
	if kind == "project" {
		if err := tx.shrink(ctx, Projects, 1); err != nil {
			return err
		}
	}
	return tx.shrink(ctx, Storage, bytes)
}

// reserveRestored takes room for what has just come out of the bin.
func (tx *Tx) reserveRestored(ctx context.Context, kind string, id uuid.UUID) error {
	if kind == "project" {
		if err := tx.grow(ctx, Projects, 1); err != nil {
			return err
		}
	}
	bytes, err := tx.occupied(ctx, kind, id)
	if err != nil {
		return err
	}
	return tx.grow(ctx, Storage, bytes)
}

// BinItem is one thing in the bin.
type BinItem struct {
	Kind      string // "project", "deliverable" or "file"
	ID        uuid.UUID
	Name      string
	Within    string // the name of what it was in
	DeletedAt time.Time
}

// ListBin reads what lies in the tenant's bin, newest first, at most 200.
func ListBin(dst *[]BinItem) Read {
	return Read{many("list bin", dst, `
select kind, id, name, within, deleted_at
from (
    select 'project' as kind, id, name, '' as within, deleted_at
    from projects
    where tenant_id = @tenant_id and deleted_at is not null
    union all
    select 'deliverable', d.id, d.title, p.name, d.deleted_at
    from deliverables d
    join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id
    where d.tenant_id = @tenant_id and d.deleted_at is not null
    union all
    select 'file', f.id, f.name, d.title, f.deleted_at
    from files f
    join versions v on v.tenant_id = f.tenant_id and v.id = f.version_id
    join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id
    where f.tenant_id = @tenant_id and f.deleted_at is not null
) bin
order by deleted_at desc, id
limit 200`, nil)}
}
