package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Limits of notes. What the team writes and what the client sees is counted apart, so that
// no limit tells a client of rows that they can't see.
const (
	MaxNotes     = 1000  // of one visibility, on a version
	MaxReplies   = 500   // of one visibility, in a note
	MaxNoteWords = 10000 // characters of a note or a reply
	// EditMinutes is how long the author may change their words.
	EditMinutes = 10
)

// Visibility says who sees a note or a reply.
type Visibility string

// The visibilities.
const (
	TeamOnly      Visibility = "team"
	ClientVisible Visibility = "client" // and visible to the team
)

// Anchor is where a note points: at a file, and at a place, a page or a moment of it. The
// zero value is the whole version.
type Anchor struct {
	FileID     *uuid.UUID
	Page       *int
	X, Y, W, H *int   // a point or a box of a picture, in 1/10,000 of its sides
	AtMS       *int64 // of a recording, in milliseconds
	EndMS      *int64 // the end of a span of it, after AtMS
	Drawing    string // on the picture, as [Drawing] writes it; "" for none
}

// Note is a thread about a version, or about a project. Its words are its first comment.
type Note struct {
	ID         uuid.UUID
	Visibility Visibility
	Number     int // the team's notes and those that the client sees are numbered apart
	Anchor
	Carried bool // it was open on a version before that the reader sees it on
	Origin
	ResolvedAt   *time.Time
	ResolverName string
	CreatedAt    time.Time
}

// Origin is where a note that was carried was written, or the last place that it pointed
// at. Without such a note of an earlier version that the reader sees it is empty.
type Origin struct {
	FromVersion    *int // its number
	FromVisibility *Visibility
	FromNumber     *int
	FromFile       *uuid.UUID // nil for the whole version, and for a file that was deleted
	FromPage       *int
	FromX, FromY   *int
	FromMS         *int64
}

// Comment is what somebody wrote in a note.
type Comment struct {
	ID         uuid.UUID
	NoteID     uuid.UUID
	Visibility Visibility
	Words      string
	AuthorName string
	Named      string // whom it names with @: "Leo Brandt, Mia Chen"; "" for nobody
	Own        bool   // the reader wrote it
	Editable   bool   // and may still change it
	Earlier    bool   // it was written on an earlier version, from which the note was carried
	EditedAt   *time.Time
	CreatedAt  time.Time
}

// openVersion selects the version that the page of a deliverable shows: that with
// @number, or for 0 the newest that the reader may see and that isn't locked. It is a query,
// because under a policy an expression of several finds no rows by an index.
const openVersion = `(
      select case when @number <> 0 then (
          select v.id
          from versions v
          where v.tenant_id = @tenant_id
            and v.deliverable_id = @deliverable
            and v.number = @number)
      else coalesce((
          select v.id
          from versions v
          where v.tenant_id = @tenant_id
            and v.deliverable_id = @deliverable
            and v.locked_at is null
          order by v.number desc
          limit 1), (
          select v.id
          from versions v
          where v.tenant_id = @tenant_id
            and v.deliverable_id = @deliverable
          order by v.number desc
          limit 1))
      end)`

// numberedVersion selects the version with @number.
const numberedVersion = `(
      select v.id
      from versions v
      where v.tenant_id = @tenant_id
        and v.deliverable_id = @deliverable
        and v.number = @number)`

