-- API keys: a program acts with one in one tenant, as the person who made it.

-- +goose Up
create table api_keys (
    tenant_id     uuid not null references tenants (id),
    id            uuid not null,
    user_id       uuid not null default nullif(current_setting('app.user_id', true), '')::uuid,
    party         text not null default nullif(current_setting('app.party', true), '') check (party in ('agency', 'client')),
    name          text not null check (char_length(name) between 1 and 80),
    token_hash    bytea not null check (octet_length(token_hash) = 32),
    -- The start of its random part, by which people tell keys apart.
    prefix        text not null check (prefix ~ '^[A-Za-z0-9_-]{6}$'),
    scopes        text[] not null check (cardinality(scopes) > 0 and scopes <@ array['usage:write', 'work:read', 'work:deliver']),
    created_at    timestamptz not null default now(),
    expires_at    timestamptz not null check (expires_at <= created_at + interval '400 days'),
    last_used_at  timestamptz,
    revoked_at    timestamptz,
    revoked_by    uuid,
    primary key (tenant_id, id),
    unique (tenant_id, token_hash),
    foreign key (tenant_id, user_id) references memberships (tenant_id, user_id),
    foreign key (tenant_id, revoked_by) references memberships (tenant_id, user_id)
);
create index api_keys_newest on api_keys (tenant_id, created_at desc, id desc);
alter table api_keys enable row level security;
alter table api_keys force row level security;
create policy tenant on api_keys to portico_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy lookup on api_keys to portico_lookup using (true) with check (true);
-- Clients never see the agency's keys.
create policy party on api_keys as restrictive to portico_app
    using (party = 'client' or current_setting('app.party', true) in ('agency', 'system'));
-- A key belongs to the side of the person who makes it. Neither support nor a key makes,
-- changes or revokes one.
create policy in_person_insert on api_keys as restrictive for insert to portico_app
    with check (
        nullif(current_setting('app.support_session_id', true), '') is null
        and nullif(current_setting('app.api_key_id', true), '') is null
        and user_id = nullif(current_setting('app.user_id', true), '')::uuid
        and party = current_setting('app.party', true));
create policy in_person_update on api_keys as restrictive for update to portico_app
    using (nullif(current_setting('app.support_session_id', true), '') is null
        and nullif(current_setting('app.api_key_id', true), '') is null);
grant select (tenant_id, id, user_id, party, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at, revoked_by) on api_keys to portico_app;
grant insert (tenant_id, id, name, token_hash, prefix, scopes, expires_at) on api_keys to portico_app;
grant update (revoked_at, revoked_by) on api_keys to portico_app;
grant select, update (last_used_at, revoked_at) on api_keys to portico_lookup;

-- What programs got, for 24 hours: a request that is sent again does nothing
-- twice, and gets the same response.
create table api_responses (
    tenant_id     uuid not null references tenants (id),
    party         text not null default nullif(current_setting('app.party', true), '') check (party in ('agency', 'client')),
    key           text not null check (char_length(key) between 1 and 255),
    request_hash  bytea not null check (octet_length(request_hash) = 32),
    status        integer not null check (status between 200 and 299),
    location      text not null,
    body          text not null check (octet_length(body) <= 8388608), -- 500 files with the longest names
    created_at    timestamptz not null default now(),
    primary key (tenant_id, party, key)
);
alter table api_responses enable row level security;
alter table api_responses force row level security;
create policy tenant on api_responses to portico_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
-- Only programs read and write them, each side its own. A job deletes old ones.
create policy party on api_responses as restrictive to portico_app
    using (current_setting('app.party', true) = 'system'
        or party = current_setting('app.party', true) and nullif(current_setting('app.api_key_id', true), '') is not null);
grant select, delete, insert (tenant_id, key, request_hash, status, location, body) on api_responses to portico_app;

-- The trail names the key with which somebody acted.
alter table audit_events
    add column api_key_id uuid default nullif(current_setting('app.api_key_id', true), '')::uuid,
    add foreign key (tenant_id, api_key_id) references api_keys (tenant_id, id);
grant insert (api_key_id) on audit_events to portico_app;
alter policy truthful on audit_events
    with check (
        actor_id is not distinct from nullif(current_setting('app.actor_id', true), '')::uuid
        and subject_id is not distinct from nullif(current_setting('app.user_id', true), '')::uuid
        and support_session_id is not distinct from nullif(current_setting('app.support_session_id', true), '')::uuid
        and api_key_id is not distinct from nullif(current_setting('app.api_key_id', true), '')::uuid
        and party = current_setting('app.party', true));

-- +goose Down
alter policy truthful on audit_events
    with check (
        actor_id is not distinct from nullif(current_setting('app.actor_id', true), '')::uuid
        and subject_id is not distinct from nullif(current_setting('app.user_id', true), '')::uuid
        and support_session_id is not distinct from nullif(current_setting('app.support_session_id', true), '')::uuid
        and party = current_setting('app.party', true));
alter table audit_events drop column api_key_id;
drop table api_responses;
drop table api_keys;
