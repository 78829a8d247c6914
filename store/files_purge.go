package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// RemovableFile is a file whose row and stored bytes are about to be removed. Remove
// the upload, the object, the preview and the renditions first, and the row last. If that stops half
// way, the row still leads to the rest, and every step can be repeated.
type RemovableFile struct {
	FileID    uuid.UUID
	StorageID string // the upload's id in object storage; "" for none
	// Renditions are the ids of the pictures of its pages.
	Renditions []uuid.UUID
}

// CancelUpload cancels a pending file, whoever began it, so that nobody can continue
// it. Then remove it from storage and call [Tx.DeleteUpload]. If that doesn't happen,
// the sweep does it. A ready file is [ErrConflict].
func (tx *Tx) CancelUpload(ctx context.Context, id uuid.UUID) (RemovableFile, error) {
	if err := tx.lockUsage(ctx, Storage); err != nil {
		return RemovableFile{}, err
	}
	var f struct {
		RemovableFile
		State FileState
	}
	err := tx.get(ctx, one("upload to give up", &f, `
select f.id as file_id, coalesce(f.upload_id, '') as storage_id, '{}'::uuid[] as renditions, f.state
from files f
where f.tenant_id = @tenant_id
  and f.id = @id
  and f.deleted_at is null
for update`, pgx.StrictNamedArgs{"id": id}))
	switch {
	case err != nil:
		return RemovableFile{}, err
	case f.State == FileReady:
		return RemovableFile{}, ErrConflict
	case f.State == FileFailed:
		return f.RemovableFile, nil
	}
	bytes, err := tx.storedBytes(ctx, KindFile, id)
	if err != nil {
		return RemovableFile{}, err
	}
	if err := tx.release(ctx, Storage, bytes); err != nil {
		return RemovableFile{}, err
	}
	err = tx.change(ctx, "give up upload", `
update files
set state = 'failed'
where tenant_id = @tenant_id
  and id = @id
  and state = 'pending'`, pgx.StrictNamedArgs{"id": id})
	if err != nil {
		return RemovableFile{}, err
	}
	return f.RemovableFile, tx.audit(Event{Verb: "file.upload_cancelled", TargetKind: KindFile, TargetID: id})
}

// DeleteUpload deletes the row of a cancelled upload after its storage was removed.
// It succeeds if the row is gone.
func (tx *Tx) DeleteUpload(ctx context.Context, id uuid.UUID) error {
	_, err := tx.exec(ctx, "drop upload", `
delete from files
where tenant_id = @tenant_id
  and id = @id
  and state = 'failed'`, pgx.StrictNamedArgs{"id": id})
	return err
}

// FilesWithoutRow reads which of the ids are no file of the tenant, binned or not. No
// row leads to what storage has under them.
func FilesWithoutRow(ids []uuid.UUID, dst *[]uuid.UUID) Read {
	return Read{column("without row", dst, `
select i.id
from unnest(@ids::uuid[]) i (id)
where not exists (
    select 1
    from files f
    where f.tenant_id = @tenant_id
      and f.id = i.id)`, pgx.StrictNamedArgs{"ids": ids})}
}

// FilesWithoutPreview reads which of the ids are no file of the tenant with a
// preview.
func FilesWithoutPreview(ids []uuid.UUID, dst *[]uuid.UUID) Read {
	return Read{column("without preview", dst, `
select i.id
from unnest(@ids::uuid[]) i (id)
where not exists (
    select 1
    from files f
    where f.tenant_id = @tenant_id
      and f.id = i.id
      and (f.preview_type is not null or f.state <> 'ready'))`, pgx.StrictNamedArgs{"ids": ids})}
}

// expired is the condition that alias has been in the bin longer than [BinDays]. It
// is the opposite of what restoring requires.
func expired(alias string) string {
	return alias + ".deleted_at <= now() - make_interval(days => @days)"
}

// expiredFiles selects the files that have expired in the bin, alone or with what
// contains them.
var expiredFiles = joinBins(func(b *binRow) string { return b.files })

// ExpiredFiles reads the files that have expired in the bin, alone or with what
// contains them, at most 100. Remove them from object storage, then call [Tx.Purge].
func ExpiredFiles(dst *[]RemovableFile) Read {
	return Read{many("expired files", dst, `
select f.id as file_id, coalesce(f.upload_id, '') as storage_id, array(
    select r.id
    from renditions r
    where r.tenant_id = @tenant_id
      and r.file_id = f.id) as renditions
from files f
where f.tenant_id = @tenant_id
  and f.id in (`+expiredFiles+`)
order by f.id
limit 100`, pgx.StrictNamedArgs{"days": BinDays})}
}

// MayPurge says whether things may be purged now that have expired. While the agency is
// read-only they may not, and for [BinDays] afterwards.
func (tx *Tx) MayPurge(ctx context.Context) (bool, error) {
	held, err := tx.binHeld(ctx)
	return !held, err
}

// IsExpired reads whether a file is one of [ExpiredFiles].
func IsExpired(file uuid.UUID, dst *bool) Read {
	return Read{value("is expired", dst, `
select @file in (`+expiredFiles+`)`, pgx.StrictNamedArgs{"file": file, "days": BinDays})}
}

// Purge deletes the rows of expired files whose bytes were removed, and then
// everything else that has expired and contains no file, from the bottom up. It never
// deletes a file that has not expired.
func (tx *Tx) Purge(ctx context.Context, files []uuid.UUID) error {
	err := tx.purge(ctx, KindFile, `
delete from files f
using versions v, deliverables d, projects p
where f.tenant_id = @tenant_id
  and f.id = any(@files)
  and v.tenant_id = @tenant_id and v.id = f.version_id
  and d.tenant_id = @tenant_id and d.id = v.deliverable_id
  and p.tenant_id = @tenant_id and p.id = d.project_id
  and (`+expired("f")+` or `+expired("d")+` or `+expired("p")+`)
returning f.id`, pgx.StrictNamedArgs{"days": BinDays, "files": files})
	if err != nil {
		return err
	}
	for _, r := range kinds {
		if r.purge == "" {
			continue
		}
		if err := tx.purge(ctx, r.kind, r.purge, pgx.StrictNamedArgs{"days": BinDays}); err != nil {
			return err
		}
	}
	return nil
}

// purge runs one deletion and writes an audit row for each deleted thing.
func (tx *Tx) purge(ctx context.Context, kind Kind, sql string, args pgx.StrictNamedArgs) error {
	var gone []uuid.UUID
	if err := tx.get(ctx, column("purge "+string(kind), &gone, sql, args)); err != nil {
		return err
	}
	for _, id := range gone {
		if err := tx.audit(Event{Verb: string(kind) + ".purged", TargetKind: kind, TargetID: id}); err != nil {
			return err
		}
	}
	return nil
}
