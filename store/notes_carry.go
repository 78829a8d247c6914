package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// NotesToAnswer is how many notes the form that publishes lists. One line and one tick
// each are fewer fields than a form may have.
const NotesToAnswer = 40

// OpenNote is a note of the version before that goes on in the next one.
type OpenNote struct {
	ID         uuid.UUID
	Visibility Visibility
	Number     int
	AuthorName string
	Words      string // the beginning of them
	FileName   string // "" for the whole version
	Page       *int
}

// ListNotesToCarry reads the open notes of the published version that isn't locked, if there
// is a draft to publish: first those that the client sees and then the team's, each by
// number, at most [NotesToAnswer] and one more.
func ListNotesToCarry(deliverable uuid.UUID, dst *[]OpenNote) Read {
	return Read{many("list notes to carry", dst, `
with recursive open as (
    select t.id, t.visibility, t.number, t.file_id, t.page, t.carried_from
    from threads t
    where t.tenant_id = @tenant_id
      and t.version_id = (
          select v.id
          from versions v
          where v.tenant_id = @tenant_id
            and v.deliverable_id = @deliverable
            and v.shared_at is not null
            and v.locked_at is null)
      and t.resolved_at is null
      and exists (select from versions v where v.tenant_id = @tenant_id and v.deliverable_id = @deliverable and v.shared_at is null)
    order by t.visibility, t.number
    limit @limit
), chain as (
    select open.id as note_id, open.visibility, open.id, open.carried_from
    from open
    union all
    select chain.note_id, chain.visibility, t.id, t.carried_from
    from chain
    join threads t on t.tenant_id = @tenant_id and t.id = chain.carried_from
), said as (
    select distinct on (chain.note_id) chain.note_id, c.created_by, left(c.body, 300) as words
    from chain
    join comments c on c.tenant_id = @tenant_id and c.thread_id = chain.id and c.visibility = chain.visibility
    order by chain.note_id, c.created_at, c.id
)
select open.id, open.visibility, open.number, coalesce(m.name, '') as author_name, coalesce(said.words, '') as words, coalesce(f.name, '') as file_name, open.page
from open
left join said on said.note_id = open.id
left join memberships m on m.tenant_id = @tenant_id and m.user_id = said.created_by
left join files f on f.tenant_id = @tenant_id and f.id = open.file_id
order by open.visibility, open.number`, pgx.StrictNamedArgs{"deliverable": deliverable, "limit": NotesToAnswer + 1})}
}

// CarriedNote is what staff say about an open note of the version before when they publish
// the next one.
type CarriedNote struct {
	ID    uuid.UUID // of the note on the version before
	Done  bool      // in the version that is published
	Words string    // a reply, for whoever sees the note; "" for none
}

// ErrNotesChanged means that a note with an answer is not open any more on the version
// before. It wraps [ErrChanged].
var ErrNotesChanged = fmt.Errorf("notes changed: %w", ErrChanged)

// carryNotes goes on with the open notes of the version before: each is a note of the new
// version that the same people see, at the same place of the file with the same name, if
// there is one. A note that the client sees keeps its number. The team's follow those that
// the team wrote on the draft. It waits for whoever writes on either version, so that none
// of their notes is left behind. Notes with an answer are done in the new version, or
// have a reply there. In a support session nothing is carried, because nobody writes notes
// in one.
func (tx *Tx) carryNotes(ctx context.Context, version uuid.UUID, before *uuid.UUID, answers []CarriedNote) error {
	if tx.scope.Support != uuid.Nil {
		if len(answers) > 0 {
			return fmt.Errorf("answer notes: %w", ErrForbidden)
		}
		return nil
	}
	if before == nil {
		if len(answers) > 0 {
			return ErrNotesChanged
		}
		return nil
	}
	tx.lockNotes(*before)
	tx.lockNotes(version)
	tx.later("carry notes", `
insert into threads (tenant_id, id, version_id, visibility, number, file_id, page, x, y, w, h, t_ms, t_end_ms, drawing, carried_from)
select @tenant_id, gen_random_uuid(), @version, t.visibility, t.number + coalesce(own.last, 0), f.id,
       case when f.id is not null then t.page end, case when f.id is not null then t.x end, case when f.id is not null then t.y end,
       case when f.id is not null then t.w end, case when f.id is not null then t.h end,
       case when f.id is not null then t.t_ms end, case when f.id is not null then t.t_end_ms end,
       case when f.id is not null then t.drawing end, t.id
from threads t
left join files old on old.tenant_id = t.tenant_id and old.id = t.file_id
left join lateral (
    select f.id
    from files f
    where f.tenant_id = @tenant_id
      and f.version_id = @version
      and f.state = 'ready'
      and f.deleted_at is null
      and f.folder = old.folder
      and f.name = old.name
      and f.content_type = old.content_type
    order by f.position, f.id
    limit 1) f on true
left join lateral (
    select max(o.number) as last
    from threads o
    where o.tenant_id = @tenant_id
      and o.version_id = @version
      and o.visibility = t.visibility) own on true
where t.tenant_id = @tenant_id
  and t.version_id = @before
  and t.resolved_at is null`, pgx.StrictNamedArgs{"version": version, "before": *before})
	return tx.answerCarried(ctx, version, answers)
}

// answerCarried writes the answers to notes that were carried to a version. A note that was
// not, such as one that was done meanwhile or that nobody could see, is [ErrNotesChanged].
func (tx *Tx) answerCarried(ctx context.Context, version uuid.UUID, answers []CarriedNote) error {
	if len(answers) == 0 {
		return nil
	}
	var all, done, replied, replies []uuid.UUID
	var words []string
	for _, a := range answers {
		all = append(all, a.ID)
		if a.Done {
			done = append(done, a.ID)
		}
		if a.Words == "" {
			continue
		}
		if err := checkWords(a.Words); err != nil {
			return err
		}
		replied, replies, words = append(replied, a.ID), append(replies, uuid.New()), append(words, a.Words)
	}
	var carried int
	err := tx.get(ctx, value("carried notes", &carried, `
select count(*)
from threads
where tenant_id = @tenant_id
  and version_id = @version
  and carried_from = any (@notes::uuid[])`, pgx.StrictNamedArgs{"version": version, "notes": all}))
	if err != nil {
		return err
	}
	if carried != len(all) {
		return ErrNotesChanged
	}
	tx.later("carried notes are done", `
update threads
set resolved_at = now(), resolved_by = nullif(current_setting('app.user_id', true), '')::uuid
where tenant_id = @tenant_id
  and version_id = @version
  and carried_from = any (@notes::uuid[])`, pgx.StrictNamedArgs{"version": version, "notes": done})
	tx.later("reply to carried notes", `
insert into comments (tenant_id, id, thread_id, thread_visibility, visibility, body, form_key)
select @tenant_id, a.id, t.id, t.visibility, t.visibility, a.words, a.id
from unnest(@ids::uuid[], @notes::uuid[], @words::text[]) a (id, note, words)
join threads t on t.tenant_id = @tenant_id and t.version_id = @version and t.carried_from = a.note`, pgx.StrictNamedArgs{
		"version": version, "ids": replies, "notes": replied, "words": words})
	for i, id := range replies {
		if err := tx.mention(ctx, id, ClientVisible, words[i]); err != nil {
			return err
		}
	}
	return nil
}
