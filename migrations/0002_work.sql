-- Projects, their deliverables, versions and files.
--
-- shared_at is when the client could first see a row. Until then a restrictive policy
-- hides it from the client party, also from counts. created_by and support_session_id
-- come from the context, so a caller can't name another author.

-- +goose Up

create table projects (
    tenant_id           uuid not null references tenants (id),
    id                  uuid not null,
    name                text not null check (char_length(name) between 1 and 160),
    summary             text not null default '' check (char_length(summary) <= 2000),
    due_on              date,
    position            integer not null default 0,
    shared_at           timestamptz,
    archived_at         timestamptz,
    deleted_at          timestamptz,
    created_by          uuid not null default nullif(current_setting('app.user_id', true), '')::uuid,
    support_session_id  uuid default nullif(current_setting('app.support_session_id', true), '')::uuid,
    created_at          timestamptz not null default now(),
    updated_at          timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, created_by) references memberships (tenant_id, user_id)
);
create index projects_list on projects (tenant_id, position, id)
    include (name, due_on, shared_at, archived_at, deleted_at, updated_at);

create table deliverables (
    tenant_id           uuid not null references tenants (id),
    id                  uuid not null,
    project_id          uuid not null,
    title               text not null check (char_length(title) between 1 and 160),
    brief               text not null default '' check (char_length(brief) <= 4000),
    state               text not null default 'draft' check (state in ('draft', 'in_review', 'changes', 'approved')),
    due_on              date,
    position            integer not null default 0,
    versions            integer not null default 0,
    files               integer not null default 0,
    shared_at           timestamptz,
    shown_at            timestamptz, -- when something in it was last shared with the client
    archived_at         timestamptz,
    deleted_at          timestamptz,
    created_by          uuid not null default nullif(current_setting('app.user_id', true), '')::uuid,
    support_session_id  uuid default nullif(current_setting('app.support_session_id', true), '')::uuid,
    created_at          timestamptz not null default now(),
    updated_at          timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, project_id) references projects (tenant_id, id),
    foreign key (tenant_id, created_by) references memberships (tenant_id, user_id)
);
create index deliverables_of_project on deliverables (tenant_id, project_id, position, id)
    include (title, state, due_on, versions, files, shared_at, archived_at, deleted_at, updated_at);
create index deliverables_newest on deliverables (tenant_id, updated_at desc, id desc)
    include (project_id, title, state, due_on, versions, files, shared_at, archived_at, deleted_at);
create index deliverables_binned on deliverables (tenant_id, deleted_at) where deleted_at is not null;

create index deliverables_shown on deliverables (tenant_id, shown_at desc, id desc)
    where shown_at is not null;

create table versions (
    tenant_id           uuid not null references tenants (id),
    id                  uuid not null,
    deliverable_id      uuid not null,
    number              integer not null check (number > 0),
    note                text not null default '' check (char_length(note) <= 2000),
    shared_at           timestamptz,
    shared_by           uuid,
    created_by          uuid not null default nullif(current_setting('app.user_id', true), '')::uuid,
    support_session_id  uuid default nullif(current_setting('app.support_session_id', true), '')::uuid,
    created_at          timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, deliverable_id, number),
    foreign key (tenant_id, deliverable_id) references deliverables (tenant_id, id),
    foreign key (tenant_id, shared_by) references memberships (tenant_id, user_id),
    foreign key (tenant_id, created_by) references memberships (tenant_id, user_id)
);
create index versions_shared on versions (tenant_id, shared_at desc, id desc) include (deliverable_id, number);

