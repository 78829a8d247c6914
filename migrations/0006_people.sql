-- Invitations, and whether a client may manage its own people.

-- +goose Up

-- Invitations by mail. The address, party and role of an invitation never change: the
-- app may not update them. The mail job makes a new token for every sending, so only
-- the link in the latest mail works.
create table invites (
    tenant_id    uuid not null,
    id           uuid not null,
    tenant_kind  text not null,
    party        text not null check (party in ('agency', 'client')),
    role         text not null check (role in ('owner', 'admin', 'member', 'viewer')),
    name         text not null check (char_length(name) between 1 and 120),
    email        text not null check (email = lower(email) and char_length(email) between 3 and 254),
    token_hash   bytea check (octet_length(token_hash) = 32),
    sendings     integer not null default 1 check (sendings > 0),
    sent_at      timestamptz,
    -- Staff may invite people to a client of which they are not members.
    invited_by   uuid not null default nullif(current_setting('app.user_id', true), '')::uuid references users (id),
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null default now() + interval '14 days',
    accepted_at  timestamptz,
    accepted_by  uuid,
    revoked_at   timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, token_hash),
    foreign key (tenant_id, tenant_kind) references tenants (id, kind),
    foreign key (tenant_id, accepted_by) references memberships (tenant_id, user_id),
    -- An agency has staff only.
    check (tenant_kind = 'client' or party = 'agency'),
    check (num_nulls(accepted_at, accepted_by) in (0, 2)),
    check (accepted_at is null or revoked_at is null)
);
-- One open invitation for an address.
create unique index invites_open on invites (tenant_id, email) where accepted_at is null and revoked_at is null;
-- Finds the open invitations of a proven address before the tenant is known.
create index invites_of_address on invites (email) where accepted_at is null and revoked_at is null;

alter table invites enable row level security;
alter table invites force row level security;
create policy tenant on invites to portico_app
    using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
create policy lookup on invites to portico_lookup using (true) with check (true);
-- Clients can't see or create invitations for staff.
create policy party on invites as restrictive to portico_app
    using (party = 'client' or (select current_setting('app.party', true)) in ('agency', 'system'));
-- Support sessions can't create or change invitations.
create policy in_person_insert on invites as restrictive for insert to portico_app
    with check ((select nullif(current_setting('app.support_session_id', true), '')) is null);
create policy in_person_update on invites as restrictive for update to portico_app
    using ((select nullif(current_setting('app.support_session_id', true), '')) is null);
-- Support sessions can't create memberships either.
create policy in_person_insert on memberships as restrictive for insert to portico_app
    with check ((select nullif(current_setting('app.support_session_id', true), '')) is null
        and (party = 'client' or (select current_setting('app.party', true)) in ('agency', 'system')));

grant select on invites to portico_app, portico_lookup;
grant insert (tenant_id, id, tenant_kind, party, role, name, email) on invites to portico_app;
grant update (token_hash, sendings, sent_at, expires_at, accepted_at, accepted_by, revoked_at) on invites to portico_app;

-- Whether the client's owners and admins may manage the client's people.
alter table tenants add column people_by_client boolean not null default true;
grant update (people_by_client) on tenants to portico_app;

-- +goose Down
alter table tenants drop column people_by_client;
drop policy in_person_insert on memberships;
drop table invites;