// noteColumns selects the notes of a version that the reader sees.
const noteColumns = `
select t.id, t.visibility, t.number, t.file_id, t.page, t.x, t.y, t.w, t.h, t.t_ms as at_ms, t.t_end_ms as end_ms, coalesce(t.drawing, '') as drawing, o.id is not null as carried,
       o.version as from_version, o.visibility as from_visibility, o.number as from_number, o.file_id as from_file, o.page as from_page, o.x as from_x, o.y as from_y, o.t_ms as from_ms,
       t.resolved_at, coalesce(m.name, '') as resolver_name, t.created_at
from threads t
left join lateral (
    with recursive origin as (
        select p.id, p.version_id, p.visibility, p.number, p.file_id, p.page, p.x, p.y, p.t_ms, p.carried_from, 1 as steps
        from threads p
        where p.tenant_id = t.tenant_id
          and p.id = t.carried_from
        union all
        select p.id, p.version_id, p.visibility, p.number, p.file_id, p.page, p.x, p.y, p.t_ms, p.carried_from, origin.steps + 1
        from origin
        join threads p on p.tenant_id = t.tenant_id and p.id = origin.carried_from
        where origin.file_id is null
    )
    select origin.id, v.number as version, origin.visibility, origin.number, f.id as file_id, origin.page, origin.x, origin.y, origin.t_ms
    from origin
    join versions v on v.tenant_id = t.tenant_id and v.id = origin.version_id
    left join files f on f.tenant_id = t.tenant_id and f.id = origin.file_id and f.state = 'ready' and f.deleted_at is null
    order by origin.steps desc
    limit 1) o on true
left join memberships m on m.tenant_id = t.tenant_id and m.user_id = t.resolved_by
where t.tenant_id = @tenant_id
  and t.version_id = ` + openVersion

// commentsOf selects the comments in the notes of a version, and in those of earlier
// versions that they go on with.
const commentsOf = notesChain + commentColumns

const notesChain = `
with recursive chain as (
    select t.id as note_id, t.id, t.carried_from
    from threads t
    where t.tenant_id = @tenant_id
      and t.version_id = ` + openVersion + `
    union all
    select chain.note_id, t.id, t.carried_from
    from chain
    join threads t on t.tenant_id = @tenant_id and t.id = chain.carried_from
)`

const commentColumns = `
select c.id, chain.note_id, c.visibility, c.body as words, coalesce(m.name, '') as author_name, chain.id <> chain.note_id as earlier,
       coalesce((
           select string_agg(them.name, ', ' order by them.name)
           from mentions x
           join memberships them on them.tenant_id = x.tenant_id and them.user_id = x.user_id
           where x.tenant_id = @tenant_id
             and x.comment_id = c.id), '') as named,
       c.created_by = nullif(current_setting('app.user_id', true), '')::uuid as own,
       chain.id = chain.note_id and c.created_by = nullif(current_setting('app.user_id', true), '')::uuid and ` + stillEditable + ` as editable,
       c.edited_at, c.created_at
from chain
join comments c on c.tenant_id = @tenant_id and c.thread_id = chain.id
left join memberships m on m.tenant_id = c.tenant_id and m.user_id = c.created_by`

const stillEditable = `c.created_at > now() - make_interval(mins => @minutes)`

// PlacedNote is a note and the page that shows it.
type PlacedNote struct {
	ID            uuid.UUID
	ProjectID     uuid.UUID
	DeliverableID uuid.UUID // [uuid.Nil] for a note on the project
	Version       int       // its number
	Visibility    Visibility
	Number        int
	FileID        *uuid.UUID
	Page          *int
	Done          bool
	Many          bool // the version has more notes than a page lists; see [FindNote]
}

const placedNote = `
select t.id, p.id as project_id, coalesce(d.id, '00000000-0000-0000-0000-000000000000') as deliverable_id, coalesce(v.number, 0) as version, t.visibility, t.number, t.file_id, t.page,
       t.resolved_at is not null as done, (
           select count(*) > @shown
           from threads o
           where o.tenant_id = @tenant_id
             and o.version_id = t.version_id) as many
from threads t` + placeOfThread

// placeOfThread joins the version of a thread t, if it is about one, and the project. Without
// rows its deliverable or project is in the bin, or hidden from the reader.
const placeOfThread = `
left join versions v on v.tenant_id = t.tenant_id and v.id = t.version_id
left join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = t.tenant_id and p.id = coalesce(d.project_id, t.project_id) and p.deleted_at is null`

// PlaceNote reads where a note is. Its deliverable and project must not be in the bin.
func PlaceNote(id uuid.UUID, dst *PlacedNote) Read {
	return Read{one("place note", dst, placedNote+`
where t.tenant_id = @tenant_id
  and t.id = @id`, pgx.StrictNamedArgs{"id": id, "shown": NotesShown})}
}

