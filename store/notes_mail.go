package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// noteWindow is how long the notes of one mail are collected.
const noteWindow = queue.NoteMinutes * time.Minute

// noteGrace lets a deed that began at the end of a window commit before the mails are
// written.
const noteGrace = 30 * time.Second

func notesKey(what string, about uuid.UUID, since time.Time) string {
	return fmt.Sprintf("%s:%s:%d", what, about, since.Unix())
}

// collectNotes has mails written, at the end of the present window, about notes on a
// deliverable or project that both sides see. The first note of a window queues them.
func (tx *Tx) collectNotes(ctx context.Context, on notedVersion) error {
	var since time.Time
	err := tx.get(ctx, value("window of notes", &since, `select date_bin(make_interval(mins => @minutes), now(), 'epoch'::timestamptz)`,
		pgx.StrictNamedArgs{"minutes": queue.NoteMinutes}))
	if err != nil {
		return err
	}
	since = since.UTC()
	job := &queue.NotesWritten{Since: since}
	kind, about := on.target()
	if kind == KindProject {
		job.Project = about
	} else {
		job.Deliverable = about
	}
	first, err := tx.ClaimEffect(ctx, notesKey("notes_collected", about, since))
	if err != nil || !first {
		return err
	}
	return tx.EnqueueAt(ctx, job, since.Add(noteWindow+noteGrace))
}

// EnqueueNoteMails queues, once per deliverable and window, a mail to each of the agency's
// people in this workspace, and to those of the client who took part in a note with new
// words or whom one names. The mails read for themselves what is news for their reader. A deliverable that is
// not in this tenant is [ErrNotFound].
func (tx *Tx) EnqueueNoteMails(ctx context.Context, deliverable uuid.UUID, since time.Time) error {
	err := tx.exists(ctx, "deliverable with notes", `
select exists (
    select
    from deliverables
    where tenant_id = @tenant_id
      and id = @id
)`, pgx.StrictNamedArgs{"id": deliverable})
	if err != nil {
		return err
	}
	first, err := tx.ClaimEffect(ctx, notesKey("note_mails", deliverable, since))
	if err != nil || !first {
		return err
	}
	var people []uuid.UUID
	err = tx.get(ctx, column("people to tell of notes", &people, `
select m.user_id
from memberships m
where m.tenant_id = @tenant_id
  and m.ended_at is null
  and m.email is not null
  and (m.party = 'agency' or m.user_id in (
      select mine.created_by
      from versions v
      join threads t on t.tenant_id = v.tenant_id and t.version_id = v.id
      join comments mine on mine.tenant_id = t.tenant_id and mine.thread_id = t.id
      where v.tenant_id = @tenant_id
        and v.deliverable_id = @deliverable)
    or m.user_id in (
      select x.user_id
      from versions v
      join threads t on t.tenant_id = v.tenant_id and t.version_id = v.id
      join comments c on c.visibility = 'client' and c.tenant_id = t.tenant_id and c.thread_id = t.id
      join mentions x on x.tenant_id = c.tenant_id and x.comment_id = c.id and not x.mailed
      where v.tenant_id = @tenant_id
        and v.deliverable_id = @deliverable
        and c.created_at >= @since))
order by m.user_id`, pgx.StrictNamedArgs{"deliverable": deliverable, "since": since}))
	if err != nil {
		return err
	}
	return tx.enqueueNoteMails(ctx, people, queue.NoteMail{Deliverable: deliverable, Since: since})
}

func (tx *Tx) enqueueNoteMails(ctx context.Context, people []uuid.UUID, about queue.NoteMail) error {
	for _, person := range people {
		job := about
		job.To = person
		if err := tx.Enqueue(ctx, &job); err != nil {
			return err
		}
	}
	return nil
}

// NoteNews is a note or a reply in a mail.
type NoteNews struct {
	ProjectID     uuid.UUID
	DeliverableID uuid.UUID // [uuid.Nil] for a note on the project
	Title         string    // of the deliverable, or the name of the project
	ProjectName   string    // "" for a note on the project
	Version       int
	Number        int // of the note
	AuthorName    string
	Words         string
}

// ListNoteNews reads what is news for the reader in a window of notes on a deliverable, at
// most limit: for staff, what clients wrote; for clients, what the agency wrote in notes
// in which they took part, and what names the reader. The team's own words are in nobody's
// mail, and those that name the reader are left out if they came in a mail of their own.
func ListNoteNews(deliverable uuid.UUID, since time.Time, limit int, dst *[]NoteNews) Read {
	return Read{many("list note news", dst, `
select p.id as project_id, d.id as deliverable_id, d.title, p.name as project_name, v.number as version, t.number, m.name as author_name, c.body as words
from versions v
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
join threads t on t.tenant_id = v.tenant_id and t.version_id = v.id and t.visibility = 'client'`+newsInNotes(tookPart)+`
  and v.deliverable_id = @deliverable
order by c.created_at, c.id
limit @limit`, pgx.StrictNamedArgs{"deliverable": deliverable, "since": since, "until": since.Add(noteWindow), "limit": limit})}
}

// tookPart says that the reader wrote in a note t.
const tookPart = `exists (
          select
          from comments mine
          where mine.tenant_id = @tenant_id
            and mine.thread_id = t.id
            and mine.created_by = nullif(current_setting('app.user_id', true), '')::uuid)
`

// newsInNotes selects the comments c in notes t that are news for the reader. forClient says
// what is news for a client of what the agency wrote.
func newsInNotes(forClient string) string {
	return `
join comments c on c.tenant_id = t.tenant_id and c.thread_id = t.id and c.visibility = 'client'
join memberships m on m.tenant_id = c.tenant_id and m.user_id = c.created_by
where t.tenant_id = @tenant_id
  and c.created_at >= @since
  and c.created_at < @until
  and (case when current_setting('app.party', true) = 'agency' then m.party = 'client'
      else m.party = 'agency' and (` + forClient + `)
      end
      or exists (
          select
          from mentions x
          where x.tenant_id = @tenant_id
            and x.comment_id = c.id
            and not x.mailed
            and x.user_id = nullif(current_setting('app.user_id', true), '')::uuid))
  and not exists (
      select
      from mentions x
      where x.tenant_id = @tenant_id
        and x.comment_id = c.id
        and x.mailed
        and x.user_id = nullif(current_setting('app.user_id', true), '')::uuid)`
}
