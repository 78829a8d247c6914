package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// Limits of the page of a project's discussion.
const (
	ProjectNotesShown    = 200
	ProjectCommentsShown = 1000
)

// ListProjectNotes reads the newest notes on a project, at most [ProjectNotesShown] and one more.
func ListProjectNotes(project uuid.UUID, dst *[]Note) Read {
	return Read{many("list project notes", dst, `
select t.id, t.visibility, t.number, t.file_id, t.page, t.x, t.y, t.w, t.h, t.t_ms as at_ms, t.t_end_ms as end_ms, '' as drawing, false as carried,
       null::integer as from_version, null::text as from_visibility, null::integer as from_number, null::uuid as from_file, null::integer as from_page,
       null::integer as from_x, null::integer as from_y, null::bigint as from_ms,
       t.resolved_at, coalesce(m.name, '') as resolver_name, t.created_at
from threads t
left join memberships m on m.tenant_id = t.tenant_id and m.user_id = t.resolved_by
where t.tenant_id = @tenant_id
  and t.project_id = @project
order by t.created_at desc, t.id desc
limit @limit`, pgx.StrictNamedArgs{"project": project, "limit": ProjectNotesShown + 1})}
}

// ListProjectComments reads the newest comments in the notes on a project, at most
// [ProjectCommentsShown] and one more.
func ListProjectComments(project uuid.UUID, dst *[]Comment) Read {
	return Read{many("list project comments", dst, `
with chain as (
    select t.id as note_id, t.id
    from threads t
    where t.tenant_id = @tenant_id
      and t.project_id = @project
)`+commentColumns+`
order by c.created_at desc, c.id desc
limit @limit`, pgx.StrictNamedArgs{"project": project, "limit": ProjectCommentsShown + 1, "minutes": EditMinutes})}
}

// CountProjectNotes counts the notes on a project that are open and that the reader sees.
func CountProjectNotes(project uuid.UUID, dst *int) Read {
	return Read{value("count project notes", dst, `
select count(*)
from threads t
where t.tenant_id = @tenant_id
  and t.project_id = @project
  and t.resolved_at is null`, pgx.StrictNamedArgs{"project": project})}
}

// column is the column of threads that refers to what the notes are about.
func (v notedVersion) column() string {
	if v.DeliverableID == uuid.Nil {
		return "project_id"
	}
	return "version_id"
}

// target is what the trail names: the deliverable, or the project.
func (v notedVersion) target() (Kind, uuid.UUID) {
	if v.DeliverableID == uuid.Nil {
		return KindProject, v.ID
	}
	return KindDeliverable, v.DeliverableID
}

// projectShown says whether the client sees the project; nil if the notes are about a version.
func (v notedVersion) projectShown() *bool {
	if v.DeliverableID != uuid.Nil {
		return nil
	}
	shown := !v.Draft
	return &shown
}

// showFirst says what to do before a note on a draft or a hidden project is shown.
func (v notedVersion) showFirst() string {
	if v.DeliverableID == uuid.Nil {
		return "Show the project to your client first. Until then they can't see what the note is about."
	}
	return "Publish the version first. Until then your client can't see what the note is about."
}

// lockNotedProject locks the notes on a project and returns it as it is then. One that the
// actor can't see is [ErrNotFound], an archived one [ErrArchived].
func (tx *Tx) lockNotedProject(ctx context.Context, project uuid.UUID) (v notedVersion, err error) {
	tx.lockNotes(project)
	err = tx.get(ctx, one("project to note on", &v, `
select id, '00000000-0000-0000-0000-000000000000'::uuid as deliverable_id, 0 as number, shared_at is null as draft, false as locked,
       archived_at is not null as archived, 0 as newest
from projects
where tenant_id = @tenant_id
  and id = @project
  and deleted_at is null`, pgx.StrictNamedArgs{"project": project}))
	if err == nil && v.Archived {
		err = ErrArchived
	}
	return v, err
}

// StartProjectNote writes a note on a project, about no file. On a project that the client
// can't see, the team writes for itself only.
func (tx *Tx) StartProjectNote(ctx context.Context, project uuid.UUID, in NewNote) (PlacedNote, error) {
	v, err := tx.lockNotedProject(ctx, project)
	if err != nil {
		return PlacedNote{}, err
	}
	in.Anchor = Anchor{}
	return tx.writeNote(ctx, v, in)
}

// EnqueueProjectNoteMails queues, once per project and window, a mail to everybody with an
// address. The mails read for themselves what is news for their reader. A project that is
// not in this tenant is [ErrNotFound].
func (tx *Tx) EnqueueProjectNoteMails(ctx context.Context, project uuid.UUID, since time.Time) error {
	err := tx.exists(ctx, "project with notes", `
select exists (
    select
    from projects
    where tenant_id = @tenant_id
      and id = @id
)`, pgx.StrictNamedArgs{"id": project})
	if err != nil {
		return err
	}
	first, err := tx.ClaimEffect(ctx, notesKey("note_mails", project, since))
	if err != nil || !first {
		return err
	}
	people, err := tx.people(ctx, "")
	if err != nil {
		return err
	}
	return tx.enqueueNoteMails(ctx, people, queue.NoteMail{Project: project, Since: since})
}

// ListProjectNoteNews is [ListNoteNews] of the notes on a project. There the first words of a
// note of the agency are news for everybody of the client.
func ListProjectNoteNews(project uuid.UUID, since time.Time, limit int, dst *[]NoteNews) Read {
	return Read{many("list project note news", dst, `
select p.id as project_id, '00000000-0000-0000-0000-000000000000'::uuid as deliverable_id, p.name as title, '' as project_name, 0 as version,
       t.number, m.name as author_name, c.body as words
from projects p
join threads t on t.tenant_id = p.tenant_id and t.project_id = p.id and t.visibility = 'client'`+newsInNotes(tookPart+" or "+firstWords)+`
  and p.id = @project
  and p.deleted_at is null
order by c.created_at, c.id
limit @limit`, pgx.StrictNamedArgs{"project": project, "since": since, "until": since.Add(noteWindow), "limit": limit})}
}

// firstWords says that a comment c is the first of its note that the client sees.
const firstWords = `not exists (
          select
          from comments earlier
          where earlier.tenant_id = @tenant_id
            and earlier.thread_id = t.id
            and earlier.visibility = 'client'
            and (earlier.created_at, earlier.id) < (c.created_at, c.id))`