// PlaceComment is [PlaceNote] of the note with that comment.
func PlaceComment(id uuid.UUID, dst *PlacedNote) Read {
	return Read{one("place comment", dst, placedNote+`
join comments c on c.tenant_id = t.tenant_id and c.thread_id = t.id
where t.tenant_id = @tenant_id
  and c.id = @id`, pgx.StrictNamedArgs{"id": id, "shown": NotesShown})}
}

// VersionLockedError means that a later version was published, or another unlocked, so
// that nobody writes or settles notes on this one any more. It wraps [ErrConflict].
type VersionLockedError struct {
	DeliverableID uuid.UUID
	Newest        int // the number of the version on which people write now
}

func (e *VersionLockedError) Error() string { return "another version is open" }

func (e *VersionLockedError) Unwrap() error { return ErrConflict }

// ErrTooLateToEdit means that the author's time to change their words is over. It wraps
// [ErrConflict].
var ErrTooLateToEdit = fmt.Errorf("too late to edit: %w", ErrConflict)

// notedVersion is a version under the lock of its notes, or a project.
type notedVersion struct {
	ID            uuid.UUID
	DeliverableID uuid.UUID // [uuid.Nil] for a project
	Number        int
	Draft         bool // the client can't see it
	Locked        bool
	Archived      bool // or its project is
	Newest        int
}

const notedVersions = `
select v.id, v.deliverable_id, v.number, v.shared_at is null as draft, v.locked_at is not null as locked,
       coalesce(d.archived_at, p.archived_at) is not null as archived, d.shown_number as newest
from versions v
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
where v.tenant_id = @tenant_id`

// lockNotes lets one deed at a time change the notes of a version, and waits for others.
// Clients can't lock the version's row, because they may not change it.
func (tx *Tx) lockNotes(version uuid.UUID) {
	tx.later("lock notes", `select pg_advisory_xact_lock(hashtextextended('notes of ' || @version::text, 0))`,
		pgx.StrictNamedArgs{"version": version})
}

// lockNotedVersion locks the notes of a version and returns it as it is then. A version
// that a later one replaced is a [*VersionLockedError], one of archived work [ErrArchived].
func (tx *Tx) lockNotedVersion(ctx context.Context, version uuid.UUID) (v notedVersion, err error) {
	tx.lockNotes(version)
	err = tx.get(ctx, one("version to note on", &v, notedVersions+`
  and v.id = @version`, pgx.StrictNamedArgs{"version": version}))
	switch {
	case err != nil:
	case v.Archived:
		err = ErrArchived
	case v.Locked:
		err = &VersionLockedError{DeliverableID: v.DeliverableID, Newest: v.Newest}
	}
	return v, err
}

// lockedNote is a note under the lock of its version's notes.
type lockedNote struct {
	notedVersion
	Note PlacedNote
}

// lockNote locks the notes of a note's version. A note that the actor can't see is
// [ErrNotFound], as one that doesn't exist.
func (tx *Tx) lockNote(ctx context.Context, id uuid.UUID) (n lockedNote, err error) {
	var about struct{ VersionID, ProjectID *uuid.UUID }
	err = tx.get(ctx, one("what a note is about", &about, `
select version_id, project_id
from threads
where tenant_id = @tenant_id
  and id = @id`, pgx.StrictNamedArgs{"id": id}))
	switch {
	case err != nil:
	case about.VersionID != nil:
		n.notedVersion, err = tx.lockNotedVersion(ctx, *about.VersionID)
	default:
		n.notedVersion, err = tx.lockNotedProject(ctx, *about.ProjectID)
	}
	if err != nil {
		return n, err
	}
	return n, tx.Read(ctx, PlaceNote(id, &n.Note))
}

// NewNote is what somebody writes about a version.
type NewNote struct {
	Anchor
	Visibility Visibility // of clients it is always [ClientVisible]
	Words      string
	// FormKey stands for one sending of a form: what is sent again with the same words is
	// written once.
	FormKey uuid.UUID
}

