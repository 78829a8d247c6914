package store

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/names"
	"portico/store/queue"
)

// The sizes of an upload, in bytes. They equal those of package files, which this
// package may not import; a test in handlers compares them.
const (
	PartSize    = 8 << 20 // every part but the last, which may be smaller
	MaxParts    = 10_000
	MaxFileSize = PartSize * MaxParts
)

// MaxFiles is how many files a version may have, so that its page stays bounded.
const MaxFiles = 500

// FileUpload is a pending file as the person who began it sees it.
type FileUpload struct {
	ID            uuid.UUID
	VersionID     uuid.UUID
	DeliverableID uuid.UUID
	Name          string
	State         FileState
	Declared      *int64 // size in bytes; nil if none was declared, as by a plain form
	Draft         bool   // its version still takes files
	StorageID     string // the upload's id in object storage
	HashState     []byte // the running hash over the first parts, as marshalled
	SHA256        []byte // set when the file is ready
	FinishingAt   *time.Time
	Finishing     bool // somebody began to finish it in the last three minutes
}

// Parts returns how many parts the declared size has; an empty file has one empty
// part. It returns 0 without a declared size.
func (u FileUpload) Parts() int {
	if u.Declared == nil {
		return 0
	}
	return max(1, int((*u.Declared+PartSize-1)/PartSize))
}

// PartSize returns the size that part n must have; false if there is no such part.
// Without a declared size any size up to a full part is accepted.
func (u FileUpload) PartSize(n int) (size int64, ok bool) {
	switch {
	case n < 1 || n > MaxParts:
		return 0, false
	case u.Declared == nil:
		return PartSize, true
	case n > u.Parts():
		return 0, false
	}
	return min(PartSize, *u.Declared-int64(n-1)*PartSize), true
}

// Part is one part that object storage has accepted.
type Part struct {
	Number int // from 1
	Size   int64
	SHA256 []byte
	ETag   string
}

// ownUpload limits a query to the reader's own uploads. Support can't continue a person's
// upload, nor leave one for them.
const ownUpload = `
  and f.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)
  and f.support_session_id is not distinct from (select nullif(current_setting('app.support_session_id', true), '')::uuid)`

// finishWithin is longer than object storage may take to assemble an upload. After
// it, nobody is finishing the upload.
const finishWithin = "3 minutes"

const uploadQuery = `
select f.id, f.version_id, v.deliverable_id, f.name, f.state, f.declared_size as declared, v.shared_at is null as draft,
       coalesce(f.upload_id, '') as storage_id, f.hash_state, f.sha256,
       f.finishing_at, coalesce(f.finishing_at between now() - interval '` + finishWithin + `' and clock_timestamp(), false) as finishing
from files f
join versions v on v.tenant_id = f.tenant_id and v.id = f.version_id
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
where f.tenant_id = @tenant_id
  and f.id = @id
  and f.deleted_at is null` + ownUpload

// GetUpload reads an upload that the reader began, in any state.
func GetUpload(id uuid.UUID, dst *FileUpload) Read {
	return Read{one("get upload", dst, uploadQuery, pgx.StrictNamedArgs{"id": id})}
}

// ListParts reads the parts of an upload that the reader began, by number.
func ListParts(upload uuid.UUID, dst *[]Part) Read {
	return Read{many("list parts", dst, `
select n.number, n.size, n.sha256, n.etag
from file_parts n
join files f on f.tenant_id = n.tenant_id and f.id = n.file_id
where n.tenant_id = @tenant_id
  and n.file_id = @id`+ownUpload+`
order by n.number`, pgx.StrictNamedArgs{"id": upload})}
}

// NewUpload is an upload to begin.
type NewUpload struct {
	Name   string
	Folder string // that it was dropped in, as a/b; "" for none
	Size   *int64 // in bytes; nil if unknown
}

