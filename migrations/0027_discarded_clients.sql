-- A client that nobody used can be deleted, so that its address is free again. Archived
-- clients count against the plan from now on.

-- +goose Up

alter table tenants
    add column discarded_at timestamptz,
    add check (discarded_at is null or state = 'archived');
grant update (slug, discarded_at) on tenants to portico_lookup;
grant delete on domains to portico_lookup;
alter table plan_usage no force row level security;
alter table tenants no force row level security;
update plan_usage u
set used = (select count(*) from tenants t where t.agency_id = u.tenant_id)
where u.metric = 'clients';
alter table plan_usage force row level security;
alter table tenants force row level security;

-- +goose Down
alter table plan_usage no force row level security;
alter table tenants no force row level security;
update plan_usage u
set used = (select count(*) from tenants t where t.agency_id = u.tenant_id and t.state <> 'archived')
where u.metric = 'clients';
alter table plan_usage force row level security;
alter table tenants force row level security;
revoke delete on domains from portico_lookup;
revoke update (slug, discarded_at) on tenants from portico_lookup;
alter table tenants drop column discarded_at;