// StartNote writes a note on the version with that number. A client can't write on a draft,
// and on a draft the team writes for itself only. It returns a [*VersionLockedError] once a
// later version is published, and [ErrNotFound] for a file that is not a ready one of the
// version.
func (tx *Tx) StartNote(ctx context.Context, deliverable uuid.UUID, number int, in NewNote) (placed PlacedNote, err error) {
	var version uuid.UUID
	err = tx.get(ctx, value("version to note on", &version, `
select id
from versions
where tenant_id = @tenant_id
  and deliverable_id = @deliverable
  and number = @number`, pgx.StrictNamedArgs{"deliverable": deliverable, "number": number}))
	if err != nil {
		return placed, err
	}
	v, err := tx.lockNotedVersion(ctx, version)
	if err != nil {
		return placed, err
	}
	return tx.writeNote(ctx, v, in)
}

// writeNote writes a note on a version or project under the lock of its notes.
func (tx *Tx) writeNote(ctx context.Context, v notedVersion, in NewNote) (placed PlacedNote, err error) {
	if in.Visibility, err = tx.mayShow(in.Visibility, v.Draft); err != nil {
		return placed, err
	}
	if err := checkWords(in.Words); err != nil {
		return placed, err
	}
	before, err := tx.writtenBefore(ctx, v, in.FormKey, in.Words)
	if err != nil {
		return placed, err
	}
	if before != uuid.Nil {
		return placed, tx.Read(ctx, PlaceNote(before, &placed))
	}
	if err := tx.checkAnchor(ctx, v.ID, in.Anchor); err != nil {
		return placed, err
	}
	if in.Drawing, err = checkDrawing(in.Anchor); err != nil {
		return placed, err
	}
	id := uuid.New() // tells nobody when it was written: the client may see the note later
	tx.insertNote(id, v, in)
	if err := tx.insertComment(ctx, id, in.Visibility, in); err != nil {
		return placed, err
	}
	if err := tx.noteWritten(ctx, "note.written", v, id, in.Visibility); err != nil {
		return placed, err
	}
	return placed, tx.Read(ctx, PlaceNote(id, &placed))
}

// insertNote adds the row with the next number. The caller holds the lock of the notes.
func (tx *Tx) insertNote(id uuid.UUID, v notedVersion, in NewNote) {
	a := in.Anchor
	tx.changeLater("start note", `
insert into threads (tenant_id, id, `+v.column()+`, project_shown, visibility, number, file_id, page, x, y, w, h, t_ms, t_end_ms, drawing)
select @tenant_id, @id, @about, @shown, @visibility, coalesce(max(number), 0) + 1, @file, @page, @x, @y, @w, @h, @at_ms, @end_ms, nullif(@drawing, '')
from threads
where tenant_id = @tenant_id
  and `+v.column()+` = @about
  and visibility = @visibility
having coalesce(max(number), 0) < @most`, pgx.StrictNamedArgs{
		"id": id, "about": v.ID, "shown": v.projectShown(), "visibility": in.Visibility, "file": a.FileID, "page": a.Page,
		"x": a.X, "y": a.Y, "w": a.W, "h": a.H, "at_ms": a.AtMS, "end_ms": a.EndMS, "drawing": a.Drawing, "most": MaxNotes}, errManyNotes)
}

var errManyNotes = InvalidError{"words": "There can be up to 1,000 notes here. Write yours as a reply to one of them."}

// NewReply is what somebody adds to a note.
type NewReply struct {
	Visibility Visibility
	Words      string
	FormKey    uuid.UUID // as in [NewNote]
}

// ReplyToNote adds a comment to a note. In a team note it is the team's; in a note that the
// client sees, staff choose. Errors are those of [Tx.StartNote].
func (tx *Tx) ReplyToNote(ctx context.Context, id uuid.UUID, in NewReply) (PlacedNote, error) {
	n, err := tx.lockNote(ctx, id)
	if err != nil {
		return n.Note, err
	}
	visibility, err := tx.mayShow(in.Visibility, n.Note.Visibility == TeamOnly)
	if err != nil {
		return n.Note, err
	}
	if err := checkWords(in.Words); err != nil {
		return n.Note, err
	}
	before, err := tx.writtenBefore(ctx, n.notedVersion, in.FormKey, in.Words)
	if err != nil || before != uuid.Nil {
		return n.Note, err
	}
	written := NewNote{Visibility: visibility, Words: in.Words, FormKey: in.FormKey}
	if err := tx.insertComment(ctx, id, n.Note.Visibility, written); err != nil {
		return n.Note, err
	}
	return n.Note, tx.noteWritten(ctx, "note.replied", n.notedVersion, id, visibility)
}

