-- Changing plans: an agency's owner may change a client's plan, the operator any plan.

-- False means that the person may not. Null means that the plan is no longer p_seen (if
-- not '').
create function lookup.set_client_plan(p_client uuid, p_plan text, p_seen text default '')
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
begin
    if not lookup.is_my_client(p_client) or coalesce(lookup.my_agency_role(), '') <> 'owner' then
        return false;
    end if;
    update public.tenants t set plan = p_plan where t.id = p_client and p_seen in ('', t.plan);
    return case when found then true end;
end $$;
grant execute on function lookup.set_client_plan to portico_app;

create function lookup.set_plan(p_slug text, p_plan text, p_event uuid)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare place uuid;
begin
    update public.tenants t set plan = p_plan where t.slug = p_slug returning t.id into place;
    if place is null then return false; end if;
    insert into public.audit_events (tenant_id, id, party, verb, target_kind, target_id, detail)
    values (place, p_event, 'system', 'plan.changed', 'tenant', place, jsonb_build_object('plan', p_plan));
    return true;
end $$;
grant execute on function lookup.set_plan to portico_owner;

-- The plan of the tenant in the context, and that of its agency. An agency has one.
create function lookup.my_plans()
returns table (plan text, agency_plan text)
language sql stable security definer set search_path = ''
as $$
    select t.plan, g.plan
    from public.tenants t
    join public.tenants g on g.id = coalesce(t.agency_id, t.id)
    where t.id = nullif(current_setting('app.tenant_id', true), '')::uuid
$$;
grant execute on function lookup.my_plans to portico_app;

-- The number of clients that count against the plan of the agency in the context.
create function lookup.my_clients_counted()
returns bigint
language sql stable security definer set search_path = ''
as $$
    select count(*) from public.tenants t
    where t.agency_id = nullif(current_setting('app.tenant_id', true), '')::uuid
      and t.discarded_at is null
      and current_setting('app.party', true) in ('agency', 'system')
$$;
grant execute on function lookup.my_clients_counted to portico_app;

-- What each client of the agency in the context uses, for its owners and admins: how much
-- there is now of what is counted, and the sum of a month.
create function lookup.my_clients_usage(p_month date)
returns table (id uuid, name text, state text, plan text, metric text, now bigint, quantity bigint)
language sql stable security definer set search_path = ''
as $$
    select t.id, t.name, t.state, t.plan, m.metric, u.used, s.quantity
    from public.tenants t
    left join lateral (
        select u.metric from public.plan_usage u where u.tenant_id = t.id
        union
        select s.metric from public.usage_months s where s.tenant_id = t.id and s.month = p_month
    ) m on true
    left join public.plan_usage u on u.tenant_id = t.id and u.metric = m.metric
    left join public.usage_months s on s.tenant_id = t.id and s.metric = m.metric and s.month = p_month
    where t.agency_id = nullif(current_setting('app.tenant_id', true), '')::uuid
      and (select lookup.my_agency_role()) in ('owner', 'admin')
      and t.discarded_at is null
    order by t.name, t.id, m.metric
    limit 50000
$$;
grant execute on function lookup.my_clients_usage to portico_app;
