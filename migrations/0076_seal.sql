-- The trail is sealed: each event gets a leaf in one of two logs of its tenant, and
-- checkpoints sign the trees. See docs/audit.md.

-- +goose Up
create table audit_leaves (
    tenant_id    uuid not null references tenants (id),
    side         text not null check (side in ('agency', 'client')),
    position     bigint not null check (position >= 0),
    event_id     uuid not null,
    leaf         bytea not null check (octet_length(leaf) = 32),
    detail_hash  bytea not null check (octet_length(detail_hash) = 32),
    salt         bytea check (octet_length(salt) = 16), -- null: the detail is erased
    primary key (tenant_id, side, position),
    unique (tenant_id, event_id),
    foreign key (tenant_id, event_id) references audit_events (tenant_id, id)
);
create table audit_tiles (
    tenant_id  uuid not null references tenants (id),
    side       text not null check (side in ('agency', 'client')),
    level      integer not null check (level between 0 and 7),
    number     bigint not null check (number >= 0),
    hashes     bytea not null check (octet_length(hashes) = 8192), -- 256 of them
    primary key (tenant_id, side, level, number)
);
create table audit_checkpoints (
    tenant_id   uuid not null references tenants (id),
    id          uuid not null,
    side        text not null check (side in ('agency', 'client')),
    size        bigint not null check (size > 0),
    root        bytea not null check (octet_length(root) = 32),
    edge        bytea not null check (octet_length(edge) % 32 = 0), -- the right edge of the tree, from which it grows
    note        text not null check (octet_length(note) between 1 and 8192),
    until       timestamptz not null, -- what was committed before is sealed
    created_at  timestamptz not null default clock_timestamp(),
    primary key (tenant_id, id),
    unique (tenant_id, side, size)
);
create index audit_checkpoints_until on audit_checkpoints (tenant_id, until desc);
-- To find the acts of a person.
create index audit_events_actor on audit_events (tenant_id, actor_id, at desc, id desc);

-- +goose StatementBegin
do $$
declare t text;
begin
    foreach t in array array['audit_leaves', 'audit_tiles', 'audit_checkpoints'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy tenant on %I to portico_app
            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
            with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)$p$, t);
        -- Clients read the log of what they may read.
        execute format($p$create policy party on %I as restrictive for select to portico_app
            using (side = 'client' or current_setting('app.party', true) in ('agency', 'system'))$p$, t);
        -- Support doesn't count what it can't read. Only the job that seals writes.
        execute format($p$create policy in_person_read on %I as restrictive for select to portico_app
            using (nullif(current_setting('app.support_session_id', true), '') is null)$p$, t);
        execute format($p$create policy system_insert on %I as restrictive for insert to portico_app
            with check (current_setting('app.party', true) = 'system')$p$, t);
    end loop;
    foreach t in array array['audit_leaves', 'audit_checkpoints'] loop
        execute format('create policy lookup on %I to portico_lookup using (true) with check (true)', t);
    end loop;
end $$;
-- +goose StatementEnd
grant select, insert (tenant_id, side, position, event_id, leaf, detail_hash, salt) on audit_leaves to portico_app;
grant select, insert (tenant_id, side, level, number, hashes) on audit_tiles to portico_app;
grant select, insert (tenant_id, id, side, size, root, edge, note, until) on audit_checkpoints to portico_app;
-- To find the tenants with something to seal, and to erase details.
grant select (tenant_id, event_id, salt), update (salt) on audit_leaves to portico_lookup;
grant select (tenant_id, until) on audit_checkpoints to portico_lookup;
grant update (detail) on audit_events to portico_lookup;

-- +goose Down
drop index audit_events_actor;
revoke update (detail) on audit_events from portico_lookup;
drop table audit_checkpoints, audit_tiles, audit_leaves;
