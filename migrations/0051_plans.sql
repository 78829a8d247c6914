-- Plans are data of the installation: PLANS names them, not the schema. The plan of an
-- agency bounds those of its clients, so no agency may now have less than it gave.

-- +goose Up
alter table tenants no force row level security;
update tenants g
set plan = c.plan
from (
    select distinct on (agency_id) agency_id, plan
    from tenants
    where kind = 'client'
    order by agency_id, array_position(array['starter', 'growth', 'enterprise'], plan) desc
) c
where g.id = c.agency_id
  and array_position(array['starter', 'growth', 'enterprise'], g.plan) < array_position(array['starter', 'growth', 'enterprise'], c.plan);
alter table tenants force row level security;
alter table tenants
    drop constraint tenants_plan_check,
    add constraint tenants_plan_check check (plan ~ '^[a-z][a-z0-9_-]{0,39}$');

-- +goose Down
alter table tenants no force row level security;
update tenants set plan = 'enterprise' where plan not in ('starter', 'growth', 'enterprise');
alter table tenants force row level security;
alter table tenants
    drop constraint tenants_plan_check,
    add constraint tenants_plan_check check (plan in ('starter', 'growth', 'enterprise'));
