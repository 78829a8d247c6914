-- Tenants' hosts: handing a session over from the main host to a tenant's host, and
-- verifying a tenant's own domain.

-- +goose Up

-- A session on a tenant's host is a child of the session on the main host that it was
-- handed over from, and ends with it.
alter table sessions add column parent_id uuid references sessions (id) on delete cascade;
create index sessions_by_parent on sessions (parent_id) where parent_id is not null;
grant select (parent_id) on sessions to portico_app;

-- Global: the hand-over of a session to a tenant's host, where the visitor is not yet
-- signed in. It is valid once, for a minute, on that host, in the browser whose secret
-- has the hash browser_hash.
create table handovers (
    token_hash    bytea primary key check (octet_length(token_hash) = 32),
    session_id    uuid not null references sessions (id) on delete cascade,
    host          text not null check (char_length(host) between 1 and 253),
    browser_hash  bytea not null check (octet_length(browser_hash) = 32),
    return_to     text not null default '' check (char_length(return_to) <= 2000),
    expires_at    timestamptz not null default now() + interval '60 seconds',
    spent_at      timestamptz
);
create index handovers_by_session on handovers (session_id);
create index handovers_by_expiry on handovers (expires_at);
alter table handovers enable row level security;
alter table handovers force row level security;
create policy lookup on handovers to portico_lookup using (true) with check (true);
grant select, insert, delete on handovers to portico_lookup;
grant update (spent_at) on handovers to portico_lookup;

-- Any number of tenants may claim a domain, but only one at a time can have it
-- verified. A mere claim doesn't block others.
alter table domains
    drop constraint domains_pkey,
    add column id uuid not null default gen_random_uuid(),
    -- What the owner of the domain must publish in DNS. The database makes a new token
    -- for every claim, so an old record proves nothing.
    add column token text not null default replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''),
    add column proved_at timestamptz, -- when the proof was last seen
    add column proof text not null default 'unknown' check (proof in ('unknown', 'there', 'missing', 'other', 'unanswered', 'taken')),
    add column pointing text not null default 'unknown' check (pointing in ('unknown', 'there', 'missing', 'other', 'unanswered')),
    add column seen text[] not null default '{}' check (cardinality(seen) <= 8 and pg_column_size(seen) <= 4096),
    add column misses integer not null default 0,
    add column checked_at timestamptz,
    add column next_check_at timestamptz default now(),
    add primary key (tenant_id, id);
drop index domains_by_tenant;
create unique index domains_once on domains (tenant_id, host);
create unique index domains_proved on domains (host) where verified_at is not null;
create index domains_due on domains (next_check_at) where next_check_at is not null;

create policy own on domains to portico_app
    using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
create policy in_person on domains as restrictive to portico_app
    using ((select nullif(current_setting('app.support_session_id', true), '')) is null);
-- Only the job that checks DNS records the result.
create policy system_update on domains as restrictive for update to portico_app
    using ((select current_setting('app.party', true)) = 'system');
grant select, delete on domains to portico_app;
grant insert (tenant_id, host) on domains to portico_app;
grant update (verified_at, proved_at, proof, pointing, seen, misses, checked_at, next_check_at) on domains to portico_app;
grant update (next_check_at) on domains to portico_lookup;

-- +goose Down
drop policy own on domains;
drop policy in_person on domains;
drop policy system_update on domains;
drop index domains_once, domains_proved, domains_due;
alter table domains
    drop constraint domains_pkey,
    drop column id, drop column token, drop column proved_at, drop column proof, drop column pointing, drop column seen,
    drop column misses, drop column checked_at, drop column next_check_at,
    add primary key (host);
create index domains_by_tenant on domains (tenant_id);
drop table handovers;
alter table sessions drop column parent_id;
