-- What restoring a tenant needs outside of it, as portico_owner. The app may not call them.

-- Whether a tenant has that id, whatever its state.
create function lookup.tenant_exists(p_id uuid)
returns boolean
language sql stable security definer set search_path = ''
as $$
    select exists (select from public.tenants t where t.id = p_id)
$$;
grant execute on function lookup.tenant_exists to portico_owner;

-- An active agency, by its slug or else by its id, its plan, and how many clients it has.
create function lookup.agency_for_restore(p_slug text, p_id uuid)
returns table (id uuid, slug text, plan text, clients bigint)
language sql stable security definer set search_path = ''
as $$
    select g.id, g.slug, g.plan, (select count(*) from public.tenants t where t.agency_id = g.id and t.discarded_at is null)
    from public.tenants g
    where g.kind = 'agency' and g.state = 'active'
      and case when p_slug <> '' then g.slug = p_slug else g.id = p_id end
$$;
grant execute on function lookup.agency_for_restore to portico_owner;

-- Makes the tenant that an archive is restored into: a client of an agency, whose count of
-- clients grows, or an agency, which gets the owner with that address. False means that the
-- slug is not available.
create function lookup.restore_tenant(p_id uuid, p_slug text, p_name text, p_plan text, p_agency uuid, p_owner uuid, p_email text, p_owner_name text)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare person uuid;
begin
    if exists (select from public.kept_slugs k where k.slug = p_slug) or exists (select from public.tenants t where t.slug = p_slug) then
        return false;
    end if;
    insert into public.tenants (id, kind, agency_id, slug, name, plan)
    values (p_id, case when p_agency is null then 'agency' else 'client' end, p_agency, p_slug, p_name, p_plan);
    if p_agency is null then
        insert into public.users (id, email, name) values (p_owner, p_email, p_owner_name) on conflict (email) do nothing;
        select u.id into person from public.users u where u.email = p_email;
        insert into public.memberships (tenant_id, user_id, tenant_kind, party, role, name, email)
        values (p_id, person, 'agency', 'agency', 'owner', p_owner_name, p_email);
    end if;
    with changed as (
        update public.plan_usage u set used = u.used + 1 where u.tenant_id = p_agency and u.metric = 'clients'
        returning u.used)
    insert into public.usage_levels (tenant_id, metric, level) select p_agency, 'clients', c.used from changed c;
    return true;
end $$;
grant execute on function lookup.restore_tenant to portico_owner;

-- Makes people whom an archive names and whom nobody knows here: rows without an address,
-- who can never sign in. Their names stand in their memberships.
create function lookup.restore_people(p_ids uuid[])
returns void
language sql volatile security definer set search_path = ''
as $$
    insert into public.users (id, name, disabled_at, forgotten_at)
    select distinct i, 'Former member', now(), now()
    from unnest(p_ids) i
    on conflict (id) do nothing
$$;
grant execute on function lookup.restore_people to portico_owner;
