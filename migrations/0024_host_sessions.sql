-- A session on a tenant's host says for which tenant, as which party and by which domain
-- it began. Every request compares.

-- +goose Up

-- Sessions from before don't know. Whoever is signed in on the main host gets a new one
-- by a hand-over.
alter table sessions no force row level security;
alter table handovers no force row level security;
delete from sessions where host <> '';
delete from handovers;
alter table sessions
    add column host_tenant_id uuid references tenants (id),
    add column host_party text check (host_party in ('agency', 'client')),
    -- The claim by which the host named the tenant. A new claim of the same host has
    -- another id. Null under the installation's own domain.
    add column host_domain_id uuid,
    add constraint sessions_host check (
        (host = '') = (host_tenant_id is null)
        and (host_tenant_id is null) = (host_party is null)
        and (host <> '' or host_domain_id is null));
alter table handovers
    add column created_at timestamptz not null default now(),
    add column host_tenant_id uuid not null references tenants (id),
    add column host_party text not null check (host_party in ('agency', 'client')),
    add column host_domain_id uuid;
-- +goose StatementBegin
do $$
begin
    if exists (select from sessions where host <> '') then
        raise exception 'some sessions of hosts name no tenant';
    end if;
end $$;
-- +goose StatementEnd
alter table sessions force row level security;
alter table handovers force row level security;

-- +goose Down
alter table handovers
    drop column created_at, drop column host_tenant_id, drop column host_party, drop column host_domain_id;
alter table sessions
    drop constraint sessions_host,
    drop column host_tenant_id, drop column host_party, drop column host_domain_id;