// insertComment adds a comment to a note of that visibility.
func (tx *Tx) insertComment(ctx context.Context, note uuid.UUID, of Visibility, in NewNote) error {
	key, err := tx.freeFormKey(ctx, in.FormKey)
	if err != nil {
		return err
	}
	id := uuid.New() // as that of a note
	tx.changeLater("add comment", `
insert into comments (tenant_id, id, thread_id, thread_visibility, visibility, body, form_key)
select @tenant_id, @id, @note, @of, @visibility, @words, @key
from comments
where tenant_id = @tenant_id
  and thread_id = @note
  and visibility = @visibility
having count(*) <= @most`, pgx.StrictNamedArgs{
		"id": id, "note": note, "of": of, "visibility": in.Visibility, "words": in.Words, "key": key, "most": MaxReplies},
		InvalidError{"words": "A note can have up to 500 replies. Start another note."})
	return tx.mention(ctx, id, in.Visibility, in.Words)
}

// writtenBefore finds the note in which the actor has already written these words with this
// form: the button was pressed twice. [uuid.Nil] is none.
func (tx *Tx) writtenBefore(ctx context.Context, v notedVersion, key uuid.UUID, words string) (note uuid.UUID, err error) {
	var found *uuid.UUID
	err = tx.get(ctx, value("written before", &found, `
select (
    select c.thread_id
    from comments c
    join threads t on t.tenant_id = c.tenant_id and t.id = c.thread_id
    where c.tenant_id = @tenant_id
      and c.created_by = nullif(current_setting('app.user_id', true), '')::uuid
      and c.form_key = @key
      and c.body = @words
      and t.`+v.column()+` = @about)`, pgx.StrictNamedArgs{"key": key, "words": words, "about": v.ID}))
	if err == nil && found != nil {
		note = *found
	}
	return note, err
}

// freeFormKey is the key, or a new one if the actor has sent other words with it: somebody
// went back in the browser and wrote once more.
func (tx *Tx) freeFormKey(ctx context.Context, key uuid.UUID) (uuid.UUID, error) {
	var used bool
	err := tx.get(ctx, value("used form key", &used, `
select exists (
    select
    from comments
    where tenant_id = @tenant_id
      and created_by = nullif(current_setting('app.user_id', true), '')::uuid
      and form_key = @key)`, pgx.StrictNamedArgs{"key": key}))
	if used || key == uuid.Nil {
		key = NewID()
	}
	return key, err
}

// mayShow returns who sees what the actor writes. Clients write for both sides. Where only
// the team sees what it is written on, nothing is for the client.
func (tx *Tx) mayShow(wanted Visibility, onlyTeam bool) (Visibility, error) {
	switch {
	case tx.scope.Party == string(PartyClient):
		return ClientVisible, nil
	case wanted != TeamOnly && wanted != ClientVisible:
		return "", InvalidError{"visibility": "Choose who sees it."}
	case wanted == ClientVisible && onlyTeam:
		return "", InvalidError{"visibility": "Your client can't see what this is written on. Choose “Our team only”."}
	}
	return wanted, nil
}

func checkWords(words string) error {
	n := len([]rune(words))
	switch {
	case strings.TrimSpace(words) == "":
		return InvalidError{"words": "Write something first."}
	case n > MaxNoteWords:
		return InvalidError{"words": tooLong(n, MaxNoteWords)}
	}
	return nil
}