// BeginUpload creates a pending file in a draft version. A published version is
// [ErrConflict].
//
// The row comes before anything in object storage, so that every stored byte has a
// row that leads to it. Next, open the upload in storage and call [Tx.OpenUpload].
func (tx *Tx) BeginUpload(ctx context.Context, version uuid.UUID, in NewUpload) (uuid.UUID, error) {
	name, err := in.check()
	if err != nil {
		return uuid.Nil, err
	}
	if in.Size != nil {
		if err := tx.lockUsage(ctx, Storage); err != nil {
			return uuid.Nil, err
		}
	}
	if err := tx.lockDraft(ctx, version); err != nil {
		return uuid.Nil, err
	}
	// The size of a plain form is unknown: require that one byte fits, and check
	// again for each part.
	if in.Size == nil {
		err = tx.checkLimit(ctx, Storage, 1)
	} else {
		err = tx.reserve(ctx, Storage, *in.Size)
	}
	if err != nil {
		return uuid.Nil, err
	}
	id := NewID()
	n, err := tx.exec(ctx, "begin upload", `
insert into files (tenant_id, id, version_id, name, folder, declared_size, object_key, position)
select @tenant_id, @id, @version, @name, @folder, @size, @key, coalesce(max(position), 0) + 1
from files
where tenant_id = @tenant_id
  and version_id = @version
having count(*) filter (where deleted_at is null and state <> 'failed') < @most`, pgx.StrictNamedArgs{
		"id": id, "version": version, "name": name, "folder": cleanFolder(in.Folder), "size": in.Size, "key": tx.objectKey(id), "most": MaxFiles})
	if err == nil && n != 1 {
		err = InvalidError{"file": "A version can have up to 500 files. Start the next version, or put some files into an archive."}
	}
	return id, err
}

func (in NewUpload) check() (name string, err error) {
	name = cleanFileName(in.Name)
	switch {
	case name == "":
		return "", InvalidError{"name": "Enter a name for the file."}
	case in.Size != nil && *in.Size < 0:
		return "", InvalidError{"size": "The size can't be negative."}
	case in.Size != nil && *in.Size > MaxFileSize:
		return "", InvalidError{"size": "A file can be up to 83.8 GB."}
	}
	return name, nil
}

// objectKey returns where the bytes of a file are stored. A CHECK of the table
// requires the same key, and package files builds it for storage.
func (tx *Tx) objectKey(file uuid.UUID) string {
	return "tenants/" + tx.scope.Tenant.String() + "/files/" + file.String()
}

// maxName is the longest file name, in characters.
const maxName = 255

// cleanFileName returns the file name without characters that no name may hold: control
// characters, path separators, invalid UTF-8, and what changes the order of others or
// nobody can see. A name that is too long loses its middle. One in which nothing can be
// seen is "".
func cleanFileName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '/' || r == '\\':
			return '_'
		case unicode.IsControl(r), unicode.In(r, unicode.Zl, unicode.Zp):
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "\uFFFD"))
	name = names.CutCharacters(strings.TrimSpace(names.CleanText(name)), maxName)
	if !names.Visible(name) {
		return ""
	}
	return name
}

// maxFolder is the longest folder, in characters.
const maxFolder = 1000

// cleanFolder returns the folder with every part cleaned as a name, and without parts that
// lead elsewhere. A path that is too long keeps its last parts.
func cleanFolder(folder string) string {
	var parts []string
	for part := range strings.SplitSeq(folder, "/") {
		if part = cleanFileName(part); strings.Trim(part, ".") != "" {
			parts = append(parts, part)
		}
	}
	for utf8.RuneCountInString(strings.Join(parts, "/")) > maxFolder {
		parts = parts[1:]
	}
	return strings.Join(parts, "/")
}

// lockVersion locks the version, so that publishing and adding files exclude each
// other.
func (tx *Tx) lockVersion(ctx context.Context, version uuid.UUID) error {
	var id uuid.UUID
	return tx.get(ctx, value("lock version", &id, lockVersion, pgx.StrictNamedArgs{"version": version}))
}

