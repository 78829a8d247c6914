package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// BinDays is how long a thing stays in the bin before it is purged.
const BinDays = 30

// ErrArchived means that the deliverable or its project is archived, so that nobody writes
// notes about it, asks or decides. It wraps [ErrConflict].
var ErrArchived = fmt.Errorf("archived: %w", ErrConflict)

// Archive takes a thing out of the current lists, or puts it back if archived is
// false. It returns [ErrInvalid] for a kind that can't be archived and [ErrNotFound]
// for a thing in the bin.
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
	tx.recount(false)
	return tx.audit(Event{Verb: verb, TargetKind: kind, TargetID: id})
}

// Bin moves a thing to the bin, or restores it if binned is false. The client can't
// see binned things. They are purged after [BinDays]. [Tx.BinFile] bins files: for a
// file, or a kind without a bin, Bin returns [ErrInvalid].
func (tx *Tx) Bin(ctx context.Context, kind Kind, id uuid.UUID, binned bool) error {
	if kind == KindFile || kind.row().bin == nil {
		return fmt.Errorf("bin %q: %w", kind, ErrInvalid)
	}
	if err := tx.lockBinUsage(ctx, kind); err != nil {
		return err
	}
	if err := tx.setBinned(ctx, kind, id, binned); err != nil {
		return err
	}
	if kind == KindDeliverable && !binned {
		if err := tx.checkRestoredDeliverable(ctx, id); err != nil {
			return err
		}
	}
	return tx.endBinning(kind, id, binned)
}

// lockBinUsage locks what a thing of that kind counts against, before the deed reads how
// much it counts for.
func (tx *Tx) lockBinUsage(ctx context.Context, kind Kind) error {
	if m := kind.row().bin.metric; m != "" {
		if err := tx.lockUsage(ctx, m); err != nil {
			return err
		}
	}
	return tx.lockUsage(ctx, Storage)
}

// setBinned is called under the lock of [Tx.lockBinUsage]. [Tx.endBinning] comes after it.
func (tx *Tx) setBinned(ctx context.Context, kind Kind, id uuid.UUID, binned bool) error {
	set, was := "deleted_at = now()", "deleted_at is null"
	args := pgx.StrictNamedArgs{"id": id}
	if !binned {
		held, err := tx.binHeld(ctx)
		if err != nil {
			return err
		}
		set, was = "deleted_at = null", "(deleted_at > now() - make_interval(days => @days) or deleted_at is not null and @held)"
		args["days"], args["held"] = BinDays, held
	}
	if binned {
		if err := tx.releaseBinned(ctx, kind, id); err != nil {
			return err
		}
	}
	err := tx.change(ctx, binVerb(kind, binned), `
update `+kind.row().table+`
set `+set+`
where tenant_id = @tenant_id
  and id = @id
  and `+was, args)
	if err != nil {
		return err
	}
	if binned {
		return nil
	}
	return tx.reserveRestored(ctx, kind, id)
}

// endBinning counts and records what [Tx.setBinned] did. It locks the counters, which come
// last in the order of locks.
func (tx *Tx) endBinning(kind Kind, id uuid.UUID, binned bool) error {
	tx.recount(false)
	return tx.audit(Event{Verb: binVerb(kind, binned), TargetKind: kind, TargetID: id})
}

func binVerb(kind Kind, binned bool) string {
	if binned {
		return string(kind) + ".binned"
	}
	return string(kind) + ".restored"
}

// releaseBinned releases the plan usage of a thing that goes into the bin. If the thing
// doesn't exist, the deed fails later and rolls this back.
func (tx *Tx) releaseBinned(ctx context.Context, kind Kind, id uuid.UUID) error {
	bytes, err := tx.storedBytes(ctx, kind, id)
	if err != nil {
		return err
	}
	if m := kind.row().bin.metric; m != "" {
		if err := tx.release(ctx, m, 1); err != nil {
			return err
		}
	}
	return tx.release(ctx, Storage, bytes)
}

// reserveRestored reserves plan usage for a thing that was just restored.
func (tx *Tx) reserveRestored(ctx context.Context, kind Kind, id uuid.UUID) error {
	if m := kind.row().bin.metric; m != "" {
		if err := tx.reserve(ctx, m, 1); err != nil {
			return err
		}
	}
	bytes, err := tx.storedBytes(ctx, kind, id)
	if err != nil {
		return err
	}
	return tx.reserve(ctx, Storage, bytes)
}

// BinHeldUntil reads until when nothing is purged, however long it has been in the bin: while
// the agency is read-only nobody can restore anything, and afterwards there are [BinDays]
// again. Nil is no such time.
func BinHeldUntil(dst **time.Time) Read {
	return Read{value("bin held until", dst, `select lookup.bin_held_until()`, nil)}
}

// binHeld says whether nothing may be purged now.
func (tx *Tx) binHeld(ctx context.Context) (bool, error) {
	if tx.billing == nil {
		return false, nil // nothing is read-only
	}
	var until *time.Time
	err := tx.Read(ctx, BinHeldUntil(&until))
	return until != nil && time.Now().Before(*until), err
}

// BinItem is one thing in the bin.
type BinItem struct {
	Kind      Kind // one of [BinKinds]
	ID        uuid.UUID
	Name      string
	Within    string // the name of its project or deliverable
	DeletedAt time.Time
}

// ListBin reads the tenant's bin, newest first, at most 200 things.
func ListBin(dst *[]BinItem) Read {
	return Read{many("list bin", dst, `
select kind, id, name, within, deleted_at
from (`+joinBins(func(b *binRow) string { return b.list })+`
) bin
order by deleted_at desc, id
limit 200`, nil)}
}
