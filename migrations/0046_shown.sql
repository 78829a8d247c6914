-- What a list shows of a deliverable lies on its row, and what it shows of a draft on the
-- row of the draft. Tx.refreshFileCounts keeps both. A client sees the row of no draft.

-- +goose Up
alter table versions
    add column files integer not null default 0 check (files >= 0), -- that are ready, and shared once it is
    add column preview uuid;                                        -- the first of them that has a preview
alter table deliverables
    add column shown_number integer not null default 0 check (shown_number >= 0), -- of the version published last; 0: none
    add column shown_files integer not null default 0 check (shown_files >= 0),
    add column shown_preview uuid;
grant update (files, preview) on versions to portico_app;
grant update (shown_number, shown_files, shown_preview) on deliverables to portico_app;

alter table deliverables no force row level security;
alter table versions no force row level security;
alter table files no force row level security;
update versions v
set files = c.files,
    preview = c.preview
from (
    select f.tenant_id, f.version_id, count(*)::int as files,
           (array_agg(f.id order by f.lead desc, f.position, f.id) filter (where f.preview_type is not null))[1] as preview
    from files f
    join versions v on v.tenant_id = f.tenant_id and v.id = f.version_id
    where f.state = 'ready' and f.deleted_at is null and (f.shared_at is not null or v.shared_at is null)
    group by f.tenant_id, f.version_id
) c
where v.tenant_id = c.tenant_id and v.id = c.version_id;
update deliverables d
set shown_number = v.number,
    shown_files = v.files,
    shown_preview = v.preview
from (
    select distinct on (tenant_id, deliverable_id) tenant_id, deliverable_id, number, files, preview
    from versions
    where shared_at is not null
    order by tenant_id, deliverable_id, number desc
) v
where d.tenant_id = v.tenant_id and d.id = v.deliverable_id;
-- +goose StatementBegin
do $$
begin
    if exists (
        select from deliverables d
        cross join lateral (
            select coalesce(max(v.number), 0) as number
            from versions v
            where v.tenant_id = d.tenant_id and v.deliverable_id = d.id and v.shared_at is not null) n
        cross join lateral (
            select count(f.id) as files
            from versions v
            join files f on f.tenant_id = v.tenant_id and f.version_id = v.id
            where v.tenant_id = d.tenant_id and v.deliverable_id = d.id and v.number = n.number
              and f.state = 'ready' and f.deleted_at is null and f.shared_at is not null) c
        where d.shown_number <> n.number or d.shown_files <> c.files
    ) then
        raise exception 'what was shown of some deliverable was not counted';
    end if;
end $$;
-- +goose StatementEnd
alter table files force row level security;
alter table versions force row level security;
alter table deliverables force row level security;

-- A deliverable has one draft at most, and so one line in a list. The indexes cover the
-- lists.
create unique index versions_draft on versions (tenant_id, deliverable_id)
    include (number, files, preview, shared_at, support_session_id) where shared_at is null;
drop index deliverables_of_project, deliverables_newest;
create index deliverables_of_project on deliverables (tenant_id, project_id, position, id)
    include (title, state, due_on, shared_at, shown_at, archived_at, deleted_at, updated_at, support_session_id, moved_at,
             shown_number, shown_files, shown_preview);
create index deliverables_newest on deliverables (tenant_id, updated_at desc, id desc)
    include (project_id, title, state, due_on, shared_at, shown_at, archived_at, deleted_at, support_session_id,
             shown_number, shown_files, shown_preview);

-- +goose Down
drop index deliverables_of_project, deliverables_newest, versions_draft;
create index deliverables_of_project on deliverables (tenant_id, project_id, position, id)
    include (title, state, due_on, shared_at, shown_at, archived_at, deleted_at, updated_at, support_session_id, moved_at);
create index deliverables_newest on deliverables (tenant_id, updated_at desc, id desc)
    include (project_id, title, state, due_on, shared_at, shown_at, archived_at, deleted_at, support_session_id);
alter table deliverables drop column shown_number, drop column shown_files, drop column shown_preview;
alter table versions drop column files, drop column preview;
