package store

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// maxPicture is the size in bytes of the largest picture that gets a preview.
const maxPicture = 64 << 20

// pictures are the types that previews are made of, as told from the bytes.
var pictures = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

func previewable(contentType string, size int64) bool {
	return size <= maxPicture && slices.Contains(pictures, contentType)
}

// Picture is a file that a preview is to be made of.
type Picture struct {
	ContentType string
	Size        int64
	SHA256      []byte
}

// Preview is the small picture of a file, as it lies in object storage.
type Preview struct {
	ContentType string // image/png or image/jpeg
	Size        int64  // in bytes, at most 1 MiB
	SHA256      []byte
}

// FilePreview is the preview of a file that the asker may have.
type FilePreview struct {
	FileID uuid.UUID
	Preview
}

// GetPreview reads the preview of a file that [GetFile] would read, by the same
// rules. A file without one is [ErrNotFound].
func GetPreview(file uuid.UUID, dst *FilePreview) Read {
	return Read{one("get preview", dst, `
select f.id as file_id, f.preview_type as content_type, f.preview_size as size, f.preview_sha256 as sha256
from files f
join versions v on v.tenant_id = f.tenant_id and v.id = f.version_id
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
where f.tenant_id = @tenant_id
  and f.id = @file
  and f.deleted_at is null
  and f.preview_type is not null`, pgx.StrictNamedArgs{"file": file})}
}

// previewEffect is the key of making a preview of a file, or of making it anew.
func previewEffect(file, anew uuid.UUID) string {
	if anew != uuid.Nil {
		return "file_preview:" + file.String() + ":" + anew.String()
	}
	return "file_preview:" + file.String()
}

// PictureFor reads the picture that the job of a preview is about, or nil when
// there is nothing to do: the job was done before, or it is no picture that gets
// one. Whether it lies in the bin makes no difference, for it may come back.
func (tx *Tx) PictureFor(ctx context.Context, file, anew uuid.UUID) (*Picture, error) {
	done, err := tx.EffectDone(ctx, previewEffect(file, anew))
	if err != nil || done {
		return nil, err
	}
	var p Picture
	err = tx.get(ctx, one("picture", &p, `
select coalesce(content_type, '') as content_type, coalesce(size, 0) as size, coalesce(sha256, '') as sha256
from files
where tenant_id = @tenant_id
  and id = @file`, pgx.StrictNamedArgs{"file": file}))
	if err != nil || !previewable(p.ContentType, p.Size) {
		return nil, err
	}
	return &p, nil
}

// RecordPreview notes, once, what came of the job: the preview that object
// storage has now, or nil when none can be made. A file that is gone is
// [ErrNotFound]. The trail does not tell of it: nobody did anything, and nothing
// can be seen that could not be seen before.
func (tx *Tx) RecordPreview(ctx context.Context, file, anew uuid.UUID, p *Preview) error {
	first, err := tx.ClaimEffect(ctx, previewEffect(file, anew))
	if err != nil || !first || p == nil {
		return err
	}
	return tx.change(ctx, "record preview", `
update files
set preview_type = @content_type,
    preview_size = @size,
    preview_sha256 = @sha256
where tenant_id = @tenant_id
  and id = @file`, pgx.StrictNamedArgs{
		"file": file, "content_type": p.ContentType, "size": p.Size, "sha256": p.SHA256})
}
