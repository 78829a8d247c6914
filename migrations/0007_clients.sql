-- Which workspace a person used last.

-- +goose Up

-- When the person last switched to this workspace. It orders the switcher, and a new
-- membership comes first.
alter table memberships add column used_at timestamptz;
alter table memberships no force row level security;
update memberships set used_at = coalesce(last_seen_at, created_at);
alter table memberships
    alter column used_at set default now(),
    alter column used_at set not null;
alter table memberships force row level security;
create index memberships_by_use on memberships (user_id, used_at desc, tenant_id desc) where ended_at is null;
grant update (used_at) on memberships to portico_app;

-- +goose Down
alter table memberships drop column used_at;
