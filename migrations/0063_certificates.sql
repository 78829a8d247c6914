-- Certificates of approval, as they were signed.

-- +goose Up
create table certificates (
    tenant_id   uuid not null references tenants (id),
    id          uuid not null,
    version_id  uuid not null,
    signed      text not null check (octet_length(signed) between 1 and 33554432),
    key_id      text not null check (key_id ~ '^[0-9a-f]{16}$'),
    created_at  timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, version_id) references versions (tenant_id, id) on delete cascade
);
create index certificates_of_version on certificates (tenant_id, version_id, created_at desc, id desc);
alter table certificates enable row level security;
alter table certificates force row level security;
create policy tenant on certificates to portico_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
-- Only the job that signs them writes them.
create policy system_insert on certificates as restrictive for insert to portico_app
    with check (current_setting('app.party', true) = 'system');
grant select, insert (tenant_id, id, version_id, signed, key_id) on certificates to portico_app;

-- +goose Down
drop table certificates;
