-- Counts of a tenant's work for the agency's lists of workspaces and clients. They include
-- drafts, so clients can't read them.

-- +goose Up
create table work_counts (
    tenant_id  uuid primary key references tenants (id),
    projects   integer not null default 0 check (projects >= 0), -- in use
    for_us     integer not null default 0 check (for_us >= 0)    -- deliverables whose next step is the agency's
);
alter table work_counts enable row level security;
alter table work_counts force row level security;
create policy tenant on work_counts to portico_app
    using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
create policy party on work_counts as restrictive to portico_app
    using ((select current_setting('app.party', true)) in ('agency', 'system'))
    with check ((select current_setting('app.party', true)) in ('agency', 'system'));
create policy lookup on work_counts to portico_lookup using (true) with check (true);
grant select, insert, update (projects, for_us) on work_counts to portico_app;
grant select on work_counts to portico_lookup;

alter table projects no force row level security;
alter table deliverables no force row level security;
alter table versions no force row level security;
alter table work_counts no force row level security;
insert into work_counts (tenant_id, projects, for_us)
select p.tenant_id, count(distinct p.id), count(d.id)
from projects p
left join deliverables d on d.tenant_id = p.tenant_id and d.project_id = p.id
                        and d.archived_at is null and d.deleted_at is null
                        and (d.state in ('draft', 'changes') or exists (
                            select from versions v
                            where v.tenant_id = d.tenant_id and v.deliverable_id = d.id and v.shared_at is null))
where p.archived_at is null and p.deleted_at is null
group by p.tenant_id;
-- +goose StatementBegin
do $$
begin
    if exists (
        select from projects p
        where p.archived_at is null and p.deleted_at is null
          and not exists (select from work_counts c where c.tenant_id = p.tenant_id and c.projects > 0)) then
        raise exception 'the projects of some tenant were not counted';
    end if;
end $$;
-- +goose StatementEnd
alter table projects force row level security;
alter table deliverables force row level security;
alter table versions force row level security;
alter table work_counts force row level security;

-- +goose Down
drop table work_counts;
