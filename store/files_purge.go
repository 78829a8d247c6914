package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// RemovableFile is a file whose row is about to go, and with it what object storage
// has of it: first the upload, the object and its preview there, then the row. Stopped half
// way the row is still there to lead to the rest, and all of it may be repeated.
type RemovableFile struct {
	FileID    uuid.UUID
	StorageID string // what object storage calls the upload; "" when there is none
}

// CancelUpload gives up a file that is still on its way, whoever began it. From
// now on nobody can go on with it. Remove what storage has and then
// [Tx.DeleteUpload]; if that does not come to pass, the sweep does it. A file that
// is ready is [ErrConflict].
func (tx *Tx) CancelUpload(ctx context.Context, id uuid.UUID) (RemovableFile, error) {
	var f struct {
		RemovableFile
		State FileState
	}
	err := tx.get(ctx, one("upload to give up", &f, `
select f.id as file_id, coalesce(f.upload_id, '') as storage_id, f.state
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
	bytes, err := tx.occupied(ctx, KindFile, id)
	if err != nil {
		return RemovableFile{}, err
	}
	if err := tx.shrink(ctx, Storage, bytes); err != nil {
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
	return f.RemovableFile, tx.audit(ctx, Event{Verb: "file.upload_cancelled", TargetKind: KindFile, TargetID: id})
}

// DeleteUpload deletes the row of an upload that was given up, once storage has
// nothing of it any more. One that is gone already is fine.
func (tx *Tx) DeleteUpload(ctx context.Context, id uuid.UUID) error {
	_, err := tx.exec(ctx, "drop upload", `
delete from files
where tenant_id = @tenant_id
  and id = @id
  and state = 'failed'`, pgx.StrictNamedArgs{"id": id})
	return err
}

// FilesWithoutRow reads which of the ids are no file of the tenant, in the bin or out
// of it: what storage has under them, nothing leads to.
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

// FilesWithoutPreview reads which of the ids are no file of the tenant with a preview.
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

// expired says of alias that it has lain in the bin for longer than it may; it is
// just what restoring refuses.
func expired(alias string) string {
	return alias + ".deleted_at <= now() - make_interval(days => @days)"
}

// expiredFiles are the ids of the files whose days in the bin are over, their own
// or those of what they are in.
var expiredFiles = ofBins(func(b *binRow) string { return b.files })

// ExpiredFiles reads the files whose days in the bin are over, their own or those
// of what they are in, at most 100. Remove them from object storage, then
// [Tx.Purge] them.
func ExpiredFiles(dst *[]RemovableFile) Read {
	return Read{many("expired files", dst, `
select f.id as file_id, coalesce(f.upload_id, '') as storage_id
from files f
where f.tenant_id = @tenant_id
  and f.id in (`+expiredFiles+`)
order by f.id
limit 100`, pgx.StrictNamedArgs{"days": BinDays})}
}

// IsExpired reads whether a file is one of [ExpiredFiles].
func IsExpired(file uuid.UUID, dst *bool) Read {
	return Read{value("is expired", dst, `
select @file in (`+expiredFiles+`)`, pgx.StrictNamedArgs{"file": file, "days": BinDays})}
}

// Purge deletes the rows of expired files whose bytes are gone, and then, from
// the bottom up, whatever else has expired and holds no file any more. A file
// that has not expired stays, whoever names it.
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

// purge runs one deletion, with an audit row for each thing it took.
func (tx *Tx) purge(ctx context.Context, kind Kind, sql string, args pgx.StrictNamedArgs) error {
	var gone []uuid.UUID
	if err := tx.get(ctx, column("purge "+string(kind), &gone, sql, args)); err != nil {
		return err
	}
	for _, id := range gone {
		if err := tx.audit(ctx, Event{Verb: string(kind) + ".purged", TargetKind: kind, TargetID: id}); err != nil {
			return err
		}
	}
	return nil
}