// checkAnchor returns [ErrNotFound] unless a note's file is a ready one of the version that
// the actor sees, and [InvalidError] if such a file has no such place.
func (tx *Tx) checkAnchor(ctx context.Context, version uuid.UUID, a Anchor) error {
	if a.FileID == nil {
		if a.X != nil || a.Page != nil || a.AtMS != nil || a.EndMS != nil {
			return InvalidError{"file": "Choose the file that you mean."}
		}
		return nil
	}
	var f struct {
		ContentType string
		DurationMS  *int64
	}
	err := tx.get(ctx, one("file to note on", &f, `
select coalesce(content_type, '') as content_type, duration_ms
from files
where tenant_id = @tenant_id
  and id = @file
  and version_id = @version
  and state = 'ready'
  and deleted_at is null`, pgx.StrictNamedArgs{"file": *a.FileID, "version": version}))
	if err != nil {
		return err
	}
	if invalid := checkTime(a, f.ContentType, f.DurationMS); invalid != nil {
		return invalid
	}
	kind, contentType := strings.Split(f.ContentType, "/")[0], f.ContentType
	switch {
	case a.X != nil && contentType == documentType && a.Page == nil:
		return InvalidError{"page": "Enter the number of the page that you mean."}
	case a.X != nil && kind != "image" && contentType != documentType:
		return InvalidError{"place": "Only pictures and pages of a PDF have places. Choose “Whole file”."}
	case a.Page != nil && contentType != documentType:
		return InvalidError{"page": "Only a PDF has pages. Leave this empty."}
	}
	return nil
}

// checkTime returns what is wrong with the time of a note on a file, nil for nothing. A
// recording's length is rounded, so a second more is let pass.
func checkTime(a Anchor, contentType string, durationMS *int64) error {
	late := func(ms *int64) bool { return ms != nil && durationMS != nil && *ms > *durationMS+1000 }
	switch {
	case a.AtMS == nil && a.EndMS == nil:
		return nil
	case !isRecording(contentType):
		return InvalidError{"time": "Only video and sound have a time. Leave this empty."}
	case a.AtMS == nil:
		return InvalidError{"time": "Enter the time at which it begins."}
	case a.EndMS != nil && *a.EndMS <= *a.AtMS:
		return InvalidError{"until": "Enter a time after the beginning, or leave this empty."}
	case late(a.AtMS):
		return InvalidError{"time": "The recording is over by then."}
	case late(a.EndMS):
		return InvalidError{"until": "The recording is over by then."}
	}
	return nil
}

// EditComment changes the words of the actor's own comment, within [EditMinutes]. Later it
// returns [ErrTooLateToEdit], and for somebody else's [ErrForbidden].
func (tx *Tx) EditComment(ctx context.Context, id uuid.UUID, words string) (PlacedNote, error) {
	var at PlacedNote
	if err := tx.Read(ctx, PlaceComment(id, &at)); err != nil {
		return at, err
	}
	n, err := tx.lockNote(ctx, at.ID)
	if err != nil {
		return at, err
	}
	var c struct {
		Own, Editable, Same bool
		Visibility          Visibility
	}
	err = tx.get(ctx, one("comment to edit", &c, `
select c.created_by = nullif(current_setting('app.user_id', true), '')::uuid as own, `+stillEditable+` as editable,
       c.body = @words as same, c.visibility
from comments c
where c.tenant_id = @tenant_id
  and c.id = @id`, pgx.StrictNamedArgs{"id": id, "words": words, "minutes": EditMinutes}))
	switch {
	case err != nil:
		return at, err
	case !c.Own:
		return at, fmt.Errorf("edit somebody else's comment: %w", ErrForbidden)
	case c.Same:
		return at, nil
	case !c.Editable:
		return at, ErrTooLateToEdit
	}
	if err := checkWords(words); err != nil {
		return at, err
	}
	tx.changeLater("edit comment", `
update comments
set body = @words, edited_at = now()
where tenant_id = @tenant_id
  and id = @id`, pgx.StrictNamedArgs{"id": id, "words": words}, ErrNotFound)
	if err := tx.mention(ctx, id, c.Visibility, words); err != nil {
		return at, err
	}
	return at, tx.auditNote("note.edited", n.notedVersion, at.ID, c.Visibility)
}

