package store

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// File is one file of a version.
type File struct {
	ID            uuid.UUID
	VersionID     uuid.UUID
	DeliverableID uuid.UUID
	Folder        string // that it was dropped in, as a/b; "" for none; as hostile as the name
	Name          string // as uploaded; treat it as hostile
	State         FileState
	Size          int64  // in bytes; the declared size while pending, 0 if none was declared
	ContentType   string // sniffed from the bytes; "" while pending
	SHA256        []byte // of the whole file; nil while pending
	CRC32         *int64 // of the whole file; nil while pending, and for files older than it
	Lead          bool   // staff chose it to be shown first
	Preview       bool   // it has a preview
	Missing       bool   // its bytes are lost
	Pages         int    // of a document; 0 while they aren't counted, and of other files
	PagesDrawn    int    // the first of them, which can be shown; see [GetRendition]
	Unfit         string // why no more can be made of it: password, broken, slow, large or no_picture; "" if it can
	DurationMS    *int64 // of a recording; nil if it isn't known
	FrameRate     string // of a video, "30000/1001"; "" if it isn't known
	StartTimecode string // of a video, "01:00:00:00"; "" for none
	Plays         Plays  // what browsers play of a recording
	Pictured      bool   // a recording has a poster or a wave, see [GetPoster]
	// Waits says that the reader, a client, may look at it and can't download it before
	// its version is approved.
	Waits      bool
	CreatedAt  time.Time
	AuthorName string
}

// A binned project or deliverable hides its files, so every read joins up to the
// project.
var fileColumns = `
select ` + fileFacts + `, ` + actorName("m", "fs") + ` as author_name
from files f
join versions v on v.tenant_id = f.tenant_id and v.id = f.version_id
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
left join memberships m on m.tenant_id = f.tenant_id and m.user_id = f.created_by` +
	joinSession("fs", "f.tenant_id", "f.support_session_id") + `
where f.tenant_id = @tenant_id
  and f.deleted_at is null`

// fileFacts are those of a file f of a version v of a deliverable d.
const fileFacts = `f.id, f.version_id, v.deliverable_id, f.folder, f.name, f.state,
       coalesce(f.size, f.declared_size, 0) as size,
       coalesce(f.content_type, '') as content_type,
       f.sha256, f.crc32, f.lead, f.preview_type is not null as preview, f.missing_at is not null as missing,
       coalesce(f.pages, 0) as pages, f.pages_drawn, coalesce(f.unfit, '') as unfit,
       f.duration_ms, coalesce(f.frame_rate, '') as frame_rate, coalesce(f.start_timecode, '') as start_timecode,
       coalesce(f.plays, '') as plays, f.pictured,
       ((select current_setting('app.party', true)) = 'client' and d.downloads_wait
        and coalesce(v.outcome, '') not in ('approved', 'approved_with_changes')) as waits,
       f.created_at`

// leadFirst orders the files of a version for what shows one of them.
const leadFirst = `f.lead desc, f.position, f.id`

// ListFiles reads the files of one version in their order, pending ones included, at
// most 500.
func ListFiles(version uuid.UUID, dst *[]File) Read {
	return Read{many("list files", dst, fileColumns+`
  and f.version_id = @version
  and f.state <> 'failed'
order by f.position, f.id
limit 500`, pgx.StrictNamedArgs{"version": version})}
}

// ListFilesOf reads the files of all versions of a deliverable, newest version first,
// at most 2000.
func ListFilesOf(deliverable uuid.UUID, dst *[]File) Read {
	return Read{many("list files of deliverable", dst, fileColumns+`
  and v.deliverable_id = @deliverable
  and f.state <> 'failed'
order by v.number desc, f.position, f.id
limit 2000`, pgx.StrictNamedArgs{"deliverable": deliverable})}
}

// ListFilesShown reads the files of one version of a deliverable in their order, pending ones
// included, at most 500, without the names of those who uploaded them. Number 0 is the newest
// version that the reader may see and that isn't locked.
func ListFilesShown(deliverable uuid.UUID, number int, dst *[]File) Read {
	return Read{many("list files shown", dst, `
with shown as materialized (
    select v.id, v.deliverable_id, v.outcome, d.downloads_wait
    from versions v
    join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
    join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
    where v.tenant_id = @tenant_id
      and v.id = `+openVersion+`
)
select `+strings.Replace(fileFacts, "d.downloads_wait", "v.downloads_wait", 1)+`, '' as author_name
from shown v
join files f on f.tenant_id = @tenant_id and f.version_id = v.id
where f.deleted_at is null
  and f.state <> 'failed'
order by f.position, f.id
limit 500`, pgx.StrictNamedArgs{"deliverable": deliverable, "number": number})}
}

// GetFile reads one file that can be downloaded: it is ready, and neither the file
// nor what contains it is in the bin.
func GetFile(id uuid.UUID, dst *File) Read {
	return Read{one("get file", dst, fileColumns+`
  and f.id = @id
  and f.state = 'ready'`, pgx.StrictNamedArgs{"id": id})}
}

// downloadWindow is how long one audit row covers more pieces of the same file for the same
// person.
const downloadWindow = "10 minutes"

