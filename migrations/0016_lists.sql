-- Covering indexes for lists, so a page costs the same with a million rows of other
-- tenants.

-- +goose Up

drop index deliverables_of_project, deliverables_newest;
create index deliverables_of_project on deliverables (tenant_id, project_id, position, id)
    include (title, state, due_on, shared_at, shown_at, archived_at, deleted_at, updated_at);
create index deliverables_newest on deliverables (tenant_id, updated_at desc, id desc)
    include (project_id, title, state, due_on, shared_at, shown_at, archived_at, deleted_at);
alter table versions
    drop constraint versions_tenant_id_deliverable_id_number_key,
    add constraint versions_tenant_id_deliverable_id_number_key unique (tenant_id, deliverable_id, number) include (id, shared_at);

-- +goose Down
alter table versions
    drop constraint versions_tenant_id_deliverable_id_number_key,
    add constraint versions_tenant_id_deliverable_id_number_key unique (tenant_id, deliverable_id, number);
drop index deliverables_of_project, deliverables_newest;
create index deliverables_of_project on deliverables (tenant_id, project_id, position, id)
    include (title, state, due_on, versions, files, shared_at, archived_at, deleted_at, updated_at);
create index deliverables_newest on deliverables (tenant_id, updated_at desc, id desc)
    include (project_id, title, state, due_on, versions, files, shared_at, archived_at, deleted_at);