// ResolveNote marks a note as done, or reopens it if done is false. A note that is so
// already stays as it is.
func (tx *Tx) ResolveNote(ctx context.Context, id uuid.UUID, done bool) (PlacedNote, error) {
	n, err := tx.lockNote(ctx, id)
	if err != nil {
		return n.Note, err
	}
	verb, set, was := "note.resolved", "resolved_at = now(), resolved_by = nullif(current_setting('app.user_id', true), '')::uuid", "null"
	if !done {
		verb, set, was = "note.reopened", "resolved_at = null, resolved_by = null", "not null"
	}
	rows, err := tx.exec(ctx, verb, `
update threads
set `+set+`
where tenant_id = @tenant_id
  and id = @id
  and resolved_at is `+was, pgx.StrictNamedArgs{"id": id})
	if err != nil || rows == 0 {
		return n.Note, err
	}
	return n.Note, tx.auditNote(verb, n.notedVersion, id, n.Note.Visibility)
}

// ShowNote shows these comments of a note to the client, and the note with them. The
// others stay the team's. A team note gets the client's next number. Without comments it
// returns [InvalidError], and [ErrNotFound] if one is not of the note.
func (tx *Tx) ShowNote(ctx context.Context, id uuid.UUID, comments []uuid.UUID) (PlacedNote, error) {
	n, err := tx.lockNote(ctx, id)
	switch {
	case err != nil:
		return n.Note, err
	case tx.scope.Party != string(PartyAgency):
		return n.Note, fmt.Errorf("show note: %w", ErrForbidden)
	case n.Draft:
		return n.Note, InvalidError{"comment": n.showFirst()}
	case len(comments) == 0:
		return n.Note, InvalidError{"comment": "Tick what your client will see."}
	}
	if n.Note.Visibility == TeamOnly {
		if err := tx.numberForClient(ctx, id, n.notedVersion); err != nil {
			return n.Note, err
		}
	}
	args := pgx.StrictNamedArgs{"id": id, "comments": comments}
	var found int
	err = tx.get(ctx, value("comments to show", &found, `
select count(*)
from comments
where tenant_id = @tenant_id
  and thread_id = @id
  and id = any (@comments::uuid[])`, args))
	if err != nil {
		return n.Note, err
	}
	if found != len(comments) {
		return n.Note, fmt.Errorf("show comments: %w", ErrNotFound)
	}
	tx.later("show comments", `
update comments
set visibility = 'client'
where tenant_id = @tenant_id
  and thread_id = @id
  and visibility = 'team'
  and id = any (@comments::uuid[])`, args)
	if err := tx.auditNote("note.shown", n.notedVersion, id, ClientVisible); err != nil {
		return n.Note, err
	}
	return n.Note, tx.Read(ctx, PlaceNote(id, &n.Note))
}

// numberForClient shows a team note to the client, with the client's next number.
func (tx *Tx) numberForClient(ctx context.Context, id uuid.UUID, v notedVersion) error {
	var last int
	err := tx.get(ctx, value("last number", &last, `
select coalesce(max(number), 0)
from threads
where tenant_id = @tenant_id
  and `+v.column()+` = @about
  and visibility = 'client'`, pgx.StrictNamedArgs{"about": v.ID}))
	if err != nil {
		return err
	}
	if last >= MaxNotes {
		return InvalidError{"comment": "Your client sees 1,000 notes here already. Reply to one of them."}
	}
	tx.changeLater("show note", `
update threads
set visibility = 'client', number = @number
where tenant_id = @tenant_id
  and id = @id`, pgx.StrictNamedArgs{"id": id, "number": last + 1}, ErrNotFound)
	return nil
}

// noteWritten writes the event of new words. Nobody gets a mail about those of the team.
func (tx *Tx) noteWritten(ctx context.Context, verb string, on notedVersion, note uuid.UUID, v Visibility) error {
	if err := tx.auditNote(verb, on, note, v); err != nil || v == TeamOnly {
		return err
	}
	return tx.collectNotes(ctx, on)
}

// auditNote writes the event of a note. The policies hide events of the team's own words
// from clients, and from support that may not see drafts.
func (tx *Tx) auditNote(verb string, on notedVersion, note uuid.UUID, v Visibility) error {
	detail := map[string]any{"note": note}
	if v == TeamOnly {
		detail["team"] = true
	}
	kind, id := on.target()
	return tx.audit(Event{Verb: verb, TargetKind: kind, TargetID: id, Detail: detail})
}
