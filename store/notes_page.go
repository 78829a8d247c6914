package store

import (
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
)

// Limits of a page with notes. They bound its bytes, however much is said.
const (
	NotesShown   = 25   // notes on a page of the list
	RepliesShown = 5    // replies to each of them, the newest, besides its first words
	RepliesAlone = 50   // replies on a page of one note that is read alone
	WordsShown   = 2000 // characters of a comment in the list; alone it has all
	PinsShown    = 200  // pins of notes that are on other pages of the list
)

// NoteLabel names a note of a version, as readers do.
type NoteLabel struct {
	Visibility Visibility
	Number     int
}

// NotesAt says which notes of a version a page lists: those on one file and those on the
// version as a whole, or those on all files, or one note alone.
type NotesAt struct {
	Deliverable uuid.UUID
	Version     int       // its number
	File        uuid.UUID // [uuid.Nil] for none
	AllFiles    bool
	Done        bool // those that are done, not the open ones
	Page        int  // of the list, or of the replies to one note; from 1
	Alone       *NoteLabel
}

// skip is how many notes or replies the pages before have.
func (at NotesAt) skip() int {
	if at.Alone != nil {
		return (max(1, at.Page) - 1) * RepliesAlone
	}
	return (max(1, at.Page) - 1) * NotesShown
}

// NoteCount counts the notes on a file of a version, or on the version as a whole.
type NoteCount struct {
	FileID      *uuid.UUID
	Open, Done  int
	Carried     int // were open on the version before
	CarriedDone int
}

func (at NotesAt) args(more pgx.StrictNamedArgs) pgx.StrictNamedArgs {
	more["deliverable"], more["number"] = at.Deliverable, at.Version
	return more
}

// CountNotes counts the notes of a version that the reader sees, by file.
func CountNotes(at NotesAt, dst *[]NoteCount) Read {
	return Read{many("count notes", dst, `
select t.file_id, count(*) filter (where t.resolved_at is null)::int as open, count(*) filter (where t.resolved_at is not null)::int as done,
       count(*) filter (where `+goesOn+`)::int as carried, count(*) filter (where t.resolved_at is not null and `+goesOn+`)::int as carried_done
from threads t
where t.tenant_id = @tenant_id
  and t.version_id = `+numberedVersion+`
group by t.file_id`, at.args(pgx.StrictNamedArgs{}))}
}

// goesOn says that the reader sees the note that t goes on with.
const goesOn = `case when t.carried_from is not null then (select true from threads p where p.tenant_id = @tenant_id and p.id = t.carried_from) end`

// ListedNote is a note and what was said in it, as far as the page shows it.
type ListedNote struct {
	Note
	Comments []ListedComment // the oldest first
	Said     int             // how many the reader sees in all
}

// ListedComment is a comment in a list.
type ListedComment struct {
	Comment
	Place     int  // of all in its note, from 1
	Shortened bool // it has more words
}

// listedRow is a comment and its note. A note without a comment that the reader sees has a
// row too.
type listedRow struct {
	Note
	Said              int
	CommentID         *uuid.UUID
	CommentVisibility *Visibility
	Words             string
	AuthorName        string
	Named             string
	Own               bool
	Editable          bool
	Earlier           bool
	EditedAt          *time.Time
	WrittenAt         *time.Time
	Place             int
	Shortened         bool
}

// ListNotes reads a page of the notes of a version, first those that the client sees and
// then the team's, each by number. Of each it has the first words and the newest replies,
// those on earlier versions from which it was carried too.
func ListNotes(at NotesAt, dst *[]ListedNote) Read {
	args := at.args(pgx.StrictNamedArgs{"minutes": EditMinutes, "skip": at.skip()})
	which, shown, words := ``, `said.place = 1 or said.place > said.of - `+strconv.Itoa(RepliesShown), strconv.Itoa(WordsShown)
	switch {
	case at.Alone != nil:
		args["visibility"], args["label"] = at.Alone.Visibility, at.Alone.Number
		which = `
      and t.visibility = @visibility
      and t.number = @label`
		shown, words = `said.place > @skip and said.place <= @skip + `+strconv.Itoa(RepliesAlone), strconv.Itoa(MaxNoteWords)
	default:
		args["done"] = at.Done
		which = `
      and (t.resolved_at is not null) = @done` + at.onFile(args) + `
    order by t.visibility, t.number
    offset @skip
    limit ` + strconv.Itoa(NotesShown)
	}
	sql := listedNotes(which, shown, words)
	return Read{query{Name: "list notes", SQL: sql, Args: args, Scan: gathered(dst)}}
}