-- Files. The object key is ours, and the name is stored only here. A file is
-- 'pending' while its parts arrive and 'ready' once all of it was verified. It is
-- 'failed' from the time its upload is abandoned until its parts are removed from
-- S3. An HTML form doesn't declare a size. An image may have a preview, stored under
-- a separate key.
create table files (
    tenant_id           uuid not null references tenants (id),
    id                  uuid not null,
    version_id          uuid not null,
    name                text not null check (char_length(name) between 1 and 255),
    state               text not null default 'pending' check (state in ('pending', 'ready', 'failed')),
    declared_size       bigint check (declared_size between 0 and 83886080000),
    size                bigint check (size >= 0),
    sha256              bytea check (octet_length(sha256) = 32),
    content_type        text check (char_length(content_type) <= 120),
    object_key          text not null,
    upload_id           text check (char_length(upload_id) <= 1024),
    hashed_parts        integer not null default 0,
    hash_state          bytea check (octet_length(hash_state) <= 256),
    finishing_at        timestamptz,
    preview_type        text check (preview_type in ('image/png', 'image/jpeg')),
    preview_size        integer check (preview_size between 1 and 1048576),
    preview_sha256      bytea check (octet_length(preview_sha256) = 32),
    position            integer not null default 0,
    shared_at           timestamptz,
    archived_at         timestamptz,
    deleted_at          timestamptz,
    created_by          uuid not null default nullif(current_setting('app.user_id', true), '')::uuid,
    support_session_id  uuid default nullif(current_setting('app.support_session_id', true), '')::uuid,
    created_at          timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, object_key),
    foreign key (tenant_id, version_id) references versions (tenant_id, id),
    foreign key (tenant_id, created_by) references memberships (tenant_id, user_id),
    check (object_key = 'tenants/' || tenant_id::text || '/files/' || id::text),
    check (state <> 'ready' or (size is not null and sha256 is not null and content_type is not null and size = coalesce(declared_size, size))),
    check (num_nulls(preview_type, preview_size, preview_sha256) in (0, 3)),
    check (preview_type is null or state = 'ready'),
    check (shared_at is null or state = 'ready')
);
create index files_of_version on files (tenant_id, version_id, position, id)
    include (name, state, declared_size, size, content_type, preview_type, shared_at, deleted_at, created_by);
create index files_unfinished on files (tenant_id, created_at) where state <> 'ready';
create index files_binned on files (tenant_id, deleted_at) where deleted_at is not null;

create table file_parts (
    tenant_id   uuid not null references tenants (id),
    file_id     uuid not null,
    number      integer not null check (number between 1 and 10000),
    size        bigint not null check (size between 0 and 8388608),
    sha256      bytea not null check (octet_length(sha256) = 32),
    etag        text not null check (char_length(etag) <= 200),
    created_at  timestamptz not null default now(),
    primary key (tenant_id, file_id, number),
    foreign key (tenant_id, file_id) references files (tenant_id, id) on delete cascade
);

-- Effects of jobs, so that a retried job takes effect once.
create table job_effects (
    tenant_id  uuid not null references tenants (id),
    key        text not null check (char_length(key) between 1 and 200),
    at         timestamptz not null default now(),
    primary key (tenant_id, key)
);

-- Consent: a tenant allows support access until a given time.
create table support_grants (
    tenant_id   uuid not null references tenants (id),
    id          uuid not null,
    mode        text not null default 'read' check (mode in ('read', 'write')),
    created_by  uuid not null default nullif(current_setting('app.user_id', true), '')::uuid,
    created_at  timestamptz not null default now(),
    ends_at     timestamptz not null check (ends_at > created_at and ends_at <= created_at + interval '90 days'),
    revoked_at  timestamptz,
    revoked_by  uuid,
    primary key (tenant_id, id),
    foreign key (tenant_id, created_by) references memberships (tenant_id, user_id),
    foreign key (tenant_id, revoked_by) references memberships (tenant_id, user_id)
);
create index support_grants_newest on support_grants (tenant_id, ends_at desc) include (revoked_at, mode);

-- A support session: the actor acts as the subject in this tenant, for at most an hour.
create table support_sessions (
    tenant_id   uuid not null references tenants (id),
    id          uuid not null,
    kind        text not null check (kind in ('support', 'view_as')),
    mode        text not null default 'read' check (mode in ('read', 'write')),
    grant_id    uuid,
    actor_id    uuid not null references users (id),
    actor_name  text not null check (char_length(actor_name) <= 120),
    subject_id  uuid not null,
    reason      text not null check (char_length(btrim(reason)) between 1 and 500),
    ticket      text not null check (char_length(btrim(ticket)) between 1 and 80),
    started_at  timestamptz not null default now(),
    ends_at     timestamptz not null check (ends_at > started_at and ends_at <= started_at + interval '60 minutes'),
    ended_at    timestamptz,
    ended_how   text check (ended_how in ('stopped', 'expired', 'revoked', 'agent_disabled', 'target_gone', 'tenant_suspended')),
    primary key (tenant_id, id),
    foreign key (tenant_id, grant_id) references support_grants (tenant_id, id),
    foreign key (tenant_id, subject_id) references memberships (tenant_id, user_id),
    check (kind = 'view_as' or grant_id is not null),
    check (actor_id <> subject_id),
    check ((ended_at is null) = (ended_how is null))
);
create index support_sessions_newest on support_sessions (tenant_id, started_at desc, id desc);
create index support_sessions_of_actor on support_sessions (actor_id, started_at desc);

