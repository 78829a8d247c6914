package store

import (
	"context"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// maxPicture is the largest picture that gets a preview, in bytes.
const maxPicture = 64 << 20

// isPicture reports whether a file may get a preview. Package thumbnail knows which pictures
// it can decode.
func isPicture(contentType string, size int64) bool {
	return size <= maxPicture && strings.HasPrefix(contentType, "image/")
}

// Picture is a file to make a preview of.
type Picture struct {
	ContentType string
	Size        int64
	SHA256      []byte
}

// Preview is a stored preview.
type Preview struct {
	ContentType string // image/png or image/jpeg
	Size        int64  // in bytes, at most 1 MiB
	SHA256      []byte
}

// FilePreview is the preview of a file that the reader may download.
type FilePreview struct {
	FileID uuid.UUID
	Preview
}

// GetPreview reads the preview of a file under the rules of [GetFile]. A file without
// one is [ErrNotFound].
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

// previewEffect is the effect key of making a preview of a file, or of replacing it.
func previewEffect(file, retryID uuid.UUID) string {
	if retryID != uuid.Nil {
		return "file_preview:" + file.String() + ":" + retryID.String()
	}
	return "file_preview:" + file.String()
}

// PictureFor reads the picture of a preview job. It returns nil if there is nothing
// to do: the job ran before, or the file gets no preview. Files in the bin get one
// too, because they may be restored.
func (tx *Tx) PictureFor(ctx context.Context, file, retryID uuid.UUID) (*Picture, error) {
	done, err := tx.EffectDone(ctx, previewEffect(file, retryID))
	if err != nil || done {
		return nil, err
	}
	var p Picture
	err = tx.get(ctx, one("picture", &p, `
select coalesce(content_type, '') as content_type, coalesce(size, 0) as size, coalesce(sha256, '') as sha256
from files
where tenant_id = @tenant_id
  and id = @file`, pgx.StrictNamedArgs{"file": file}))
	if err != nil || !isPicture(p.ContentType, p.Size) {
		return nil, err
	}
	return &p, nil
}

// RecordPreview records the result of the job once: the stored preview, or nil if
// none can be made. A deleted file is [ErrNotFound]. There is no audit row: no person
// acted and nothing new is visible.
func (tx *Tx) RecordPreview(ctx context.Context, file, retryID uuid.UUID, p *Preview) error {
	first, err := tx.ClaimEffect(ctx, previewEffect(file, retryID))
	if err != nil || !first || p == nil {
		return err
	}
	version, err := tx.lockVersionOf(ctx, file)
	if err != nil {
		return err
	}
	err = tx.change(ctx, "record preview", `
update files
set preview_type = @content_type,
    preview_size = @size,
    preview_sha256 = @sha256
where tenant_id = @tenant_id
  and id = @file`, pgx.StrictNamedArgs{
		"file": file, "content_type": p.ContentType, "size": p.Size, "sha256": p.SHA256})
	if err != nil {
		return err
	}
	tx.refreshFileCounts(version)
	return nil
}