// onFile is the SQL that keeps notes on the shown file and on the version as a whole.
func (at NotesAt) onFile(args pgx.StrictNamedArgs) string {
	if at.AllFiles {
		return ``
	}
	args["file"] = at.File
	return `
      and (t.file_id is null or t.file_id = @file)`
}

// listedNotes is the statement of [ListNotes]. Chains lead to the notes of earlier versions
// that the reader sees; where one of them points at a file, that is the origin.
func listedNotes(which, shown, words string) string {
	return `
with recursive listed as (
    select t.id, t.visibility, t.number, t.file_id, t.page, t.x, t.y, t.w, t.h, t.t_ms, t.t_end_ms, t.drawing, t.resolved_at, t.resolved_by, t.carried_from, t.created_at
    from threads t
    where t.tenant_id = @tenant_id
      and t.version_id = ` + numberedVersion + which + `
), chain as (
    select l.id as note_id, 0 as steps, l.id, l.carried_from, null::uuid as version_id, l.visibility, l.number, l.file_id, l.page, l.x, l.y, l.t_ms
    from listed l
    union all
    select chain.note_id, chain.steps + 1, t.id, t.carried_from, t.version_id, t.visibility, t.number, t.file_id, t.page, t.x, t.y, t.t_ms
    from chain
    cross join lateral (
        select *
        from threads t
        where t.tenant_id = @tenant_id
          and t.id = chain.carried_from
        offset 0) t
), origin as (
    select distinct on (note_id) *
    from chain
    where steps > 0
    order by note_id, file_id is null, case when file_id is null then -steps else steps end
), said as (
    select c.id, chain.note_id, chain.steps, c.visibility, c.body, c.created_by, c.edited_at, c.created_at,
           row_number() over (partition by chain.note_id order by c.created_at, c.id) as place, count(*) over (partition by chain.note_id) as of
    from chain
    cross join lateral (
        select *
        from comments c
        where c.tenant_id = @tenant_id
          and c.thread_id = chain.id
        offset 0) c -- by the index of each thread, not all of the tenant
), shown as materialized (
    select *
    from said
    where ` + shown + `
), people as materialized (
    select m.user_id, m.name
    from memberships m
    where m.tenant_id = @tenant_id
      and m.user_id in (select created_by from shown union select resolved_by from listed)
)
select l.id, l.visibility, l.number, l.file_id, l.page, l.x, l.y, l.w, l.h, l.t_ms as at_ms, l.t_end_ms as end_ms, coalesce(l.drawing, '') as drawing,
       o.id is not null as carried, v.number as from_version, o.visibility as from_visibility, o.number as from_number, f.id as from_file,
       o.page as from_page, o.x as from_x, o.y as from_y, o.t_ms as from_ms,
       l.resolved_at, coalesce(r.name, '') as resolver_name, l.created_at,
       coalesce(said.of, 0)::int as said, said.id as comment_id, said.visibility as comment_visibility, coalesce(left(said.body, ` + words + `), '') as words,
       coalesce(m.name, '') as author_name,
       case when strpos(said.body, '@') > 0 or said.edited_at is not null then coalesce((
           select string_agg(them.name, ', ' order by them.name)
           from mentions x
           join memberships them on them.tenant_id = x.tenant_id and them.user_id = x.user_id
           where x.tenant_id = @tenant_id
             and x.comment_id = said.id), '') else '' end as named,
       coalesce(said.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid), false) as own,
       coalesce(said.steps = 0 and said.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)
           and said.created_at > now() - make_interval(mins => @minutes), false) as editable,
       coalesce(said.steps > 0, false) as earlier, said.edited_at, said.created_at as written_at, coalesce(said.place, 0)::int as place,
       coalesce(char_length(said.body) > ` + words + `, false) as shortened
from listed l
left join shown said on said.note_id = l.id
left join origin o on o.note_id = l.id
left join versions v on v.tenant_id = @tenant_id and v.id = o.version_id
left join files f on f.tenant_id = @tenant_id and f.id = o.file_id and f.state = 'ready' and f.deleted_at is null
left join people r on r.user_id = l.resolved_by
left join people m on m.user_id = said.created_by
order by l.visibility, l.number, said.place`
}

