-- Managing clients, and slugs that can't be taken.

-- +goose Up

-- Slugs that can't be taken: reserved for us, or released by a tenant whose old links
-- may still be in use. They look like taken slugs.
create table kept_slugs (
    slug     text primary key check (slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
    why      text not null check (why in ('reserved', 'released')),
    kept_at  timestamptz not null default now()
);
insert into kept_slugs (slug, why)
select unnest(array[
    'account', 'admin', 'administrator', 'api', 'app', 'assets', 'auth', 'billing', 'blog', 'brand', 'cdn', 'dashboard',
    'demo', 'dev', 'dns', 'docs', 'email', 'ftp', 'healthz', 'help', 'home', 'imap', 'internal', 'invites', 'legal', 'localhost',
    'login', 'logo', 'logout', 'mail', 'mx', 'new', 'noreply', 'ns1', 'ns2', 'pop', 'portico', 'postmaster', 'readyz', 'root',
    'security', 'signin', 'signup', 'smtp', 'staging', 'static', 'status', 'step-up', 'support', 'switcher', 'system', 'test',
    'webmail', 'www']), 'reserved';
alter table kept_slugs enable row level security;
alter table kept_slugs force row level security;
create policy lookup on kept_slugs to portico_lookup using (true) with check (true);
grant select on kept_slugs to portico_lookup;

-- Only the agency suspends or archives a client, through a function of schema lookup.
revoke update (state) on tenants from portico_app;
grant update (state) on tenants to portico_lookup;

-- An agency sees the counts of its clients, not the counted rows.
create policy lookup on plan_usage to portico_lookup using (true) with check (true);
grant select on plan_usage to portico_lookup;

-- +goose Down
revoke select on plan_usage from portico_lookup;
drop policy lookup on plan_usage;
revoke update (state) on tenants from portico_lookup;
grant update (state) on tenants to portico_app;
drop table kept_slugs;
