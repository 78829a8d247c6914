package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// Plays says what browsers play of a recording.
type Plays string

// What browsers play.
const (
	PlaysUnknown   Plays = ""          // nobody has looked yet
	PlaysOriginal  Plays = "original"  // the file itself
	PlaysSoon      Plays = "soon"      // a copy that is being made
	PlaysRendition Plays = "rendition" // a copy
	PlaysNothing   Plays = "no"        // nothing can be made of it, see [File.Unfit]
)

// isRecording reports whether a file is video or sound.
func isRecording(contentType string) bool {
	return strings.HasPrefix(contentType, "video/") || strings.HasPrefix(contentType, "audio/") || contentType == "application/ogg"
}

// Recording is a video or a sound of which a job makes renditions.
type Recording struct {
	ContentType string
	Size        int64 // in bytes
	Plays       Plays
	DurationMS  *int64
}

// LookedAt is what a job found out about a recording.
type LookedAt struct {
	DurationMS    *int64 // nil if it doesn't say
	FrameRate     string // frames a second, "30000/1001"; "" for sound
	StartTimecode string // "01:00:00:00"; "" for none
	Plays         Plays
	Unfit         string
	Picture       *Rendition // the poster or the wave; nil for none
}

// The kinds of renditions.
const (
	renditionPage     = "page"
	renditionPoster   = "poster"
	renditionWave     = "wave"
	renditionPlayable = "playable"
)

const renditionColumns = `
select r.id, r.file_id, r.page, r.width, r.height, r.content_type, r.size, r.sha256, coalesce(r.sketch, 0) as sketch, '' as words
from renditions r
join files f on f.tenant_id = r.tenant_id and f.id = r.file_id and f.deleted_at is null
join versions v on v.tenant_id = f.tenant_id and v.id = f.version_id
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
where r.tenant_id = @tenant_id
  and r.file_id = @file`

// GetPoster reads the picture of a recording, the poster of a video or the wave of a sound,
// under the rules of [GetFile]. A recording without one is [ErrNotFound].
func GetPoster(file uuid.UUID, dst *Rendition) Read {
	return Read{one("get poster", dst, renditionColumns+`
  and r.kind in ('poster', 'wave')
  and r.page = 0`, pgx.StrictNamedArgs{"file": file})}
}

// GetPlayable reads the copy of a recording that browsers play, under the rules of
// [GetFile]. A recording without one is [ErrNotFound].
func GetPlayable(file uuid.UUID, dst *Rendition) Read {
	return Read{one("get playable", dst, renditionColumns+`
  and r.kind = 'playable'
  and r.page = 0`, pgx.StrictNamedArgs{"file": file})}
}

// lookAt enqueues to look at a file, if it is a recording.
func (tx *Tx) lookAt(ctx context.Context, file uuid.UUID, contentType string) error {
	if !isRecording(contentType) {
		return nil
	}
	return tx.Enqueue(ctx, &queue.FileMedia{File: file})
}

// RecordingFor reads the recording of a job, which is to be as the job expects: not looked
// at, or waiting for its copy. It returns nil if another run did the work before.
func (tx *Tx) RecordingFor(ctx context.Context, file uuid.UUID, plays Plays) (*Recording, error) {
	r, err := tx.recording(ctx, file, "")
	if err != nil || r.Plays != plays || !isRecording(r.ContentType) {
		return nil, err
	}
	return &r, nil
}

func (tx *Tx) recording(ctx context.Context, file uuid.UUID, lock string) (r Recording, err error) {
	return r, tx.get(ctx, one("recording", &r, `
select coalesce(content_type, '') as content_type, coalesce(size, 0) as size, coalesce(plays, '') as plays, duration_ms
from files
where tenant_id = @tenant_id
  and id = @file`+lock, pgx.StrictNamedArgs{"file": file}))
}

