package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// FileEntry is the database's view of a file, to compare with object storage.
type FileEntry struct {
	ID          uuid.UUID
	Name        string // as uploaded; treat it as hostile
	State       FileState
	StorageID   string     // the upload's id in object storage; "" for none
	Size        int64      // in bytes; 0 unless ready
	PreviewSize int64      // in bytes; 0 without a preview
	TouchedAt   time.Time  // when its upload was last active
	Idle        bool       // inactive for longer than the grace
	Stalled     bool       // inactive for longer than any step takes
	MissingAt   *time.Time // when its bytes were found to be lost
	ForgottenAt *time.Time // when that loss was acknowledged
}

// FileEntriesAtOnce is how many entries [ListFileEntries] reads at most.
const FileEntriesAtOnce = 500

// touchedAt is when the upload of a file f was last active.
const touchedAt = `greatest(f.created_at, f.finishing_at, (
    select max(n.created_at)
    from file_parts n
    where n.tenant_id = f.tenant_id
      and n.file_id = f.id))`

// fileEntry takes @grace and @stall in seconds.
const fileEntry = `
select f.id, f.name, f.state, coalesce(f.upload_id, '') as storage_id,
       coalesce(f.size, 0) as size, coalesce(f.preview_size, 0)::bigint as preview_size,
       t.at as touched_at,
       t.at <= now() - make_interval(secs => @grace) as idle,
       t.at <= now() - make_interval(secs => @stall) as stalled,
       f.missing_at, f.forgotten_at
from files f
cross join lateral (select ` + touchedAt + ` as at) t
where f.tenant_id = @tenant_id`

// stalledAfter is longer than any step of an upload takes; see finishWithin.
const stalledAfter = 3 * time.Minute

func graceArgs(grace time.Duration) pgx.StrictNamedArgs {
	return pgx.StrictNamedArgs{"grace": grace.Seconds(), "stall": min(grace, stalledAfter).Seconds()}
}

// ListFileEntries reads the files after an id in the order of their ids, in any state
// and binned or not. An upload is idle if it was inactive for the grace.
func ListFileEntries(after uuid.UUID, grace time.Duration, dst *[]FileEntry) Read {
	args := graceArgs(grace)
	args["after"], args["limit"] = after, FileEntriesAtOnce
	return Read{many("list file entries", dst, fileEntry+`
  and f.id > @after
order by f.id
limit @limit`, args)}
}

// GetFileEntry reads one file again; nil if it is gone.
func GetFileEntry(id uuid.UUID, grace time.Duration, dst **FileEntry) Read {
	args := graceArgs(grace)
	args["id"] = id
	return Read{optional("get file entry", dst, fileEntry+`
  and f.id = @id`, args)}
}

// CancelIdleUpload cancels an upload that was inactive since touched; otherwise it
// returns [ErrConflict]. See [Tx.CancelUpload].
func (tx *Tx) CancelIdleUpload(ctx context.Context, id uuid.UUID, touched time.Time) (RemovableFile, error) {
	if err := tx.lockUsage(ctx, Storage); err != nil {
		return RemovableFile{}, err
	}
	var at time.Time
	err := tx.get(ctx, value("upload untouched", &at, `
select `+touchedAt+`
from files f
where f.tenant_id = @tenant_id
  and f.id = @id
  and f.state <> 'ready'
for update of f`, pgx.StrictNamedArgs{"id": id}))
	if err == nil && !at.Equal(touched) {
		err = fmt.Errorf("give up: %w", ErrConflict)
	}
	if err != nil {
		return RemovableFile{}, err
	}
	return tx.CancelUpload(ctx, id)
}

// ListPartEntries reads the parts of an upload, whoever began it, by number.
func ListPartEntries(upload uuid.UUID, dst *[]Part) Read {
	return Read{many("list part entries", dst, `
select n.number, n.size, n.sha256, n.etag
from file_parts n
where n.tenant_id = @tenant_id
  and n.file_id = @id
order by n.number`, pgx.StrictNamedArgs{"id": upload})}
}

