-- Review: what people say about a version, whom it waits for, and what they decide.
--
-- Clients never see what the team says among itself. A comment carries the visibility of
-- its thread in the key that refers to it: a client who names a hidden thread and one who
-- names an invented thread get the same refusal. No count, number or time that clients see
-- depends on a row that they don't.

-- +goose Up

-- What is decided on: the files of a version as they were published. A decision refers to
-- this hash, so one for other files breaks the key, and so does a change of the files
-- after a decision.
alter table versions
    add column content_sha256 bytea check (octet_length(content_sha256) = 32),
    add column locked_at timestamptz, -- since a later version was published: nobody answers any more
    add column outcome text check (outcome in ('approved', 'approved_with_changes', 'changes_required', 'closed')),
    add column approved_at timestamptz,
    add constraint versions_content unique (tenant_id, id, content_sha256),
    add check (approved_at is null or outcome is not null and outcome in ('approved', 'approved_with_changes')),
    add check (shared_at is not null or num_nonnulls(content_sha256, locked_at, outcome, approved_at) = 0);
create unique index versions_approved on versions (tenant_id, deliverable_id) where approved_at is not null;
grant update (content_sha256, locked_at, outcome, approved_at) on versions to portico_app;
-- Whether clients download files only after an approval.
alter table deliverables add column downloads_wait boolean not null default false;
grant insert (downloads_wait), update (downloads_wait) on deliverables to portico_app;
alter table files add constraint files_in_version unique (tenant_id, id, version_id);

alter table versions no force row level security;
alter table files no force row level security;
update versions v
set content_sha256 = sha256(convert_to(coalesce((
        select string_agg(encode(f.sha256, 'hex') || ' ' || f.size || ' ' || f.name || E'\n', '' order by f.position, f.id)
        from files f
        where f.tenant_id = v.tenant_id and f.version_id = v.id
          and f.state = 'ready' and f.shared_at is not null and f.deleted_at is null), ''), 'UTF8')),
    locked_at = (
        select min(n.shared_at)
        from versions n
        where n.tenant_id = v.tenant_id and n.deliverable_id = v.deliverable_id and n.number > v.number and n.shared_at is not null)
where v.shared_at is not null;
-- +goose StatementBegin
do $$
begin
    if exists (select from versions where shared_at is not null and content_sha256 is null) then
        raise exception 'some published version has no hash';
    end if;
end $$;
-- +goose StatementEnd
alter table files force row level security;
alter table versions force row level security;

-- A thread is about a version, or about a project. Numbers of the team's threads and of
-- those that the client sees are apart.
create table threads (
    tenant_id           uuid not null references tenants (id),
    id                  uuid not null,
    version_id          uuid,
    project_id          uuid,
    visibility          text not null check (visibility in ('team', 'client')),
    number              integer not null check (number between 1 and 100000),
    -- Where it points: a file of the version, a page of it, a point or a box in 1/10,000 of
    -- the picture, a time or a span of a recording, and a drawing.
    file_id             uuid,
    page                integer check (page between 1 and 100000),
    x                   integer check (x between 0 and 10000),
    y                   integer check (y between 0 and 10000),
    w                   integer check (w between 1 and 10000 - x),
    h                   integer check (h between 1 and 10000 - y),
    t_ms                bigint check (t_ms between 0 and 604800000),
    t_end_ms            bigint check (t_end_ms > t_ms and t_end_ms <= 604800000),
    drawing             text check (char_length(drawing) <= 8192),
    carried_from        uuid, -- the thread of an earlier version that it goes on with
    resolved_at         timestamptz,
    resolved_by         uuid,
    created_by          uuid not null default nullif(current_setting('app.user_id', true), '')::uuid,
    created_at          timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, id, visibility),
    foreign key (tenant_id, version_id) references versions (tenant_id, id) on delete cascade,
    foreign key (tenant_id, project_id) references projects (tenant_id, id) on delete cascade,
    foreign key (tenant_id, file_id, version_id) references files (tenant_id, id, version_id) on delete set null (file_id),
    foreign key (tenant_id, carried_from) references threads (tenant_id, id) on delete set null (carried_from),
    foreign key (tenant_id, created_by) references memberships (tenant_id, user_id),
    foreign key (tenant_id, resolved_by) references memberships (tenant_id, user_id),
    check (num_nonnulls(version_id, project_id) = 1),
    check (num_nulls(x, y) in (0, 2) and num_nulls(w, h) in (0, 2) and (w is null or x is not null)),
    check (t_end_ms is null or t_ms is not null),
    check ((resolved_at is null) = (resolved_by is null))
);
create unique index threads_of_version on threads (tenant_id, version_id, visibility, number) where version_id is not null;
create unique index threads_of_project on threads (tenant_id, project_id, visibility, number) where project_id is not null;
create index threads_of_file on threads (tenant_id, file_id) where file_id is not null;
create index threads_carried on threads (tenant_id, carried_from) where carried_from is not null;