-- +goose StatementBegin
do $$
declare t text;
begin
    foreach t in array array['projects', 'deliverables', 'versions', 'files', 'file_parts',
                             'job_effects', 'support_grants', 'support_sessions'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy tenant on %I to portico_app
            using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
            with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))$p$, t);
    end loop;
    -- What the client may see of projects, deliverables and files.
    foreach t in array array['projects', 'deliverables', 'files'] loop
        execute format($p$create policy party on %I as restrictive for select to portico_app
            using ((shared_at is not null and deleted_at is null)
                or (select current_setting('app.party', true)) in ('agency', 'system'))$p$, t);
    end loop;
    -- Only the agency changes projects, deliverables, versions and files.
    foreach t in array array['projects', 'deliverables', 'versions', 'files', 'file_parts'] loop
        execute format($p$create policy staff_insert on %I as restrictive for insert to portico_app
            with check ((select current_setting('app.party', true)) in ('agency', 'system'))$p$, t);
        execute format($p$create policy staff_update on %I as restrictive for update to portico_app
            using ((select current_setting('app.party', true)) in ('agency', 'system'))$p$, t);
        execute format($p$create policy staff_delete on %I as restrictive for delete to portico_app
            using ((select current_setting('app.party', true)) in ('agency', 'system'))$p$, t);
    end loop;
    foreach t in array array['support_grants', 'support_sessions'] loop
        execute format('create policy lookup on %I to portico_lookup using (true) with check (true)', t);
    end loop;
end $$;
-- +goose StatementEnd
create policy party on versions as restrictive for select to portico_app
    using (shared_at is not null or (select current_setting('app.party', true)) in ('agency', 'system'));
create policy party on file_parts as restrictive for select to portico_app
    using ((select current_setting('app.party', true)) in ('agency', 'system'));

grant select, delete on projects, deliverables, versions, files, file_parts to portico_app;
grant select on support_grants to portico_app;
-- The author and the creation time of a row come from the context and the clock. The
-- app has no grant to set these columns.
-- +goose StatementBegin
do $$
declare t text;
begin
    foreach t in array array['projects', 'deliverables', 'versions', 'files', 'file_parts', 'support_grants'] loop
        execute format('grant insert (%s) on %I to portico_app', (
            select string_agg(quote_ident(attname), ', ')
            from pg_attribute
            where attrelid = t::regclass and attnum > 0 and not attisdropped
              and attname not in ('created_by', 'created_at', 'support_session_id')), t);
    end loop;
end $$;
-- +goose StatementEnd
grant update (name, summary, due_on, position, shared_at, archived_at, deleted_at, updated_at) on projects to portico_app;
grant update (title, brief, state, due_on, position, versions, files, shared_at, shown_at, archived_at, deleted_at, updated_at) on deliverables to portico_app;
grant update (note, shared_at, shared_by) on versions to portico_app;
grant update (name, state, size, sha256, content_type, upload_id, hashed_parts, hash_state, finishing_at, preview_type, preview_size, preview_sha256, position, shared_at, archived_at, deleted_at) on files to portico_app;
grant update (size, sha256, etag, created_at) on file_parts to portico_app;
grant select, insert on job_effects to portico_app;
-- Consent can't be given or withdrawn in a support session, and ended consent can't
-- be reopened.
create policy in_person on support_grants as restrictive for insert to portico_app
    with check ((select nullif(current_setting('app.support_session_id', true), '')) is null);
create policy in_person_still_open on support_grants as restrictive for update to portico_app
    using (revoked_at is null and (select nullif(current_setting('app.support_session_id', true), '')) is null)
    with check (revoked_at is not null);
-- A job enqueued in a support session may mark its end, as party system.
create policy in_person_still_open on support_sessions as restrictive for update to portico_app
    using (ended_at is null
        and ((select nullif(current_setting('app.support_session_id', true), '')) is null
            or (select current_setting('app.party', true)) = 'system'))
    with check (ended_at is not null);

grant update (revoked_at, revoked_by) on support_grants to portico_app;
grant select on support_sessions to portico_app;
grant update (ended_at, ended_how) on support_sessions to portico_app;

-- The update grant is needed for a row lock: starting a session locks its consent.
grant select, update (revoked_at) on support_grants to portico_lookup;
grant select, insert on support_sessions to portico_lookup;
grant update (mode, ended_at, ended_how) on support_sessions to portico_lookup;

-- +goose Down
drop table support_sessions, support_grants, job_effects, file_parts, files, versions, deliverables, projects;
