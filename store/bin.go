package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// BinDays is how long a thing stays in the bin before it is purged.
const BinDays = 30

// Archive takes a thing out of the current lists, or back into them with archived
// false. A kind that is never archived is [ErrInvalid], a thing in the bin [ErrNotFound].
func (tx *Tx) Archive(ctx context.Context, kind Kind, id uuid.UUID, archived bool) error {
	row := kind.row()
	if !row.archives {
		return fmt.Errorf("archive %q: %w", kind, ErrInvalid)
	}
	verb, set := string(kind)+".archived", "archived_at = now()"
	if !archived {
		verb, set = string(kind)+".unarchived", "archived_at = null"
	}
	err := tx.change(ctx, verb, `
update `+row.table+`
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
	return tx.audit(ctx, Event{Verb: verb, TargetKind: kind, TargetID: id})
}

// Bin moves a thing to the bin, or restores it with binned false. What is in the bin
// is hidden from the client at once and purged after [BinDays]. A file is binned by
// [Tx.BinFile]; it and a kind that has no bin are [ErrInvalid].
func (tx *Tx) Bin(ctx context.Context, kind Kind, id uuid.UUID, binned bool) error {
	if kind == KindFile || kind.row().bin == nil {
		return fmt.Errorf("bin %q: %w", kind, ErrInvalid)
	}
	return tx.setBinned(ctx, kind, id, binned)
}

func (tx *Tx) setBinned(ctx context.Context, kind Kind, id uuid.UUID, binned bool) error {
	verb, set, was := string(kind)+".binned", "deleted_at = now()", "deleted_at is null"
	if !binned {
		verb, set, was = string(kind)+".restored", "deleted_at = null", "deleted_at > now() - make_interval(days => @days)"
	}
	args := pgx.StrictNamedArgs{"id": id}
	if !binned {
		args["days"] = BinDays
	}
	if err := tx.freeBeforeBin(ctx, kind, id, binned); err != nil {
		return err
	}
	err := tx.change(ctx, verb, `
update `+kind.row().table+`
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
	return tx.audit(ctx, Event{Verb: verb, TargetKind: kind, TargetID: id})
}

// freeBeforeBin gives back the room of what is about to go into the bin. What is
// about to come out of it takes room afterwards, when it counts again; until then
// it must not be in the first count. A thing that is not there makes the deed fail
// afterwards, and all of it is undone.
func (tx *Tx) freeBeforeBin(ctx context.Context, kind Kind, id uuid.UUID, binned bool) error {
	if !binned {
		_, projects := tx.count(ctx, Projects, 0)
		_, storage := tx.count(ctx, Storage, 0)
		return errors.Join(projects, storage)
	}
	bytes, err := tx.occupied(ctx, kind, id)
	if err != nil {
		return err
	}
	if m := kind.row().bin.metric; m != "" {
		if err := tx.shrink(ctx, m, 1); err != nil {
			return err
		}
	}
	return tx.shrink(ctx, Storage, bytes)
}

// reserveRestored takes room for what has just come out of the bin.
func (tx *Tx) reserveRestored(ctx context.Context, kind Kind, id uuid.UUID) error {
	if m := kind.row().bin.metric; m != "" {
		if err := tx.grow(ctx, m, 1); err != nil {
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
	Kind      Kind // one of [BinKinds]
	ID        uuid.UUID
	Name      string
	Within    string // the name of what it was in
	DeletedAt time.Time
}

// ListBin reads what lies in the tenant's bin, newest first, at most 200.
func ListBin(dst *[]BinItem) Read {
	return Read{many("list bin", dst, `
select kind, id, name, within, deleted_at
from (`+ofBins(func(b *binRow) string { return b.list })+`
) bin
order by deleted_at desc, id
limit 200`, nil)}
}
