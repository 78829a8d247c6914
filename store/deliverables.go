package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Deliverable is one thing that the agency hands over, in a project.
type Deliverable struct {
	ID              uuid.UUID
	ProjectID       uuid.UUID
	ProjectName     string
	ProjectSharedAt *time.Time // when the project was shown to the client
	Title           string
	Brief           string
	State           DeliverableState
	DueOn           *time.Time // a date
	DownloadsWait   bool       // clients download files only after an approval of their version
	Rounds          *int       // how many versions are agreed with the client; nil: none agreed
	WithChanges     bool       // it is approved, with changes
	Version         int        // number of the published version that isn't locked: the latest, unless staff unlocked another; 0 for none
	Draft           int        // number of the draft version; 0 for none, and always 0 for a client
	Preview         *uuid.UUID // the lead, or first, file of that version that has a preview; nil: none
	SharedAt        *time.Time // when it was shown to the client; nil: not yet
	ArchivedAt      *time.Time
	ProjectArchived bool // its project is archived, and so it is out of use too
	DeletedAt       *time.Time
	Seen            Seen      // what people typed, for [Tx.UpdateDeliverable]
	UpdatedAt       time.Time // for a client: when something of it was last published
	New             bool      // the reader is a client user who has not opened it since then
}

// InUse says that neither the deliverable nor its project is archived.
func (d Deliverable) InUse() bool { return d.ArchivedAt == nil && !d.ProjectArchived }

// DeliverableLine is what a list shows of a [Deliverable]. Fields of the same name mean
// the same.
type DeliverableLine struct {
	ID          uuid.UUID
	ProjectName string // "" in the list of a project
	Title       string
	State       DeliverableState
	WithChanges bool
	DueOn       *time.Time
	Version     int
	Draft       int
	Files       int // of the version, or of the draft if none is published
	Preview     *uuid.UUID
	Archived    bool
	Placed      Seen // in the list of its project: where it is there, for [Tx.Move]; "" elsewhere
	UpdatedAt   time.Time
	New         bool
}

// DeliverableInput is what people type about a deliverable.
type DeliverableInput struct {
	Title string
	Brief string
	DueOn *time.Time
	// DownloadsWait says that clients download files only after an approval.
	DownloadsWait bool
	Rounds        *int // 1 to 99
}

// deliverableSeen is the SQL of the state that the form of a deliverable d shows.
var deliverableSeen = seen("d.title, d.brief, d.due_on, d.downloads_wait, d.rounds")

var deliverableColumns = `
select d.id, d.project_id, p.name as project_name, p.shared_at as project_shared_at, d.title, d.brief, d.downloads_wait, d.rounds, d.shared_at, d.archived_at,
       p.archived_at is not null as project_archived, d.deleted_at, ` + deliverableSeen + ` as seen, ` + shownPreview + ` as preview,` + deliverableShown + `
from deliverables d` + withProject + withDraft

const shownPreview = `case when d.shown_number > 0 then d.shown_preview else v.preview end`

// deliverableLine leaves out what lists don't show: an index covers the rest.
func deliverableLine(project, placed, preview string) string {
	return `
select d.id, ` + project + ` as project_name, d.title, d.archived_at is not null as archived, ` + placed + ` as placed, ` + preview + ` as preview,
       case when d.shown_number > 0 then d.shown_files else coalesce(v.files, 0) end as files,` + deliverableShown
}

// The numbers of a draft lie on its row, which a client can't see; see [Tx.refreshFileCounts].
const deliverableShown = `
       d.state, d.with_changes, d.due_on, d.shown_number as version, coalesce(v.number, 0) as draft,
       case when (select current_setting('app.party', true)) = 'client' then d.shown_at else d.updated_at end as updated_at,
       ` + newForReader + ` as new`

const withProject = `
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null`

const withDraft = `
left join lateral (
    select v.number, v.files, v.preview
    from versions v
    where v.tenant_id = @tenant_id
      and v.deliverable_id = d.id
      and v.shared_at is null
      and (select current_setting('app.party', true)) <> 'client' -- clients see no drafts, so nothing is looked up
    limit 1 -- there is one at most; the limit keeps this a lookup by index
) v on true`