// RecordLook stores what a job found in a recording. A second call returns [ErrConflict],
// and the caller removes the picture. If browsers need a copy, it enqueues a job that makes
// it. There is no audit row: no person acted and nothing new is visible.
func (tx *Tx) RecordLook(ctx context.Context, file uuid.UUID, l LookedAt) error {
	r, err := tx.recording(ctx, file, "\nfor no key update")
	if err != nil {
		return err
	}
	if r.Plays != PlaysUnknown {
		return fmt.Errorf("record a look: %w", ErrConflict)
	}
	if l.Picture != nil {
		kind := renditionWave
		if l.FrameRate != "" {
			kind = renditionPoster
		}
		if err := tx.insertRendition(ctx, file, kind, *l.Picture); err != nil {
			return err
		}
	}
	err = tx.change(ctx, "record a look", `
update files
set duration_ms = @duration,
    frame_rate = nullif(@rate, ''),
    start_timecode = nullif(@start, ''),
    plays = @plays,
    pictured = @pictured,
    unfit = nullif(@unfit, '')
where tenant_id = @tenant_id
  and id = @file`, pgx.StrictNamedArgs{
		"file": file, "duration": l.DurationMS, "rate": l.FrameRate, "start": l.StartTimecode, "plays": l.Plays, "pictured": l.Picture != nil, "unfit": l.Unfit})
	if err != nil || l.Plays != PlaysSoon {
		return err
	}
	return tx.Enqueue(ctx, &queue.FilePlayable{File: file})
}

// RecordPlayable records the copy that a job made of a recording, or why it made none. If
// another run did the same before, it returns [ErrConflict], and the caller removes the
// copy.
func (tx *Tx) RecordPlayable(ctx context.Context, file uuid.UUID, made *Rendition, unfit string) error {
	r, err := tx.recording(ctx, file, "\nfor no key update")
	if err != nil {
		return err
	}
	if r.Plays != PlaysSoon {
		return fmt.Errorf("record a copy: %w", ErrConflict)
	}
	plays := PlaysNothing
	if made != nil {
		plays = PlaysRendition
		if err := tx.insertRendition(ctx, file, renditionPlayable, *made); err != nil {
			return err
		}
	}
	return tx.change(ctx, "record a copy", `
update files
set plays = @plays,
    unfit = coalesce(nullif(@unfit, ''), unfit)
where tenant_id = @tenant_id
  and id = @file`, pgx.StrictNamedArgs{"file": file, "plays": plays, "unfit": unfit})
}

// insertRendition adds the row of a stored rendition. It is hidden like its file.
func (tx *Tx) insertRendition(ctx context.Context, file uuid.UUID, kind string, r Rendition) error {
	return tx.change(ctx, "record rendition", `
insert into renditions (tenant_id, id, file_id, client_sees, kind, page, width, height, content_type, size, sha256, sketch, words)
select tenant_id, @id, id, client_sees, @kind, @page, @width, @height, @type, @size, @sha256, nullif(@sketch::bigint, 0), nullif(@words, '')
from files
where tenant_id = @tenant_id
  and id = @file`, pgx.StrictNamedArgs{
		"id": r.ID, "file": file, "kind": kind, "page": r.Page, "width": r.Width, "height": r.Height, "type": r.ContentType, "size": r.Size, "sha256": r.SHA256, "sketch": r.Sketch, "words": r.Words})
}

// LookAtMissing enqueues to look at recordings that were uploaded before anybody did, at
// most 50 at a time.
func (tx *Tx) LookAtMissing(ctx context.Context) error {
	var missing []uuid.UUID
	err := tx.get(ctx, column("recordings to look at", &missing, `
select id
from files
where tenant_id = @tenant_id
  and state = 'ready'
  and (starts_with(content_type, 'video/') or starts_with(content_type, 'audio/') or content_type = 'application/ogg')
  and plays is null
  and missing_at is null
  and deleted_at is null
  and created_at < now() - interval '1 day' -- younger ones are in the queue
order by created_at desc
limit 50`, pgx.StrictNamedArgs{}))
	if err != nil {
		return err
	}
	for _, file := range missing {
		if err := tx.Enqueue(ctx, &queue.FileMedia{File: file}); err != nil {
			return err
		}
	}
	return nil
}