// gathered gathers the rows of each note.
func gathered(dst *[]ListedNote) engine.Scan {
	return engine.Rows(func(found []listedRow) {
		list := []ListedNote{}
		for _, r := range found {
			if len(list) == 0 || list[len(list)-1].ID != r.ID {
				list = append(list, ListedNote{Note: r.Note, Said: r.Said})
			}
			if r.CommentID == nil {
				continue
			}
			at := &list[len(list)-1]
			at.Comments = append(at.Comments, ListedComment{Place: r.Place, Shortened: r.Shortened, Comment: Comment{
				ID: *r.CommentID, NoteID: r.ID, Visibility: *r.CommentVisibility, Words: r.Words, AuthorName: r.AuthorName, Named: r.Named,
				Own: r.Own, Editable: r.Editable, Earlier: r.Earlier, EditedAt: r.EditedAt, CreatedAt: *r.WrittenAt,
			}})
		}
		*dst = list
	})
}

// PinnedNote is a note with a place, as its pin shows it.
type PinnedNote struct {
	ID         uuid.UUID
	Visibility Visibility
	Number     int
	Page       *int
	X, Y       *int
	W, H       *int
	AtMS       *int64
	EndMS      *int64
}

// ListPins reads the pins of the notes on one file, open or done, on a page of it (nil: it
// has none), at most [PinsShown]. It is for lists of several pages.
func ListPins(at NotesAt, page *int, dst *[]PinnedNote) Read {
	return Read{many("list pins", dst, `
select t.id, t.visibility, t.number, t.page, t.x, t.y, t.w, t.h, t.t_ms as at_ms, t.t_end_ms as end_ms
from threads t
where t.tenant_id = @tenant_id
  and t.version_id = `+numberedVersion+`
  and t.file_id = @file
  and t.page is not distinct from @page
  and (t.resolved_at is not null) = @done
  and (t.x is not null or t.t_ms is not null)
order by t.visibility, t.number
limit @limit`, at.args(pgx.StrictNamedArgs{"file": at.File, "page": page, "done": at.Done, "limit": PinsShown}))}
}

// FoundNote is where the pages of a version list a note.
type FoundNote struct {
	FileID *uuid.UUID // nil for the whole version, and for a file that was deleted
	Page   *int
	AtMS   *int64
	Done   bool
	All    bool // it is on the version as a whole, or its file was deleted: Before is of the list of all files
	Before int  // how many notes are listed before it
}

// FindNote reads where a note is listed; nil if the reader sees none with that label on the
// version, as for one that doesn't exist.
func FindNote(deliverable uuid.UUID, number int, label NoteLabel, dst **FoundNote) Read {
	at := NotesAt{Deliverable: deliverable, Version: number}
	return Read{optional("find note", dst, `
select f.id as file_id, t.page, t.t_ms as at_ms, t.resolved_at is not null as done, f.id is null as all, (
           select count(*)
           from threads o
           where o.tenant_id = @tenant_id
             and o.version_id = t.version_id
             and (o.resolved_at is null) = (t.resolved_at is null)
             and (f.id is null or o.file_id is null or o.file_id = f.id)
             and (o.visibility < t.visibility or o.visibility = t.visibility and o.number < t.number))::int as before
from threads t
left join files f on f.tenant_id = t.tenant_id and f.id = t.file_id and f.state = 'ready' and f.deleted_at is null
where t.tenant_id = @tenant_id
  and t.version_id = `+openVersion+`
  and t.visibility = @visibility
  and t.number = @label`, at.args(pgx.StrictNamedArgs{"visibility": label.Visibility, "label": label.Number}))}
}
