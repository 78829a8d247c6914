-- Plans: a tenant's limits and usage.

-- +goose Up

alter table tenants
    add column plan text not null default 'starter' check (plan in ('starter', 'growth', 'enterprise'));

-- Usage counters, updated with every change. Changes lock the row. A missing row is
-- computed when it is first needed.
create table plan_usage (
    tenant_id  uuid not null references tenants (id),
    metric     text not null check (metric in ('users', 'projects', 'storage', 'clients', 'ai_runs')),
    used       bigint not null default 0 check (used >= 0),
    primary key (tenant_id, metric)
);
alter table plan_usage enable row level security;
alter table plan_usage force row level security;
create policy tenant on plan_usage to portico_app
    using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
grant select, insert, update (used) on plan_usage to portico_app;
-- Only functions of schema lookup change a plan, for the agency that pays for it or
-- for the operator.
grant update (plan) on tenants to portico_lookup;

-- +goose Down
drop table plan_usage;
alter table tenants drop column plan;