// AdoptPart records a part that object storage has and no row names. If a row was
// added meanwhile, it stays.
func (tx *Tx) AdoptPart(ctx context.Context, id uuid.UUID, p Part) error {
	if err := tx.lockPending(ctx, id); err != nil {
		return err
	}
	_, err := tx.exec(ctx, "adopt part", `
insert into file_parts (tenant_id, file_id, number, size, sha256, etag)
values (@tenant_id, @id, @number, @size, @sha256, @etag)
on conflict do nothing`,
		pgx.StrictNamedArgs{"id": id, "number": p.Number, "size": p.Size, "sha256": p.SHA256, "etag": p.ETag})
	return err
}

// DeletePart deletes a part that object storage doesn't have, so that it is uploaded
// again. A part that was uploaded again meanwhile stays.
func (tx *Tx) DeletePart(ctx context.Context, id uuid.UUID, p Part) error {
	if err := tx.lockPending(ctx, id); err != nil {
		return err
	}
	args := pgx.StrictNamedArgs{"id": id, "number": p.Number, "etag": p.ETag}
	n, err := tx.exec(ctx, "drop part", `
delete from file_parts
where tenant_id = @tenant_id
  and file_id = @id
  and number = @number
  and etag = @etag`, args)
	if err != nil || n == 0 {
		return err
	}
	delete(args, "etag")
	_, err = tx.exec(ctx, "hash without part", `
update files
set hashed_parts = 0,
    hash_state = null
where tenant_id = @tenant_id
  and id = @id
  and hashed_parts >= @number`, args)
	return err
}

// lockPending locks a pending upload.
func (tx *Tx) lockPending(ctx context.Context, id uuid.UUID) error {
	var held uuid.UUID
	return tx.get(ctx, value("hold upload", &held, `
select f.id
from files f
where f.tenant_id = @tenant_id
  and f.id = @id
  and f.state = 'pending'
for update`, pgx.StrictNamedArgs{"id": id}))
}

// MarkMissing records that the bytes of a ready file are lost.
func (tx *Tx) MarkMissing(ctx context.Context, id uuid.UUID) error {
	return tx.mark(ctx, id, "file.missing", `
update files
set missing_at = now()
where tenant_id = @tenant_id
  and id = @id
  and state = 'ready'
  and missing_at is null`)
}

// MarkFound undoes [Tx.MarkMissing], for example after object storage was restored.
func (tx *Tx) MarkFound(ctx context.Context, id uuid.UUID) error {
	return tx.mark(ctx, id, "file.recovered", `
update files
set missing_at = null,
    forgotten_at = null
where tenant_id = @tenant_id
  and id = @id
  and missing_at is not null`)
}

// ForgetFile acknowledges that a file is missing, so that it is no longer reported.
// The row stays. A file that isn't marked missing, or was acknowledged before, is
// [ErrNotFound].
func (tx *Tx) ForgetFile(ctx context.Context, id uuid.UUID) error {
	return tx.mark(ctx, id, "file.marked_lost", `
update files
set forgotten_at = now()
where tenant_id = @tenant_id
  and id = @id
  and missing_at is not null
  and forgotten_at is null`)
}

func (tx *Tx) mark(ctx context.Context, id uuid.UUID, verb, sql string) error {
	if err := tx.change(ctx, verb, sql, pgx.StrictNamedArgs{"id": id}); err != nil {
		return err
	}
	return tx.audit(Event{Verb: verb, TargetKind: KindFile, TargetID: id})
}

// DeletePreview deletes a preview that object storage doesn't have and queues a new
// one if the file still exists.
func (tx *Tx) DeletePreview(ctx context.Context, file uuid.UUID) error {
	version, err := tx.lockVersionOf(ctx, file)
	if err != nil {
		return err
	}
	var missing bool
	err = tx.get(ctx, value("drop preview", &missing, `
update files
set preview_type = null,
    preview_size = null,
    preview_sha256 = null
where tenant_id = @tenant_id
  and id = @id
returning missing_at is not null`, pgx.StrictNamedArgs{"id": file}))
	if err != nil {
		return err
	}
	tx.refreshFileCounts(version)
	if missing {
		return nil
	}
	return tx.Enqueue(ctx, &queue.FilePreview{File: file, Redo: NewID()})
}
