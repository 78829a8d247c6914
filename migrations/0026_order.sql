-- When somebody last moved a row in its list, so that a second person who still sees
-- the old order doesn't move it again unknowingly.

-- +goose Up

alter table projects add column moved_at timestamptz;
alter table deliverables add column moved_at timestamptz;
grant update (moved_at) on projects, deliverables to portico_app;
-- The lists show it, so their indexes cover it, and still what support_drafts compares.
drop index projects_list, deliverables_of_project;
create index projects_list on projects (tenant_id, position, id)
    include (name, due_on, shared_at, archived_at, deleted_at, updated_at, support_session_id, moved_at);
create index deliverables_of_project on deliverables (tenant_id, project_id, position, id)
    include (title, state, due_on, shared_at, shown_at, archived_at, deleted_at, updated_at, support_session_id, moved_at);

-- +goose Down
drop index projects_list, deliverables_of_project;
create index projects_list on projects (tenant_id, position, id)
    include (name, due_on, shared_at, archived_at, deleted_at, updated_at, support_session_id);
create index deliverables_of_project on deliverables (tenant_id, project_id, position, id)
    include (title, state, due_on, shared_at, shown_at, archived_at, deleted_at, updated_at, support_session_id);
alter table projects drop column moved_at;
alter table deliverables drop column moved_at;