// ListDeliverables reads the deliverables of a project in their order, at most 500.
func ListDeliverables(project uuid.UUID, which Which, dst *[]DeliverableLine) Read {
	return Read{many("list deliverables", dst, deliverableLine("''", placed("d"), shownPreview)+`
from deliverables d`+withDraft+`
where d.tenant_id = @tenant_id
  and d.project_id = @project
  and exists (select from projects p where p.tenant_id = @tenant_id and p.id = @project and p.deleted_at is null)
  and case @which
      when 'bin' then d.deleted_at is not null
      when 'archived' then d.deleted_at is null and d.archived_at is not null
      else d.deleted_at is null and d.archived_at is null
      end
order by d.position, d.id
limit 500`, pgx.StrictNamedArgs{"project": project, "which": which})}
}

// ListNewest reads the deliverables that changed last, for the team's home page;
// limit is 1 to 100. It leaves out archived projects, as lists do.
func ListNewest(state DeliverableState, limit int, dst *[]DeliverableLine) Read {
	return listNewest(shownPreview, "d.updated_at", state, limit, dst)
}

// ListForUs is [ListNewest] with those whose next step is the agency's, by the rule of the
// counters. A draft to publish has its own preview, not that of the version before it.
func ListForUs(limit int, dst *[]DeliverableLine) Read {
	return listNewest(`case when v.number is not null and d.state <> 'changes' then v.preview else d.shown_preview end`, "d.updated_at", "", limit, dst, forUs)
}

// ListShown is [ListNewest] for clients. It orders by publication, so that work on a
// draft doesn't change what they see.
func ListShown(state DeliverableState, limit int, dst *[]DeliverableLine) Read {
	return listNewest(shownPreview, "d.shown_at", state, limit, dst)
}

// ListNew is [ListShown] with what the client user has not opened yet.
func ListNew(limit int, dst *[]DeliverableLine) Read {
	return listNewest(shownPreview, "d.shown_at", "", limit, dst, newForReader)
}

func listNewest(preview, by string, state DeliverableState, limit int, dst *[]DeliverableLine, also ...string) Read {
	return Read{many("list newest deliverables", dst, deliverableLine("p.name", `''`, preview)+`
from deliverables d`+withProject+withDraft+`
where d.tenant_id = @tenant_id
  and `+by+` is not null
  and d.deleted_at is null
  and d.archived_at is null
  and p.archived_at is null
  and (@state = '' or d.state = @state)`+strings.Join(append([]string{""}, also...), "\n  and ")+`
order by `+by+` desc, d.id desc
limit @limit`, pgx.StrictNamedArgs{"state": state, "limit": limit})}
}

// GetDeliverable reads one deliverable. It must not be in the bin, nor its project.
func GetDeliverable(id uuid.UUID, dst *Deliverable) Read {
	return Read{one("get deliverable", dst, deliverableColumns+`
where d.tenant_id = @tenant_id
  and d.id = @id
  and d.deleted_at is null`, pgx.StrictNamedArgs{"id": id})}
}

// DeliverableFilter narrows and pages a list of deliverables. The cursor is an id.
type DeliverableFilter struct {
	Project uuid.UUID        // [uuid.Nil] is all
	State   DeliverableState // "" is all
	Page
}

// PageDeliverables reads a page of the deliverables outside the bin, oldest first, archived
// ones too.
func PageDeliverables(f DeliverableFilter, dst *[]Deliverable) Read {
	return Read{many("page deliverables", dst, deliverableColumns+`
where d.tenant_id = @tenant_id
  and d.id > @after
  and d.deleted_at is null
  and (@project::uuid is null or d.project_id = @project)
  and (@state = '' or d.state = @state)
order by d.id
limit @limit`, pgx.StrictNamedArgs{"after": f.After.ID, "project": nilIfZero(f.Project), "state": f.State, "limit": f.limit()})}
}

// ProjectOf reads the project of a deliverable, even of one in the bin.
func ProjectOf(deliverable uuid.UUID, dst *uuid.UUID) Read {
	return Read{value("project of deliverable", dst, `
select project_id
from deliverables
where tenant_id = @tenant_id
  and id = @id`, pgx.StrictNamedArgs{"id": deliverable})}
}