create table comments (
    tenant_id           uuid not null references tenants (id),
    id                  uuid not null,
    thread_id           uuid not null,
    thread_visibility   text not null,
    visibility          text not null check (visibility in ('team', 'client')),
    body                text not null check (char_length(body) between 1 and 10000),
    edited_at           timestamptz,
    -- What the form was sent with, so that a button pressed twice writes one comment.
    form_key            uuid not null,
    created_by          uuid not null default nullif(current_setting('app.user_id', true), '')::uuid,
    created_at          timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, created_by, form_key),
    foreign key (tenant_id, thread_id, thread_visibility) references threads (tenant_id, id, visibility) on update cascade on delete cascade,
    foreign key (tenant_id, created_by) references memberships (tenant_id, user_id),
    check (thread_visibility = 'client' or visibility = 'team')
);
create index comments_of_thread on comments (tenant_id, thread_id, created_at, id);

-- Who is asked to decide on a version: in steps, one after the other.
create table review_steps (
    tenant_id   uuid not null references tenants (id),
    version_id  uuid not null,
    number      integer not null check (number between 1 and 20),
    rule        text not null check (rule in ('all', 'any')), -- how many of its people have to approve
    state       text not null default 'waiting' check (state in ('waiting', 'open', 'closed')),
    outcome     text check (outcome in ('approved', 'approved_with_changes', 'changes_required', 'closed')),
    primary key (tenant_id, version_id, number),
    foreign key (tenant_id, version_id) references versions (tenant_id, id) on delete cascade,
    check ((state = 'closed') = (outcome is not null))
);

create table review_requests (
    tenant_id         uuid not null references tenants (id),
    id                uuid not null,
    version_id        uuid not null,
    step              integer not null,
    user_id           uuid not null,
    due_on            date,
    asked_by          uuid not null default nullif(current_setting('app.user_id', true), '')::uuid,
    asked_at          timestamptz, -- null: its step is not open yet
    opened_at         timestamptz,
    ended_at          timestamptz,
    ended_how         text check (ended_how in ('answered', 'passed_on', 'step_closed', 'superseded', 'closed', 'person_gone')),
    passed_to         uuid,
    last_reminder_at  timestamptz,
    created_at        timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, version_id, step) references review_steps (tenant_id, version_id, number) on delete cascade,
    foreign key (tenant_id, user_id) references memberships (tenant_id, user_id),
    foreign key (tenant_id, asked_by) references memberships (tenant_id, user_id),
    foreign key (tenant_id, passed_to) references memberships (tenant_id, user_id),
    check ((ended_at is null) = (ended_how is null)),
    check ((passed_to is not null) = (ended_how is not null and ended_how = 'passed_on'))
);
create unique index review_requests_of_version on review_requests (tenant_id, version_id, user_id) where ended_at is null;
create index review_requests_open on review_requests (tenant_id, user_id, asked_at) where ended_at is null and asked_at is not null;
create index review_requests_of_step on review_requests (tenant_id, version_id, step);

-- What somebody decided, on these bytes. It is never changed: a later decision of the same
-- person supersedes it.
create table decisions (
    tenant_id       uuid not null references tenants (id),
    id              uuid not null,
    version_id      uuid not null,
    content_sha256  bytea not null,
    request_id      uuid,
    user_id         uuid not null default nullif(current_setting('app.user_id', true), '')::uuid,
    answer          text not null check (answer in ('approved', 'approved_with_changes', 'changes_required')),
    words           text not null default '' check (char_length(words) <= 4000),
    supersedes      uuid,
    created_at      timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, supersedes),
    unique (tenant_id, id, user_id),
    constraint decisions_content foreign key (tenant_id, version_id, content_sha256) references versions (tenant_id, id, content_sha256) on delete cascade,
    foreign key (tenant_id, request_id) references review_requests (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id) references memberships (tenant_id, user_id),
    foreign key (tenant_id, supersedes, user_id) references decisions (tenant_id, id, user_id) on delete cascade
);
create unique index decisions_first on decisions (tenant_id, version_id, user_id) where supersedes is null;
create index decisions_of_version on decisions (tenant_id, version_id, created_at, id);
create index decisions_of_request on decisions (tenant_id, request_id) where request_id is not null;

