-- Renditions: pictures of a file's pages, which a job makes. They show what the file shows,
-- so whoever can't see the file doesn't see them: the key to the file carries whether the
-- client sees it.

-- +goose Up
alter table files
    add column pages integer check (pages between 0 and 10000000), -- of the document; null: not counted yet, or no document
    add column pages_drawn integer not null default 0 check (pages_drawn >= 0), -- the first of them, which can be shown
    add column unfit text check (unfit in ('password', 'broken', 'slow', 'large')), -- why the others can't
    add column client_sees boolean not null generated always as (shared_at is not null and deleted_at is null) stored,
    add constraint files_client_sees unique (tenant_id, id, client_sees);
grant update (pages, pages_drawn, unfit) on files to portico_app;

create table renditions (
    tenant_id     uuid not null references tenants (id),
    id            uuid not null, -- and of its object in storage
    file_id       uuid not null,
    client_sees   boolean not null,
    page          integer not null check (page between 1 and 10000),
    width         integer not null check (width between 1 and 10000),  -- in pixels
    height        integer not null check (height between 1 and 10000),
    content_type  text not null check (content_type in ('image/png', 'image/jpeg')),
    size          integer not null check (size between 1 and 16777216),
    sha256        bytea not null check (octet_length(sha256) = 32),
    created_at    timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, file_id, page),
    foreign key (tenant_id, file_id, client_sees) references files (tenant_id, id, client_sees) on update cascade on delete cascade
);
alter table renditions enable row level security;
alter table renditions force row level security;
create policy tenant on renditions to portico_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy party on renditions as restrictive for select to portico_app
    using (client_sees or current_setting('app.party', true) in ('agency', 'system'));
create policy support_drafts on renditions as restrictive for select to portico_app
    using (client_sees or coalesce(current_setting('app.drafts', true), '') <> 'hidden');
-- Only the job that draws them writes them.
create policy system_insert on renditions as restrictive for insert to portico_app
    with check (current_setting('app.party', true) = 'system');
create policy system_delete on renditions as restrictive for delete to portico_app
    using (current_setting('app.party', true) = 'system');
grant select, delete, insert (tenant_id, id, file_id, client_sees, page, width, height, content_type, size, sha256) on renditions to portico_app;

-- +goose Down
drop table renditions;
alter table files
    drop constraint files_client_sees,
    drop column client_sees,
    drop column unfit,
    drop column pages_drawn,
    drop column pages;
