-- Deleting a tenant: it is closed for 30 days, in which that can be undone. Then every row and
-- every object goes. What is left is a tombstone, without a name.

-- +goose Up
alter table tenants
    add column deleting_at timestamptz, -- from when on it may be wiped
    add constraint tenants_deleting_check check (deleting_at is null or state <> 'active');
grant update (deleting_at) on tenants to portico_lookup;

-- Global: tenants that are gone. The id is that of the tenant, of which no row is left.
create table tombstones (
    id        uuid primary key,
    kind      text not null check (kind in ('agency', 'client')),
    gone_at   timestamptz not null default now(),
    rows      bigint not null check (rows >= 0),    -- that were deleted
    objects   bigint not null check (objects >= 0), -- that were deleted, with their versions
    receipt   text not null check (octet_length(receipt) between 1 and 65536)
);
alter table tombstones enable row level security;
alter table tombstones force row level security;
create policy lookup on tombstones to portico_lookup using (true) with check (true);
grant select, insert on tombstones to portico_lookup;

-- +goose Down
drop table tombstones;
alter table tenants drop column deleting_at;