// MaxDeliverables is how many deliverables a project may have outside the bin, as many as
// its page lists.
const MaxDeliverables = 500

// countDeliverables counts the deliverables of a project, hidden ones too.
func (tx *Tx) countDeliverables(ctx context.Context, project uuid.UUID) (n int, err error) {
	return n, tx.withDrafts(func() error {
		return tx.get(ctx, value("count deliverables", &n, `
select count(*)
from deliverables
where tenant_id = @tenant_id
  and project_id = @project
  and deleted_at is null`, pgx.StrictNamedArgs{"project": project}))
	})
}

// checkRestoredDeliverable returns [ErrConflict] if a deliverable that came out of the bin
// is one too many in its project.
func (tx *Tx) checkRestoredDeliverable(ctx context.Context, id uuid.UUID) error {
	var project uuid.UUID
	if err := tx.Read(ctx, ProjectOf(id, &project)); err != nil {
		return err
	}
	n, err := tx.countDeliverables(ctx, project)
	if err == nil && n > MaxDeliverables {
		err = fmt.Errorf("restore deliverable: the project is full: %w", ErrConflict)
	}
	return err
}

// CreateDeliverable adds a deliverable with a first draft version at the end of a
// project, which has at most [MaxDeliverables].
func (tx *Tx) CreateDeliverable(ctx context.Context, project uuid.UUID, in DeliverableInput) (uuid.UUID, error) {
	tx.spend(actWork)
	err := tx.lockEnd(ctx, KindDeliverable, "position desc, id desc", &project)
	if err != nil {
		return uuid.Nil, err
	}
	n, err := tx.countDeliverables(ctx, project)
	if err != nil {
		return uuid.Nil, err
	}
	if n >= MaxDeliverables {
		return uuid.Nil, InvalidError{"title": "A project can have up to 500 deliverables. Start another project, or delete some."}
	}
	id := NewID()
	err = tx.change(ctx, "create deliverable", `
insert into deliverables (tenant_id, id, project_id, title, brief, due_on, downloads_wait, rounds, position)
select @tenant_id, @id, p.id, @title, @brief, @due_on, @downloads_wait, @rounds,
       (select coalesce(max(position), 0) + 1 from deliverables where tenant_id = @tenant_id and project_id = p.id)
from projects p
where p.tenant_id = @tenant_id
  and p.id = @project
  and p.deleted_at is null`, pgx.StrictNamedArgs{
		"id": id, "project": project, "title": in.Title, "brief": in.Brief, "due_on": in.DueOn, "downloads_wait": in.DownloadsWait, "rounds": in.Rounds})
	if err != nil {
		return uuid.Nil, err
	}
	if err := tx.addVersion(ctx, id, NewID()); err != nil {
		return uuid.Nil, err
	}
	tx.recount(false)
	return id, tx.audit(Event{Verb: "deliverable.created", TargetKind: KindDeliverable, TargetID: id})
}

// UpdateDeliverable changes what people typed about a deliverable. It compares
// [Deliverable.Seen].
func (tx *Tx) UpdateDeliverable(ctx context.Context, id uuid.UUID, in DeliverableInput) error {
	err := tx.checkSeen(ctx, deliverableSeen, `
from deliverables d
where d.tenant_id = @tenant_id
  and d.id = @id
  and d.deleted_at is null`, pgx.StrictNamedArgs{"id": id})
	if err != nil {
		return err
	}
	err = tx.change(ctx, "update deliverable", `
update deliverables
set title = @title,
    brief = @brief,
    due_on = @due_on,
    downloads_wait = @downloads_wait,
    rounds = @rounds,
    updated_at = now()
where tenant_id = @tenant_id
  and id = @id
  and deleted_at is null`, pgx.StrictNamedArgs{
		"id": id, "title": in.Title, "brief": in.Brief, "due_on": in.DueOn, "downloads_wait": in.DownloadsWait, "rounds": in.Rounds})
	if err != nil {
		return err
	}
	tx.recount(false)
	return tx.audit(Event{Verb: "deliverable.updated", TargetKind: KindDeliverable, TargetID: id})
}
