-- Functions for the operator's command line, as portico_owner. The app may not call them.

create function lookup.create_agency(p_id uuid, p_slug text, p_name text, p_owner uuid, p_email text, p_owner_name text, p_plan text)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare person uuid;
begin
    if exists (select from public.kept_slugs k where k.slug = p_slug) then
        raise unique_violation using message = 'slug is not available', constraint = 'tenants_slug_key';
    end if;
    insert into public.tenants (id, kind, slug, name, plan) values (p_id, 'agency', p_slug, p_name, p_plan);
    insert into public.users (id, email, name) values (p_owner, p_email, p_owner_name) on conflict (email) do nothing;
    select u.id into person from public.users u where u.email = p_email;
    insert into public.memberships (tenant_id, user_id, tenant_kind, party, role, name, email)
    values (p_id, person, 'agency', 'agency', 'owner', p_owner_name, p_email);
    insert into public.audit_events (tenant_id, id, party, verb, target_kind, target_id)
    values (p_id, p_id, 'system', 'tenant.created', 'tenant', p_id);
end $$;
grant execute on function lookup.create_agency to portico_owner;

create function lookup.list_tenants(p_after text, p_limit integer)
returns table (id uuid, kind text, slug text, name text, state text, agency_slug text, created_at timestamptz)
language sql stable security definer set search_path = ''
as $$
    select t.id, t.kind, t.slug, t.name, t.state, g.slug, t.created_at
    from public.tenants t
    left join public.tenants g on g.id = t.agency_id
    where t.slug > p_after
    order by t.slug
    limit p_limit
$$;
grant execute on function lookup.list_tenants to portico_owner;

create function lookup.add_agent(p_id uuid, p_email text, p_name text)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
    insert into public.users (id, kind, email, name) values (p_id, 'agent', p_email, p_name);
    insert into public.support_agents (user_id) values (p_id);
end $$;
grant execute on function lookup.add_agent to portico_owner;

-- Disables an agent, ends their support session and withdraws their access requests.
create function lookup.disable_agent(p_email text)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare agent uuid;
begin
    update public.support_agents a
    set disabled_at = coalesce(a.disabled_at, now())
    from public.users u
    where u.id = a.user_id and u.email = p_email
    returning a.user_id into agent;
    if agent is null then return null; end if;
    update public.support_asks k set answer = 'withdrawn', answered_at = now()
    where k.actor_id = agent and k.answered_at is null;
    perform lookup.support_end(agent, 'agent_disabled', '');
    return true;
end $$;
grant execute on function lookup.disable_agent to portico_owner;

create function lookup.list_agents()
returns table (email text, name text, added_at timestamptz, disabled_at timestamptz)
language sql stable security definer set search_path = ''
as $$
    select u.email, u.name, a.added_at, a.disabled_at
    from public.support_agents a
    join public.users u on u.id = a.user_id
    order by u.email
$$;
grant execute on function lookup.list_agents to portico_owner;

-- Suspends an agency, which closes all of its clients too, or resumes it. False means that no
-- agency has that slug. One that has that state already stays as it is.
create function lookup.set_agency_state(p_slug text, p_to text, p_event uuid)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare place uuid;
begin
    if p_to not in ('active', 'suspended') then return false; end if;
    select t.id into place from public.tenants t where t.slug = p_slug and t.kind = 'agency' for no key update;
    if place is null then return false; end if;
    update public.tenants t set state = p_to, deleting_at = case when p_to <> 'active' then t.deleting_at end
    where t.id = place and t.state <> p_to;
    if found then
        insert into public.audit_events (tenant_id, id, party, verb, target_kind, target_id)
        values (place, p_event, 'system', case p_to when 'active' then 'tenant.resumed' else 'tenant.suspended' end, 'tenant', place);
    end if;
    return true;
end $$;
grant execute on function lookup.set_agency_state to portico_owner;