const lockVersion = `
select v.id
from versions v
where v.tenant_id = @tenant_id
  and v.id = @version
for no key update`

// lockDraft locks a version that still takes files.
func (tx *Tx) lockDraft(ctx context.Context, version uuid.UUID) error {
	if err := tx.lockVersion(ctx, version); err != nil {
		return err
	}
	var draft bool
	err := tx.get(ctx, value("draft version", &draft, `
select v.shared_at is null
from versions v
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
where v.tenant_id = @tenant_id
  and v.id = @version`, pgx.StrictNamedArgs{"version": version}))
	if err == nil && !draft {
		err = ErrConflict
	}
	return err
}

// OpenUpload records the upload's id in object storage.
func (tx *Tx) OpenUpload(ctx context.Context, id uuid.UUID, storageID string) error {
	return tx.change(ctx, "open upload", `
update files f
set upload_id = @storage_id
where f.tenant_id = @tenant_id
  and f.id = @id
  and f.state = 'pending'
  and f.upload_id is null`+ownUpload, pgx.StrictNamedArgs{"id": id, "storage_id": storageID})
}

// HashStep is the running hash before and after the next part in order. It is zero
// for a part out of order.
type HashStep struct{ Before, After []byte }

// RecordPart records a part that object storage has accepted. A part that is sent
// again replaces the earlier one, as it does in storage.
func (tx *Tx) RecordPart(ctx context.Context, id uuid.UUID, p Part, h HashStep) error {
	u, err := tx.lockUpload(ctx, id)
	if err != nil {
		return err
	}
	size, ok := u.PartSize(p.Number)
	if !ok || p.Size > size || (u.Declared != nil && p.Size != size) {
		return InvalidError{"size": "The size of the part doesn't match the declared file size."}
	}
	if u.Declared == nil {
		if err := tx.checkLimit(ctx, Storage, int64(p.Number-1)*PartSize+p.Size); err != nil {
			return err
		}
	}
	if err := tx.extendHash(ctx, id, p, h); err != nil {
		return err
	}
	_, err = tx.exec(ctx, "record part", `
insert into file_parts (tenant_id, file_id, number, size, sha256, etag)
values (@tenant_id, @id, @number, @size, @sha256, @etag)
on conflict (tenant_id, file_id, number) do update
set size = excluded.size, sha256 = excluded.sha256, etag = excluded.etag, created_at = now()`,
		pgx.StrictNamedArgs{"id": id, "number": p.Number, "size": p.Size, "sha256": p.SHA256, "etag": p.ETag})
	return err
}

// extendHash adds a part to the running hash if the stored state is the one that the
// part was added to. It resets the hash if an already hashed part was replaced by
// another.
func (tx *Tx) extendHash(ctx context.Context, id uuid.UUID, p Part, h HashStep) error {
	args := pgx.StrictNamedArgs{"id": id, "number": p.Number, "sha256": p.SHA256, "before": h.Before, "after": h.After}
	_, err := tx.exec(ctx, "extend hash", `
update files f
set hashed_parts = case
        when s.extends then @number
        when s.replaces then 0
        else hashed_parts
        end,
    hash_state = case
        when s.extends then @after
        when s.replaces then null
        else hash_state
        end
from (
    select f.id,
           f.hashed_parts = @number - 1 and f.hash_state is not distinct from @before::bytea and @after::bytea is not null as extends,
           f.hashed_parts >= @number and exists (
               select 1 from file_parts n
               where n.tenant_id = @tenant_id and n.file_id = f.id and n.number = @number and n.sha256 <> @sha256) as replaces
    from files f
    where f.tenant_id = @tenant_id and f.id = @id
) s
where f.tenant_id = @tenant_id
  and f.id = s.id`, args)
	return err
}

