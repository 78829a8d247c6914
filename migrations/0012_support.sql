-- View as client, access requests, and write access as a second step.

-- +goose Up

-- Staff who view as a client need no reason or ticket, and can only read. A session
-- with write access records since when, and which second agent confirmed it.
alter table support_sessions
    drop constraint support_sessions_reason_check,
    drop constraint support_sessions_ticket_check,
    drop constraint support_sessions_ended_how_check,
    add constraint support_sessions_reason_check
        check (char_length(reason) <= 500 and (kind = 'view_as' or char_length(btrim(reason)) > 0)),
    add constraint support_sessions_ticket_check
        check (char_length(ticket) <= 80 and (kind = 'view_as' or char_length(btrim(ticket)) > 0)),
    add constraint support_sessions_ended_how_check
        check (ended_how in ('stopped', 'expired', 'revoked', 'agent_disabled', 'actor_gone', 'target_gone', 'tenant_suspended')),
    add column write_asked_at  timestamptz,
    add column write_at        timestamptz,
    add column write_by        uuid references users (id),
    add column write_by_name   text check (char_length(write_by_name) <= 120),
    add constraint support_sessions_view_as_reads check (kind = 'support' or mode = 'read'),
    add constraint support_sessions_second_agent check (write_by <> actor_id);
grant update (write_asked_at, write_at, write_by, write_by_name) on support_sessions to portico_lookup;

-- Whether support may request access while there is no consent.
alter table tenants add column support_asks boolean not null default false;
grant update (support_asks) on tenants to portico_app;

-- Access requests of agents. A person who may give consent answers a request once. An
-- unanswered request expires.
create table support_asks (
    tenant_id    uuid not null references tenants (id),
    id           uuid not null,
    actor_id     uuid not null references users (id),
    actor_name   text not null check (char_length(actor_name) <= 120),
    mode         text not null check (mode in ('read', 'write')),
    hours        integer not null check (hours between 1 and 168),
    reason       text not null check (char_length(btrim(reason)) between 1 and 500),
    ticket       text not null check (char_length(btrim(ticket)) between 1 and 80),
    created_at   timestamptz not null default now(),
    ends_at      timestamptz not null default now() + interval '3 days',
    answer       text check (answer in ('granted', 'denied', 'withdrawn')),
    word         text not null default '' check (char_length(word) <= 500),
    answered_at  timestamptz,
    answered_by  uuid,
    grant_id     uuid,
    primary key (tenant_id, id),
    foreign key (tenant_id, answered_by) references memberships (tenant_id, user_id),
    foreign key (tenant_id, grant_id) references support_grants (tenant_id, id),
    check ((answer is null) = (answered_at is null)),
    check ((grant_id is not null) = (answer is not distinct from 'granted'))
);
create unique index support_asks_open on support_asks (tenant_id, actor_id) where answered_at is null;
create index support_asks_newest on support_asks (tenant_id, created_at desc, id desc);
create index support_asks_of_actor on support_asks (actor_id, created_at desc);

alter table support_asks enable row level security;
alter table support_asks force row level security;
create policy tenant on support_asks to portico_app
    using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
create policy lookup on support_asks to portico_lookup using (true) with check (true);
-- A request is answered once, and never in a support session.
create policy in_person_still_open on support_asks as restrictive for update to portico_app
    using (answered_at is null and (select nullif(current_setting('app.support_session_id', true), '')) is null)
    with check (answered_at is not null);

grant select on support_asks to portico_app, portico_lookup;
grant update (answer, word, answered_at, answered_by, grant_id) on support_asks to portico_app;
grant insert, update (answer, answered_at) on support_asks to portico_lookup;

-- +goose Down
drop table support_asks;
alter table tenants drop column support_asks;
alter table support_sessions
    drop constraint support_sessions_second_agent,
    drop constraint support_sessions_view_as_reads,
    drop column write_by_name,
    drop column write_by,
    drop column write_at,
    drop column write_asked_at;
