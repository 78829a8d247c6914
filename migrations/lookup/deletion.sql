-- Deleting a tenant, as portico_owner. The app may not call these.

-- Closes a tenant and says when it may be wiped. The answer is 'closed', 'unknown', or 'clients' for
-- an agency that still has some.
create function lookup.delete_tenant(p_slug text, p_days integer, p_event uuid)
returns table (verdict text, until timestamptz)
language plpgsql volatile security definer set search_path = ''
as $$
declare place public.tenants;
begin
    select t.* into place from public.tenants t where t.slug = p_slug and t.discarded_at is null for no key update;
    if place.id is null then
        return query select 'unknown', null::timestamptz;
        return;
    end if;
    if exists (select from public.tenants t where t.agency_id = place.id and t.discarded_at is null) then
        return query select 'clients', null::timestamptz;
        return;
    end if;
    if place.deleting_at is null then
        update public.tenants t set state = 'suspended', deleting_at = now() + make_interval(days => p_days) where t.id = place.id;
        insert into public.audit_events (tenant_id, id, party, verb, target_kind, target_id)
        values (place.id, p_event, 'system', 'tenant.deletion_scheduled', 'tenant', place.id);
    end if;
    return query select 'closed', t.deleting_at from public.tenants t where t.id = place.id;
end $$;
grant execute on function lookup.delete_tenant to portico_owner;

-- Opens a tenant again that was to be deleted. False means that there is no such one.
create function lookup.undelete_tenant(p_slug text, p_event uuid)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare place uuid;
begin
    update public.tenants t set state = 'active', deleting_at = null
    where t.slug = p_slug and t.deleting_at is not null
    returning t.id into place;
    if place is null then return false; end if;
    insert into public.audit_events (tenant_id, id, party, verb, target_kind, target_id)
    values (place, p_event, 'system', 'tenant.deletion_undone', 'tenant', place);
    return true;
end $$;
grant execute on function lookup.undelete_tenant to portico_owner;

-- The tenants that may be wiped now.
create function lookup.tenants_to_wipe()
returns table (id uuid, slug text, kind text, deleting_at timestamptz)
language sql stable security definer set search_path = ''
as $$
    select t.id, t.slug, t.kind, t.deleting_at
    from public.tenants t
    where t.deleting_at <= now() and t.state <> 'active'
    order by t.deleting_at, t.id
$$;
grant execute on function lookup.tenants_to_wipe to portico_owner;

-- Deletes what lies outside of the tenant's own tables and names it: its hosts, and support's
-- place in it. Its agency has a client less. Returns the number of rows.
create function lookup.wipe_outside(p_id uuid)
returns bigint
language plpgsql volatile security definer set search_path = ''
as $$
declare n bigint;
begin
    update public.sessions s set support_tenant_id = null, support_session_id = null where s.support_tenant_id = p_id;
    with changed as (
        update public.plan_usage u set used = greatest(0, u.used - 1)
        from public.tenants t
        where t.id = p_id and t.discarded_at is null and u.tenant_id = t.agency_id and u.metric = 'clients'
        returning u.tenant_id, u.used)
    insert into public.usage_levels (tenant_id, metric, level) select c.tenant_id, 'clients', c.used from changed c;
    delete from public.domains d where d.tenant_id = p_id;
    get diagnostics n = row_count;
    return n;
end $$;
grant execute on function lookup.wipe_outside to portico_owner;

-- How many rows outside of the tenant's own tables still name it, its own row among them. The
-- row of a former customer of Stripe stays, without a name.
create function lookup.left_outside(p_id uuid)
returns bigint
language sql stable security definer set search_path = ''
as $$
    select (select count(*) from public.tenants t where t.id = p_id and t.name <> 'Deleted')
         + (select count(*) from public.tenants t where t.agency_id = p_id)
         + (select count(*) from public.domains d where d.tenant_id = p_id)
         + (select count(*) from public.sessions s where s.support_tenant_id = p_id)
$$;
grant execute on function lookup.left_outside to portico_owner;

-- Whether an agency was ever a customer of Stripe. That customer is bound to its row for ever, so
-- that what Stripe says of it leads to nobody else.
create function lookup.was_customer(p_id uuid)
returns boolean
language sql stable security definer set search_path = ''
as $$
    select exists (select from public.stripe_customers c where c.agency_id = p_id)
$$;
grant execute on function lookup.was_customer to portico_owner;

-- Notes that a tenant is gone.
create function lookup.bury_tenant(p_id uuid, p_kind text, p_rows bigint, p_objects bigint, p_receipt text)
returns void
language sql volatile security definer set search_path = ''
as $$
    insert into public.tombstones (id, kind, rows, objects, receipt) values (p_id, p_kind, p_rows, p_objects, p_receipt)
$$;
grant execute on function lookup.bury_tenant to portico_owner;
