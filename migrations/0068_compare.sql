-- Comparing versions: where two pictures differ, which a job finds, and what pages of
-- documents are paired by. Whoever can't see both files doesn't see where they differ: the
-- keys to the files carry whether the client sees them.

-- +goose Up
-- Pages with similar text have similar bits; null: hardly any text, or drawn before. See
-- package pdf.
alter table renditions add column sketch bigint;
grant insert (sketch) on renditions to portico_app;

create table differences (
    tenant_id   uuid not null references tenants (id),
    a_file      uuid not null,
    a_sees      boolean not null,
    a_page      integer not null check (a_page between 0 and 10000), -- 0: a picture
    b_file      uuid not null,
    b_sees      boolean not null,
    b_page      integer not null check (b_page between 0 and 10000),
    -- x, y, width and height of each place, in 1/10,000 of the sides; null: not found yet
    boxes       integer[] check (cardinality(boxes) <= 200 and cardinality(boxes) % 4 = 0 and 0 <= all (boxes) and 10000 >= all (boxes)),
    unfit       text check (unfit in ('shape', 'broken', 'slow')), -- why they can't be found
    asked_at    timestamptz not null default now(),
    primary key (tenant_id, a_file, b_file, a_page, b_page),
    foreign key (tenant_id, a_file, a_sees) references files (tenant_id, id, client_sees) on update cascade on delete cascade,
    foreign key (tenant_id, b_file, b_sees) references files (tenant_id, id, client_sees) on update cascade on delete cascade,
    check (a_file <> b_file),
    check (boxes is null or unfit is null)
);
create index differences_b on differences (tenant_id, b_file);
create index differences_asked on differences (tenant_id, asked_at) where boxes is null and unfit is null;
alter table differences enable row level security;
alter table differences force row level security;
create policy tenant on differences to portico_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy party on differences as restrictive for select to portico_app
    using (a_sees and b_sees or current_setting('app.party', true) in ('agency', 'system'));
create policy support_drafts on differences as restrictive for select to portico_app
    using (a_sees and b_sees or coalesce(current_setting('app.drafts', true), '') <> 'hidden');
-- Only the server asks for them, and only the job that finds them writes them.
create policy system_insert on differences as restrictive for insert to portico_app
    with check (current_setting('app.party', true) = 'system');
create policy system_update on differences as restrictive for update to portico_app
    using (current_setting('app.party', true) = 'system');
grant select, insert (tenant_id, a_file, a_sees, a_page, b_file, b_sees, b_page), update (boxes, unfit, asked_at) on differences to portico_app;

-- +goose Down
drop table differences;
alter table renditions drop column sketch;
