-- Slugs that mail programs, browsers and people take for ours. A tenant that has one keeps it.

-- +goose Up
alter table kept_slugs no force row level security;
insert into kept_slugs (slug, why)
select unnest(array['accounts', 'autoconfig', 'autodiscover', 'id', 'mta-sts', 'pay', 'secure', 'sso', 'wpad']), 'reserved'
on conflict (slug) do nothing;
alter table kept_slugs force row level security;

-- +goose Down
alter table kept_slugs no force row level security;
delete from kept_slugs
where why = 'reserved'
  and slug in ('accounts', 'autoconfig', 'autodiscover', 'id', 'mta-sts', 'pay', 'secure', 'sso', 'wpad');
alter table kept_slugs force row level security;
