-- The codes that a tenant's people read out to a support agent, who needs one to request access.

-- +goose Up

create table support_codes (
    tenant_id   uuid not null references tenants (id),
    id          uuid not null,
    code        text not null check (code ~ '^[0-9]{8}$'),
    created_by  uuid not null default nullif(current_setting('app.user_id', true), '')::uuid,
    created_at  timestamptz not null default now(),
    ends_at     timestamptz not null default now() + interval '30 minutes' check (ends_at <= created_at + interval '30 minutes'),
    tries       integer not null default 0 check (tries between 0 and 5), -- wrong ones, while this code was open
    used_at     timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, created_by) references memberships (tenant_id, user_id)
);
alter table support_codes enable row level security;
alter table support_codes force row level security;
create policy tenant on support_codes to portico_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy operator on support_codes to portico_owner
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
-- Support inside a session neither reads a code nor makes one, and no program does.
create policy in_person on support_codes as restrictive to portico_app
    using (nullif(current_setting('app.support_session_id', true), '') is null
        and nullif(current_setting('app.api_key_id', true), '') is null);
create policy lookup on support_codes to portico_lookup using (true) with check (true);
grant select on support_codes to portico_app, portico_lookup;
grant insert (tenant_id, id, code) on support_codes to portico_app;
grant update (ends_at) on support_codes to portico_app;
grant update (tries, used_at) on support_codes to portico_lookup;

-- +goose Down
drop table support_codes;
