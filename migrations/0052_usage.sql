-- Metering: what a tenant uses, in tables that are only added to, and their sums.

-- +goose Up
-- What programs report, and what visitors download, once each.
create table usage_events (
    tenant_id     uuid not null references tenants (id),
    id            uuid not null,
    metric        text not null check (metric ~ '^[a-z][a-z0-9_]{0,39}$' and metric not in ('users', 'projects', 'storage', 'clients')),
    quantity      bigint not null check (quantity between 1 and 1000000000000),
    at            timestamptz not null,                -- when it was used, as the program says
    received_at   timestamptz not null default now(),
    check (at between received_at - interval '36 days' and received_at + interval '10 minutes'),
    used          bigint not null check (used >= quantity), -- in the month of at, when it was counted
    -- Only of a report: its idempotency key, what tells it from another one, and the API
    -- key with which it came.
    key           text check (char_length(key) between 1 and 255),
    request_hash  bytea check (octet_length(request_hash) = 32),
    api_key_id    uuid default nullif(current_setting('app.api_key_id', true), '')::uuid,
    primary key (tenant_id, id),
    unique (tenant_id, key),
    foreign key (tenant_id, api_key_id) references api_keys (tenant_id, id),
    check ((key is null) = (api_key_id is null) and (request_hash is null) = (api_key_id is null))
);
create index usage_events_by_time on usage_events (tenant_id, metric, at) include (quantity, api_key_id);

-- How much there was of what is counted and not reported, from at on: each change of
-- plan_usage.
create table usage_levels (
    tenant_id  uuid not null references tenants (id),
    id         uuid not null default gen_random_uuid(),
    metric     text not null check (metric in ('users', 'projects', 'storage', 'clients')),
    at         timestamptz not null default clock_timestamp(),
    level      bigint not null check (level between 0 and 10000000000000000), -- 10 PB: a month of it adds up
    primary key (tenant_id, id)
);
create index usage_levels_by_time on usage_levels (tenant_id, metric, at) include (level);
alter table plan_usage no force row level security;
insert into usage_levels (tenant_id, metric, level)
select tenant_id, metric, used
from plan_usage
where metric <> 'ai_runs';
alter table plan_usage force row level security;

-- The sums of hours, in UTC, which a job adds up. Of people, projects and clients it is
-- the most at once, of storage byte-hours.
create table usage_hours (
    tenant_id  uuid not null references tenants (id),
    metric     text not null check (metric ~ '^[a-z][a-z0-9_]{0,39}$'),
    hour       timestamptz not null,
    quantity   bigint not null check (quantity > 0),
    primary key (tenant_id, metric, hour)
);

-- The same of months. What is reported or downloaded is added at once: that locks the row.
create table usage_months (
    tenant_id  uuid not null references tenants (id),
    metric     text not null check (metric ~ '^[a-z][a-z0-9_]{0,39}$'),
    month      date not null check (extract(day from month) = 1),
    quantity   bigint not null check (quantity >= 0),
    primary key (tenant_id, metric, month)
);

-- +goose StatementBegin
do $$
declare t text;
begin
    foreach t in array array['usage_events', 'usage_levels', 'usage_hours', 'usage_months'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy tenant on %I to portico_app
            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
            with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)$p$, t);
        -- It counts drafts, so neither clients see it nor support without consent.
        execute format($p$create policy support_drafts on %I as restrictive for select to portico_app
            using (coalesce(current_setting('app.drafts', true), '') <> 'hidden')$p$, t);
        execute format($p$create policy party on %I as restrictive %s to portico_app
            using (current_setting('app.party', true) in ('agency', 'system'))$p$, t, case t when 'usage_levels' then 'for select' else '' end);
    end loop;
end $$;
-- +goose StatementEnd
-- A level is noted by whoever may change the count: see plan_usage.
create policy counted_insert on usage_levels as restrictive for insert to portico_app
    with check ((metric = 'users' or current_setting('app.party', true) in ('agency', 'system'))
        and (metric in ('projects', 'storage') or nullif(current_setting('app.support_session_id', true), '') is null));
-- A program reports as itself, and only the server counts downloads.
create policy truthful on usage_events as restrictive for insert to portico_app
    with check (case when api_key_id is null then current_setting('app.party', true) = 'system' and metric = 'transfer'
                     else api_key_id = nullif(current_setting('app.api_key_id', true), '')::uuid and metric <> 'transfer' end);
-- Only what counts changes the sums: programs those of reports, and the server.
create policy counted_insert on usage_months as restrictive for insert to portico_app
    with check (current_setting('app.party', true) = 'system'
        or metric not in ('users', 'projects', 'storage', 'clients', 'transfer') and nullif(current_setting('app.api_key_id', true), '') is not null);
create policy counted_update on usage_months as restrictive for update to portico_app
    using (current_setting('app.party', true) = 'system'
        or metric not in ('users', 'projects', 'storage', 'clients', 'transfer') and nullif(current_setting('app.api_key_id', true), '') is not null);
create policy counted_insert on usage_hours as restrictive for insert to portico_app
    with check (current_setting('app.party', true) = 'system');
create policy counted_update on usage_hours as restrictive for update to portico_app
    using (current_setting('app.party', true) = 'system');
grant select, insert (tenant_id, id, metric, quantity, at, used, key, request_hash) on usage_events to portico_app;
grant select, insert (tenant_id, metric, level) on usage_levels to portico_app;
grant select, insert, update (quantity) on usage_hours, usage_months to portico_app;
-- Agencies see the sums of their clients. Whoever erases an account leaves a seat.
create policy lookup on usage_months to portico_lookup using (true) with check (true);
create policy lookup on usage_levels to portico_lookup using (true) with check (true);
grant select on usage_months to portico_lookup;
grant insert (tenant_id, metric, level) on usage_levels to portico_lookup;

-- +goose Down
drop table usage_months, usage_hours, usage_levels, usage_events;
