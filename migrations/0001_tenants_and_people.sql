-- Tenants, their members, and sign-in.
--
-- Three roles exist before this file runs (portico bootstrap creates them):
--   portico_owner   owns the schema and migrates it; the server never uses it
--   portico_app     used by the server: owns nothing, bypasses nothing, member of nothing
--   portico_lookup  can't log in; owns the functions of schema lookup, the only
--                   ones that cross tenants

-- +goose Up

create schema lookup;
grant usage, create on schema lookup to portico_lookup;
grant usage on schema lookup to portico_app;
grant usage on schema public to portico_app, portico_lookup;
alter default privileges for role portico_owner revoke execute on functions from public;
alter default privileges for role portico_lookup revoke execute on functions from public;

-- Global: the boundary itself. Names of clients are secret, so the app sees only
-- the row of the tenant in its context.
create table tenants (
    id            uuid primary key,
    kind          text not null check (kind in ('agency', 'client')),
    agency_id     uuid,
    agency_kind   text generated always as (case when agency_id is null then null else 'agency' end) stored,
    slug          text not null unique
                  check (slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
    name          text not null check (char_length(name) between 1 and 120),
    state         text not null default 'active' check (state in ('active', 'suspended', 'archived')),
    portal_name   text check (char_length(portal_name) between 1 and 120),
    welcome       text check (char_length(welcome) <= 500),
    accent        text check (accent ~ '^#[0-9a-f]{6}$'),
    created_at    timestamptz not null default now(),
    unique (id, kind),
    -- A client belongs to an agency.
    foreign key (agency_id, agency_kind) references tenants (id, kind),
    check ((kind = 'client') = (agency_id is not null))
);
create index tenants_by_agency on tenants (agency_id, name) where agency_id is not null;

-- Global: people exist independently of tenants. Addresses are stored in lower case.
create table users (
    id           uuid primary key,
    kind         text not null default 'person' check (kind in ('person', 'agent')),
    email        text unique check (email = lower(email) and char_length(email) between 3 and 254),
    name         text not null check (char_length(name) between 1 and 120),
    time_zone    text not null default 'UTC',
    created_at   timestamptz not null default now(),
    disabled_at  timestamptz,
    unique (id, kind)
);

-- Global: a person's accounts at sign-in providers. An e-mail address is not an identity.
create table identities (
    issuer      text not null check (char_length(issuer) <= 512),
    subject     text not null check (char_length(subject) between 1 and 255),
    user_id     uuid not null references users (id),
    email       text,
    created_at  timestamptz not null default now(),
    primary key (issuer, subject)
);
create index identities_by_user on identities (user_id);

-- Global: agents belong to the platform, never to a tenant. Locking an agent's row
-- limits them to one support session at a time.
create table support_agents (
    user_id      uuid primary key,
    user_kind    text not null default 'agent' check (user_kind = 'agent'),
    added_at     timestamptz not null default now(),
    disabled_at  timestamptz,
    foreign key (user_id, user_kind) references users (id, kind)
);

-- Global: a host is looked up before the tenant is known.
create table domains (
    host         text primary key check (host = lower(host) and char_length(host) <= 253),
    tenant_id    uuid not null references tenants (id),
    verified_at  timestamptz,
    created_at   timestamptz not null default now()
);
create index domains_by_tenant on domains (tenant_id);

-- A person in a tenant, with the name and address used there. Memberships are ended
-- and never deleted, so authors keep their names.
create table memberships (
    tenant_id         uuid not null,
    user_id           uuid not null,
    id                uuid generated always as (user_id) stored,
    tenant_kind       text not null,
    user_kind         text not null default 'person' check (user_kind = 'person'),
    party             text not null check (party in ('agency', 'client')),
    role              text not null check (role in ('owner', 'admin', 'member', 'viewer')),
    name              text not null check (char_length(name) between 1 and 120),
    email             text check (email = lower(email) and char_length(email) between 3 and 254),
    unread            integer not null default 0 check (unread >= 0),
    waiting           integer not null default 0 check (waiting >= 0),
    next_due_on       date,
    last_activity_at  timestamptz,
    last_seen_at      timestamptz,
    seen_before_at    timestamptz, -- when the visit before this one began
    last_place        text check (char_length(last_place) <= 200),
    created_at        timestamptz not null default now(),
    ended_at          timestamptz,
    primary key (tenant_id, user_id),
    foreign key (tenant_id, tenant_kind) references tenants (id, kind),
    foreign key (user_id, user_kind) references users (id, kind),
    -- An agency has staff only.
    check (tenant_kind = 'client' or party = 'agency')
);
create index memberships_people on memberships (tenant_id, party, name, user_id) include (role, email, ended_at, last_seen_at);
create index memberships_of_user on memberships (user_id, tenant_id) include (party, role) where ended_at is null;

-- The audit trail of a tenant. The app inserts and reads; nobody updates or deletes.
create table audit_events (
    tenant_id           uuid not null references tenants (id),
    id                  uuid not null,
    at                  timestamptz not null default now(),
    actor_id            uuid default nullif(current_setting('app.actor_id', true), '')::uuid,
    subject_id          uuid default nullif(current_setting('app.user_id', true), '')::uuid,
    support_session_id  uuid default nullif(current_setting('app.support_session_id', true), '')::uuid,
    party               text not null default nullif(current_setting('app.party', true), '')
                        check (party in ('agency', 'client', 'system')),
    verb                text not null check (verb ~ '^[a-z_]+\.[a-z_]+$'),
    target_kind         text not null default '' check (char_length(target_kind) <= 40),
    target_id           uuid,
    result              text not null default 'ok' check (result in ('ok', 'denied')),
    request_id          text not null default '' check (char_length(request_id) <= 64),
    detail              jsonb not null default '{}' check (pg_column_size(detail) <= 2048),
    primary key (tenant_id, id)
);
create index audit_events_newest on audit_events (tenant_id, at desc, id desc);
create index audit_events_support on audit_events (tenant_id, support_session_id, at, id) where support_session_id is not null;

-- Global: what people did with their accounts, and refusals in tenants of which they
-- are not members. Deliberately separate from tenants.
create table account_events (
    id          uuid primary key,
    user_id     uuid not null references users (id),
    at          timestamptz not null default now(),
    verb        text not null check (verb ~ '^[a-z_]+\.[a-z_]+$'),
    result      text not null default 'ok' check (result in ('ok', 'denied')),
    request_id  text not null default '' check (char_length(request_id) <= 64),
    detail      jsonb not null default '{}' check (pg_column_size(detail) <= 2048)
);
create index account_events_newest on account_events (user_id, at desc, id desc);

-- Global: sessions of browsers. The cookie holds a random token, the table its
-- SHA-256. The app may list and delete the sessions of the person in its context.
-- Only functions of schema lookup create sessions, each after using up a proof of
-- identity.
create table sessions (
    id                   uuid primary key,
    token_hash           bytea not null unique check (octet_length(token_hash) = 32),
    user_id              uuid not null references users (id),
    host                 text not null default '',
    user_agent           text not null default '' check (char_length(user_agent) <= 300),
    created_at           timestamptz not null default now(),
    last_used_at         timestamptz not null default now(),
    expires_at           timestamptz not null default now() + interval '30 days',
    stepped_up_at        timestamptz,
    support_tenant_id    uuid,
    support_session_id   uuid,
    check ((support_tenant_id is null) = (support_session_id is null))
);
create index sessions_of_user on sessions (user_id, created_at desc);
create index sessions_by_expiry on sessions (expires_at);

-- Global: a sign-in or step-up in progress. Secrets are stored as hashes, except the
-- PKCE verifier and nonce, which are useless without the browser's cookie.
create table sign_in_flows (
    id           uuid primary key,
    purpose      text not null check (purpose in ('mail', 'oidc', 'step_up')),
    cookie_hash  bytea not null check (octet_length(cookie_hash) = 32),
    email        text check (email = lower(email)),
    user_id      uuid references users (id),
    session_id   uuid references sessions (id) on delete cascade,
    return_to    text not null default '' check (char_length(return_to) <= 2000),
    link_hash    bytea unique check (octet_length(link_hash) = 32),
    code_hash    bytea check (octet_length(code_hash) = 32),
    tries        integer not null default 0,
    provider     text,
    state_hash   bytea check (octet_length(state_hash) = 32),
    nonce        text,
    verifier     text,
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null default now() + interval '10 minutes',
    spent_at     timestamptz,
    done_at      timestamptz
);
create index sign_in_flows_by_cookie on sign_in_flows (cookie_hash);
create index sign_in_flows_by_expiry on sign_in_flows (expires_at);

-- Global: counters of attempts, keyed by an HMAC, so the table identifies nobody.
create table rate_counters (
    key           bytea not null check (octet_length(key) = 32),
    window_start  timestamptz not null,
    hits          integer not null,
    primary key (key, window_start)
);
create index rate_counters_by_window on rate_counters (window_start);

-- Global: jobs that were refused because they named no tenant or a wrong one. The
-- tenant is unverified, so there is no foreign key.
create table job_refusals (
    id       uuid primary key,
    at       timestamptz not null default now(),
    job_id   bigint not null,
    kind     text not null,
    claimed_tenant text not null default '',
    reason   text not null
);
alter table job_refusals enable row level security;
alter table job_refusals force row level security;
create policy lookup on job_refusals to portico_lookup using (true) with check (true);
grant insert on job_refusals to portico_lookup;

-- Row level security of tenant tables: the one canonical policy.
-- +goose StatementBegin
do $$
declare t text;
begin
    foreach t in array array['memberships', 'audit_events'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy tenant on %I to portico_app
            using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
            with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))$p$, t);
        execute format('create policy lookup on %I to portico_lookup using (true) with check (true)', t);
    end loop;
    -- Global tables: the app sees only rows of the person in its context.
    foreach t in array array['users', 'identities', 'support_agents', 'domains', 'tenants',
                             'account_events', 'sessions', 'sign_in_flows', 'rate_counters'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy lookup on %I to portico_lookup using (true) with check (true)', t);
    end loop;
    foreach t in array array['identities', 'account_events', 'sessions'] loop
        execute format($p$create policy own on %I to portico_app
            using (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid))
            with check (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid))$p$, t);
    end loop;
