package store

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Limits of an export of notes.
const (
	exportNotes   = 2 * MaxNotes // all that a version can have
	exportBytes   = 16 << 20     // of words; what was written first
	MaxNotePlaces = 60           // pictures
)

// ExportNotes reads all notes of a version that the reader sees, by number, those that the
// client sees first.
func ExportNotes(deliverable uuid.UUID, number int, dst *[]Note) Read {
	return Read{many("export notes", dst, noteColumns+`
order by t.visibility, t.number
limit @limit`, pgx.StrictNamedArgs{"deliverable": deliverable, "number": number, "limit": exportNotes})}
}

// ExportedComment is a comment in an export.
type ExportedComment struct {
	Comment
	Cut bool // what was written after it is left out
}

// ExportComments reads what was said in these notes, and in those of earlier versions that
// they go on with, what was said first first. Of more than 16 MiB it reads the beginning.
func ExportComments(deliverable uuid.UUID, number int, dst *[]ExportedComment) Read {
	return Read{many("export comments", dst, `
select id, note_id, visibility, words, author_name, named, own, editable, earlier, edited_at, created_at, bytes > @bytes as cut
from (
    select all_comments.*, sum(octet_length(words)) over (order by created_at, id) as so_far, sum(octet_length(words)) over () as bytes
    from (`+commentsOf+`) all_comments
) measured
where so_far <= @bytes
order by created_at, id`, pgx.StrictNamedArgs{"deliverable": deliverable, "number": number, "minutes": EditMinutes, "bytes": exportBytes})}
}

// NotePlace is the stored picture of a place that a note points at: a page of a document, or
// the preview of a picture.
type NotePlace struct {
	FileID      uuid.UUID
	Page        int       // 0 for a picture
	Object      uuid.UUID // in storage: the rendition, or the file of the preview
	ContentType string
	Size        int64
	SHA256      []byte
}

// ListNotePlaces reads the pictures of the places on a version that the reader's notes point
// at, at most [MaxNotePlaces].
func ListNotePlaces(deliverable uuid.UUID, number int, dst *[]NotePlace) Read {
	return Read{many("list note places", dst, `
with places as (
    select distinct t.file_id, coalesce(t.page, 0) as page
    from threads t
    where t.tenant_id = @tenant_id
      and t.version_id = `+openVersion+`
      and t.x is not null
      and t.file_id is not null
)
select p.file_id, p.page, r.id as object, r.content_type, r.size::bigint as size, r.sha256
from places p
join renditions r on r.tenant_id = @tenant_id and r.file_id = p.file_id and r.kind = 'page' and r.page = p.page
join files f on f.tenant_id = r.tenant_id and f.id = r.file_id and f.deleted_at is null
union all
select p.file_id, 0 as page, f.id as object, f.preview_type as content_type, f.preview_size::bigint as size, f.preview_sha256 as sha256
from places p
join files f on f.tenant_id = @tenant_id and f.id = p.file_id and f.deleted_at is null
where p.page = 0
  and f.preview_type is not null
limit @limit`, pgx.StrictNamedArgs{"deliverable": deliverable, "number": number, "limit": MaxNotePlaces})}
}
