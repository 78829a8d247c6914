-- Which published work each client user has opened. "New for you" is what is left.

-- +goose Up
create table deliverable_views (
    tenant_id       uuid not null references tenants (id),
    user_id         uuid not null default nullif(current_setting('app.user_id', true), '')::uuid,
    deliverable_id  uuid not null,
    shown_at        timestamptz not null, -- of the deliverable, when they opened it
    primary key (tenant_id, user_id, deliverable_id),
    foreign key (tenant_id, user_id) references memberships (tenant_id, user_id),
    foreign key (tenant_id, deliverable_id) references deliverables (tenant_id, id) on delete cascade
);
create index deliverable_views_of_deliverable on deliverable_views (tenant_id, deliverable_id);

alter table deliverable_views enable row level security;
alter table deliverable_views force row level security;
create policy tenant on deliverable_views to portico_app
    using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
-- Clients see what they opened themselves. The agency's deeds count what each of them
-- has not opened.
create policy party on deliverable_views as restrictive for select to portico_app
    using (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
        or (select current_setting('app.party', true)) in ('agency', 'system'));
-- Only a person themselves opens something, never somebody who views as them.
create policy in_person_insert on deliverable_views as restrictive for insert to portico_app
    with check (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
        and (select nullif(current_setting('app.support_session_id', true), '')) is null);
create policy in_person_update on deliverable_views as restrictive for update to portico_app
    using (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
        and (select nullif(current_setting('app.support_session_id', true), '')) is null);
grant select on deliverable_views to portico_app;
grant insert (tenant_id, deliverable_id, shown_at) on deliverable_views to portico_app;
grant update (shown_at) on deliverable_views to portico_app;

-- What was published before somebody's last visit is not new to them.
alter table memberships no force row level security;
alter table deliverables no force row level security;
alter table projects no force row level security;
alter table deliverable_views no force row level security;
insert into deliverable_views (tenant_id, user_id, deliverable_id, shown_at)
select m.tenant_id, m.user_id, d.id, d.shown_at
from memberships m
join deliverables d on d.tenant_id = m.tenant_id and d.shown_at <= m.last_seen_at
where m.party = 'client';
update memberships m
set unread = (
    select count(*)
    from deliverables d
    join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id
    where d.tenant_id = m.tenant_id
      and d.shown_at is not null and d.archived_at is null and d.deleted_at is null
      and p.archived_at is null and p.deleted_at is null
      and not exists (
          select from deliverable_views v
          where v.tenant_id = m.tenant_id and v.user_id = m.user_id and v.deliverable_id = d.id))
where m.party = 'client' and m.ended_at is null;
-- +goose StatementBegin
do $$
begin
    if exists (
        select from memberships m
        join deliverables d on d.tenant_id = m.tenant_id and d.shown_at <= m.last_seen_at
        where m.party = 'client'
          and not exists (
              select from deliverable_views v
              where v.tenant_id = m.tenant_id and v.user_id = m.user_id and v.deliverable_id = d.id)) then
        raise exception 'some work that was published before a visit is still new';
    end if;
end $$;
-- +goose StatementEnd
alter table memberships force row level security;
alter table deliverables force row level security;
alter table projects force row level security;
alter table deliverable_views force row level security;

-- +goose Down
drop table deliverable_views;
