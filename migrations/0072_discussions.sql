-- Notes on projects: what both sides say that is about no file. A client sees none of a
-- project that they don't see: the key to the project carries whether it is shown, and no
-- project is hidden again in which they read notes.

-- +goose Up
alter table projects
    add column shown boolean not null generated always as (shared_at is not null) stored,
    add constraint projects_shown unique (tenant_id, id, shown);

alter table threads
    add column project_shown boolean,
    drop constraint threads_tenant_id_project_id_fkey,
    add constraint threads_project foreign key (tenant_id, project_id, project_shown) references projects (tenant_id, id, shown) on update cascade on delete cascade,
    add constraint threads_project_shown check ((project_id is null) = (project_shown is null)),
    add constraint threads_hidden_project check (project_shown or project_id is null or visibility = 'team');
grant insert (project_shown) on threads to portico_app;

-- +goose Down
alter table threads
    drop constraint threads_hidden_project,
    drop constraint threads_project_shown,
    drop constraint threads_project,
    drop column project_shown,
    add constraint threads_tenant_id_project_id_fkey foreign key (tenant_id, project_id) references projects (tenant_id, id) on delete cascade;
alter table projects drop constraint projects_shown, drop column shown;
