-- Rounds that are agreed with the client, one version that people decide on, and lists that
-- say how a deliverable was approved.

-- +goose Up
alter table deliverables
    add column rounds integer check (rounds between 1 and 99), -- agreed; null: none
    -- The open version is approved, with changes.
    add column with_changes boolean not null default false,
    add check (not with_changes or state = 'approved');
grant insert (rounds), update (rounds, with_changes) on deliverables to portico_app;

-- Of the published versions of a deliverable one is open, and the others are locked.
create unique index versions_open on versions (tenant_id, deliverable_id) where shared_at is not null and locked_at is null;

alter table deliverables no force row level security;
alter table versions no force row level security;
update deliverables d
set with_changes = true
from versions v
where v.tenant_id = d.tenant_id and v.deliverable_id = d.id and v.number = d.shown_number
  and v.outcome = 'approved_with_changes' and d.state = 'approved';
-- +goose StatementBegin
do $$
begin
    if exists (
        select from deliverables d
        join versions v on v.tenant_id = d.tenant_id and v.deliverable_id = d.id and v.shared_at is not null and v.locked_at is null
        where d.shown_number <> v.number
           or d.with_changes <> (d.state = 'approved' and coalesce(v.outcome, '') = 'approved_with_changes')
    ) then
        raise exception 'some deliverable shows another version than the open one';
    end if;
end $$;
-- +goose StatementEnd
alter table versions force row level security;
alter table deliverables force row level security;

drop index deliverables_of_project, deliverables_newest;
create index deliverables_of_project on deliverables (tenant_id, project_id, position, id)
    include (title, state, due_on, shared_at, shown_at, archived_at, deleted_at, updated_at, support_session_id, moved_at,
             shown_number, shown_files, shown_preview, with_changes);
create index deliverables_newest on deliverables (tenant_id, updated_at desc, id desc)
    include (project_id, title, state, due_on, shared_at, shown_at, archived_at, deleted_at, support_session_id,
             shown_number, shown_files, shown_preview, with_changes);

-- +goose Down
drop index deliverables_of_project, deliverables_newest;
create index deliverables_of_project on deliverables (tenant_id, project_id, position, id)
    include (title, state, due_on, shared_at, shown_at, archived_at, deleted_at, updated_at, support_session_id, moved_at,
             shown_number, shown_files, shown_preview);
create index deliverables_newest on deliverables (tenant_id, updated_at desc, id desc)
    include (project_id, title, state, due_on, shared_at, shown_at, archived_at, deleted_at, support_session_id,
             shown_number, shown_files, shown_preview);
drop index versions_open;
alter table deliverables drop column rounds, drop column with_changes;
