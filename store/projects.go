package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Project is a piece of work in a client's tenant.
type Project struct {
	ID           uuid.UUID
	Name         string
	Summary      string
	DueOn        *time.Time // a date
	SharedAt     *time.Time // when it was shown to the client; nil: not yet
	ArchivedAt   *time.Time
	DeletedAt    *time.Time // when it was moved to the bin
	UpdatedAt    time.Time
	Deliverables int  // in lists: in use, and visible to the reader
	Waiting      int  // in lists: of these, in review and in use
	ForUs        int  // in lists: for staff, those whose next step is the agency's
	New          int  // in lists: of these, those that the reader, a client user, has not opened
	HasArchived  bool // it has archived deliverables that are visible to the reader; false in lists
	Seen         Seen // what people typed, for [Tx.UpdateProject]; "" in lists
	Placed       Seen // where it is in its list, for [Tx.Move]
}

// ProjectInput is what people type about a project.
type ProjectInput struct {
	Name    string
	Summary string
	DueOn   *time.Time
	Shared  bool // show the project to the client, without its drafts
}

var projectColumns = `
select p.id, p.name, p.summary, p.due_on, p.shared_at, p.archived_at, p.deleted_at, p.updated_at,
       coalesce(w.deliverables, 0)::int as deliverables,
       case when p.archived_at is null then coalesce(w.waiting, 0) else 0 end::int as waiting,
       case when p.archived_at is null then coalesce(w.for_us, 0) else 0 end::int as for_us,
       case when p.archived_at is null then coalesce(w.new, 0) else 0 end::int as new,
       false as has_archived, '' as seen, ` + placed("p") + ` as placed
from projects p
left join (
    select d.project_id, count(*) as deliverables, count(*) filter (where d.state = 'in_review') as waiting,
           count(*) filter (where ` + forUsOfReader + `) as for_us,
           count(*) filter (where ` + newForReader + `) as new
    from deliverables d
    where d.tenant_id = @tenant_id
      and d.archived_at is null
      and d.deleted_at is null
    group by d.project_id
) w on w.project_id = p.id`

// ListProjects reads the projects of the tenant in their order, at most 500.
func ListProjects(which Which, dst *[]Project) Read {
	return Read{many("list projects", dst, projectColumns+`
where p.tenant_id = @tenant_id
  and case @which
      when 'bin' then p.deleted_at is not null
      when 'archived' then p.deleted_at is null and p.archived_at is not null
      else p.deleted_at is null and p.archived_at is null
      end
order by p.position, p.id
limit 500`, pgx.StrictNamedArgs{"which": which})}
}

// PageProjects reads a page of the projects outside the bin, oldest first, archived ones
// too, without their counts. The cursor is an id.
func PageProjects(p Page, dst *[]Project) Read {
	return Read{many("page projects", dst, projectAlone+`
  and p.id > @after
order by p.id
limit @limit`, pgx.StrictNamedArgs{"after": p.After.ID, "limit": p.limit()})}
}

// projectSeen is the SQL of the state that the form of a project p shows.
var projectSeen = seen("p.name, p.summary, p.due_on, p.shared_at is not null")

// GetProject reads one project that is not in the bin, without its counts.
func GetProject(id uuid.UUID, dst *Project) Read {
	return Read{one("get project", dst, projectAlone+`
  and p.id = @id`, pgx.StrictNamedArgs{"id": id})}
}

var projectAlone = `
select p.id, p.name, p.summary, p.due_on, p.shared_at, p.archived_at, p.deleted_at, p.updated_at,
       0 as deliverables, 0 as waiting, 0 as for_us, 0 as new,
       exists (
           select
           from deliverables d
           where d.tenant_id = @tenant_id
             and d.project_id = p.id
             and d.deleted_at is null
             and d.archived_at is not null
       ) as has_archived, ` + projectSeen + ` as seen, ` + placed("p") + ` as placed
from projects p
where p.tenant_id = @tenant_id
  and p.deleted_at is null`

// CreateProject adds a project at the top of the list.
func (tx *Tx) CreateProject(ctx context.Context, in ProjectInput) (uuid.UUID, error) {
	if err := tx.reserve(ctx, Projects, 1); err != nil {
		return uuid.Nil, err
	}
	tx.spend(actProject)
	if err := tx.lockEnd(ctx, KindProject, "position, id", nil); err != nil {
		return uuid.Nil, err
	}
	id := NewID()
	_, err := tx.exec(ctx, "create project", `
insert into projects (tenant_id, id, name, summary, due_on, shared_at, position)
select @tenant_id, @id, @name, @summary, @due_on,
       case when @shared then now() end,
       coalesce(min(position), 0) - 1
from projects
where tenant_id = @tenant_id`, in.args(id))
	if err != nil {
		return uuid.Nil, err
	}
	tx.recount(false)
	return id, tx.audit(Event{Verb: "project.created", TargetKind: KindProject, TargetID: id})
}

// UpdateProject changes what people typed about a project. It can be hidden again
// only while nothing in it was published, and no note on it is for the client. It compares
// [Project.Seen].
func (tx *Tx) UpdateProject(ctx context.Context, id uuid.UUID, in ProjectInput) error {
	tx.lockNotes(id)
	err := tx.checkSeen(ctx, projectSeen, `
from projects p
where p.tenant_id = @tenant_id
  and p.id = @id
  and p.deleted_at is null`, pgx.StrictNamedArgs{"id": id})
	if err != nil {
		return err
	}
	err = tx.change(ctx, "update project", `
update projects p
set name = @name,
    summary = @summary,
    due_on = @due_on,
    shared_at = case
        when @shared then coalesce(shared_at, now())
        when exists (select 1 from deliverables d
                     where d.tenant_id = @tenant_id and d.project_id = p.id and d.shared_at is not null)
          or exists (select from threads t
                     where t.tenant_id = @tenant_id and t.project_id = p.id and t.visibility = 'client') then shared_at
        end,
    updated_at = now()
where tenant_id = @tenant_id
  and id = @id
  and deleted_at is null`, in.args(id))
	if err != nil {
		return err
	}
	return tx.audit(Event{Verb: "project.updated", TargetKind: KindProject, TargetID: id})
}

func (in ProjectInput) args(id uuid.UUID) pgx.StrictNamedArgs {
	return pgx.StrictNamedArgs{"id": id, "name": in.Name, "summary": in.Summary, "due_on": in.DueOn, "shared": in.Shared}
}