end $$;
-- +goose StatementEnd

create policy own on users to portico_app
    using (id = (select nullif(current_setting('app.user_id', true), '')::uuid))
    with check (id = (select nullif(current_setting('app.user_id', true), '')::uuid));
create policy own on tenants to portico_app
    using (id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
    with check (id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

-- A person's own data is inaccessible in a support session as that person.
-- +goose StatementBegin
do $$
declare t text;
begin
    foreach t in array array['users', 'identities', 'account_events', 'sessions'] loop
        execute format($p$create policy in_person on %I as restrictive to portico_app
            using ((select nullif(current_setting('app.support_session_id', true), '')) is null)$p$, t);
    end loop;
end $$;
-- +goose StatementEnd

-- An audit row's author must be the one in the context.
create policy truthful on audit_events as restrictive for insert to portico_app
    with check (
        actor_id is not distinct from (select nullif(current_setting('app.actor_id', true), '')::uuid)
        and subject_id is not distinct from (select nullif(current_setting('app.user_id', true), '')::uuid)
        and support_session_id is not distinct from (select nullif(current_setting('app.support_session_id', true), '')::uuid)
        and party = (select current_setting('app.party', true)));
-- Clients see their own and support's activity, never the agency's.
create policy party on audit_events as restrictive for select to portico_app
    using (party = 'client' or support_session_id is not null or starts_with(verb, 'support.')
        or (select current_setting('app.party', true)) in ('agency', 'system'));

-- The app can't set the time of an audit row.
grant select on audit_events to portico_app;
grant insert (tenant_id, id, actor_id, subject_id, support_session_id, party, verb, target_kind, target_id, result, request_id, detail)
    on audit_events to portico_app;
grant select on memberships to portico_app;
grant insert (tenant_id, user_id, tenant_kind, party, role, name, email) on memberships to portico_app;
grant update (party, role, name, email, unread, waiting, next_due_on, last_activity_at, last_seen_at, seen_before_at, last_place, ended_at)
    on memberships to portico_app;
grant select on tenants to portico_app;
grant update (name, state, portal_name, welcome, accent) on tenants to portico_app;
grant select on users, identities to portico_app;
grant update (name, time_zone) on users to portico_app;
grant delete on identities to portico_app;
grant select on account_events to portico_app;
grant insert (id, user_id, verb, result, request_id, detail) on account_events to portico_app;
grant select (id, user_id, host, user_agent, created_at, last_used_at, expires_at, stepped_up_at), delete on sessions to portico_app;

grant select, insert on tenants, users, identities, support_agents, memberships, audit_events, account_events, sessions, sign_in_flows to portico_lookup;
grant select on domains to portico_lookup;
grant update (disabled_at) on users, support_agents to portico_lookup;
grant update (token_hash, last_used_at, stepped_up_at, support_tenant_id, support_session_id), delete on sessions to portico_lookup;
grant update (link_hash, code_hash, tries, spent_at, done_at), delete on sign_in_flows to portico_lookup;
grant select, insert, update, delete on rate_counters to portico_lookup;

-- +goose Down
drop table job_refusals, rate_counters, sign_in_flows, sessions, account_events, audit_events, memberships, domains, support_agents, identities, users, tenants;
drop schema lookup;
