-- A tenant's brand: a logo and a sender name for mail, in addition to names and colour.
-- Clients inherit the agency's brand unless they have their own.

-- +goose Up

-- Logos are small, re-encoded by us and shown before sign-in, so they are stored here
-- and not with the files. tenants.logo_id has no foreign key, because the table of
-- tenants must not refer to a tenant's rows.
create table logos (
    tenant_id           uuid not null references tenants (id),
    id                  uuid not null,
    content_type        text not null check (content_type in ('image/png', 'image/jpeg')),
    content             bytea not null check (octet_length(content) between 1 and 262144),
    created_by          uuid not null default nullif(current_setting('app.user_id', true), '')::uuid,
    support_session_id  uuid default nullif(current_setting('app.support_session_id', true), '')::uuid,
    created_at          timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, created_by) references memberships (tenant_id, user_id)
);
alter table logos enable row level security;
alter table logos force row level security;
create policy tenant on logos to portico_app
    using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
create policy staff_insert on logos as restrictive for insert to portico_app
    with check ((select current_setting('app.party', true)) in ('agency', 'system'));
create policy staff_delete on logos as restrictive for delete to portico_app
    using ((select current_setting('app.party', true)) in ('agency', 'system'));
create policy lookup on logos to portico_lookup using (true) with check (true);
grant select, delete on logos to portico_app;
grant insert (tenant_id, id, content_type, content) on logos to portico_app;
grant select on logos to portico_lookup;

alter table tenants
    add column logo_id uuid,
    add column mail_name text check (char_length(mail_name) between 1 and 80);
create unique index tenants_by_logo on tenants (logo_id) where logo_id is not null;
grant update (logo_id, mail_name) on tenants to portico_app;

-- +goose Down
alter table tenants drop column logo_id, drop column mail_name;
drop table logos;