// RecordDownload commits the audit row of a download or a view before the first byte
// is sent. A piece of a file, as players request many of, adds no row if the same
// person has a row for the same file that is at most ten minutes old: every byte is
// covered by a row. In a support session each piece gets a row.
func (db *DB) RecordDownload(ctx context.Context, me Member, e Event, piece bool) error {
	if piece && me.Support == nil {
		var recent bool
		err := db.Read(ctx, me, Read{value("recent download", &recent, `
select exists (
    select 1
    from audit_events
    where tenant_id = @tenant_id
      and at between now() - interval '`+downloadWindow+`' and now()
      and actor_id = @me
      and support_session_id is null
      and verb = @verb
      and target_id = @file
      and result = 'ok')`, pgx.StrictNamedArgs{"me": me.scope.Actor, "verb": e.Verb, "file": e.TargetID})})
		if err != nil || recent {
			return err
		}
	}
	return db.Record(ctx, me, e)
}

// BinFile moves a file to the bin, or restores it, and returns its deliverable. A
// pending file is [ErrConflict], because it couldn't be restored: use
// [Tx.CancelUpload]. Restoring a file into a version that was published without it is
// [ErrConflict] too.
func (tx *Tx) BinFile(ctx context.Context, id uuid.UUID, binned bool) (deliverable uuid.UUID, err error) {
	if err := tx.lockBinUsage(ctx, KindFile); err != nil {
		return uuid.Nil, err
	}
	// Lock the version before the file, as Publish does.
	version, err := tx.lockVersionOf(ctx, id)
	if err != nil {
		return uuid.Nil, err
	}
	var f struct {
		DeliverableID uuid.UUID
		Ready         bool
		LeftOut       bool
	}
	err = tx.get(ctx, one("file to bin", &f, `
select v.deliverable_id, f.state = 'ready' as ready,
       f.shared_at is null and v.shared_at is not null as left_out
from files f
join versions v on v.tenant_id = f.tenant_id and v.id = f.version_id
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
where f.tenant_id = @tenant_id
  and f.id = @id
  and f.state <> 'failed'
  and (f.deleted_at is null) = @binned
for update of f`, pgx.StrictNamedArgs{"id": id, "binned": binned}))
	if err != nil {
		return uuid.Nil, err
	}
	if !f.Ready || (!binned && f.LeftOut) {
		return f.DeliverableID, ErrConflict
	}
	if err := tx.setBinned(ctx, KindFile, id, binned); err != nil {
		return f.DeliverableID, err
	}
	// Refreshing the counts locks the deliverable, so it comes before the counters.
	tx.refreshFileCounts(version)
	return f.DeliverableID, tx.endBinning(KindFile, id, binned)
}

func (tx *Tx) lockVersionOf(ctx context.Context, file uuid.UUID) (version uuid.UUID, err error) {
	err = tx.get(ctx, value("version of file", &version, `
select f.version_id
from files f
where f.tenant_id = @tenant_id
  and f.id = @id`, pgx.StrictNamedArgs{"id": file}))
	if err != nil {
		return uuid.Nil, err
	}
	return version, tx.lockVersion(ctx, version)
}

// SeenLead is the [Seen] of the lead file of a version; nil is that none was chosen.
func SeenLead(lead *uuid.UUID) Seen {
	if lead == nil {
		return "none"
	}
	return Seen(lead.String())
}

// ChooseLead makes a ready file the one of its version that is shown first, in place of an
// earlier choice. Published versions too: their files stay the same. It compares
// [SeenLead], and returns the file's deliverable.
func (tx *Tx) ChooseLead(ctx context.Context, id uuid.UUID) (deliverable uuid.UUID, err error) {
	if _, err := tx.lockVersionOf(ctx, id); err != nil {
		return uuid.Nil, err
	}
	var f File
	if err := tx.Read(ctx, GetFile(id, &f)); err != nil {
		return uuid.Nil, err
	}
	args := pgx.StrictNamedArgs{"id": id, "version": f.VersionID}
	var lead *uuid.UUID
	err = tx.get(ctx, value("lead", &lead, `
select (
    select id
    from files
    where tenant_id = @tenant_id
      and version_id = @version
      and lead
      and deleted_at is null)`, pgx.StrictNamedArgs{"version": f.VersionID}))
	if err == nil {
		err = tx.compareSeen(SeenLead(lead))
	}
	if err != nil {
		return f.DeliverableID, err
	}
	_, err = tx.exec(ctx, "drop the earlier lead", `
update files
set lead = false
where tenant_id = @tenant_id
  and version_id = @version
  and lead
  and id <> @id`, args)
	if err != nil {
		return uuid.Nil, err
	}
	err = tx.change(ctx, "choose lead", `
update files
set lead = true
where tenant_id = @tenant_id
  and version_id = @version
  and id = @id`, args)
	if err != nil {
		return uuid.Nil, err
	}
	tx.refreshFileCounts(f.VersionID)
	return f.DeliverableID, tx.audit(Event{Verb: "file.lead_chosen", TargetKind: KindFile, TargetID: id})
}