// lockUpload locks an upload that the actor may continue. A finished or cancelled
// upload, or one of a published version, is [ErrConflict].
func (tx *Tx) lockUpload(ctx context.Context, id uuid.UUID) (FileUpload, error) {
	var u FileUpload
	err := tx.get(ctx, one("lock upload", &u, uploadQuery+`
for update of f`, pgx.StrictNamedArgs{"id": id}))
	if err == nil && (u.State != FilePending || !u.Draft) {
		err = ErrConflict
	}
	return u, err
}

// TryFinish records that somebody begins to finish an upload, and when. If two do so
// at once, object storage may answer both as if the upload didn't exist. So don't
// trust that answer if another is true, or if [FileUpload] has a later time than the
// one returned.
func (tx *Tx) TryFinish(ctx context.Context, id uuid.UUID) (at time.Time, another bool, err error) {
	u, err := tx.lockUpload(ctx, id)
	if err != nil {
		return at, false, err
	}
	err = tx.get(ctx, value("try finish", &at, `
update files
set finishing_at = clock_timestamp()
where tenant_id = @tenant_id
  and id = @id
returning finishing_at`, pgx.StrictNamedArgs{"id": id}))
	return at, u.Finishing, err
}

// Stored is what was measured of a whole file in object storage.
type Stored struct {
	Size        int64
	SHA256      []byte
	CRC32       *int64 // nil if unknown
	ContentType string // sniffed from the bytes, never from the name
}

// FinishUpload makes the file ready and queues a preview of a picture. A size other
// than the declared one is [ErrInvalid]. A version that was published meanwhile is
// [ErrConflict].
func (tx *Tx) FinishUpload(ctx context.Context, id uuid.UUID, s Stored) error {
	u, err := tx.lockForFinish(ctx, id)
	if err != nil {
		return err
	}
	if u.Declared == nil {
		if err := tx.reserve(ctx, Storage, s.Size); err != nil {
			return err
		}
	}
	err = tx.change(ctx, "finish upload", `
update files f
set state = 'ready',
    size = @size,
    sha256 = @sha256,
    crc32 = @crc32,
    content_type = @content_type,
    upload_id = null,
    hash_state = null
where f.tenant_id = @tenant_id
  and f.id = @id
  and f.state = 'pending'`+ownUpload, pgx.StrictNamedArgs{
		"id": id, "size": s.Size, "sha256": s.SHA256, "crc32": s.CRC32, "content_type": s.ContentType})
	if err != nil {
		return err
	}
	if _, err := tx.exec(ctx, "touch deliverable", `
update deliverables
set updated_at = now()
where tenant_id = @tenant_id
  and id = @deliverable`, pgx.StrictNamedArgs{"deliverable": u.DeliverableID}); err != nil {
		return err
	}
	tx.refreshFileCounts(u.VersionID)
	if isPicture(s.ContentType, s.Size) {
		if err := tx.Enqueue(ctx, &queue.FilePreview{File: id}); err != nil {
			return err
		}
	}
	if err := tx.drawPages(ctx, id, s.ContentType); err != nil {
		return err
	}
	if err := tx.lookAt(ctx, id, s.ContentType); err != nil {
		return err
	}
	return tx.audit(Event{Verb: "file.uploaded", TargetKind: KindFile, TargetID: id})
}

// lockForFinish locks the version before the file, as publishing does. An upload
// without a declared size counts from now on, so the usage is locked first.
func (tx *Tx) lockForFinish(ctx context.Context, id uuid.UUID) (FileUpload, error) {
	var u FileUpload
	if err := tx.Read(ctx, GetUpload(id, &u)); err != nil {
		return u, err
	}
	if u.Declared == nil {
		if err := tx.lockUsage(ctx, Storage); err != nil {
			return u, err
		}
	}
	if err := tx.lockDraft(ctx, u.VersionID); err != nil {
		return u, err
	}
	return tx.lockUpload(ctx, id)
}