-- +goose StatementBegin
do $$
declare t text;
begin
    foreach t in array array['threads', 'comments', 'review_steps', 'review_requests', 'decisions'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy tenant on %I to portico_app
            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
            with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)$p$, t);
    end loop;
    foreach t in array array['threads', 'comments'] loop
        -- Support without consent to see drafts doesn't read what the team says either.
        execute format($p$create policy support_drafts on %I as restrictive for select to portico_app
            using (visibility = 'client' or coalesce(current_setting('app.drafts', true), '') <> 'hidden')$p$, t);
        -- Nobody writes in somebody else's name.
        execute format($p$create policy in_person_insert on %I as restrictive for insert to portico_app
            with check (created_by = nullif(current_setting('app.user_id', true), '')::uuid
                and nullif(current_setting('app.support_session_id', true), '') is null)$p$, t);
        execute format($p$create policy in_person_update on %I as restrictive for update to portico_app
            using (nullif(current_setting('app.support_session_id', true), '') is null)$p$, t);
    end loop;
    -- Only the agency asks. What follows from a decision, the server writes.
    foreach t in array array['review_steps', 'review_requests'] loop
        execute format($p$create policy staff_insert on %I as restrictive for insert to portico_app
            with check (current_setting('app.party', true) in ('agency', 'system'))$p$, t);
        execute format($p$create policy staff_update on %I as restrictive for update to portico_app
            using (current_setting('app.party', true) in ('agency', 'system'))$p$, t);
    end loop;
end $$;
-- +goose StatementEnd
-- Nobody asks in somebody else's name. Who passes a request on asks, and the server writes it.
create policy in_person_insert on review_requests as restrictive for insert to portico_app
    with check (asked_by = nullif(current_setting('app.user_id', true), '')::uuid
        and nullif(current_setting('app.support_session_id', true), '') is null
        and nullif(current_setting('app.api_key_id', true), '') is null);
-- Erasing an account ends its requests.
create policy lookup on review_requests to portico_lookup using (true) with check (true);
grant select, update (ended_at, ended_how) on review_requests to portico_lookup;
create policy party on threads as restrictive to portico_app
    using (visibility = 'client' or current_setting('app.party', true) in ('agency', 'system'))
    with check (visibility = 'client' or current_setting('app.party', true) in ('agency', 'system'));
create policy party on comments as restrictive to portico_app
    using (visibility = 'client' and thread_visibility = 'client' or current_setting('app.party', true) in ('agency', 'system'))
    with check (visibility = 'client' and thread_visibility = 'client' or current_setting('app.party', true) in ('agency', 'system'));
-- Only the agency shows a comment to the client; its author changes the words.
create policy own_update on comments as restrictive for update to portico_app
    using (created_by = nullif(current_setting('app.user_id', true), '')::uuid
        or current_setting('app.party', true) in ('agency', 'system'));
-- Only a person of the client decides, themselves: not the agency, not support, not who
-- views as them, not a program.
create policy in_person_insert on decisions as restrictive for insert to portico_app
    with check (user_id = nullif(current_setting('app.user_id', true), '')::uuid
        and current_setting('app.party', true) = 'client'
        and nullif(current_setting('app.support_session_id', true), '') is null
        and nullif(current_setting('app.api_key_id', true), '') is null);

grant select on threads, comments, review_steps, review_requests, decisions to portico_app;
grant insert (tenant_id, id, version_id, project_id, visibility, number, file_id, page, x, y, w, h, t_ms, t_end_ms, drawing, carried_from) on threads to portico_app;
grant update (visibility, number, resolved_at, resolved_by) on threads to portico_app;
grant insert (tenant_id, id, thread_id, thread_visibility, visibility, body, form_key) on comments to portico_app;
grant update (visibility, body, edited_at) on comments to portico_app;
grant insert (tenant_id, version_id, number, rule, state), update (state, outcome) on review_steps to portico_app;
grant insert (tenant_id, id, version_id, step, user_id, due_on, asked_at), update (due_on, asked_at, opened_at, ended_at, ended_how, passed_to, last_reminder_at) on review_requests to portico_app;
grant insert (tenant_id, id, version_id, content_sha256, request_id, answer, words, supersedes) on decisions to portico_app;

-- +goose Down
drop table decisions, review_requests, review_steps, comments, threads;
alter table files drop constraint files_in_version;
alter table deliverables drop column downloads_wait;
drop index versions_approved;
alter table versions drop column content_sha256, drop column locked_at, drop column outcome, drop column approved_at;
